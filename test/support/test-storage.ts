/**
 * A real SQLite storage in a folder of its own, and short ways to write intakes.
 */

import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { deviceId, feedPosition } from "#domain/identifiers.ts";
import type { RawPunch, ReceivedIntake } from "#domain/intake.ts";
import type { Punch } from "#domain/punch.ts";
import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import type { EndedTry, EndpointOutbox } from "#storage/endpoint-outbox.ts";
import type { SettingsEndpoint, StorageRules } from "#storage/rules.ts";
import { openStorage } from "#storage/sqlite-storage.ts";
import type { Storage } from "#storage/storage.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeOwnClock } from "./fake-own-clock.ts";
import { RecordingLog } from "./recording-log.ts";

/** The receiver that the settings of a test name. */
export const SETTINGS_ENDPOINT: SettingsEndpoint = {
  url: "http://hris.test/punches",
  format: "logs",
  types: undefined,
};

export const MANILA_RULES: StorageRules = {
  siteTimeZone: "Asia/Manila",
  leadingZeros: "drop",
  directionPolicy: "alternate",
  direction: { maxShiftMs: 14 * 3_600_000, minimumGapMs: 0 },
  correctionWindowMs: 35 * 86_400_000,
  enrollment: "open",
  historyMs: 35 * 86_400_000,
  setsDeviceTime: true,
  endpoint: SETTINGS_ENDPOINT,
  announcesResends: false,
  devicesMax: 2000,
  pendingDevicesMax: 64,
  pendingPunchesMax: 20_000,
  pendingBytesMax: 16 * 1024 * 1024,
  quarantineBytesMax: 256 * 1024 * 1024,
  noticeTextBytesMax: 64 * 1024 * 1024,
};

/** 2026-03-02 09:00:00 in Manila: after the punches of the tests of that day. */
export const RECEIVED_AT_MS = epochMs(Date.UTC(2026, 2, 2, 1, 0, 0));

export interface TestStorage extends Disposable {
  readonly path: string;
  readonly log: RecordingLog;
  readonly ownClock: FakeOwnClock;
  readonly clock: FakeClock;
  storage: Storage;
  /** Closes and opens the same file again; `whileClosed` may work on the file in between. */
  reopen(rules?: Partial<StorageRules>, whileClosed?: () => unknown): Promise<void>;
}

export function openTestStorage(
  rules: Partial<StorageRules> = {},
  isOwnClockTrusted = true,
): TestStorage {
  const folder = mkdtempSync(join(tmpdir(), "biometric-storage-"));
  const path = join(folder, "biometric.db");
  const log = new RecordingLog();
  const ownClock = new FakeOwnClock(isOwnClockTrusted);
  const clock = new FakeClock(RECEIVED_AT_MS);
  const open = (overrides: Partial<StorageRules>) =>
    openStorage({
      path,
      rules: { ...MANILA_RULES, ...rules, ...overrides },
      ownClock,
      clock,
      log,
      onLost: (error) => {
        throw error;
      },
    });
  const opened: TestStorage = {
    path,
    log,
    ownClock,
    clock,
    storage: open({}),
    async reopen(overrides = {}, whileClosed: () => unknown = () => undefined) {
      await opened.storage.close();
      await whileClosed();
      opened.storage = open(overrides);
    },
    [Symbol.dispose]() {
      void opened.storage.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return opened;
}

/** The messages for the receiver of the settings. */
export function outboxOf(storage: Storage): EndpointOutbox {
  return storage.outboxOf(SETTINGS_ENDPOINT_ID);
}

/** What is kept of every try, with plain values. */
export function endedTry(deliveryId: number, change: Partial<EndedTry> = {}): EndedTry {
  return {
    deliveryId,
    atMs: RECEIVED_AT_MS,
    durationMs: 12,
    httpStatus: 200,
    detail: "",
    replyText: "ok",
    bodyText: `{"delivery": ${deliveryId}}`,
    ...change,
  };
}

/** A punch as a terminal tells it. */
export function rawPunch(user: string, wallTime: string, more: Partial<RawPunch> = {}): RawPunch {
  return {
    userIdText: user,
    wallTimeText: wallTime,
    directionCode: "1",
    verifyModeCode: "3",
    codeLibrary: "FKDataHS101",
    workCode: undefined,
    rawText: JSON.stringify({ user_id: user, io_time: wallTime, ...more }),
    ...more,
  };
}

/** A request with one punch or several. */
export function punchesFrom(
  device: string,
  punches: readonly RawPunch[],
  receivedAtMs: EpochMs = RECEIVED_AT_MS,
): ReceivedIntake {
  return {
    intake: {
      kind: "punches",
      deviceId: deviceId(device),
      punches,
      raw: new TextEncoder().encode(punches.map((punch) => punch.rawText).join("\n")),
    },
    driver: "test",
    remoteAddress: "192.0.2.7",
    receivedAtMs,
  };
}

/** A stored punch's own record, which no reader is told of. */
export function storedRawText({ path }: TestStorage, id: number | undefined): string | undefined {
  using database = new Database(path, { readonly: true, strict: true });
  const rows = database.query<{ text: string }, [number]>(
    "SELECT raw_text AS text FROM punches WHERE id = ?",
  );
  return rows.get(id ?? 0)?.text;
}

/** The whole feed, in feed order. */
export async function readFeed(storage: Storage): Promise<readonly Punch[]> {
  const punches: Punch[] = [];
  let after = feedPosition(0);
  for (;;) {
    const page = await storage.listPunchesAfter(after, 1000, {});
    punches.push(...page.punches);
    if (!page.hasMore) return punches;
    after = page.nextAfter;
  }
}

/** Runs everything that was put off. */
export async function finishBackgroundWork(storage: Storage): Promise<number> {
  let steps = 1;
  while (await storage.continueBackgroundWork()) steps += 1;
  return steps;
}

/** A poll in which a terminal tells its clock. */
export function pollFrom(
  device: string,
  clockText: string,
  receivedAtMs: EpochMs = RECEIVED_AT_MS,
): ReceivedIntake {
  return {
    intake: {
      kind: "poll",
      deviceId: deviceId(device),
      report: { clockText },
      raw: new Uint8Array(),
    },
    driver: "test",
    remoteAddress: "192.0.2.7",
    receivedAtMs,
  };
}
