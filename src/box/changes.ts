/** Changes of the box that are made together or not at all. */

/** One step. */
export interface Change {
  /** For a person, before and after it is made: `make user biometric-server`. */
  readonly what: string;
  apply(): Promise<void>;
  /** Makes it as it was, also when `apply` had come half way. Absent: there is nothing to undo. */
  undo?(): Promise<void>;
}

/** What goes on around the changes. */
export interface ChangeWatch {
  /** After each change that was made, and each that was undone. */
  tell(line: string): void;
  /** Asked before each change: throws to end it there. */
  check(): void;
}

/**
 * Makes all changes in order. When one fails, it and those before it are undone, latest first.
 * @throws what the change threw, or `check`.
 */
export async function applyChanges(changes: readonly Change[], watch: ChangeWatch): Promise<void> {
  const begun: Change[] = [];
  try {
    for (const change of changes) {
      watch.check();
      begun.push(change);
      await change.apply();
      watch.tell(change.what);
    }
  } catch (error) {
    await undo(begun, watch);
    throw error;
  }
}

/** Whatever fails to be undone is told, and the others are undone all the same. */
async function undo(begun: readonly Change[], watch: ChangeWatch): Promise<void> {
  for (const change of begun.toReversed()) {
    if (change.undo === undefined) continue;
    await change.undo().then(
      () => watch.tell(`undone: ${change.what}`),
      (error: unknown) => watch.tell(`NOT UNDONE: ${change.what}: ${String(error)}`),
    );
  }
}
