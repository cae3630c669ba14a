/**
 * Failures of the world around the program: disk full, port taken, file unreadable. Callers test
 * `code`, never the text; `hint` is what an operator can do next.
 */

/** What an `AppError` is about. A closed list, so that handling one is checked by the compiler. */
export type AppErrorCode =
  | "config-invalid"
  | "port-unavailable"
  | "storage-open-failed"
  | "storage-too-new"
  | "storage-damaged"
  | "storage-write-failed"
  | "storage-lost"
  | "backup-failed"
  | "export-failed"
  | "backup-unusable"
  | "restore-failed"
  | "file-unreadable"
  | "file-unwritable"
  | "control-unreachable"
  | "control-refused"
  | "interrupted"
  | "box-refused"
  | "box-failed"
  | "usage";

/** An error with a code to branch on and, where there is one, a next step for the operator. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: AppErrorCode;
  readonly hint: string | undefined;

  /**
   * `message` names what was attempted, the value in quotes, then the wanted state:
   * `Cannot open database "/x.db": schema 9 is newer than 7`.
   */
  constructor(
    code: AppErrorCode,
    message: string,
    detail: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint;
  }
}
