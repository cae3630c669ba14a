/**
 * Expected failure as a value. Decoders, domain rules, config loading and delivery attempts return
 * a `Result`; everything unexpected throws.
 */

/** Either a value, or an error whose `code` callers branch on. */
export type Result<Value, Failure> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };

/** Wraps a success. */
export function ok<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

/** Wraps an expected failure. */
export function fail<Failure>(error: Failure): { readonly ok: false; readonly error: Failure } {
  return { ok: false, error };
}
