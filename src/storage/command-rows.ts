/** The commands' rows as the rest of the program sees them, and the reading of them. */

import { and, asc, desc, eq, lt, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { Command, CommandKind } from "#domain/command.ts";
import { deviceId } from "#domain/identifiers.ts";
import { COMMAND_COLUMNS, type CommandRow, IS_OPEN, IS_RESULT_LONG } from "./commands.ts";
import { commands } from "./schema.ts";
import type { CommandFilter, PendingResult } from "./storage.ts";

/** In the words of the index, which a bound value would not find. */
const IS_RESULT_PENDING = sql`is_result_pending = 1`;

const LISTED_COLUMNS = {
  ...COMMAND_COLUMNS,
  resultText: sql<string | null>`CASE WHEN NOT ${IS_RESULT_LONG} THEN ${commands.resultText} END`,
  isResultLeftOut: sql<number>`coalesce(${IS_RESULT_LONG}, 0)`,
};

/** A row as the rest of the program sees it. */
export function commandFromRow(row: CommandRow): Command {
  return {
    id: row.id,
    deviceId: deviceId(row.deviceId),
    kind: row.kind,
    parameters: parseObject(row.parametersText),
    status: row.status,
    requestedBy: row.requestedBy,
    createdAtMs: epochMs(row.createdAtMs),
    deadlineMs: epochMs(row.deadlineMs),
    sentCount: row.sentCount,
    lastSentAtMs: optionalInstant(row.lastSentAtMs),
    finishedAtMs: optionalInstant(row.finishedAtMs),
    returnCode: row.returnCode ?? undefined,
    problem: row.problem ?? undefined,
    resultText: row.resultText ?? undefined,
    isResultLeftOut: false,
    resultByteCount: row.resultByteCount,
    isResultPending: row.isResultPending,
  };
}

/** A page of commands, newest first, without their long results. */
export function readCommands(
  reader: BunSQLiteDatabase,
  filter: CommandFilter,
  limit: number,
): readonly Command[] {
  const { deviceId: device, kind, isOpen, beforeId } = filter;
  const conditions = [
    device === undefined ? undefined : eq(commands.deviceId, device),
    kind === undefined ? undefined : eq(commands.kind, kind),
    isOpen === true ? IS_OPEN : undefined,
    beforeId === undefined ? undefined : lt(commands.id, beforeId),
  ];
  const rows = reader
    .select(LISTED_COLUMNS)
    .from(commands)
    .where(and(...conditions))
    .orderBy(desc(commands.id))
    .limit(limit)
    .all();
  return rows.map(({ isResultLeftOut, ...row }) => ({
    ...commandFromRow(row),
    isResultLeftOut: isResultLeftOut === 1,
  }));
}

/** The oldest results of a kind that somebody has to work on, with their bytes. */
export function readPendingResults(
  reader: BunSQLiteDatabase,
  kind: CommandKind,
  limit: number,
): readonly PendingResult[] {
  const rows = reader
    .select({ ...COMMAND_COLUMNS, resultBytes: commands.resultBytes })
    .from(commands)
    .where(and(IS_RESULT_PENDING, eq(commands.kind, kind)))
    .orderBy(asc(commands.id))
    .limit(limit)
    .all();
  return rows.map(({ resultBytes, ...row }) => ({
    command: commandFromRow(row),
    bytes: resultBytes ?? new Uint8Array(0),
  }));
}

/** The JSON object of a text of ours. */
function parseObject(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function optionalInstant(value: number | null): EpochMs | undefined {
  return value === null ? undefined : epochMs(value);
}
