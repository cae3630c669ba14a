/**
 * Aim: an endpoint that starts in the past, or was disabled, is given every punch of the feed that is
 * meant for it, once, in feed order per terminal, whatever is stored, corrected and released beside
 * the fill; and a fill never makes more messages than an endpoint takes. fast-check prints the seed of
 * a failure.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import {
  addedEndpoint,
  findEndpoint,
  listWaiting,
  takeDeliveries,
} from "../support/endpoint-values.ts";
import { writeRows } from "../support/stored-rows.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
  type TestStorage,
} from "../support/test-storage.ts";

const EVERYTHING = { kind: "everything" } as const;
const punch = (user: string, wallTime = "20260302080000", device = "GATE1") =>
  punchesFrom(device, [rawPunch(user, wallTime)]);

/** What an endpoint is told of a terminal's punches, as `type user`. */
async function told(opened: TestStorage, id: EndpointId, device = "GATE1") {
  const waiting = await listWaiting(opened.storage, id, device);
  return waiting.map(({ type, punch: of }) => `${type} ${of?.userId}`);
}

describe("an endpoint that starts with everything", () => {
  test("gets what is stored, then what came meanwhile, then what comes, in order", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    for (let user = 1; user <= 450; user += 1) await storage.append([punch(String(user))]);
    const { id } = await addedEndpoint(storage, { start: EVERYTHING });
    expect(await storage.continueBackgroundWork()).toBe(true);
    const begun = { isFilling: true, waitingCount: 200, unfilledCount: 250 };
    expect(await findEndpoint(storage, id)).toMatchObject(begun);
    await storage.append([punch("451")]);
    await finishBackgroundWork(storage);
    const filled = { isFilling: false, waitingCount: 451, unfilledCount: 0 };
    expect(await findEndpoint(storage, id)).toMatchObject(filled);
    await storage.append([punch("452")]);
    const wanted = Array.from({ length: 452 }, (_, index) => `punch.created ${index + 1}`);
    expect(await told(opened, id)).toEqual(wanted);
    expect(opened.log.lines).toContainEqual(
      expect.objectContaining({ event: "webhook.filled", fields: { endpoint: "payroll" } }),
    );
  });

  test("gets historic and imported punches, too", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punch("1", "20200105080000"), punch("2")]);
    const { id } = await addedEndpoint(storage, { start: EVERYTHING });
    await finishBackgroundWork(storage);
    expect(await told(opened, id)).toEqual(["punch.created 1", "punch.created 2"]);
    const live = await told(opened, (await storage.listEndpoints())[0]?.id ?? id);
    expect(live).toEqual(["punch.created 2"]);
  });

  test("gets only what it chose", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punch("1", undefined, "GATE1"), punch("2", undefined, "GATE2")]);
    const deviceIds = [deviceId("GATE2")];
    const { id } = await addedEndpoint(storage, { start: EVERYTHING, deviceIds });
    await finishBackgroundWork(storage);
    expect(await told(opened, id, "GATE1")).toEqual([]);
    expect(await told(opened, id, "GATE2")).toEqual(["punch.created 2"]);
  });

  test("is told of a held punch when that is released", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.append([punch("1")]);
    const { id } = await addedEndpoint(storage, { start: EVERYTHING });
    await finishBackgroundWork(storage);
    expect(await told(opened, id)).toEqual([]);
    await storage.approveDevice(deviceId("GATE1"));
    await finishBackgroundWork(storage);
    expect(await told(opened, id)).toEqual(["punch.created 1"]);
  });
});

describe("an endpoint that starts with a date", () => {
  test("gets the punches from it on, and all that come from now on", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const march = epochMs(Date.UTC(2026, 1, 28, 16));
    const before = epochMs(RECEIVED_AT_MS - 60_000);
    const old = [rawPunch("1", "20260228235959"), rawPunch("2", "20260301000000")];
    await storage.append([punchesFrom("GATE1", old, before)]);
    const start = { kind: "from", fromMs: march } as const;
    const { id } = await addedEndpoint(storage, { start });
    await storage.append([punch("3", "20260227080000"), punch("4", "20200101080000")]);
    await finishBackgroundWork(storage);
    // The fourth is historic: nobody asked for it.
    expect(await told(opened, id)).toEqual(["punch.created 2", "punch.created 3"]);
  });
});

describe("an endpoint that was disabled", () => {
  test("gets what came meanwhile once it is enabled again, and nothing before", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punch("1")]);
    const { id } = await addedEndpoint(storage);
    await storage.append([punch("2")]);
    await storage.editEndpoint(id, { isEnabled: false });
    await storage.append([punch("3"), punch("4", "20200101080000")]);
    await finishBackgroundWork(storage);
    expect(await told(opened, id)).toEqual(["punch.created 2"]);
    await opened.reopen();
    await opened.storage.editEndpoint(id, { isEnabled: true });
    await opened.storage.append([punch("5")]);
    await finishBackgroundWork(opened.storage);
    await opened.storage.append([punch("6")]);
    const wanted = ["2", "3", "5", "6"].map((user) => `punch.created ${user}`);
    expect(await told(opened, id)).toEqual(wanted);
  });

  test("goes on with a fill where it was stopped", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    for (let user = 1; user <= 250; user += 1) await storage.append([punch(String(user))]);
    const { id } = await addedEndpoint(storage, { start: EVERYTHING });
    await storage.continueBackgroundWork();
    await storage.editEndpoint(id, { isEnabled: false });
    expect(await storage.continueBackgroundWork()).toBe(false);
    await storage.editEndpoint(id, { isEnabled: true });
    await finishBackgroundWork(storage);
    expect(await told(opened, id)).toHaveLength(250);
  });
});

describe("a fill", () => {
  /** Storage with so many punches in the feed, which it learns of at the start. */
  async function withFeed(count: number): Promise<TestStorage> {
    const opened = openTestStorage();
    await opened.storage.append([punch("1")]);
    await opened.reopen({}, () => {
      using database = new Database(opened.path, { strict: true });
      const rows = Array.from({ length: count - 1 }, (_, index) => ({
        id: 2_000_000 + index,
        feedPosition: index + 2,
        deviceId: "GATE1",
        userId: String(index + 2),
        wallTime: "20260302080000",
        timeZone: "Asia/Manila",
        instantMs: Date.UTC(2026, 2, 2),
        direction: "in" as const,
      }));
      writeRows(database, rows);
      database.run("UPDATE counters SET last_feed_position = ?, punch_count = ?", [count, count]);
    });
    return opened;
  }

  test("waits while thousands of messages wait, and holds up no other", async () => {
    using opened = await withFeed(6_000);
    const { storage } = opened;
    const { id } = await addedEndpoint(storage, { start: EVERYTHING });
    await finishBackgroundWork(storage);
    const stopped = { isFilling: true, waitingCount: 5_000, unfilledCount: 1_000 };
    expect(await findEndpoint(storage, id)).toMatchObject(stopped);
    const other = await addedEndpoint(storage, { name: "other", start: EVERYTHING });
    await finishBackgroundWork(storage);
    expect(await findEndpoint(storage, other.id)).toMatchObject({ waitingCount: 5_000 });
    await takeDeliveries(storage, id, (await listWaiting(storage, id)).slice(0, 4_000));
    await finishBackgroundWork(storage);
    expect(await findEndpoint(storage, id)).toMatchObject({
      isFilling: false,
      waitingCount: 2_000,
    });
  });

  test("leaves no mark of a correction behind, also where its endpoint is removed", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const countMarks = () => {
      using other = new Database(opened.path);
      const sql = "SELECT count(*) AS count FROM deliveries WHERE endpoint_id < 0";
      return other.query<{ count: number }, []>(sql).get()?.count;
    };
    const ids: EndpointId[] = [];
    for (const name of ["kept", "removed"]) {
      const { id } = await addedEndpoint(storage, { name });
      ids.push(id);
      await storage.append([punch("1", `2026030208000${ids.length}`)]);
      await storage.editEndpoint(id, { isEnabled: false });
    }
    await storage.append([punch("1", "20260302070000")]);
    expect(countMarks()).toBe(3);
    const [kept, removed] = ids;
    if (kept === undefined || removed === undefined) throw new Error("Nothing was added");
    await storage.removeEndpoint(removed, RECEIVED_AT_MS);
    await storage.editEndpoint(kept, { isEnabled: true });
    await finishBackgroundWork(storage);
    expect(countMarks()).toBe(0);
    // A plain receiver hears of no corrections, and so of the second punch as of a new one.
    expect(await told(opened, kept)).toHaveLength(3);
  });

  test("that reached no disk is done again, and nothing of it stays in memory", async () => {
    using opened = await withFeed(300);
    const { storage } = opened;
    const { id } = await addedEndpoint(storage, { start: EVERYTHING });
    const before = await findEndpoint(storage, id);
    using other = new Database(opened.path);
    const raise = "BEGIN SELECT RAISE(ABORT, 'no'); END";
    other.run(`CREATE TRIGGER no_counting AFTER UPDATE ON counters ${raise}`);
    await expect(storage.continueBackgroundWork()).rejects.toThrow();
    expect(await findEndpoint(storage, id)).toEqual(before);
    other.run("DROP TRIGGER no_counting");
    await finishBackgroundWork(storage);
    expect(await told(opened, id)).toHaveLength(300);
  });
});

type Step =
  | { readonly do: "punches"; readonly device: string; readonly seconds: readonly number[] }
  | { readonly do: "work" | "restart" | "approve" | "disable" | "enable" }
  | { readonly do: "take"; readonly count: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("punches" as const),
      device: fc.constantFrom("GATE1", "GATE2", "HELD"),
      // Of one hour and few users, so that most of them come late and correct others.
      seconds: fc.array(fc.nat(3_599), { minLength: 1, maxLength: 120, size: "max" }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("work" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("take" as const), count: fc.nat(300) }) },
  fc.record({ do: fc.constantFrom("restart", "approve", "disable", "enable") }),
);

/** A punch of one of forty users within an hour. */
function punchAt(second: number) {
  const minutes = String(Math.floor(second / 60)).padStart(2, "0");
  const seconds = String(second % 60).padStart(2, "0");
  return rawPunch(String(second % 40), `2026030208${minutes}${seconds}`);
}

async function take(opened: TestStorage, ids: readonly EndpointId[], step: Step): Promise<void> {
  const { storage } = opened;
  for (const id of ids) {
    switch (step.do) {
      case "take": {
        const waiting = await listWaiting(storage, id);
        await takeDeliveries(storage, id, waiting.slice(0, step.count));
        break;
      }
      case "disable":
      case "enable":
        await storage.editEndpoint(id, { isEnabled: step.do === "enable" });
        break;
    }
  }
  if (step.do === "punches") {
    const { device, seconds } = step;
    await storage.append(seconds.map((second) => punchesFrom(device, [punchAt(second)])));
  } else if (step.do === "work") await storage.continueBackgroundWork();
  else if (step.do === "restart") await opened.reopen();
  else if (step.do === "approve") await storage.approveDevice(deviceId("HELD"));
}

/** Every message that was ever made for an endpoint, in the order in which they are sent. */
function messagesOf(opened: TestStorage, id: EndpointId) {
  using database = new Database(opened.path);
  return database
    .query<{ type: string; device: string; punch: number; revision: number }, [number]>(
      `SELECT type, device_id AS device, punch_id AS punch, revision FROM deliveries
       WHERE endpoint_id = ? AND status <> 'superseded' ORDER BY id`,
    )
    .all(id);
}

const WHOLE = ["punch.created", "punch.updated"] as const;

test("whatever goes on beside a fill, every punch is told once, and its corrections in order", async () => {
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 8, size: "max" }),
    fc.array(step, { maxLength: 20, size: "max" }),
    async (before, beside) => {
      using opened = openTestStorage({ enrollment: "approve" });
      const { storage } = opened;
      await storage.append([
        punch("0", "20260302070000", "GATE1"),
        punch("0", "20260302070000", "GATE2"),
      ]);
      await storage.approveDevice(deviceId("GATE1"));
      await storage.approveDevice(deviceId("GATE2"));
      await finishBackgroundWork(storage);
      for (const each of before) await take(opened, [], each);
      const known = new Set((await readFeed(opened.storage)).map((entry) => Number(entry.id)));
      const add = { storage: opened.storage };
      const whole = await addedEndpoint(add.storage, {
        name: "whole",
        start: EVERYTHING,
        types: WHOLE,
      });
      const plain = await addedEndpoint(add.storage, { name: "plain", start: EVERYTHING });
      const fresh = await addedEndpoint(add.storage, { name: "fresh", types: WHOLE });
      const ids = [whole.id, plain.id, fresh.id];
      for (const each of beside) await take(opened, ids, each);
      await take(opened, ids, { do: "enable" });
      await finishBackgroundWork(opened.storage);

      const feed = (await readFeed(opened.storage)).map((entry) => ({
        ...entry,
        number: Number(entry.id),
      }));
      for (const { id, name } of [whole, plain, fresh]) {
        const messages = messagesOf(opened, id);
        const created = messages.filter(({ type }) => type === "punch.created");
        const wanted = feed.filter(({ number }) => name !== "fresh" || !known.has(number));
        expect(created.map((message) => message.punch).sort()).toEqual(
          wanted.map(({ number }) => number).sort(),
        );
        if (name === "plain") expect(messages).toEqual(created);
        for (const device of ["GATE1", "GATE2", "HELD"]) {
          const ofDevice = messages.filter((message) => message.device === device);
          const last = new Map(ofDevice.map((message) => [message.punch, message.revision]));
          const order = [
            ...new Set(ofDevice.map(({ punch: number }) => number).reverse()),
          ].reverse();
          const told = feed.filter((entry) => entry.deviceId === device && last.has(entry.number));
          // Where corrections are not told, those punches stand where they were told first.
          const stays = (number: number) =>
            name !== "plain" ||
            feed.some((entry) => entry.number === number && entry.revision === 1);
          expect(order.filter(stays)).toEqual(told.map(({ number }) => number).filter(stays));
          if (name !== "plain") {
            const revisions = told.map((entry) => [entry.number, entry.revision] as const);
            expect(order.map((number) => [number, last.get(number)])).toEqual(revisions as never);
          }
        }
      }
    },
  );
  await fc.assert(property, { numRuns: 12, endOnFailure: true });
}, 120_000);
