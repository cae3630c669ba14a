/**
 * A row of the replaced server's `webhook_queue`: which punch an undelivered message tells of, and
 * when its event was (contract.md 6, rule 6). Both payloads of section 4.2 are read; the message
 * itself is written anew when it is sent.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import { fail, ok, type Result } from "#base/result.ts";
import type { DeviceId } from "./identifiers.ts";
import {
  type ImportRefusal,
  type OriginalRow,
  readDeviceId,
  readOriginalUtc,
} from "./original-row.ts";
import { parseWallTime, type WallTime, wallTimeAt } from "./wall-time.ts";

/** What an undelivered message says. */
export interface ImportedDelivery {
  readonly deviceId: DeviceId;
  /** As the payload has it, in decimal where it was a number. */
  readonly userIdText: string;
  /** 14 digits, local to the zone given. */
  readonly wallTime: WallTime;
  readonly eventAtMs: EpochMs;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Seconds of the years 2000 to 9999: what can be the time of an event. */
const EVENT_SECONDS = { least: 946_684_800, most: 253_402_300_799 } as const;

/**
 * Reads a row. Where the terminal's own time cannot be read, the punch stands at the UTC time beside
 * it, as `imported-punch.ts` has it.
 */
export function readImportedDelivery(
  row: OriginalRow,
  timeZone: string,
): Result<ImportedDelivery, ImportRefusal> {
  const kept = parseObject(row.webhook_data ?? "");
  const payload = kept === undefined ? undefined : payloadOf(kept);
  if (kept === undefined || payload === undefined) {
    return fail({ code: "not-readable", reason: "webhook_data holds no message as JSON" });
  }
  const told = punchOf(payload);
  if (told === undefined) {
    const type = typeof payload.event_type === "string" ? payload.event_type : "unknown";
    const reason = `The message tells of no punch (event ${JSON.stringify(type.slice(0, 40))})`;
    return fail({ code: "not-a-punch", reason });
  }
  const deviceId = readDeviceId(textOf(told.device_id));
  if (typeof deviceId !== "string") return fail(deviceId);
  const userIdText = textOf(told.user_id);
  if (userIdText === undefined || userIdText === "") {
    return fail({ code: "no-user", reason: "The message names no user" });
  }
  const wallTime = wallTimeOf(told, timeZone);
  if (wallTime === undefined) {
    return fail({ code: "no-time", reason: "The message has no time of a punch" });
  }
  const eventAtMs =
    eventMs(payload.timestamp) ??
    eventMs(told.timestamp_unix) ??
    eventMs(kept.timestamp) ??
    readOriginalUtc(row.created_at);
  if (eventAtMs === undefined) {
    return fail({ code: "no-time", reason: "The message has no time of its event" });
  }
  return ok({ deviceId, userIdText, wallTime, eventAtMs });
}

/** The later server kept the payload as text, the earlier one as it is. */
function payloadOf(kept: JsonObject): JsonObject | undefined {
  if (typeof kept.payload_json === "string") return parseObject(kept.payload_json);
  return asObject(kept.payload);
}

/** The one element of `logs`, or `data` of an attendance event. */
function punchOf(payload: JsonObject): JsonObject | undefined {
  if (Array.isArray(payload.logs)) return asObject(payload.logs[0]);
  return payload.event_type === "attendance_log" ? asObject(payload.data) : undefined;
}

function wallTimeOf(told: JsonObject, timeZone: string): WallTime | undefined {
  const wallTime = parseWallTime(textOf(told.timestamp));
  if (wallTime.ok) return wallTime.value;
  const utcMs = readOriginalUtc(textOf(told.attendance_time) ?? textOf(told.datetime_utc));
  return utcMs === undefined ? undefined : wallTimeAt(utcMs, timeZone);
}

/** Unix seconds, as a number or as digits. */
function eventMs(value: unknown): EpochMs | undefined {
  const seconds = Number(textOf(value) || Number.NaN);
  const isPossible = seconds >= EVENT_SECONDS.least && seconds <= EVENT_SECONDS.most;
  return isPossible ? epochMs(Math.floor(seconds) * 1000) : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    // Not JSON at all: the same answer.
    return undefined;
  }
}

function asObject(value: unknown): JsonObject | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}
