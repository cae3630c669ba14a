/**
 * Fills a new database with a year of punches through the product's own schema and statements, in a
 * few seconds: for measurements of reading and of delivery. What terminals say and how directions are
 * found is not gone through.
 */

import { drizzle } from "drizzle-orm/bun-sqlite";
import { epochMs } from "#base/epoch.ts";
import { userId } from "#domain/identifiers.ts";
import type { AcceptedPunch } from "#domain/punch.ts";
import { wallTimeAt } from "#domain/wall-time.ts";
import { enqueuePunch } from "#storage/announce-punch.ts";
import { Box } from "#storage/box.ts";
import { closeDatabase, openDatabase } from "#storage/database.ts";
import type { SettingsEndpoint } from "#storage/rules.ts";
import { WriteParts } from "#storage/write-parts.ts";

/** What a filled database holds; the punches are spread evenly over the year. */
export const FILLED = {
  timeZone: "Asia/Manila",
  /** 2026-01-01 00:00:00 in Manila. */
  startMs: Date.UTC(2025, 11, 31, 16),
  /** 2027-01-01 00:00:00 in Manila. */
  endMs: Date.UTC(2026, 11, 31, 16),
  /** Half of all punches. */
  frequentDevice: "DOOR01",
  /** One punch in twenty thousand. */
  rareDevice: "DOOR99",
  /** One punch in ten. */
  frequentUser: "1",
  /** One of several hundred. */
  usualUser: "107",
  /** One punch in twenty thousand. */
  rareUser: "900001",
} as const;

/** How a database is filled, where it is not as for reading. */
export interface Filling {
  readonly punches: number;
  /** The year of the punches begins here (UTC). */
  readonly startMs?: number;
  /** Has a message of every punch waiting for it. */
  readonly receiver?: SettingsEndpoint | undefined;
}

const ROWS_PER_TRANSACTION = 20_000;
const DEVICES = 10;
const USERS = 700;
const RARE_EVERY = 20_000;

/** Writes the punches into a database file that must not exist yet. */
export function fillDatabase(path: string, filling: Filling): void {
  const { punches, startMs = FILLED.startMs, receiver } = filling;
  const opened = openDatabase(path, epochMs(startMs));
  opened.writer.run("PRAGMA cache_size = -400000");
  opened.writer.run("PRAGMA synchronous = OFF");
  const watch = {
    starting() {},
    committed: () => opened.writer.run("PRAGMA wal_checkpoint(PASSIVE)"),
    recorded() {},
    failed() {},
    isDiskLow: () => false,
  };
  const site = { siteTimeZone: FILLED.timeZone, ownClock: { isTrusted: () => true } };
  const parts = new WriteParts(opened.writer, watch, site);
  new Box(drizzle(opened.writer));
  parts.endpoints.applySettings(receiver, epochMs(startMs));
  const stepMs = (FILLED.endMs - FILLED.startMs) / punches;
  for (let first = 0; first < punches; first += ROWS_PER_TRANSACTION) {
    parts.transaction(() => {
      const end = Math.min(first + ROWS_PER_TRANSACTION, punches);
      for (let index = first; index < end; index += 1) {
        insertPunch(parts, index, startMs + Math.floor((index * stepMs) / 1000) * 1000);
      }
    });
  }
  closeDatabase(opened);
}

function insertPunch(parts: WriteParts, index: number, instantMs: number): void {
  const user = userOf(index);
  const device = deviceOf(index);
  const wallTime = wallTimeAt(epochMs(instantMs), FILLED.timeZone);
  const rawText = `{"fk_bin_data_lib":"FKDataHS101","io_mode":"1","io_time":"${wallTime}","user_id":"${user}","verify_mode":"1"}`;
  const punch: AcceptedPunch = {
    raw: {
      userIdText: user.padStart(8, "0"),
      wallTimeText: wallTime,
      directionCode: "1",
      verifyModeCode: "1",
      codeLibrary: "FKDataHS101",
      workCode: undefined,
      rawText,
    },
    userId: userId(user),
    wallTime,
    timeZone: FILLED.timeZone,
    instantMs: epochMs(instantMs),
    localTimeFlag: undefined,
    doubtfulTime: undefined,
    // Told apart where two meet in one second.
    clockEpisode: index,
    isHistoric: false,
  };
  const id = parts.counters.nextPunchId();
  const receivedAtMs = instantMs + 1_000;
  parts.punches.insertAccepted(punch, {
    id,
    deviceId: device,
    origin: "live",
    receivedAtMs,
    feedPosition: parts.counters.nextFeedPosition(),
    placed: {
      direction: index % 2 === 0 ? "in" : "out",
      directionSource: "alternate",
      isRepeat: false,
    },
  });
  parts.counters.add({ punchCount: 1 });
  enqueuePunch(parts, { deviceId: device, punchId: id, revision: 1, receivedAtMs });
}

function deviceOf(index: number): string {
  if (index % RARE_EVERY === RARE_EVERY / 2) return FILLED.rareDevice;
  const share = scattered(index) % (2 * DEVICES);
  return share < DEVICES
    ? FILLED.frequentDevice
    : `DOOR${String(share - DEVICES + 1).padStart(2, "0")}`;
}

function userOf(index: number): string {
  if (index % RARE_EVERY === RARE_EVERY / 4) return FILLED.rareUser;
  const share = scattered(index + 7_919);
  return share % 10 === 0 ? FILLED.frequentUser : String(2 + (Math.floor(share / 10) % USERS));
}

/** The same number for the same index, without a pattern a day or a week could follow. */
function scattered(index: number): number {
  return Math.imul(index ^ (index >>> 15), 0x2c1b3c6d) >>> 8;
}
