/**
 * The bytes that all connections hold together. Beyond the limit a connection in the middle of a
 * request stops reading, except the one that has been at it longest: it can always finish, and so
 * frees what the others wait for. Requests that arrive whole never wait here, so a few large
 * uploads do not delay small punches; the limit can therefore be passed by one chunk a connection.
 */

/** A connection as the budget sees it. */
export interface BudgetMember {
  /** It may read again. */
  continueReading(): void;
}

/** Counts held bytes and says who may go on reading. */
export class ReadingBudget {
  readonly #bytesMax: number;
  /** In the order in which their requests began. */
  readonly #midRequest = new Set<BudgetMember>();
  readonly #held = new Set<BudgetMember>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes held by all connections. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Notes how a member's held bytes changed and whether it is in the middle of a request. Returns
   * whether it may go on reading; if not, `continueReading` will be called.
   */
  note(member: BudgetMember, changeBytes: number, midRequest: boolean): boolean {
    this.#bytes += changeBytes;
    if (midRequest) {
      this.#midRequest.add(member);
    } else {
      this.#midRequest.delete(member);
      this.#held.delete(member);
    }
    if (this.#held.size > 0) this.#release();
    if (!midRequest || this.#bytes <= this.#bytesMax || this.#oldest() === member) return true;
    this.#held.add(member);
    return false;
  }

  #release(): void {
    if (this.#bytes <= this.#bytesMax) {
      const released = [...this.#held];
      this.#held.clear();
      for (const member of released) member.continueReading();
      return;
    }
    const oldest = this.#oldest();
    if (oldest !== undefined && this.#held.delete(oldest)) oldest.continueReading();
  }

  #oldest(): BudgetMember | undefined {
    return this.#midRequest.values().next().value;
  }
}
