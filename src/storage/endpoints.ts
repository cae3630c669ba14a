/**
 * The endpoints, kept in memory by the one writer because every punch asks who wants it.
 */

import { asc, eq, isNull } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import {
  type Endpoint,
  type EndpointId,
  EVENT_TYPES,
  type EventType,
  endpointId,
  SETTINGS_ENDPOINT_ID,
  wantsEvent,
} from "#domain/webhook-endpoint.ts";
import { webhookEndpoints } from "./delivery-schema.ts";
import type { SettingsEndpoint } from "./rules.ts";
import type { EndpointTotals } from "./schema.ts";

/** A stored endpoint, and how far it is being given what was stored before it. */
export interface BookedEndpoint extends Omit<Endpoint, "waitingCount" | "parkedCount"> {
  /** Place in the feed that was looked at last; undefined once it has caught up. */
  readonly fillAfterPosition: number | undefined;
  /** UTC epoch milliseconds: only punches from here on are taken. */
  readonly fillFromMs: number | undefined;
}

type EndpointRow = typeof webhookEndpoints.$inferSelect;

/** What people call the endpoint of the settings. */
const SETTINGS_NAME = "settings";

export class EndpointBook {
  readonly #orm: BunSQLiteDatabase;
  #endpoints: readonly BookedEndpoint[] = [];

  constructor(orm: BunSQLiteDatabase) {
    this.#orm = orm;
    this.reload();
  }

  /** Every endpoint that is not removed, oldest first. */
  list(): readonly BookedEndpoint[] {
    return this.#endpoints;
  }

  /** Reads what the tables hold: after a change of an endpoint, also one that was rolled back. */
  reload(): void {
    const { id, removedAtMs } = webhookEndpoints;
    const rows = this.#orm
      .select()
      .from(webhookEndpoints)
      .where(isNull(removedAtMs))
      .orderBy(asc(id));
    this.#endpoints = rows.all().map(endpointFromRow);
  }

  /** Who gets a message of this event now. Those who are still being filled get it by that. */
  listTargets(type: EventType, device: string): readonly EndpointId[] {
    return this.#endpoints
      .filter((endpoint) => endpoint.isEnabled && !endpoint.isFilling)
      .filter((endpoint) => wantsEvent(endpoint, type, device))
      .map(({ id }) => id);
  }

  /** Takes over what the settings say, outside of any transaction, before anything is stored. */
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
          name: SETTINGS_NAME,
          origin: "settings",
          secret: "",
          createdAtMs: nowMs,
        })
        .onConflictDoUpdate({ target: id, set: row })
        .run();
    }
    this.reload();
  }
}

/** The endpoint as the rest of the program sees it. */
export function shownEndpoint(booked: BookedEndpoint, totals: EndpointTotals): Endpoint {
  const { fillAfterPosition: _position, fillFromMs: _from, ...endpoint } = booked;
  const counts = totals[String(booked.id)];
  return {
    ...endpoint,
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
