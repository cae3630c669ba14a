/**
 * A caught error as fields of a log line. For errors of our own parts only: the text of a network
 * error may name a URL with its credentials.
 */

import { AppError } from "#base/app-error.ts";
import type { LogFields } from "#platform/log-line.ts";

/** The code to look up, and the text to read. */
export function failureFields(error: unknown): LogFields {
  if (error instanceof AppError) return { code: error.code, message: error.message };
  if (error instanceof Error) return { code: error.name, message: error.message };
  return { code: "unknown", message: typeof error };
}
