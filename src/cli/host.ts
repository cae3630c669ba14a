/**
 * What the verbs of the server itself use of the process, beside printing: handed in by `main.ts`,
 * so that tests give their own.
 */

import type { Environment } from "#config/load.ts";

/** The process around the verbs. */
export interface CliHost {
  /** Writes text to standard output as it is. */
  readonly out: (text: string) => void;
  /** Writes text to standard error as it is. */
  readonly error: (text: string) => void;
  /** True when standard output is a terminal. */
  readonly isTerminal: boolean;
  /** True when standard output is the journal of systemd. */
  readonly isJournal: boolean;
  readonly variables: Environment;
  /** How a person calls this program in a shell. */
  readonly programName: string;
  /** Asks the person at the terminal, and blocks; undefined where nobody is there to be asked. */
  readonly ask?: (question: string) => string | undefined;
  /**
   * Resolves when the process is first asked to end: SIGINT or SIGTERM, and SIGHUP where standard
   * output is a terminal, which has been closed then.
   */
  stopRequested(): Promise<string>;
  /** From here on SIGHUP calls `listener` where standard output is no terminal. */
  onReloadRequested(listener: () => void): void;
}
