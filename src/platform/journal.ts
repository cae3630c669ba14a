/** What the journal of systemd takes from the lines of a program. */

import { fstatSync } from "node:fs";

/**
 * Whether an open file leads to the journal, by `JOURNAL_STREAM` (systemd.exec(5)): whoever is
 * started from a service or a desktop inherits the variable, but often not the file.
 */
export function isJournal(journalStream: string | undefined, descriptor: number): boolean {
  if (journalStream === undefined) return false;
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  return journalStream === `${dev}:${ino}`;
}

/** Gives every line that is not empty the priority of an error, as `sd-daemon(3)` spells it. */
export function asErrors(text: string): string {
  return text.replace(/^(?=.)/gm, "<3>");
}
