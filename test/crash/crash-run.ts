/**
 * How hard the crash tests try: settings from the environment, and random moments that can be run
 * again.
 */

/** How often a server is killed: `CRASH_KILLS`. A few in `npm test`, many in `npm run test:crash`. */
export const KILLS = Number(process.env.CRASH_KILLS ?? 4);

/** Whether the long tests run too: `CRASH_LONG=1`. */
export const IS_LONG = process.env.CRASH_LONG === "1";

/** For one test: most of it is the load and the starts. */
export const TIMEOUT_MS = 60_000 + KILLS * 10_000;

/**
 * Runs `work` with random numbers of a seed: `CRASH_SEED`, else a new one. A failure tells the seed.
 * The same seed gives the same moments; what the machine does in between stays its own.
 */
export async function withSeed(work: (random: SeededRandom) => Promise<void>): Promise<void> {
  const given = process.env.CRASH_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  try {
    await work(new SeededRandom(seed));
  } catch (error) {
    console.error(`Failed with CRASH_SEED=${seed} CRASH_KILLS=${KILLS}`);
    throw error;
  }
}

/** Numbers that a seed decides (mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least `least`, below `bound`. */
  between(least: number, bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return least + (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * (bound - least);
  }

  /** True in `percent` of 100 calls. */
  chance(percent: number): boolean {
    return this.between(0, 100) < percent;
  }
}
