/**
 * What is wrong with terminals: the open conditions, and the history of their beginnings and ends,
 * 30 days and 10,000 rows of it. Written only when something begins or ends.
 */

import type { Database } from "bun:sqlite";
import { and, asc, eq, lt, lte, max, or } from "drizzle-orm";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import { epochMs } from "#base/epoch.ts";
import {
  CONDITION_RULES,
  CONDITION_TYPES,
  type Condition,
  type ConditionChange,
  conditionFix,
} from "#domain/condition.ts";
import { events } from "./delivery-schema.ts";
import { guardEngine } from "./engine-error.ts";
import { conditions } from "./schema.ts";
import type { Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

const HISTORY_MS = 30 * 86_400_000;
const HISTORY_ROWS_MAX = 10_000;

/** The part of `Storage` that is about conditions. */
export function conditionStorage(
  database: Database,
  parts: WriteParts,
): Pick<Storage, "listConditions" | "recordConditions"> {
  const orm = drizzle(database);
  const write = ({ kind, atMs, condition }: ConditionChange): void => {
    const { type, subject, raisedAtMs, lastSeenAtMs, detail } = condition;
    orm
      .delete(conditions)
      .where(and(eq(conditions.type, type), eq(conditions.subject, subject)))
      .run();
    if (kind === "raised") {
      orm.insert(conditions).values({ type, subject, raisedAtMs, lastSeenAtMs, detail }).run();
    }
    const fix = kind === "raised" ? conditionFix(condition) : undefined;
    const data = { condition: type, subject, detail, raised_at_ms: raisedAtMs, fix };
    orm
      .insert(events)
      .values({
        atMs,
        type: `condition.${kind}`,
        deviceId: CONDITION_RULES[type].about === "device" ? subject : "",
        dataText: JSON.stringify(data),
      })
      .run();
  };
  const dropOld = (nowMs: number): void => {
    const newest = orm
      .select({ id: max(events.id) })
      .from(events)
      .get();
    const lastDropped = (newest?.id ?? 0) - HISTORY_ROWS_MAX;
    orm
      .delete(events)
      .where(or(lt(events.atMs, nowMs - HISTORY_MS), lte(events.id, lastDropped)))
      .run();
  };
  return {
    listConditions: async () =>
      guardEngine("read what is wrong with terminals", () => readConditions(orm)),
    recordConditions: async (changes) => {
      const last = changes.at(-1);
      if (last === undefined) return;
      guardEngine("note what is wrong with terminals", () =>
        parts.transaction(() => {
          for (const change of changes) write(change);
          dropOld(last.atMs);
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
