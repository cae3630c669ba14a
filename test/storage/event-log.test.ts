/**
 * Aim: an event and its messages are one: written together or not at all, in one spelling for
 * receivers and readers; readers see every event, or are told that some are gone.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { NewEvent } from "#domain/recorded-event.ts";
import { openStorage } from "#storage/sqlite-storage.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeOwnClock } from "../support/fake-own-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import {
  MANILA_RULES,
  openTestStorage,
  outboxOf,
  pollFrom,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  SETTINGS_ENDPOINT,
  type TestStorage,
} from "../support/test-storage.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const STANDARD = { ...SETTINGS_ENDPOINT, format: "standard" } as const;
const NOWHERE = deviceId("");

function diskLow(afterMs = 0, detail = "48 MB are free"): NewEvent {
  const atMs = epochMs(RECEIVED_AT_MS + afterMs);
  return { type: "disk.low", deviceId: "", atMs, data: { detail } };
}

async function listAll({ storage }: TestStorage) {
  return (await storage.listEventsAfter(0, 1000, {})).events;
}

/** `type` of each, with what is told of it. */
async function told(opened: TestStorage): Promise<readonly object[]> {
  return (await listAll(opened)).map(({ type, data }) => ({ type, ...data }));
}

describe("recordEvent()", () => {
  test("puts one message into the outbox, spelled and named as on /v1/events", async () => {
    using opened = openTestStorage({ endpoint: STANDARD });
    await opened.storage.recordEvent(diskLow(123));
    const [event] = await listAll(opened);
    expect(event).toMatchObject({
      sequence: 1,
      type: "disk.low",
      deviceId: "",
      atMs: 1772413200123,
    });
    const waiting = await outboxOf(opened.storage).listWaitingDeliveries(NOWHERE, 0, 10);
    expect(waiting).toMatchObject([
      {
        eventId: event?.id,
        type: "disk.low",
        deviceId: "",
        eventAtMs: 1772413200123,
        punch: undefined,
        bodyText:
          '{"data": {"detail": "48 MB are free"}, "timestamp": "2026-03-02T09:00:00.123+08:00", "type": "disk.low"}',
      },
    ]);
    expect(event?.id).toMatch(/^[0-9a-f]{16}-event-1$/);
    expect(await outboxOf(opened.storage).listDevicesWithDeliveries()).toEqual([NOWHERE]);
    expect((await opened.storage.figures()).deliveriesWaiting).toBe(1);
  });

  test("is recorded, and told to nobody whose format has no words for it", async () => {
    using opened = openTestStorage();
    await opened.storage.recordEvent(diskLow());
    expect(await told(opened)).toEqual([{ type: "disk.low", detail: "48 MB are free" }]);
    expect((await opened.storage.figures()).deliveriesWaiting).toBe(0);
  });

  test("cuts what is too long for a message, for receivers and readers alike", async () => {
    using opened = openTestStorage({ endpoint: STANDARD });
    await opened.storage.recordEvent(diskLow(0, "x".repeat(50_000)));
    const [event] = await listAll(opened);
    const [waiting] = await outboxOf(opened.storage).listWaitingDeliveries(NOWHERE, 0, 10);
    expect(event?.data).toEqual({ detail: `${"x".repeat(4_000)}…`, truncated: ["detail"] });
    expect(JSON.parse(waiting?.bodyText ?? "").data).toEqual(event?.data);
  });

  test("tells once it is on disk that there is news", async () => {
    using folder = openTestStorage();
    let newsCount = 0;
    const storage = openStorage({
      path: `${folder.path}-news`,
      rules: MANILA_RULES,
      ownClock: new FakeOwnClock(true),
      clock: new FakeClock(RECEIVED_AT_MS),
      log: new RecordingLog(),
      onLost: () => undefined,
      onEvents: () => {
        newsCount += 1;
      },
    });
    await storage.append([pollFrom("GATE", "20260302090000")]);
    expect(newsCount).toBe(0);
    await storage.recordEvent(diskLow());
    expect(newsCount).toBe(1);
    await storage.close();
  });

  test("leaves neither event nor message where the database takes none", async () => {
    using opened = openTestStorage({ endpoint: STANDARD });
    await opened.reopen({}, () => {
      using database = new Database(opened.path);
      database.run(
        "CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'full'); END",
      );
    });
    await expect(opened.storage.recordEvent(diskLow())).rejects.toThrow("full");
    expect(await told(opened)).toEqual([]);
    expect((await opened.storage.figures()).deliveriesWaiting).toBe(0);
  });

  test("drops what is older than 30 days, and keeps its messages that wait", async () => {
    using opened = openTestStorage({ endpoint: STANDARD });
    await opened.storage.recordEvent(diskLow(0, "old"));
    await opened.storage.recordEvent(diskLow(30 * DAY_MS, "newer"));
    expect(await listAll(opened)).toHaveLength(2);
    await opened.storage.recordEvent(diskLow(30 * DAY_MS + 1, "newest"));
    expect(await told(opened)).toMatchObject([{ detail: "newer" }, { detail: "newest" }]);
    const waiting = await outboxOf(opened.storage).listWaitingDeliveries(NOWHERE, 0, 10);
    expect(waiting.map(({ bodyText }) => JSON.parse(bodyText ?? "").data.detail)).toEqual([
      "old",
      "newer",
      "newest",
    ]);
  });

  test("drops nothing for its age while the box's clock is not believed", async () => {
    using opened = openTestStorage({}, false);
    await opened.storage.recordEvent(diskLow(0, "old"));
    await opened.storage.recordEvent(diskLow(400 * DAY_MS));
    expect(await listAll(opened)).toHaveLength(2);
  });

  test("keeps 20,000 at most", async () => {
    using opened = openTestStorage();
    await opened.storage.recordEvent(diskLow(0, "first"));
    await opened.reopen({}, () => {
      using database = new Database(opened.path);
      database.run(`WITH RECURSIVE n(id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM n WHERE id < 20000)
        INSERT INTO events SELECT id, ${RECEIVED_AT_MS}, 'disk.low', '', '{}' FROM n`);
    });
    expect((await opened.storage.listEventsAfter(0, 1, {})).events).toMatchObject([
      { sequence: 1 },
    ]);
    await opened.storage.recordEvent(diskLow());
    expect((await opened.storage.listEventsAfter(0, 1, {})).events).toMatchObject([
      { sequence: 2 },
    ]);
    expect(await opened.storage.findLastEvent()).toBe(20_001);
  });
});

describe("listEventsAfter()", () => {
  const offline = (device: string): NewEvent => ({
    type: "device.offline",
    deviceId: device,
    atMs: RECEIVED_AT_MS,
    data: { device_id: device },
  });

  test("gives page after page, in order, and says whether more is kept", async () => {
    using opened = openTestStorage();
    for (const device of ["A", "B", "C"]) await opened.storage.recordEvent(offline(device));
    const first = await opened.storage.listEventsAfter(0, 2, {});
    expect(first.events.map(({ deviceId: id }) => id)).toEqual(["A", "B"]);
    expect(first).toMatchObject({ nextAfter: 2, hasMore: true, hasGap: false });
    const second = await opened.storage.listEventsAfter(first.nextAfter, 2, {});
    expect(second.events.map(({ deviceId: id }) => id)).toEqual(["C"]);
    expect(second).toMatchObject({ nextAfter: 3, hasMore: false, hasGap: false });
    expect(await opened.storage.listEventsAfter(3, 2, {})).toEqual({
      events: [],
      nextAfter: 3,
      hasMore: false,
      hasGap: false,
    });
  });

  test("filters by type and terminal", async () => {
    using opened = openTestStorage();
    for (const device of ["A", "B", "A"]) await opened.storage.recordEvent(offline(device));
    await opened.storage.recordEvent(diskLow());
    const ofDevice = await opened.storage.listEventsAfter(0, 10, { deviceId: deviceId("A") });
    expect(ofDevice.events.map(({ sequence }) => sequence)).toEqual([1, 3]);
    const ofType = await opened.storage.listEventsAfter(0, 10, {
      types: ["disk.low", "backup.failed"],
    });
    expect(ofType.events.map(({ sequence }) => sequence)).toEqual([4]);
    expect(ofType).toMatchObject({ nextAfter: 4, hasMore: false });
  });

  test("looks for a filter in a bounded part, and goes on from there", async () => {
    using opened = openTestStorage();
    await opened.storage.recordEvent(diskLow());
    await opened.reopen({}, () => {
      using database = new Database(opened.path);
      database.run(`WITH RECURSIVE n(id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM n WHERE id < 3000)
        INSERT INTO events SELECT id, ${RECEIVED_AT_MS}, 'disk.low', '', '{}' FROM n`);
    });
    await opened.storage.recordEvent(offline("A"));
    const filter = { deviceId: deviceId("A") };
    const first = await opened.storage.listEventsAfter(0, 10, filter);
    expect(first).toEqual({ events: [], nextAfter: 2000, hasMore: true, hasGap: false });
    const second = await opened.storage.listEventsAfter(first.nextAfter, 10, filter);
    expect(second).toMatchObject({ events: [{ sequence: 3001 }], nextAfter: 3001, hasMore: false });
  });

  test("says that some are gone, also when all are, and not to who has seen them", async () => {
    using opened = openTestStorage();
    for (const device of ["A", "B", "C"]) await opened.storage.recordEvent(offline(device));
    await opened.reopen({}, () => {
      using database = new Database(opened.path);
      database.run("DELETE FROM events WHERE id <= 2");
    });
    expect((await opened.storage.listEventsAfter(1, 10, {})).hasGap).toBe(true);
    expect((await opened.storage.listEventsAfter(2, 10, {})).hasGap).toBe(false);
    await opened.reopen({}, () => {
      using database = new Database(opened.path);
      database.run("DELETE FROM events");
    });
    expect((await opened.storage.listEventsAfter(2, 10, {})).hasGap).toBe(true);
    expect(await opened.storage.listEventsAfter(3, 10, {})).toMatchObject({
      events: [],
      nextAfter: 3,
      hasGap: false,
    });
  });

  test("leaves out what only another version knows", async () => {
    using opened = openTestStorage();
    await opened.storage.recordEvent(diskLow());
    await opened.reopen({}, () => {
      using database = new Database(opened.path);
      database.run("UPDATE events SET type = 'of.tomorrow'");
    });
    expect(await opened.storage.listEventsAfter(0, 10, {})).toMatchObject({
      events: [],
      nextAfter: 1,
      hasGap: false,
    });
  });
});

describe("append()", () => {
  test("tells of a new terminal with its first contact, once", async () => {
    using opened = openTestStorage({ enrollment: "approve", endpoint: STANDARD });
    await opened.storage.append([
      punchesFrom("GATE", [rawPunch("7", "20260302080000")]),
      pollFrom("GATE", "20260302090000"),
    ]);
    await opened.storage.append([pollFrom("GATE", "20260302090000")]);
    expect(await told(opened)).toEqual([
      { type: "device.pending", device_id: "GATE", name: null, address: "192.0.2.7" },
    ]);
    expect((await opened.storage.figures()).deliveriesWaiting).toBe(1);
  });

  test("tells of no terminal that is taken into use at once, or refused", async () => {
    using opened = openTestStorage({ enrollment: "open" });
    await opened.storage.append([pollFrom("GATE", "20260302090000")]);
    await opened.reopen({ enrollment: "approve", pendingDevicesMax: 0 });
    await opened.storage.append([pollFrom("NEXT", "20260302090000")]);
    expect(await told(opened)).toEqual([]);
  });

  const unreadable = (second: number, afterMs = 0) =>
    punchesFrom(
      "GATE",
      [rawPunch("", `2026030208${String(second).padStart(4, "0")}`)],
      epochMs(RECEIVED_AT_MS + afterMs),
    );
  const NO_USER = {
    type: "quarantine.added",
    device_id: "GATE",
    name: null,
    address: "192.0.2.7",
    code: "no-user",
    reason: expect.any(String),
  };

  test("tells at once of what goes into quarantine, and of the rest ten minutes later", async () => {
    using opened = openTestStorage({ endpoint: STANDARD });
    for (let second = 0; second < 40; second += 1)
      await opened.storage.append([unreadable(second)]);
    // Known already: nothing more went there.
    await opened.storage.append([unreadable(7)]);
    expect(await told(opened)).toEqual([{ ...NO_USER, count: 1 }] as never);
    const later = epochMs(RECEIVED_AT_MS + 10 * MINUTE_MS);
    await opened.storage.append([pollFrom("OTHER", "20260302091000", epochMs(later - 1))]);
    expect(await listAll(opened)).toHaveLength(1);
    await opened.storage.append([pollFrom("OTHER", "20260302091000", later)]);
    expect(await told(opened)).toEqual([
      { ...NO_USER, count: 1 },
      { ...NO_USER, count: 39 },
    ] as never);
    await opened.storage.append([pollFrom("OTHER", "20260302093000", epochMs(later + DAY_MS))]);
    expect(await listAll(opened)).toHaveLength(2);
    await opened.storage.append([unreadable(50, 2 * DAY_MS)]);
    expect((await told(opened)).map((event) => Reflect.get(event, "count"))).toEqual([1, 39, 1]);
  });

  test("a batch that fails tells of nothing, and its resend of what is kept then", async () => {
    using opened = openTestStorage();
    const jam = () => {
      using database = new Database(opened.path);
      database.run(
        "CREATE TRIGGER full BEFORE INSERT ON quarantine BEGIN SELECT RAISE(FAIL, 'full'); END",
      );
    };
    jam();
    expect(await opened.storage.append([unreadable(1)])).toEqual([{ kind: "failed" }]);
    using database = new Database(opened.path);
    database.run("DROP TRIGGER full");
    expect(await opened.storage.append([unreadable(1)])).toEqual([{ kind: "quarantined" }]);
    expect(await told(opened)).toEqual([{ ...NO_USER, count: 1 }] as never);
  });
});
