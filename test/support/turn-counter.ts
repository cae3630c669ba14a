/**
 * Counts the turns of the event loop, so that a test can see whether work that has to leave room
 * for other work does so.
 */

/** A count that goes on until it is disposed. */
export interface TurnCounter extends Disposable {
  /** Turns so far. */
  readonly turn: number;
}

/** Starts counting. */
export function countTurns(): TurnCounter {
  let turn = 0;
  let next = setImmediate(count);
  function count(): void {
    turn += 1;
    next = setImmediate(count);
  }
  return {
    get turn() {
      return turn;
    },
    [Symbol.dispose]() {
      clearImmediate(next);
    },
  };
}
