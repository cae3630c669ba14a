/**
 * Runs the tests and ends with one line of true totals: `N passed, N failed, N skipped`. Arguments
 * go to `bun test`. A run without tests, or one that broke off before its summary, has failed.
 */

import { summarize } from "./test-summary.ts";

/** Starting and killing servers takes longer than Bun's own 5 s on a busy machine. */
const TEST_TIMEOUT_MS = 60_000;

const command = [process.execPath, "test", `--timeout=${TEST_TIMEOUT_MS}`];
const run = Bun.spawn([...command, ...process.argv.slice(2)], {
  cwd: `${import.meta.dir}/..`,
  stdin: "inherit",
  stdout: "inherit",
  stderr: "pipe",
});

// Bun writes its report to standard error.
const decoder = new TextDecoder();
let report = "";
for await (const chunk of run.stderr) {
  process.stderr.write(chunk);
  report += decoder.decode(chunk, { stream: true });
}

const summary = summarize(report, await run.exited);
for (const problem of summary.problems) console.error(`error: ${problem}`);
console.log(`${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped`);
process.exitCode = summary.failed === 0 ? 0 : 1;
