/** How requests of the web port were answered since the start of the process. */

import type { ApiFailureCode } from "./errors.ts";

export class RequestTally {
  readonly #byStatus = new Map<number, number>();
  readonly #byRefusal = new Map<ApiFailureCode, number>();

  noteAnswer(status: number): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
  }

  noteRefusal(code: ApiFailureCode): void {
    this.#byRefusal.set(code, (this.#byRefusal.get(code) ?? 0) + 1);
  }

  /** By HTTP status, those that were seen. */
  get byStatus(): ReadonlyMap<number, number> {
    return this.#byStatus;
  }

  countOf(code: ApiFailureCode): number {
    return this.#byRefusal.get(code) ?? 0;
  }
}
