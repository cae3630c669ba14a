/**
 * What a verb may touch of the process it runs in, handed in by `run.ts`, so that tests see what a
 * verb prints and with which exit code it ends.
 */

/** The process as a verb sees it. */
export interface CliEnvironment {
  /** Writes text to standard output as it is: a line brings its own line end. */
  readonly out: (text: string) => void;
  /** Writes text to standard error as it is: a line brings its own line end. */
  readonly error: (text: string) => void;
  /** True when standard output is a terminal, where colours and progress are of use. */
  readonly isTerminal: boolean;
  /**
   * Sets the exit code of a verb that ran to its end and has bad news. A verb that could not do its
   * work throws `AppError` instead. 0 if never called.
   */
  readonly exitCode: (code: number) => void;
}
