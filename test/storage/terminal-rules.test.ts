/**
 * Aim: start date, time zone and direction rule of a terminal hold for what comes and for what is
 * released from then on, and leave what the HRIS has seen; history goes out when a person asks, once
 * per asking, in order, and without crowding out live punches.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { parseSiteDate } from "#domain/site-day.ts";
import type { Storage } from "#storage/storage.ts";
import { addedEndpoint, listWaiting, takeDeliveries } from "../support/endpoint-values.ts";
import {
  endedTry,
  finishBackgroundWork,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
} from "../support/test-storage.ts";

const GATE = deviceId("GATE");

/** Midnight in Manila. */
function midnight(date: string): ReturnType<typeof epochMs> {
  return epochMs(Date.parse(`${date}T00:00:00+08:00`));
}

function dateOf(text: string) {
  const date = parseSiteDate(text);
  if (!date.ok) throw new Error(`No date: ${text}`);
  return date.value;
}

async function send(storage: Storage, ...wallTimes: string[]): Promise<void> {
  for (const wallTime of wallTimes) {
    await storage.append([punchesFrom("GATE", [rawPunch("7", wallTime)])]);
  }
}

async function waiting(storage: Storage): Promise<readonly string[]> {
  const deliveries = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 5000);
  return deliveries.map((delivery) => delivery.punch?.wallTime ?? "");
}

async function historic(storage: Storage): Promise<readonly (readonly [string, boolean])[]> {
  return (await readFeed(storage)).map((punch) => [punch.wallTime, punch.isHistoric]);
}

describe("the start date", () => {
  const TIMES = ["20250615080000", "20260228235959", "20260301000000", "20260302080000"] as const;

  test("given with the approval decides over what was held: all in the feed, history not sent", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await send(storage, ...TIMES);
    const edit = { status: "approved", startAtMs: midnight("2026-03-01") } as const;
    expect(await storage.updateDevice(GATE, edit)).toBe("done");
    await finishBackgroundWork(storage);
    expect(await historic(storage)).toEqual([
      ["20250615080000", true],
      ["20260228235959", true],
      ["20260301000000", false],
      ["20260302080000", false],
    ]);
    expect(await waiting(storage)).toEqual(["20260301000000", "20260302080000"]);
  });

  test("may also be earlier than the days of DEVICE_HISTORY_DAYS", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await send(storage, ...TIMES);
    await storage.updateDevice(GATE, { status: "approved", startAtMs: midnight("2025-01-01") });
    await finishBackgroundWork(storage);
    expect(await waiting(storage)).toEqual([...TIMES]);
  });

  test("of a terminal in use holds for what comes from then on, over a restart", async () => {
    using opened = openTestStorage();
    await send(opened.storage, "20260226080000");
    const edit = { startAtMs: midnight("2026-03-01") };
    expect(await opened.storage.updateDevice(GATE, edit)).toBe("done");
    expect(await opened.storage.updateDevice(GATE, edit)).toBe("unchanged");
    await opened.reopen();
    await send(opened.storage, "20260227080000", "20260302080000");
    expect(await historic(opened.storage)).toEqual([
      ["20260226080000", false],
      ["20260227080000", true],
      ["20260302080000", false],
    ]);
  });

  test("given before the terminal came stays at its first contact", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.addDevice(GATE, "approved", epochMs(RECEIVED_AT_MS - 86_400_000));
    await storage.updateDevice(GATE, { startAtMs: midnight("2025-06-01") });
    await send(storage, ...TIMES);
    expect((await storage.findDevice(GATE))?.startAtMs).toBe(midnight("2025-06-01"));
    expect((await historic(storage)).map(([, isHistoric]) => isHistoric)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("the time zone", () => {
  const instants = async (storage: Storage) =>
    (await readFeed(storage)).map((punch) => [
      punch.timeZone,
      new Date(punch.instantMs).toISOString(),
    ]);

  test("changes the times of punches that come from then on, and of none in the feed", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await send(storage, "20260302080000");
    expect(await storage.updateDevice(GATE, { timeZone: "Asia/Tokyo" })).toBe("done");
    expect(await storage.updateDevice(GATE, { timeZone: "Asia/Tokyo" })).toBe("unchanged");
    await send(storage, "20260302090000");
    await storage.updateDevice(GATE, { timeZone: null });
    await send(storage, "20260302091000");
    expect(await instants(storage)).toEqual([
      ["Asia/Manila", "2026-03-02T00:00:00.000Z"],
      ["Asia/Tokyo", "2026-03-02T00:00:00.000Z"],
      ["Asia/Manila", "2026-03-02T01:10:00.000Z"],
    ]);
  });

  test("set before the approval holds for what was held: its times, its flags, its order", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.append([punchesFrom("GATE", [rawPunch("7", "20251026023000")])]);
    await send(storage, "20260302013000", "20260302020000");
    await storage.updateDevice(GATE, { timeZone: "Europe/Berlin" });
    await storage.approveDevice(GATE);
    await finishBackgroundWork(storage);
    const feed = await readFeed(storage);
    expect(await instants(storage)).toEqual([
      ["Europe/Berlin", "2025-10-26T00:30:00.000Z"],
      ["Europe/Berlin", "2026-03-02T00:30:00.000Z"],
      ["Europe/Berlin", "2026-03-02T01:00:00.000Z"],
    ]);
    expect(feed.map((punch) => punch.localTimeFlag)).toEqual(["doubled", undefined, undefined]);
    expect(feed.map((punch) => punch.direction)).toEqual(["in", "in", "out"]);
  });

  test("a resend is the same punch in any zone", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await send(storage, "20260302080000");
    await storage.updateDevice(GATE, { timeZone: "Asia/Tokyo" });
    await send(storage, "20260302080000");
    expect(await readFeed(storage)).toHaveLength(1);
  });
});

describe("the direction rule", () => {
  const told = (wallTime: string, directionCode: string | undefined, library = "FKDataHS101") =>
    punchesFrom("GATE", [rawPunch("7", wallTime, { directionCode, codeLibrary: library })]);
  const directions = async (storage: Storage) =>
    (await readFeed(storage)).map((punch) => [punch.direction, punch.directionSource]);

  test("`device` takes what the terminal says, and is undecided where it says nothing", async () => {
    using opened = openTestStorage({ directionPolicy: "device" });
    const { storage } = opened;
    await storage.append([
      told("20260302080000", "2"),
      told("20260302080100", "1"),
      told("20260302080200", "0"),
      told("20260302080300", undefined),
      told("20260302080400", "33554432", "FKDataHS102"),
    ]);
    expect(await directions(storage)).toEqual([
      ["out", "device"],
      ["in", "device"],
      [undefined, undefined],
      [undefined, undefined],
      ["out", "device"],
    ]);
  });

  test("reads the codes of one terminal by the table a person gave for it, over a restart", async () => {
    using opened = openTestStorage();
    await opened.storage.append([told("20260302080000", "0")]);
    const edit = { directionPolicy: "device", directionCodes: "0=out,1=in" } as const;
    expect(await opened.storage.updateDevice(GATE, edit)).toBe("done");
    expect(await opened.storage.updateDevice(GATE, edit)).toBe("unchanged");
    await opened.reopen();
    expect(await opened.storage.findDevice(GATE)).toMatchObject(edit);
    await opened.storage.append([
      told("20260302080100", "0"),
      told("20260302080200", "1"),
      told("20260302080300", "2"),
    ]);
    await opened.storage.updateDevice(GATE, { directionCodes: null });
    await opened.storage.append([told("20260302080400", "0")]);
    expect(await directions(opened.storage)).toEqual([
      ["in", "alternate"],
      ["out", "device"],
      ["in", "device"],
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  test("takes the library that the terminal reported where the punch names none", async () => {
    using opened = openTestStorage({ directionPolicy: "device" });
    const { storage } = opened;
    const bare = (wallTime: string) =>
      punchesFrom("GATE", [
        rawPunch("7", wallTime, { directionCode: "1", codeLibrary: undefined }),
      ]);
    await storage.append([bare("20260302080000")]);
    const poll = punchesFrom("GATE", []);
    const report = { codeLibrary: "FKDataHS101" };
    const intake = { kind: "poll", deviceId: GATE, report, raw: new Uint8Array() } as const;
    await storage.append([{ ...poll, intake }, bare("20260302080100")]);
    expect(await directions(storage)).toEqual([
      [undefined, undefined],
      ["in", "device"],
    ]);
  });

  test("an undecided punch takes no part in alternation, a told one does", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const other = (wallTime: string) => punchesFrom("DOOR", [rawPunch("7", wallTime)]);
    await storage.append([other("20260302080000"), other("20260302100000")]);
    await storage.updateDevice(GATE, { directionPolicy: "device" });
    await storage.append([told("20260302070000", "1")]);
    await storage.updateDevice(GATE, { directionPolicy: "device" });
    await storage.append([told("20260302083000", "0"), told("20260302090000", "1")]);
    const shown = (await readFeed(storage))
      .map((punch) => `${punch.wallTime.slice(8, 12)} ${punch.direction ?? "-"}`)
      .sort();
    expect(shown).toEqual(["0700 in", "0800 out", "0830 -", "0900 in", "1000 out"]);
  });

  test("set before the approval holds for what was held", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.append([told("20260302080000", "2"), told("20260302090000", "2")]);
    await storage.updateDevice(GATE, { directionPolicy: "device", directionCodes: "2=in" });
    await storage.approveDevice(GATE);
    await finishBackgroundWork(storage);
    expect(await directions(storage)).toEqual([
      ["in", "device"],
      ["in", "device"],
    ]);
  });
});

describe("sendHistory()", () => {
  /** Days of May 2025, later ones first: the order of asking is that of the times. */
  async function storeHistory(storage: Storage, days: number): Promise<void> {
    const punches = Array.from({ length: days }, (_, index) => {
      const day = String(1 + ((days - 1 - index) % 30)).padStart(2, "0");
      return rawPunch(String(Math.floor(index / 30)), `202505${day}080000`);
    });
    await storage.append([punchesFrom("GATE", punches)]);
  }

  test("sends nothing unasked, all of it when asked, oldest first, and live punches as ever", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storeHistory(storage, 3);
    await send(storage, "20260302080000");
    expect(await waiting(storage)).toEqual(["20260302080000"]);
    expect(await storage.sendHistory(GATE, undefined)).toBe("done");
    await finishBackgroundWork(storage);
    expect(await waiting(storage)).toEqual([
      "20260302080000",
      "20250501080000",
      "20250502080000",
      "20250503080000",
    ]);
    expect(opened.log.of("history.queued").map((line) => line.fields)).toEqual([
      { device: "GATE", punches: 3 },
    ]);
    expect(await storage.continueBackgroundWork()).toBe(false);
    expect(await waiting(storage)).toHaveLength(4);
  });

  test("begins with the day that is asked for", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storeHistory(storage, 4);
    await storage.sendHistory(GATE, dateOf("2025-05-03"));
    await finishBackgroundWork(storage);
    expect(await waiting(storage)).toEqual(["20250503080000", "20250504080000"]);
  });

  test("leaves out what is held, believed by nobody, or of another terminal", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await send(storage, "20250501080000", "20000101000500");
    await storage.append([punchesFrom("OTHER", [rawPunch("7", "20250501080000")])]);
    await storage.sendHistory(GATE, undefined);
    await finishBackgroundWork(storage);
    expect(await waiting(storage)).toEqual([]);
    await storage.approveDevice(GATE);
    await storage.approveDevice(deviceId("OTHER"));
    await storage.sendHistory(GATE, undefined);
    await finishBackgroundWork(storage);
    // The punch without a believable time is no history, and was sent with the release.
    expect(await waiting(storage)).toEqual(["20000101000500", "20250501080000"]);
    expect(await outboxOf(storage).listDevicesWithDeliveries()).toEqual([GATE]);
  });

  test("goes on after a restart, and loses and repeats nothing", async () => {
    using opened = openTestStorage();
    await storeHistory(opened.storage, 750);
    await opened.storage.sendHistory(GATE, undefined);
    await opened.storage.continueBackgroundWork();
    expect(await waiting(opened.storage)).toHaveLength(200);
    await opened.reopen();
    await finishBackgroundWork(opened.storage);
    const times = await waiting(opened.storage);
    expect(times).toHaveLength(750);
    expect(times).toEqual([...times].sort());
    const ids = (await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 5000)).map(
      (delivery) => delivery.punch?.id,
    );
    expect(new Set(ids).size).toBe(750);
  });

  test("pauses while 1,000 messages wait, and goes on when they are delivered", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storeHistory(storage, 1500);
    await storage.sendHistory(GATE, undefined);
    await finishBackgroundWork(storage);
    expect(await waiting(storage)).toHaveLength(1000);
    const delivered = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 5000);
    await outboxOf(storage).recordAttempts(
      delivered.map(({ id }) => ({ kind: "delivered", ...endedTry(id) })),
    );
    await finishBackgroundWork(storage);
    expect(await waiting(storage)).toHaveLength(500);
    expect(opened.log.of("history.queued")[0]?.fields).toEqual({ device: "GATE", punches: 1500 });
  });

  test("goes on for an endpoint that takes its messages, whatever another one does", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storeHistory(storage, 1500);
    const { id } = await addedEndpoint(storage);
    await storage.sendHistory(GATE, undefined);
    await finishBackgroundWork(storage);
    await takeDeliveries(storage, id, await listWaiting(storage, id, GATE));
    await finishBackgroundWork(storage);
    expect(await waiting(storage)).toHaveLength(1500);
    expect(await listWaiting(storage, id, GATE)).toHaveLength(500);
  });

  test("reaches an endpoint whose fill leaves history out, and doubles none that it tells", async () => {
    using opened = openTestStorage({ endpoint: undefined });
    const { storage } = opened;
    await storeHistory(storage, 4);
    const fromMs = epochMs(Date.parse("2025-05-03T00:00:00+08:00"));
    const dated = await addedEndpoint(storage, { name: "dated", start: { kind: "from", fromMs } });
    const all = await addedEndpoint(storage, { name: "all", start: { kind: "everything" } });
    const off = await addedEndpoint(storage, { name: "off" });
    await storage.editEndpoint(off.id, { isEnabled: false });
    await storage.editEndpoint(off.id, { isEnabled: true });
    expect(await storage.sendHistory(GATE, undefined)).toBe("done");
    await finishBackgroundWork(storage);
    for (const { id } of [dated, all, off]) {
      const messages = await listWaiting(storage, id, GATE);
      expect(messages.map(({ punch }) => String(punch?.wallTime)).toSorted()).toEqual([
        "20250501080000",
        "20250502080000",
        "20250503080000",
        "20250504080000",
      ]);
    }
  });

  test("asked again it sends again, under the same event ids", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storeHistory(storage, 2);
    for (let turn = 0; turn < 2; turn += 1) {
      await storage.sendHistory(GATE, undefined);
      await finishBackgroundWork(storage);
    }
    const ids = (await outboxOf(storage).listWaitingDeliveries(GATE, 0, 10)).map(
      ({ eventId }) => eventId,
    );
    expect(ids).toHaveLength(4);
    expect(ids.slice(2)).toEqual(ids.slice(0, 2));
  });

  test("needs a terminal that is known, and a receiver", async () => {
    using opened = openTestStorage({ endpoint: undefined });
    const { storage } = opened;
    expect(await storage.sendHistory(GATE, undefined)).toBe("unknown-device");
    await storeHistory(storage, 1);
    expect(await storage.sendHistory(GATE, undefined)).toBe("no-endpoint");
    expect(await storage.continueBackgroundWork()).toBe(false);
  });
});
