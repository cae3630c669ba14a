/**
 * Aim: logs are asked for at the set time of the site and after a long silence, once each, and of
 * terminals that have a log to ask for alone.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import type { EpochMs } from "#base/epoch.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import { Jobs } from "#maintenance/jobs.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { pollFrom } from "../support/terminal-intakes.ts";
import { openTestStorage, type TestStorage } from "../support/test-storage.ts";

const GATE = deviceId("GATE1");
const DOOR = deviceId("DOOR2");
const OTHER = deviceId("RAW3");
const HOUR_MS = 3_600_000;
const LOOK_MS = 10_000;
/** 2026-03-02 02:29:45 in Manila. */
const BEFORE_NIGHTLY_MS = Date.UTC(2026, 2, 1, 18, 29, 45);

async function start(startMs: number, recoveryTime: string | undefined) {
  const opened = openTestStorage();
  const clock = new FakeClock(startMs);
  const log = new RecordingLog();
  const poll = async (device: DeviceId, driver = "fkweb") => {
    await opened.storage.append([{ ...pollFrom(device, clock.nowMs()), driver }]);
  };
  for (const device of [GATE, DOOR]) await poll(device);
  await poll(OTHER, "rtlog");
  const jobs = new Jobs({
    storage: opened.storage,
    clock,
    log,
    recoveryTime,
    siteTimeZone: "Asia/Manila",
  });
  jobs.start();
  await clock.advance(0);
  return { opened, clock, log, jobs, poll };
}

/** Whom the server asked, and answers in their place. */
async function takeAsked({ storage }: TestStorage, nowMs: EpochMs): Promise<readonly string[]> {
  const open = await storage.listCommands({ kind: "read-log", isOpen: true }, 100);
  for (const { id } of open) await storage.cancelCommand(id, nowMs);
  return open.map((command) => `${command.deviceId} ${command.requestedBy}`).toSorted();
}

test("every night at the set time of the site, every FKWeb terminal in use is asked", async () => {
  const { opened, clock, jobs, log } = await start(BEFORE_NIGHTLY_MS, "02:30");
  using _ = opened;
  const asked = () => takeAsked(opened, clock.nowMs());
  await opened.storage.blockDevice(DOOR);
  await clock.advance(LOOK_MS);
  expect(await asked()).toEqual([]);
  await clock.advance(LOOK_MS);
  expect(await asked()).toEqual(["GATE1 server"]);
  await clock.advance(23 * HOUR_MS);
  expect(await asked()).toEqual([]);
  await clock.advance(HOUR_MS);
  expect(await asked()).toEqual(["GATE1 server"]);
  expect(log.of("log.asked")).toHaveLength(2);
  await jobs.stop();
  expect(clock.plannedCount).toBe(0);
});

test("the time can change, and the same one given again puts nothing off", async () => {
  const { opened, clock, jobs } = await start(BEFORE_NIGHTLY_MS, "02:30");
  using _ = opened;
  const asked = () => takeAsked(opened, clock.nowMs());
  await clock.advance(LOOK_MS + 6_000);
  // It is 02:30:01: due, and not looked at yet.
  jobs.setRecoveryTime("02:30");
  await clock.advance(LOOK_MS);
  expect(await asked()).toHaveLength(2);
  jobs.setRecoveryTime("03:00");
  await clock.advance(HOUR_MS);
  expect(await asked()).toHaveLength(2);
  jobs.setRecoveryTime(undefined);
  await clock.advance(25 * HOUR_MS);
  expect(await asked()).toEqual([]);
  await jobs.stop();
});

test("without a time nothing is asked for at night", async () => {
  const { opened, clock, jobs } = await start(BEFORE_NIGHTLY_MS, undefined);
  using _ = opened;
  await clock.advance(25 * HOUR_MS);
  expect(await takeAsked(opened, clock.nowMs())).toEqual([]);
  await jobs.stop();
});

test("a clock that is set back does not put the next night off", async () => {
  const { opened, clock, jobs } = await start(BEFORE_NIGHTLY_MS, "02:30");
  using _ = opened;
  clock.stepWallClock(-60 * 24 * HOUR_MS);
  await clock.advance(2 * LOOK_MS);
  await clock.advance(2 * LOOK_MS);
  expect(await takeAsked(opened, clock.nowMs())).toEqual(["DOOR2 server", "GATE1 server"]);
  await jobs.stop();
});

test("a terminal that waits for its log since a restore is asked for it every hour", async () => {
  const { opened, clock, jobs } = await start(BEFORE_NIGHTLY_MS, undefined);
  using _ = opened;
  const { path, log } = opened;
  const asked = () => takeAsked(opened, clock.nowMs());
  await jobs.stop();
  await opened.reopen({}, () => {
    using database = new Database(path);
    database.run("UPDATE devices SET received_hold_ms = 1 WHERE id IN ('GATE1', 'RAW3')");
  });
  const { storage } = opened;
  const again = new Jobs({
    storage,
    clock,
    log,
    recoveryTime: undefined,
    siteTimeZone: "Asia/Manila",
  });
  again.start();
  await clock.advance(0);
  expect(await asked()).toEqual(["GATE1 server"]);
  await clock.advance(HOUR_MS - LOOK_MS);
  expect(await asked()).toEqual([]);
  await clock.advance(LOOK_MS);
  // Whom it has asked it does not ask again.
  await clock.advance(2 * HOUR_MS);
  expect(await asked()).toEqual(["GATE1 server"]);
  await storage.giveUpLost(GATE);
  await clock.advance(2 * HOUR_MS);
  expect(await asked()).toEqual([]);
  await again.stop();
});

test("a terminal that was silent for more than an hour is asked once when it is back", async () => {
  const { opened, clock, jobs, poll } = await start(BEFORE_NIGHTLY_MS, undefined);
  using _ = opened;
  const asked = () => takeAsked(opened, clock.nowMs());
  await clock.advance(HOUR_MS);
  await poll(GATE);
  await poll(OTHER, "rtlog");
  await clock.advance(LOOK_MS);
  expect(await asked()).toEqual([]);
  await clock.advance(HOUR_MS);
  await poll(GATE);
  await clock.advance(LOOK_MS);
  expect(await asked()).toEqual(["GATE1 server"]);
  await poll(GATE);
  await clock.advance(LOOK_MS);
  expect(await asked()).toEqual([]);
  await jobs.stop();
});
