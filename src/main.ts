/**
 * The program: hands the arguments to the command line, and ends the process with its exit code.
 */

import { fstatSync } from "node:fs";
import { basename } from "node:path";
import { EXIT_CODES, runCli } from "#cli/run.ts";
import { processEnvironment } from "#config/load.ts";
import { systemClock } from "#platform/clock.ts";
import { asErrors, isJournal } from "#platform/journal.ts";
import { Output } from "#platform/output.ts";

/** npm passes a key stroke on to a process that the terminal has told already. */
const SAME_SIGNAL_MS = 500;
const FORCED_EXIT_CODE = 1;
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

const isOnTerminal = isTerminal();
const stdout = new Output(Bun.stdout.writer());
const stderr = new Output(Bun.stderr.writer());
const variables = processEnvironment();
const areErrorsJournal = isJournal(variables.JOURNAL_STREAM, STDERR);
const exitCode = await runCli(process.argv.slice(2), {
  out: (text) => stdout.write(text),
  error: (text) => stderr.write(areErrorsJournal ? asErrors(text) : text),
  isTerminal: isOnTerminal,
  isJournal: isJournal(variables.JOURNAL_STREAM, STDOUT),
  variables,
  programName: programName(),
  ask,
  stopRequested,
  onReloadRequested,
});
await stdout.end();
const unwritten = unwrittenReason();
if (unwritten !== undefined) {
  const hint = "Look at the disk that it goes to, and run this again";
  stderr.write(`error: Cannot write all of the output: ${unwritten}\nhint: ${hint}\n`);
}
await stderr.end();
// `process.exit` closes SQLite's databases, and with that empties their logs into them.
if (exitCode === EXIT_CODES.killed) process.kill(process.pid, "SIGKILL");
const isLost = unwritten !== undefined && exitCode === EXIT_CODES.done;
process.exit(isLost ? EXIT_CODES.failed : exitCode);

/** Why what a verb printed is not all there. A reader that went away has what it wanted. */
function unwrittenReason(): string | undefined {
  // A server's log is not its work.
  const isServer = process.argv[2] === "serve";
  return isServer || stdout.failure === "EPIPE" ? undefined : stdout.failure;
}

/** Whether standard output is a terminal. Asks Node's streams only when it can be one. */
function isTerminal(): boolean {
  return fstatSync(STDOUT).isCharacterDevice() && process.stdout.isTTY === true;
}

function ask(question: string): string | undefined {
  if (!fstatSync(STDIN).isCharacterDevice() || !isOnTerminal) return undefined;
  return prompt(question) ?? "";
}

/** Resolves with the first signal; a later one ends the process at once. */
function stopRequested(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let firstAtMs: number | undefined;
  const receive = (signal: string): void => {
    const nowMs = systemClock.monotonicMs();
    if (firstAtMs !== undefined && nowMs - firstAtMs > SAME_SIGNAL_MS) {
      process.exit(FORCED_EXIT_CODE);
    }
    firstAtMs ??= nowMs;
    resolve(signal);
  };
  process.on("SIGINT", receive);
  process.on("SIGTERM", receive);
  if (isOnTerminal) process.on("SIGHUP", receive);
  return promise;
}

function onReloadRequested(listener: () => void): void {
  if (!isOnTerminal) process.on("SIGHUP", listener);
}

/** The name alone where the shell finds this very file by it, else what runs it. */
function programName(): string {
  if (!Bun.isStandaloneExecutable) return "npx bun src/main.ts";
  const name = basename(process.execPath);
  return Bun.which(name) === process.execPath ? name : process.execPath;
}
