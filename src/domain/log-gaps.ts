/**
 * What the numbers that a terminal gives its records tell about those that never came. Only some
 * terminals number them; a number that is none tells nothing.
 */

/** Two numbers, both included. */
export interface LogRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** What a record's number says, next to the one before it. */
export type LogStep =
  /** There is nothing to compare. */
  | { readonly kind: "unknown" }
  /** The one that was to come. */
  | { readonly kind: "next" }
  /** These never came. */
  | { readonly kind: "gap"; readonly missing: LogRange }
  /** A record that came before. */
  | { readonly kind: "resend" }
  /** The terminal began to count anew; of what it lost by then, nothing can be told. */
  | { readonly kind: "reset" };

/** The largest number: 64 bits, unsigned. */
const LOG_NUMBER_MAX = 2n ** 64n - 1n;
/** Several times what any terminal holds (fkweb.md 16): so many records cannot have been lost. */
const MISSING_MAX = 1_000_000n;

/**
 * Compares the number of a record with that of the record before it, each as the terminal sent it;
 * `last` is undefined before the first. `isKnown`: the record itself is stored already. Terminals
 * send their oldest record first, so a new record with a number that is not higher means that the
 * terminal counts from the start again; and one that is a million higher, that it counts anew from
 * there. After a `resend` the last number stays what it was.
 */
export function compareLogNumbers(options: {
  readonly last: string | undefined;
  readonly next: string | undefined;
  readonly isKnown: boolean;
}): LogStep {
  const last = readLogNumber(options.last);
  const next = readLogNumber(options.next);
  if (last === undefined || next === undefined) return { kind: "unknown" };
  if (next <= last) return { kind: options.isKnown ? "resend" : "reset" };
  if (next === last + 1n) return { kind: "next" };
  if (next - last - 1n > MISSING_MAX) return { kind: "reset" };
  return { kind: "gap", missing: { first: last + 1n, last: next - 1n } };
}

/** Digits alone, leading zeros included, up to 64 bits; anything else is no number. */
function readLogNumber(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^\d{1,32}$/.test(text)) return undefined;
  const number = BigInt(text);
  return number <= LOG_NUMBER_MAX ? number : undefined;
}
