/**
 * A `handleIntake` whose outcomes a test gives when it wants, in the order it wants.
 */

import type { Outcome, ReceivedIntake } from "#domain/intake.ts";

interface WaitingIntake {
  readonly received: ReceivedIntake;
  readonly promise: PromiseWithResolvers<Outcome>;
}

export class IntakeDesk {
  readonly #waiting: WaitingIntake[] = [];
  /** Everything that came in, in order. */
  readonly received: ReceivedIntake[] = [];

  /** To be passed on as it is. */
  readonly handleIntake = (received: ReceivedIntake): Promise<Outcome> => {
    const promise = Promise.withResolvers<Outcome>();
    this.received.push(received);
    this.#waiting.push({ received, promise });
    return promise.promise;
  };

  /** Intakes without an outcome. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Gives the outcome of the waiting intake with that text; without one, of the oldest. */
  settle(outcome: Outcome["kind"], text?: string): void {
    this.#take(text).promise.resolve(
      outcome === "refused" ? { kind: "refused", code: "device-blocked" } : { kind: outcome },
    );
  }

  /** Breaks the contract: the promise rejects. */
  reject(error: Error): void {
    this.#take(undefined).promise.reject(error);
  }

  #take(text: string | undefined): WaitingIntake {
    const index = this.#waiting.findIndex(
      ({ received: { intake } }) =>
        text === undefined || (intake.kind === "notice" && intake.text === text),
    );
    const [found] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (found === undefined) throw new Error(`No intake waits with text "${text}"`);
    return found;
  }
}
