/** The part of `Storage` that is about commands: queueing, reading, cancelling and expiry. */

import { and, eq, inArray } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { assertDefined } from "#base/assert.ts";
import { epochMs } from "#base/epoch.ts";
import { commandParameters } from "#domain/command-parameters.ts";
import { MANUAL_DRIVER, mayTakeCommands } from "#domain/device.ts";
import { type DeviceId, deviceId, type UserId, userId } from "#domain/identifiers.ts";
import { nextTurn } from "#platform/next-turn.ts";
import { commandFromRow, readCommands, readPendingResults } from "./command-rows.ts";
import { COMMAND_COLUMNS, type CommandRow } from "./commands.ts";
import { guardEngine } from "./engine-error.ts";
import { EnrollmentKeeper } from "./enrollment-keeper.ts";
import { HoldingRoom } from "./holding-room.ts";
import type { StorageRules } from "./rules.ts";
import { commands, enrollments } from "./schema.ts";
import type { CommandOrder, OrderOutcome, SettledUserList, Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** For so long a request that is repeated under its key asks for nothing more. */
const REQUEST_KEPT_MS = 86_400_000;

/** Users of a list that are written in one transaction. */
const USERS_AT_ONCE = 200;

type CommandMethod =
  | "queueCommands"
  | "listCommands"
  | "findCommand"
  | "cancelCommand"
  | "expireCommands"
  | "readEnrolledNames"
  | "listPendingResults"
  | "settleUserList";

/** Writes through the one writer, and answers readers on their own connection. */
export function commandMethods(
  parts: WriteParts,
  reader: BunSQLiteDatabase,
  rules: StorageRules,
): Pick<Storage, CommandMethod> {
  const find = (id: number) =>
    reader.select(COMMAND_COLUMNS).from(commands).where(eq(commands.id, id)).get();
  return {
    queueCommands: async (order) =>
      guardEngine("queue a command", () => queueCommands(parts, order)),
    listCommands: async (filter, limit) =>
      guardEngine("list commands", () => readCommands(reader, filter, limit)),
    findCommand: async (id) =>
      guardEngine("read a command", () => {
        const row = find(id);
        return row === undefined ? undefined : commandFromRow(row);
      }),
    cancelCommand: async (id, nowMs) =>
      guardEngine("cancel a command", () => {
        const row = parts.commands.find(id);
        if (row === undefined) return "unknown-command";
        if (row.status !== "waiting") return "not-waiting";
        const end = { status: "cancelled", finishedAtMs: nowMs } as const;
        parts.transaction(() => parts.commands.finish(deviceId(row.deviceId), id, end));
        return "done";
      }),
    expireCommands: async (nowMs) => {
      if (!parts.commands.hasOverdue(nowMs)) return [];
      return guardEngine("end overdue commands", () =>
        parts.transaction(() =>
          parts.commands.expire(nowMs).map((id) => commandFromRow(getRow(parts, id))),
        ),
      );
    },
    readEnrolledNames: async (device, userIds) =>
      guardEngine("read a terminal's users", () => readEnrolledNames(reader, device, userIds)),
    listPendingResults: async (kind, limit) =>
      guardEngine("read results", () => readPendingResults(reader, kind, limit)),
    settleUserList: async (settled) => settleUserList(parts, rules, settled),
  };
}

function readEnrolledNames(
  reader: BunSQLiteDatabase,
  device: DeviceId,
  userIds: readonly UserId[],
): ReadonlyMap<UserId, string | undefined> {
  const rows = reader
    .select({ id: enrollments.userId, name: enrollments.name })
    .from(enrollments)
    .where(and(inArray(enrollments.userId, [...userIds]), eq(enrollments.deviceId, device)))
    .all();
  return new Map(rows.map(({ id, name }) => [userId(id), name ?? undefined]));
}

function queueCommands(parts: WriteParts, order: CommandOrder): OrderOutcome {
  const { deviceId: id, requestKey } = order;
  const known = findRequested(parts, order);
  if (known !== undefined) {
    if (!isSameOrder(known, order)) return { kind: "key-reused" };
    return { kind: "known", commands: [commandFromRow(known)] };
  }
  const device = parts.devices.find(id);
  if (device === undefined) return { kind: "unknown-device" };
  if (device.driver === MANUAL_DRIVER) return { kind: "built-in-device" };
  if (!mayTakeCommands(device.driver)) return { kind: "takes-no-commands" };
  if (device.status !== "approved") return { kind: "device-not-approved" };
  const isReading = order.commands.some(({ kind }) => kind === "read-log");
  const commandId = isReading ? parts.commands.findReading(id) : undefined;
  if (commandId !== undefined) return { kind: "log-being-read", commandId };
  if (order.commands.length > parts.commands.roomOf(id)) return { kind: "queue-full" };
  const queued = parts.transaction(() => {
    const added = order.commands.map((command) =>
      parts.commands.add({ ...order, command, requestKey }),
    );
    parts.commands.prune(id);
    return added.map((number) => commandFromRow(getRow(parts, number)));
  });
  return { kind: "queued", commands: queued };
}

function findRequested(parts: WriteParts, order: CommandOrder): CommandRow | undefined {
  if (order.requestKey === undefined) return undefined;
  return parts.commands.findRequested(order.requestKey, epochMs(order.nowMs - REQUEST_KEPT_MS));
}

function isSameOrder(row: CommandRow, order: CommandOrder): boolean {
  const [command] = order.commands;
  return (
    command !== undefined &&
    order.commands.length === 1 &&
    row.deviceId === order.deviceId &&
    row.kind === command.kind &&
    row.parametersText === JSON.stringify(commandParameters(command)) &&
    row.deadlineMs - row.createdAtMs === order.deadlineMs - order.nowMs
  );
}

/**
 * Some users at a time, so that terminals are served in between; cut short, it begins again with the
 * next look for pending results.
 */
async function settleUserList(
  parts: WriteParts,
  rules: StorageRules,
  settled: SettledUserList,
): Promise<void> {
  const { commandId, nowMs, users } = settled;
  const row = getRow(parts, commandId);
  const device = deviceId(row.deviceId);
  const keeper = new EnrollmentKeeper({ parts, rules, room: new HoldingRoom(parts, rules) });
  const write = (work: () => void) =>
    guardEngine("store a terminal's users", () => parts.transaction(work));
  for (let start = 0; start < users.length; start += USERS_AT_ONCE) {
    const some = users.slice(start, start + USERS_AT_ONCE);
    write(() => {
      for (const user of some) keeper.keep(device, user, nowMs);
    });
    await nextTurn();
  }
  const { resultText, problem = row.problem } = settled;
  const done = { resultText, problem, resultBytes: null, isResultPending: false };
  write(() => {
    parts.commands.amend(commandId, done);
    parts.commands.shortenLists(device, commandId, problem === null);
  });
}

function getRow(parts: WriteParts, id: number): CommandRow {
  return assertDefined(parts.commands.find(id), `No row of command ${id}`);
}
