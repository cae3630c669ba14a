/**
 * Follows what terminals send and what became of it, and takes back a driver's word that a terminal's
 * queue is empty where something may wait in it all the same. In memory alone: what is forgotten with
 * the process is doubted.
 */

import type { DeviceId } from "#domain/identifiers.ts";
import type { Intake, Outcome, ReceivedIntake, RefusalCode } from "#domain/intake.ts";
import { type QueueTrace, withDoubt, withRequest } from "#domain/terminal-queue.ts";
import type { Clock } from "#platform/clock.ts";
import type { HandleIntake } from "./connection-host.ts";

export class QueueWatch {
  readonly #clock: Clock;
  /** By terminal; those that the server may know at all, for all others are refused. */
  readonly #traces = new Map<DeviceId, QueueTrace>();
  /** Where each of them was last heard from. */
  readonly #addresses = new Map<DeviceId, string>();
  #known: ReadonlySet<DeviceId> = new Set();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Tells which terminals are known. Called before any is let in. */
  start(known: Iterable<DeviceId>): void {
    this.#known = new Set(known);
  }

  /** `handleIntake`, with polls that do not show an empty queue marked as such. */
  following(handleIntake: HandleIntake): HandleIntake {
    return async (received) => {
      const { intake } = received;
      const { deviceId: id } = intake;
      if (id === undefined) return handleIntake(received);
      const trace = withRequest(this.#traces.get(id), {
        atMs: this.#clock.monotonicMs(),
        isPoll: intake.kind === "poll",
        isKnown: this.#known.has(id),
      });
      this.#traces.set(id, trace);
      this.#addresses.set(id, received.remoteAddress);
      const outcome = await handleIntake(withTrace(received, trace));
      this.#noteOutcome(id, intake, outcome);
      return outcome;
    };
  }

  /**
   * Told of a request that never came whole: nobody knows whose it was, so it may be of any terminal
   * that was heard from there.
   */
  noteUnfinished(address: string): void {
    const atMs = this.#clock.monotonicMs();
    for (const [id, trace] of this.#traces) {
      if (this.#addresses.get(id) !== address) continue;
      this.#traces.set(id, withDoubt(trace, "unacknowledged", atMs));
    }
  }

  #noteOutcome(id: DeviceId, { kind }: Intake, outcome: Outcome): void {
    if (outcome.kind === "refused" && STRANGERS.has(outcome.code)) {
      this.#traces.delete(id);
      this.#addresses.delete(id);
    }
    const trace = this.#traces.get(id);
    // Neither of these two waits in the queue.
    if (trace === undefined || kind === "poll" || kind === "command-result") return;
    const atMs = this.#clock.monotonicMs();
    if (outcome.kind === "failed" || outcome.kind === "refused") {
      this.#traces.set(id, withDoubt(trace, "unacknowledged", atMs));
    } else if (outcome.kind === "duplicate") {
      this.#traces.set(id, withDoubt(trace, "sent-again", atMs));
    }
  }
}

/** Of these nothing is kept, and nothing remembered. */
const STRANGERS: ReadonlySet<RefusalCode> = new Set([
  "id-reserved",
  "devices-full",
  "pending-devices-full",
]);

function withTrace(received: ReceivedIntake, { doubt }: QueueTrace): ReceivedIntake {
  const { intake } = received;
  if (doubt === undefined || intake.kind !== "poll" || intake.queue !== "empty") return received;
  return { ...received, intake: { ...intake, queue: doubt.why } };
}
