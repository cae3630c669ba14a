/**
 * What is wrong: the open conditions, and an event of each beginning and end that receivers are told
 * of. Written only when something begins or ends.
 */

import type { Database } from "bun:sqlite";
import { and, asc, eq } from "drizzle-orm";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import { epochMs } from "#base/epoch.ts";
import {
  CONDITION_RULES,
  CONDITION_TYPES,
  type Condition,
  type ConditionChange,
} from "#domain/condition.ts";
import { type ConditionFacts, conditionEvent } from "#domain/condition-event.ts";
import { deviceId } from "#domain/identifiers.ts";
import { deviceFromRow } from "./devices.ts";
import { shownEndpoint } from "./endpoints.ts";
import { guardEngine } from "./engine-error.ts";
import { conditions } from "./schema.ts";
import type { Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** The part of `Storage` that is about conditions. */
export function conditionStorage(
  database: Database,
  parts: WriteParts,
): Pick<Storage, "listConditions" | "recordConditions"> {
  const orm = drizzle(database);
  const write = (change: ConditionChange): void => {
    const { kind, condition } = change;
    const { type, subject, raisedAtMs, lastSeenAtMs, detail } = condition;
    orm
      .delete(conditions)
      .where(and(eq(conditions.type, type), eq(conditions.subject, subject)))
      .run();
    if (kind === "raised") {
      orm.insert(conditions).values({ type, subject, raisedAtMs, lastSeenAtMs, detail }).run();
    }
    recordEvent(parts, change);
  };
  return {
    listConditions: async () =>
      guardEngine("read what is wrong with terminals", () => readConditions(orm)),
    recordConditions: async (changes) => {
      if (changes.length === 0) return;
      guardEngine("note what is wrong with terminals", () =>
        parts.transaction(() => {
          for (const change of changes) write(change);
          parts.noteWrite();
        }),
      );
    },
  };
}

/** What was wrong with terminals when the last change was recorded, oldest first. */
export function readConditions(orm: BunSQLiteDatabase): readonly Condition[] {
  const rows = orm.select().from(conditions).orderBy(asc(conditions.id)).all();
  return rows.flatMap((row) => conditionFromRow(row) ?? []);
}

function recordEvent(parts: WriteParts, change: ConditionChange): void {
  const { type, subject } = change.condition;
  const { about } = CONDITION_RULES[type];
  const row = about === "device" ? parts.devices.find(deviceId(subject)) : undefined;
  const endpoint =
    about === "endpoint" ? parts.endpoints.list().find(({ name }) => name === subject) : undefined;
  const { values } = parts.counters;
  const { quarantineCount, quarantineBytes } = values;
  const facts: ConditionFacts = {
    device: row === undefined ? undefined : deviceFromRow(row, 0),
    endpoint: endpoint === undefined ? undefined : shownEndpoint(endpoint, values),
    quarantineCount,
    quarantineBytes,
  };
  const event = conditionEvent(change, facts, (instantMs) => parts.eventLog.spellTime(instantMs));
  if (event === undefined) return;
  // One that takes nothing is told of its pause by its end.
  const untold = event.type === "endpoint.paused" ? endpoint?.id : undefined;
  const device = about === "device" ? subject : "";
  parts.eventLog.add({ ...event, deviceId: device, atMs: change.atMs }, untold);
}

/** Undefined for a type that only another version knows. */
function conditionFromRow(row: typeof conditions.$inferSelect): Condition | undefined {
  const type = CONDITION_TYPES.find((known) => known === row.type);
  if (type === undefined) return undefined;
  const { subject, detail } = row;
  return {
    type,
    subject,
    raisedAtMs: epochMs(row.raisedAtMs),
    lastSeenAtMs: epochMs(row.lastSeenAtMs),
    detail,
  };
}
