/**
 * Checks of our own invariants. Never used on data from outside: that is an expected failure.
 */

/** Thrown when one of our own invariants does not hold: a bug, never bad input. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** @throws AssertionError when `condition` is false. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Returns `value`, which our own code guarantees to be there. @throws AssertionError when it is not. */
export function assertDefined<Value>(value: Value | undefined | null, message: string): Value {
  if (value === undefined || value === null) throw new AssertionError(message);
  return value;
}

/** The default of a `switch` over a union: the compiler proves that it is never reached. */
export function assertNever(value: never): never {
  throw new AssertionError(`Unexpected variant ${JSON.stringify(value)}`);
}
