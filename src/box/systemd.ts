/** Asks systemd about the service, and tells it what to do. */

import { AppError } from "#base/app-error.ts";
import { runProgram } from "#platform/run-program.ts";
import { SERVICE } from "./places.ts";
import { readUnitState, type UnitState } from "./unit-state.ts";

/** A start may have to bring a large database up to date; the unit has its own limit. */
const START_LIMIT_MS = 16 * 60_000;
const LOG_LINES = 16;

/** The service as it is; also where there is no unit of that name. */
export async function findUnitState(): Promise<UnitState> {
  const { out } = await runProgram(["systemctl", "show", "--no-pager", SERVICE]);
  return readUnitState(out);
}

/** Such as 252; 0 where there is no systemd. */
export async function systemdVersion(): Promise<number> {
  const { out } = await runProgram(["systemctl", "--version"]);
  return Number(/^systemd (\d+)/.exec(out)?.[1] ?? 0);
}

/** @throws AppError `box-failed` with systemd's own words. */
export async function systemctl(...argv: readonly string[]): Promise<void> {
  await mustRun("systemctl", ...argv);
}

/** @throws AppError `box-failed` with the program's own words. */
export async function mustRun(...argv: readonly string[]): Promise<void> {
  const { exitCode, error } = await runProgram(argv, START_LIMIT_MS);
  if (exitCode === 0) return;
  const words = error.replaceAll("\n", " ") || `exit code ${exitCode}`;
  throw new AppError("box-failed", `"${argv.join(" ")}" failed: ${words}`);
}

/**
 * Starts or restarts the service and waits until it is ready.
 * @throws AppError `box-failed` with the last lines of its log.
 */
export async function bringUp(how: "start" | "restart"): Promise<void> {
  const { exitCode } = await runProgram(["systemctl", how, SERVICE], START_LIMIT_MS);
  if (exitCode === 0) return;
  throw new AppError("box-failed", "The service does not come up", {
    hint: `Its last lines, of "journalctl -u biometric-server":\n${await lastLogLines()}`,
  });
}

async function lastLogLines(): Promise<string> {
  const command = ["journalctl", "-u", SERVICE, "-n", String(LOG_LINES), "-o", "cat", "--no-pager"];
  const { out } = await runProgram(command);
  return out.trimEnd().replace(/^/gm, "  ");
}
