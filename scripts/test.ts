/**
 * Runs the tests and ends with one line of true totals: `N passed, N failed, N skipped`. Arguments
 * go to `bun test`. A run without tests, or one that broke off before its summary, has failed.
 */

import { summarize } from "./test-summary.ts";

const run = Bun.spawn([process.execPath, "test", ...process.argv.slice(2)], {
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
