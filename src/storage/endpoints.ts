/**
 * The endpoints, kept in memory by the one writer because every punch asks who wants it.
 */

import { asc, eq, isNull } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { assertDefined } from "#base/assert.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import {
  type Endpoint,
  type EndpointId,
  EVENT_TYPES,
  type EventType,
  endpointId,
  SETTINGS_ENDPOINT_ID,
  SETTINGS_ENDPOINT_NAME,
  wantsEvent,
} from "#domain/webhook-endpoint.ts";
import type { CounterValues } from "./counters.ts";
import { webhookEndpoints } from "./delivery-schema.ts";
import type { SettingsEndpoint } from "./rules.ts";

/** A stored endpoint, and how far it is being given what was stored before it. */
export interface BookedEndpoint
  extends Omit<Endpoint, "waitingCount" | "parkedCount" | "unfilledCount"> {
  /** Place in the feed that was looked at last; undefined once it has caught up. */
  readonly fillAfterPosition: number | undefined;
  /** UTC epoch milliseconds: of what is stored only punches from here on are taken. */
  readonly fillFromMs: number | undefined;
}

type EndpointRow = typeof webhookEndpoints.$inferSelect;

/** What of an endpoint's row can change. */
type EndpointColumns = Partial<Omit<typeof webhookEndpoints.$inferInsert, "id" | "origin">>;

export class EndpointBook {
  readonly #orm: BunSQLiteDatabase;
  #endpoints: readonly BookedEndpoint[] = [];

  constructor(orm: BunSQLiteDatabase) {
    this.#orm = orm;
    this.#endpoints = this.#read();
  }

  /** Every endpoint that is not removed, oldest first. */
  list(): readonly BookedEndpoint[] {
    return this.#endpoints;
  }

  find(id: EndpointId): BookedEndpoint | undefined {
    return this.#endpoints.find((endpoint) => endpoint.id === id);
  }

  /** A point to go back to with `undoTo`. */
  mark(): readonly BookedEndpoint[] {
    return this.#endpoints;
  }

  /** Takes the changes since `mark` back, as the transaction's rollback does on disk. */
  undoTo(mark: readonly BookedEndpoint[]): void {
    this.#endpoints = mark;
  }

  /** Adds an endpoint behind all others. Inside a transaction. */
  add(row: Omit<typeof webhookEndpoints.$inferInsert, "id">): BookedEndpoint {
    const { id } = webhookEndpoints;
    const any = this.#orm.select({ id }).from(webhookEndpoints).limit(1).get();
    // The first number is that of the settings' own, which may come later.
    const number = any === undefined ? { id: SETTINGS_ENDPOINT_ID + 1 } : {};
    const insert = this.#orm.insert(webhookEndpoints).values({ ...row, ...number });
    const added = endpointFromRow(insert.returning().get());
    this.#endpoints = [...this.#endpoints, added];
    return added;
  }

  /** Changes columns of an endpoint's row. Inside a transaction. */
  change(id: EndpointId, columns: EndpointColumns): void {
    const row = this.#orm
      .update(webhookEndpoints)
      .set(columns)
      .where(eq(webhookEndpoints.id, id))
      .returning()
      .get();
    const changed = assertDefined(row, "An endpoint that is in the book has no row");
    this.#endpoints = this.#endpoints
      .map((endpoint) => (endpoint.id === id ? endpointFromRow(changed) : endpoint))
      .filter((endpoint) => endpoint.id !== id || changed.removedAtMs === null);
  }

  /** Who gets a message of this event now. Those who are being filled get punches by that. */
  listTargets(type: EventType, device: string): readonly EndpointId[] {
    const isInFeed = type.startsWith("punch.");
    return this.#listWanting(type, device)
      .filter(({ isFilling }) => !(isInFeed && isFilling))
      .map(({ id }) => id);
  }

  /** Those who are being filled, and want this event. */
  listFilling(type: EventType, device: string): readonly BookedEndpoint[] {
    return this.#listWanting(type, device).filter(({ isFilling }) => isFilling);
  }

  /** Whether an endpoint is enabled and wants this event. */
  wants(id: EndpointId, type: EventType, device: string): boolean {
    return this.#listWanting(type, device).some((endpoint) => endpoint.id === id);
  }

  /** Takes over what the settings say: inside a transaction, or before anything else is stored. */
  applySettings(settings: SettingsEndpoint | undefined, nowMs: EpochMs): void {
    const stored = this.#endpoints.find(({ id }) => id === SETTINGS_ENDPOINT_ID);
    if (settings === undefined && (stored === undefined || !stored.isEnabled)) return;
    const { id } = webhookEndpoints;
    if (settings === undefined) {
      const off = { isEnabled: false };
      this.#orm.update(webhookEndpoints).set(off).where(eq(id, SETTINGS_ENDPOINT_ID)).run();
    } else if (stored === undefined || !isAsSet(stored, settings)) {
      const row = {
        url: settings.url,
        format: settings.format,
        typesText: settings.types === undefined ? null : JSON.stringify(settings.types),
        isEnabled: true,
      };
      this.#orm
        .insert(webhookEndpoints)
        .values({
          ...row,
          id: SETTINGS_ENDPOINT_ID,
          name: SETTINGS_ENDPOINT_NAME,
          origin: "settings",
          secret: "",
          createdAtMs: nowMs,
        })
        .onConflictDoUpdate({ target: id, set: row })
        .run();
    }
    this.#endpoints = this.#read();
  }

  #listWanting(type: EventType, device: string): readonly BookedEndpoint[] {
    return this.#endpoints.filter(
      (endpoint) => endpoint.isEnabled && wantsEvent(endpoint, type, device),
    );
  }

  #read(): readonly BookedEndpoint[] {
    const { id, removedAtMs } = webhookEndpoints;
    const rows = this.#orm
      .select()
      .from(webhookEndpoints)
      .where(isNull(removedAtMs))
      .orderBy(asc(id));
    return rows.all().map(endpointFromRow);
  }
}

/** The endpoint as the rest of the program sees it. */
export function shownEndpoint(booked: BookedEndpoint, values: CounterValues): Endpoint {
  const { fillAfterPosition, fillFromMs: _from, ...endpoint } = booked;
  const counts = values.endpointTotals[String(booked.id)];
  const { lastFeedPosition } = values;
  return {
    ...endpoint,
    unfilledCount: lastFeedPosition - (fillAfterPosition ?? lastFeedPosition),
    waitingCount: counts?.waiting ?? 0,
    parkedCount: counts?.parked ?? 0,
  };
}

function isAsSet(stored: BookedEndpoint, settings: SettingsEndpoint): boolean {
  return (
    stored.isEnabled &&
    stored.url === settings.url &&
    stored.format === settings.format &&
    JSON.stringify(stored.types) === JSON.stringify(settings.types)
  );
}

function endpointFromRow(row: EndpointRow): BookedEndpoint {
  return {
    id: endpointId(row.id),
    name: row.name,
    origin: row.origin,
    url: row.url,
    format: row.format,
    types: readTypes(row.typesText),
    deviceIds: readTexts(row.devicesText)?.map(deviceId),
    secret: row.secret,
    previousSecret:
      row.previousSecret === null
        ? undefined
        : { secret: row.previousSecret, untilMs: epochMs(row.previousSecretUntilMs ?? 0) },
    isEnabled: row.isEnabled,
    isFilling: row.fillAfterPosition !== null,
    createdAtMs: epochMs(row.createdAtMs),
    fillAfterPosition: row.fillAfterPosition ?? undefined,
    fillFromMs: row.fillFromMs ?? undefined,
  };
}

/** Types that a newer executable knows are passed over. */
function readTypes(text: string | null): readonly EventType[] | undefined {
  const words = readTexts(text);
  return words === undefined ? undefined : EVENT_TYPES.filter((type) => words.includes(type));
}

/** Of a JSON list that this program wrote. */
function readTexts(text: string | null): readonly string[] | undefined {
  return text === null ? undefined : JSON.parse(text).map(String);
}
