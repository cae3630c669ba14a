/**
 * Reads the totals out of what `bun test` prints. Pure.
 */

/** The totals of a run. `failed` is above 0 whenever the run is not to be trusted. */
export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Why the run is not to be trusted, beside the failed tests themselves. */
  readonly problems: readonly string[];
}

/**
 * Takes the report of `bun test` and its exit code. Only the last block of totals counts, since a
 * test may print such lines itself.
 */
export function summarize(report: string, exitCode: number): TestSummary {
  const counted = [...report.matchAll(SUMMARY)].at(-1);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const [, count, word] of (counted?.[1] ?? "").matchAll(TOTAL)) {
    const total = TOTAL_OF_WORD[word ?? ""];
    if (total !== undefined) totals[total] += Number(count);
  }
  const problems = findProblems(totals, counted?.[2], exitCode);
  const failed = problems.length > 0 ? Math.max(1, totals.failed) : totals.failed;
  return { ...totals, failed, problems };
}

/** The block of totals, one to a line, and the closing line `Ran 7 tests across 3 files.` */
const SUMMARY =
  /((?:^ *\d+ (?:pass|fail|skip|todo|filtered out|errors?|expect\(\) calls|snapshots.*)\r?\n)+)Ran (\d+) tests? across /gm;
const TOTAL = /^ *(\d+) (pass|fail|skip|todo)\r?$/gm;
const TOTAL_OF_WORD: Readonly<Record<string, "passed" | "failed" | "skipped">> = {
  pass: "passed",
  fail: "failed",
  skip: "skipped",
  todo: "skipped",
};

function findProblems(
  totals: Omit<TestSummary, "problems">,
  ranText: string | undefined,
  exitCode: number,
): string[] {
  if (ranText === undefined) return [`The run ended without totals (exit code ${exitCode})`];
  const problems = [];
  const ran = totals.passed + totals.failed + totals.skipped;
  if (ran !== Number(ranText)) problems.push(`${ranText} tests ran, but ${ran} are accounted for`);
  if (totals.passed + totals.failed === 0) problems.push("No test ran");
  if (exitCode !== 0 && totals.failed === 0) problems.push(`The run ended with ${exitCode}`);
  return problems;
}
