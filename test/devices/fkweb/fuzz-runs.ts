/**
 * How many random cases a property is tried on: few in the suite, `FUZZ_CASES` in a long run. A case
 * that fails prints the seed which repeats it.
 */

const CASES = Number(process.env.FUZZ_CASES ?? 4_000);

/** For `fc.assert`. */
export const FUZZ_RUNS = { numRuns: CASES };

/** For `test`, in milliseconds: it is there to end what hangs, and measures nothing. */
export const FUZZ_TIMEOUT_MS = 60_000 + CASES * 10;
