/**
 * What a batch has to tell the operator, collected while its transaction runs and told only once
 * the commit is on disk.
 */

/** One line of the log. */
export interface StorageEvent {
  readonly event:
    | "device.pending"
    | "device.approved"
    | "device.twins"
    | "quarantine.added"
    | "enrollment.dropped"
    | "command.queued"
    | "command.sent"
    | "command.done"
    | "command.not-done"
    | "command.late"
    | "command.stray";
  /** Empty when even the sender is unknown. */
  readonly device: string;
  /** The peer's IP address. */
  readonly address: string;
  readonly detail: string;
  /** It goes on, and the log has been told. */
  readonly isRepeat?: boolean;
}

export class StorageEvents {
  #events: StorageEvent[] = [];

  get count(): number {
    return this.#events.length;
  }

  push(event: StorageEvent): void {
    this.#events.push(event);
  }

  /** Takes back all behind the first `count`: what they tell of was rolled back. */
  dropBehind(count: number): void {
    this.#events.length = count;
  }

  /** Hands over everything and begins anew. */
  take(): readonly StorageEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
