/**
 * What happened, 30 days and 20,000 rows of it: each event is written with its messages, in the
 * caller's transaction, so that receivers and `/v1/events` are told the same. Punches are not among
 * them: their log is the feed.
 */

import type { Database } from "bun:sqlite";
import { assertDefined } from "#base/assert.ts";
import type { EpochMs } from "#base/epoch.ts";
import { encodeMessage, fitData } from "#domain/event-message.ts";
import type { NewEvent } from "#domain/recorded-event.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { OwnClockView } from "./device-clocks.ts";
import type { EndpointBook } from "./endpoints.ts";
import type { Outbox } from "./outbox.ts";

const KEPT_MS = 30 * 86_400_000;
const ROWS_MAX = 20_000;

const INSERT = `INSERT INTO events (at_ms, type, device_id, data_text)
  VALUES ($atMs, $type, $deviceId, $dataText) RETURNING id`;
/** Rows go from the front alone, so that a reader's place tells whether it missed any. */
const FIND_FIRST_KEPT = `SELECT id FROM events NOT INDEXED WHERE at_ms >= $sinceMs
  ORDER BY id LIMIT 1`;
const DROP = "DELETE FROM events WHERE id < $firstKept";

/** What events are written with. */
export interface EventLogOptions {
  readonly endpoints: EndpointBook;
  readonly outbox: Outbox;
  /** IANA zone of the times that are told. */
  readonly siteTimeZone: string;
  /** Unless it is believed, nothing is dropped for its age. */
  readonly ownClock: Pick<OwnClockView, "isTrusted">;
}

export class EventLog {
  readonly #options: EventLogOptions;
  readonly #insert;
  readonly #findFirstKept;
  readonly #drop;
  #hasNews = false;

  constructor(database: Database, options: EventLogOptions) {
    this.#options = options;
    this.#insert = database.prepare<
      { readonly id: number },
      Record<"atMs" | "type" | "deviceId" | "dataText", string | number>
    >(INSERT);
    this.#findFirstKept = database.prepare<{ readonly id: number }, { readonly sinceMs: number }>(
      FIND_FIRST_KEPT,
    );
    this.#drop = database.prepare<unknown, { readonly firstKept: number }>(DROP);
  }

  /** Writes an event, and its messages for whoever wants it but the endpoint `untold`. */
  add(event: NewEvent, untold?: EndpointId): void {
    const { endpoints, outbox } = this.#options;
    const { type, deviceId, atMs } = event;
    const data = fitData(event.data);
    const row = { atMs, type, deviceId, dataText: JSON.stringify(data) };
    const { id } = assertDefined(this.#insert.get(row), "An event was written without a number");
    const targets = endpoints.listTargets(type, deviceId).filter((target) => target !== untold);
    outbox.enqueueEvent(targets, {
      type,
      deviceId,
      eventAtMs: atMs,
      eventRowId: id,
      bodyText: encodeMessage({ type, timestamp: this.spellTime(atMs), data }),
    });
    this.#dropOld(id, atMs);
    this.#hasNews = true;
  }

  /** An instant as events tell it, by the site's clock. */
  spellTime(instantMs: EpochMs): string {
    return rfc3339WithOffset(instantMs, this.#options.siteTimeZone);
  }

  /** Whether anything was added since this was asked last. */
  takeNews(): boolean {
    const hadNews = this.#hasNews;
    this.#hasNews = false;
    return hadNews;
  }

  #dropOld(newestId: number, nowMs: number): void {
    const overCount = newestId - ROWS_MAX + 1;
    const first = this.#options.ownClock.isTrusted()
      ? this.#findFirstKept.get({ sinceMs: nowMs - KEPT_MS })
      : undefined;
    this.#drop.run({ firstKept: Math.max(overCount, first?.id ?? 0) });
  }
}
