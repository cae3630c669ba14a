/**
 * A row of the replaced server's `attendance_logs` as a punch (contract.md 6, rules 2 to 4). Nothing
 * here looks at another punch; the direction is the row's own.
 */

import type { EpochMs } from "#base/epoch.ts";
import { fail, ok, type Result } from "#base/result.ts";
import { acceptPunch } from "./accept-punch.ts";
import type { RawPunch } from "./intake.ts";
import {
  type ImportFlag,
  type ImportRefusal,
  type OriginalRow,
  readOriginalUtc,
} from "./original-row.ts";
import type { AcceptedPunch, Direction } from "./punch.ts";
import { canonicalUserId, type LeadingZeros } from "./punch-identity.ts";
import { wallTimeAt } from "./wall-time.ts";

/** What the rules need to know beside the row. */
export interface ImportContext {
  /** IANA zone of the device's clock. */
  readonly timeZone: string;
  readonly leadingZeros: LeadingZeros;
  /** The device's start date: believable punches before it are historic. */
  readonly deviceStartAtMs: EpochMs;
}

/** A punch of the file. */
export interface ImportedPunch {
  /** The row's own id where it can be ours; undefined where it needs a fresh one. */
  readonly keptId: number | undefined;
  readonly punch: AcceptedPunch;
  /** Undefined where the row says neither in nor out. */
  readonly direction: Direction | undefined;
  readonly receivedAtMs: EpochMs;
  readonly flags: readonly ImportFlag[];
}

/** The highest id that is kept: as many again are left for our own, all of them exact numbers. */
export const KEPT_ID_MAX = 2 ** 52;

const WALL_TIME_LENGTH = 14;
/** As for terminals' own clocks (`accept-punch.ts`). */
const FIRST_BELIEVED_MS = Date.UTC(2020, 0, 1);

/** Reads a row. The same row always gives the same punch. */
export function readImportedPunch(
  row: OriginalRow,
  context: ImportContext,
): Result<ImportedPunch, ImportRefusal> {
  const raw = rawPunchOf(row);
  const createdAtMs = readOriginalUtc(row.created_at);
  const accepted = acceptPunch(raw, {
    ...context,
    receivedAtMs: createdAtMs ?? context.deviceStartAtMs,
    // A clock that had fallen back itself cannot say what lay in its future.
    ownClockTrusted: createdAtMs !== undefined && createdAtMs >= FIRST_BELIEVED_MS,
    // Nothing tells how often the clock had gone back before.
    clockEpisode: 0,
  });
  const flags: ImportFlag[] = [];
  if (!/^-?\d+$/.test(raw.userIdText ?? "")) flags.push("text-user");
  const direction = directionOf(row);
  if (direction === undefined) flags.push("no-direction");
  const keptId = keptIdOf(row);
  if (accepted.ok) {
    const punch = accepted.value;
    if (punch.doubtfulTime !== undefined) flags.push("doubtful-time");
    const receivedAtMs = createdAtMs ?? punch.instantMs;
    return ok({ keptId, punch, direction, receivedAtMs, flags });
  }
  const { code, reason } = accepted.error;
  if (code === "no-user" || code === "user-too-long") return fail({ code, reason });
  const punch = punchOfUnreadableTime(row, raw, context);
  if (punch === undefined) {
    const missing = "and neither datetime_utc nor created_at is a time";
    return fail({ code: "no-time", reason: `${reason}, ${missing}` });
  }
  flags.push("unreadable-time");
  const receivedAtMs = createdAtMs ?? punch.instantMs;
  return ok({ keptId, punch, direction, receivedAtMs, flags });
}

function rawPunchOf(row: OriginalRow): RawPunch {
  return {
    userIdText: row.user_id ?? undefined,
    wallTimeText: row.timestamp ?? undefined,
    // The later schema writes its own in and out here; only the prototype kept the terminal's code.
    directionCode: isPrototypeRow(row) ? (row.io_mode ?? undefined) : undefined,
    // 0 stands for whatever that server could not read, and must not contradict a resend.
    verifyModeCode: row.verify_mode === "0" ? undefined : (row.verify_mode ?? undefined),
    codeLibrary: undefined,
    workCode: undefined,
    rawText: JSON.stringify(row),
  };
}

/** The prototype's rows were there before the column, which ALTER TABLE left NULL for them. */
function isPrototypeRow(row: OriginalRow): boolean {
  return (row.datetime_utc ?? null) === null;
}

function directionOf(row: OriginalRow): Direction | undefined {
  const word = (row.io_mode_str ?? "").trim().toUpperCase();
  if (word === "IN") return "in";
  if (word === "OUT") return "out";
  if (isPrototypeRow(row)) return undefined;
  if (row.io_mode === "1") return "in";
  return row.io_mode === "0" ? "out" : undefined;
}

/**
 * The punch of a time that is no time: it stands where the server put it. Its id is part of its
 * identity, since that place says nothing about the punch.
 */
function punchOfUnreadableTime(
  row: OriginalRow,
  raw: RawPunch,
  context: ImportContext,
): AcceptedPunch | undefined {
  const instantMs = readOriginalUtc(row.datetime_utc) ?? readOriginalUtc(row.created_at);
  if (instantMs === undefined) return undefined;
  const wallTime = wallTimeAt(instantMs, context.timeZone);
  // The zone can carry the last hours of the year 9999 out of the 14 digits.
  if (wallTime.length !== WALL_TIME_LENGTH) return undefined;
  return {
    raw,
    userId: canonicalUserId(raw.userIdText ?? "", context.leadingZeros),
    wallTime,
    timeZone: context.timeZone,
    instantMs,
    localTimeFlag: undefined,
    doubtfulTime: "unreadable",
    clockEpisode: -(keptIdOf(row) ?? substituteId(row)),
    isHistoric: false,
  };
}

function keptIdOf(row: OriginalRow): number | undefined {
  const id = Number(row.id ?? Number.NaN);
  return Number.isInteger(id) && id >= 1 && id <= KEPT_ID_MAX ? id : undefined;
}

/** An exact number above all kept ids, the same for the same row. */
function substituteId(row: OriginalRow): number {
  return KEPT_ID_MAX + 1 + Number(BigInt.asUintN(51, BigInt(row.id ?? "0")));
}
