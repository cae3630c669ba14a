/**
 * What happens to an open command at a poll of its terminal. A terminal runs one command at a time
 * and sends the result before it polls again, so one that polls while a command is `sent` has lost
 * that command, or its result was lost (fkweb.md 7). Pure.
 *
 * waiting -> sent | unconfirmed (kinds without a result) | expired | cancelled
 * sent -> sent (handed out again) | waiting (held back) | done | failed | unconfirmed | expired
 *
 * Taken out of use, a terminal leaves none open: what it never got is `cancelled`, the rest
 * `unconfirmed`.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { CommandKind } from "./command.ts";

/** A command that is not finished, as far as turns depend on it. */
export interface OpenCommand {
  readonly id: number;
  /** As stored: perhaps of a later version. */
  readonly kind: string;
  readonly status: "waiting" | "sent";
  /** How often it was handed out. */
  readonly sentCount: number;
  readonly deadlineMs: EpochMs;
}

/** What a poll does to a command. */
export type CommandTurn =
  /** It is handed out and then has this status. */
  | { readonly kind: "hand-out"; readonly status: "sent" | "unconfirmed" }
  /** It waits for a later poll, and lets those behind it pass. */
  | { readonly kind: "hold" }
  | {
      readonly kind: "end";
      readonly status: "failed" | "expired";
      readonly problem: string;
    };

/** A lost command is handed out again so often. */
export const HAND_OUTS_AGAIN_MAX = 3;

/** Kinds of which the terminal sends no result (fkweb.md 7). */
const WITHOUT_RESULT: ReadonlySet<string> = new Set<CommandKind>(["restart"]);
const NO_RESULT = "No result came: the terminal polled again each time";

/** What becomes of `command` at a poll. */
export function turnAtPoll(
  command: OpenCommand,
  at: { readonly nowMs: EpochMs; readonly isOwnClockTrusted: boolean },
): CommandTurn {
  if (isOverdue(command, at.nowMs)) {
    return { kind: "end", status: "expired", problem: overdueProblem(command) };
  }
  if (command.sentCount > HAND_OUTS_AGAIN_MAX) {
    return { kind: "end", status: "failed", problem: NO_RESULT };
  }
  if (command.kind === "set-time" && !at.isOwnClockTrusted) return { kind: "hold" };
  const status = WITHOUT_RESULT.has(command.kind) ? "unconfirmed" : "sent";
  return { kind: "hand-out", status };
}

/** Whether an open command may not be handed out any more. */
export function isOverdue(command: OpenCommand, nowMs: EpochMs): boolean {
  return nowMs >= command.deadlineMs;
}

/** Why an overdue command ends. */
export function overdueProblem(command: OpenCommand): string {
  return command.sentCount === 0
    ? "The terminal did not take it in time"
    : "No result came in time: it may have been done";
}

/** How an open command ends when its terminal is taken out of use. */
export function endOutOfUse(
  command: OpenCommand,
  become: "blocked" | "retired",
): { readonly status: "cancelled" | "unconfirmed"; readonly problem: string } {
  const happened = `The terminal was ${become} before`;
  return command.sentCount === 0
    ? { status: "cancelled", problem: `${happened} it took it` }
    : { status: "unconfirmed", problem: `${happened} its result came: it may have been done` };
}

/** The one that a terminal has lost stands before all others, which keep their order. */
export function inTurn(open: readonly OpenCommand[]): readonly OpenCommand[] {
  const sent = open.find((command) => command.status === "sent");
  return sent === undefined ? open : [sent, ...open.filter((command) => command !== sent)];
}
