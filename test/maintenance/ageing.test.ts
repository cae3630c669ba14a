/**
 * Aim: what was decided is deleted once it is old, at the daily time and behind a start, by a clock that
 * is believed; what waits stays however old it is.
 */

import { expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { BackgroundLoop } from "#ingest/background-loop.ts";
import { startAgeing } from "#maintenance/ageing.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeOwnClock } from "../support/fake-own-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { openTestStorage, punchesFrom, rawPunch } from "../support/test-storage.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** 2026-03-03 04:58:30 in Manila. */
const START_MS = Date.UTC(2026, 2, 2, 20, 58, 30);
const KEEP_DAYS = 2;

/** Three entries, the first discarded at the start of the clock and the second a day later. */
async function start(isTrusted: boolean) {
  const opened = openTestStorage();
  const kept = ["01", "02", "03"].map((second) => rawPunch("", `202603020815${second}`));
  await opened.storage.append(kept.map((punch) => punchesFrom("GATE1", [punch])));
  const decide = (id: number, atMs: number) =>
    opened.storage.discardQuarantined({ id, by: "operator", nowMs: epochMs(atMs) });
  await decide(1, START_MS);
  await decide(2, START_MS + DAY_MS);
  const clock = new FakeClock(START_MS);
  const ownClock = new FakeOwnClock(isTrusted);
  const log = new RecordingLog();
  const care = startAgeing({
    trim: (beforeMs) => opened.storage.trimQuarantine(beforeMs),
    ownClock,
    keepDays: KEEP_DAYS,
    siteTimeZone: "Asia/Manila",
    clock,
    loopOver: (step) => new BackgroundLoop({ step, clock, log }),
  });
  const ids = async () => {
    const { entries } = await opened.storage.listQuarantine({}, 10);
    return entries.map(({ id }) => id);
  };
  return { opened, clock, ownClock, care, stop: () => care.stop(), ids };
}

test("what was decided goes at the first daily time behind its days, and what waits stays", async () => {
  const { opened, clock, stop, ids } = await start(true);
  using _ = opened;
  await clock.advance(2 * DAY_MS - MINUTE_MS);
  expect(await ids()).toEqual([3, 2, 1]);
  await clock.advance(4 * MINUTE_MS);
  expect(await ids()).toEqual([3, 2]);
  await clock.advance(3 * DAY_MS);
  expect(await ids()).toEqual([3]);
  await stop();
  expect(clock.plannedCount).toBe(0);
});

test("what became old while the server was away goes soon behind its start", async () => {
  const { opened, clock, stop, ids } = await start(true);
  using _ = opened;
  clock.stepWallClock(2 * DAY_MS + 1);
  await clock.advance(2 * MINUTE_MS);
  expect(await ids()).toEqual([3, 2]);
  await stop();
});

test("nothing is too old by a clock that is not believed, and all of it once it is", async () => {
  const { opened, clock, ownClock, stop, ids } = await start(false);
  using _ = opened;
  await clock.advance(3 * DAY_MS);
  expect(await ids()).toEqual([3, 2, 1]);
  ownClock.trusted = true;
  await clock.advance(2 * MINUTE_MS);
  expect(await ids()).toEqual([3]);
  await stop();
});

test("how long it is kept can change", async () => {
  const { opened, clock, care, stop, ids } = await start(true);
  using _ = opened;
  await clock.advance(DAY_MS + 4 * MINUTE_MS);
  expect(await ids()).toEqual([3, 2, 1]);
  care.setKeepDays(1);
  await clock.advance(DAY_MS);
  expect(await ids()).toEqual([3]);
  await stop();
});
