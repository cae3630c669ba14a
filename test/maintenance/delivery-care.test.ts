/**
 * Aim: parked messages are tried again once a day, a few at a time and each once; the ledger loses
 * what is too old, by a clock that is believed, and what is too much at any time.
 */

import { expect, test } from "bun:test";
import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import { BackgroundLoop } from "#ingest/background-loop.ts";
import { startDeliveryCare } from "#maintenance/delivery-care.ts";
import { addCorrection, deliver, GATE, park, statusesOf } from "../storage/ledger-fixture.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeOwnClock } from "../support/fake-own-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { openTestStorage, outboxOf, punchesFrom, rawPunch } from "../support/test-storage.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LOOK_MS = 10_000;
/** 2026-03-03 04:59:45 in Manila, after everything that the tests store. */
const BEFORE_DAILY_MS = Date.UTC(2026, 2, 2, 20, 59, 45);

/** A storage with so many waiting messages, cared for. */
async function start(count: number, settings: { days?: number; bytes?: number } = {}) {
  const opened = openTestStorage();
  const punches = Array.from({ length: count }, (_, user) =>
    rawPunch(String(user + 1), "20260302081504"),
  );
  await opened.storage.append(punches.map((punch) => punchesFrom("GATE1", [punch])));
  const waiting = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 1000);
  const clock = new FakeClock(BEFORE_DAILY_MS);
  const ownClock = new FakeOwnClock(true);
  const log = new RecordingLog();
  const requeued: number[] = [];
  const care = startDeliveryCare({
    storage: opened.storage,
    ownClock,
    dispatchers: {
      find: (id) =>
        id === SETTINGS_ENDPOINT_ID
          ? { noteRequeued: (some) => void requeued.push(some) }
          : undefined,
    },
    siteTimeZone: "Asia/Manila",
    kept: { days: settings.days ?? 30, bytesMax: settings.bytes ?? 1_000_000 },
    clock,
    log,
    loopOver: (step) => new BackgroundLoop({ step, clock, log }),
  });
  const ids = waiting.map(({ id }) => id);
  return { opened, clock, ownClock, log, requeued, stop: () => care.stop(), care, ids };
}

test("what is parked is tried again every day, and not before", async () => {
  const { opened, clock, requeued, stop, ids } = await start(2);
  using _ = opened;
  await park(opened.storage, ids);
  await clock.advance(LOOK_MS);
  expect(requeued).toEqual([]);
  await clock.advance(LOOK_MS);
  expect(requeued).toEqual([2]);
  await park(opened.storage, ids);
  await clock.advance(23 * HOUR_MS);
  expect(requeued).toEqual([2]);
  await clock.advance(HOUR_MS);
  expect(requeued).toEqual([2, 2]);
  await stop();
  expect(clock.plannedCount).toBe(0);
});

test("how much is kept can change", async () => {
  const { opened, clock, care, stop, ids } = await start(20);
  using _ = opened;
  await deliver(opened.storage, ids);
  await clock.advance(2 * LOOK_MS);
  expect(Object.keys(await statusesOf(opened.storage))).toHaveLength(20);
  care.setKept({ days: 30, bytesMax: 1000 });
  await clock.advance(2 * LOOK_MS);
  expect((await opened.storage.figures()).ledgerBytes).toBeLessThanOrEqual(1000);
  expect(Object.keys(await statusesOf(opened.storage)).length).toBeGreaterThan(2);
  care.setKept({ days: 1, bytesMax: 1000 });
  await clock.advance(2 * DAY_MS);
  expect(await statusesOf(opened.storage)).toEqual({});
  await stop();
});

test("a hundred wait again at a time, the next when those are done, and each once a day", async () => {
  const { opened, clock, requeued, stop, ids } = await start(250);
  using _ = opened;
  await park(opened.storage, ids);
  await clock.advance(2 * LOOK_MS);
  expect(requeued).toEqual([100]);
  await clock.advance(10 * LOOK_MS);
  expect(requeued).toEqual([100]);
  await park(opened.storage, ids.slice(0, 100));
  await clock.advance(LOOK_MS);
  expect(requeued).toEqual([100, 100]);
  await park(opened.storage, ids.slice(100, 200));
  await clock.advance(LOOK_MS);
  await park(opened.storage, ids.slice(200));
  await clock.advance(HOUR_MS);
  expect(requeued).toEqual([100, 100, 50]);
  await stop();
});

test("what a correction has taken the place of is not tried again", async () => {
  const { opened, clock, requeued, stop, ids } = await start(2);
  using _ = opened;
  const [old = 0] = ids;
  await park(opened.storage, ids);
  await addCorrection(opened, old);
  await clock.advance(2 * LOOK_MS);
  expect(requeued).toEqual([1]);
  expect(await statusesOf(opened.storage)).toMatchObject({ [old]: "superseded" });
  await stop();
});

test("what is too old leaves the ledger at the daily time", async () => {
  const { opened, clock, stop, ids } = await start(300, { days: 2 });
  using _ = opened;
  await deliver(opened.storage, ids.slice(0, 250));
  await clock.advance(DAY_MS);
  expect(Object.keys(await statusesOf(opened.storage))).toHaveLength(300);
  await clock.advance(DAY_MS + 3 * LOOK_MS);
  expect(Object.keys(await statusesOf(opened.storage))).toHaveLength(50);
  await stop();
});

test("nothing is too old by a clock that is not believed, and all of it once it is", async () => {
  const { opened, clock, ownClock, stop, ids } = await start(1, { days: 2 });
  using _ = opened;
  await deliver(opened.storage, ids);
  ownClock.trusted = false;
  await clock.advance(5 * DAY_MS);
  expect(Object.keys(await statusesOf(opened.storage))).toHaveLength(1);
  ownClock.trusted = true;
  await clock.advance(2 * LOOK_MS);
  expect(await statusesOf(opened.storage)).toEqual({});
  await stop();
});

test("what is too much goes at once, the oldest first, and what is too old still has its turn", async () => {
  const { opened, clock, stop, ids } = await start(20, { days: 1, bytes: 1000 });
  using _ = opened;
  await deliver(opened.storage, ids);
  const full = (await opened.storage.figures()).ledgerBytes;
  expect(full).toBeGreaterThan(2000);
  await clock.advance(2 * LOOK_MS);
  expect((await opened.storage.figures()).ledgerBytes).toBeLessThanOrEqual(1000);
  const left = Object.keys(await statusesOf(opened.storage)).map(Number);
  expect(left.length).toBeGreaterThan(2);
  expect(left).toEqual(ids.slice(-left.length));
  await clock.advance(DAY_MS);
  expect(await statusesOf(opened.storage)).toEqual({});
  await stop();
});

test("a failure of storage is told, and what failed is done at a later look", async () => {
  const { opened, clock, log, requeued, stop, ids } = await start(1);
  using _ = opened;
  await park(opened.storage, ids);
  const { listEndpoints } = opened.storage;
  opened.storage.listEndpoints = async () => {
    throw new Error("disk");
  };
  await clock.advance(2 * LOOK_MS);
  expect(log.of("deliveries.uncared").length).toBeGreaterThan(0);
  opened.storage.listEndpoints = listEndpoints;
  await clock.advance(LOOK_MS);
  expect(requeued).toEqual([1]);
  await stop();
});
