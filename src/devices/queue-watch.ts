/**
 * Follows what terminals send and what became of it, and takes back a driver's word that a terminal's
 * queue is empty where something may wait in it all the same. In memory alone: what is forgotten with
 * the process is doubted.
 */

import type { DeviceId } from "#domain/identifiers.ts";
import type { Intake, Outcome, ReceivedIntake, RefusalCode } from "#domain/intake.ts";
import { isRetryPast, type QueueTrace, withDoubt, withRequest } from "#domain/terminal-queue.ts";
import type { Clock } from "#platform/clock.ts";
import type { HandleIntake } from "./connection-host.ts";
import type { RequestWatch } from "./request-trail.ts";

/** Terminals and addresses of which a loss is remembered: more than a site has. */
const LOSSES_MAX = 4_000;

/** Where a terminal comes from. */
interface Place {
  readonly address: string;
  /** Where it came from before: what it left there may be of its queue. */
  readonly before: string | undefined;
}

export class QueueWatch implements RequestWatch {
  readonly #clock: Clock;
  /** By terminal; those that the server may know at all, for all others are refused. */
  readonly #traces = new Map<DeviceId, QueueTrace>();
  readonly #places = new Map<DeviceId, Place>();
  /** Connections with a request under way, by its source. */
  readonly #underWay = new Map<string, number>();
  /** When a request was lost last, by its source; the oldest loss comes first. */
  readonly #lostAtMs = new Map<string, number>();
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
      const atMs = this.#clock.monotonicMs();
      const requested = withRequest(this.#traces.get(id), {
        atMs,
        isPoll: intake.kind === "poll",
        isKnown: this.#known.has(id),
      });
      const place = this.#placeOf(id, received.remoteAddress);
      const sources = sourcesOf(id, place);
      const trace = this.#withLosses(withTold(requested, intake, atMs), sources, atMs);
      this.#traces.set(id, trace);
      const outcome = await handleIntake(this.#withTrace(received, trace, sources));
      this.#noteOutcome(id, intake, outcome);
      return outcome;
    };
  }

  began(source: string): void {
    this.#underWay.set(source, (this.#underWay.get(source) ?? 0) + 1);
  }

  ended(source: string): void {
    const left = (this.#underWay.get(source) ?? 0) - 1;
    if (left > 0) this.#underWay.set(source, left);
    else this.#underWay.delete(source);
  }

  /** Where only the address is known, it may be of any terminal that comes from there. */
  lost(source: string): void {
    this.#lostAtMs.delete(source);
    for (const oldest of this.#lostAtMs.keys()) {
      if (this.#lostAtMs.size < LOSSES_MAX) break;
      this.#lostAtMs.delete(oldest);
    }
    this.#lostAtMs.set(source, this.#clock.monotonicMs());
  }

  #placeOf(id: DeviceId, address: string): Place {
    const known = this.#places.get(id);
    if (known?.address === address) return known;
    const place = { address, before: known?.address };
    this.#places.set(id, place);
    return place;
  }

  #withLosses(trace: QueueTrace, sources: readonly string[], atMs: number): QueueTrace {
    let doubted = trace;
    for (const source of sources) {
      const lostAtMs = this.#lostAtMs.get(source);
      if (lostAtMs === undefined || isRetryPast(lostAtMs, atMs)) continue;
      if (lostAtMs < (doubted.doubt?.sinceMs ?? 0)) continue;
      doubted = withDoubt(doubted, "unacknowledged", lostAtMs);
    }
    return doubted;
  }

  /** The poll at hand is not under way any more, for it came whole. */
  #withTrace(
    received: ReceivedIntake,
    { doubt }: QueueTrace,
    sources: readonly string[],
  ): ReceivedIntake {
    const { intake } = received;
    if (intake.kind !== "poll" || intake.queue !== "empty") return received;
    const isBusy = sources.some((source) => this.#underWay.has(source));
    const why = doubt?.why ?? (isBusy ? "unacknowledged" : undefined);
    return why === undefined ? received : { ...received, intake: { ...intake, queue: why } };
  }

  #noteOutcome(id: DeviceId, { kind }: Intake, outcome: Outcome): void {
    if (outcome.kind === "refused" && STRANGERS.has(outcome.code)) {
      this.#traces.delete(id);
      this.#places.delete(id);
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

/** Under what a request of the terminal may be known. */
function sourcesOf(id: DeviceId, { address, before }: Place): readonly string[] {
  return before === undefined ? [id, address] : [id, address, before];
}

/** The trace with what a driver itself knows of a queue that is not empty. */
function withTold(trace: QueueTrace, intake: Intake, atMs: number): QueueTrace {
  const told = intake.kind === "poll" ? intake.queue : undefined;
  return told === undefined || told === "empty" ? trace : withDoubt(trace, told, atMs);
}
