/**
 * What fake terminals count, and how the counts of several are added up.
 */

import type { LinkFailure } from "./link.ts";

/** What one terminal has done so far. */
export interface TerminalCounts extends Record<LinkFailure, number> {
  /** Punches sent at least once. */
  sent: number;
  /** Punches acknowledged; each counts once. */
  acknowledged: number;
  /** Tries after the first one of a punch or duplicate. */
  resent: number;
  duplicatesSent: number;
  duplicatesAcknowledged: number;
  /** Replies to a punch that do not acknowledge it. */
  wrongReplies: number;
  pollsAnswered: number;
  /** Commands of the server that the terminal carried out, answered or not. */
  commandsExecuted: number;
  /** Commands that the terminal does not know or whose parameters it cannot read. */
  commandsRefused: number;
  /** Results of commands that the server took. */
  resultsAcknowledged: number;
  /** Enrolled users that the terminal sent by itself and the server took. */
  usersPushed: number;
  /** Starts after the first one: told to, or after a loss of power. */
  restarts: number;
}

/** All counts at 0. */
export function newCounts(): TerminalCounts {
  return {
    sent: 0,
    acknowledged: 0,
    resent: 0,
    duplicatesSent: 0,
    duplicatesAcknowledged: 0,
    connectionErrors: 0,
    closedWithoutReply: 0,
    timeouts: 0,
    wrongReplies: 0,
    abandoned: 0,
    pollsAnswered: 0,
    commandsExecuted: 0,
    commandsRefused: 0,
    resultsAcknowledged: 0,
    usersPushed: 0,
    restarts: 0,
  };
}

/** Each count over all of `parts`. */
export function sumCounts(parts: readonly Readonly<TerminalCounts>[]): TerminalCounts {
  const sum = newCounts();
  for (const name of Object.keys(sum).filter(isCountName)) {
    for (const part of parts) sum[name] += part[name];
  }
  return sum;
}

const ZERO = newCounts();

function isCountName(name: string): name is keyof TerminalCounts {
  return name in ZERO;
}
