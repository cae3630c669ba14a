/**
 * Aim: the ledger keeps within its age and its size, the oldest goes first, what waits or is parked
 * never goes, and its size is counted right whatever happens.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import type { SettingsEndpoint } from "#storage/rules.ts";
import type { Storage } from "#storage/storage.ts";
import {
  endedTry,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  SETTINGS_ENDPOINT,
  type TestStorage,
} from "../support/test-storage.ts";
import { addCorrection, deliver, GATE, park, statusesOf, storeMessages } from "./ledger-fixture.ts";

const DAY_MS = 86_400_000;
const CORRECTING: SettingsEndpoint = {
  ...SETTINGS_ENDPOINT,
  types: ["punch.created", "punch.updated"],
};
const NO_SIZE = Number.MAX_SAFE_INTEGER;
const daysLater = (days: number) => epochMs(RECEIVED_AT_MS + days * DAY_MS);

/** Trims until nothing is left to do, and gives the number of steps. */
async function trim(storage: Storage, bytesMax: number, beforeMs?: number): Promise<number> {
  const limits = { bytesMax, beforeMs: beforeMs === undefined ? undefined : epochMs(beforeMs) };
  let steps = 1;
  while (await storage.trimLedger(limits)) steps += 1;
  return steps;
}

const bytes = async (storage: Storage) => (await storage.figures()).ledgerBytes;

/** The same, by looking at every row. */
function countBytes({ path }: TestStorage): number {
  using database = new Database(path);
  const row = database
    .query<{ bytes: number }, []>(
      `SELECT (SELECT coalesce(sum(octet_length(reply_text) + octet_length(detail) + 60), 0) FROM attempts)
       + (SELECT coalesce(sum(CASE
            WHEN body_text IS NULL AND status = 'delivered' AND type = 'punch.updated' THEN 0
            ELSE coalesce(octet_length(body_text), 0) + 100 END), 0) FROM deliveries
          WHERE status IN ('delivered', 'superseded')) AS bytes`,
    )
    .get();
  return row?.bytes ?? -1;
}

describe("trimLedger() by age", () => {
  test("drops what was finished before, with its tries, and keeps the rest", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const [old = 0, young = 0] = await storeMessages(storage, 2);
    await deliver(storage, [old], { atMs: daysLater(1) });
    await deliver(storage, [young], { atMs: daysLater(2) });
    await trim(storage, NO_SIZE, daysLater(2));
    expect(await statusesOf(storage)).toEqual({ [young]: "delivered" });
    expect(await outboxOf(storage).findDelivery(young)).toMatchObject({ attempts: [{}] });
    expect(await bytes(storage)).toBe(countBytes(opened));
    await trim(storage, NO_SIZE, daysLater(3));
    expect([await statusesOf(storage), await bytes(storage)]).toEqual([{}, 0]);
  });

  test("never drops what waits or is parked, only tries of it", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const [waiting = 0, parked = 0] = await storeMessages(storage, 2);
    await park(storage, [parked]);
    await outboxOf(storage).recordAttempts([{ kind: "failed", ...endedTry(waiting) }]);
    await trim(storage, NO_SIZE, daysLater(1));
    expect(await statusesOf(storage)).toEqual({ [waiting]: "waiting", [parked]: "parked" });
    expect(await outboxOf(storage).findDelivery(waiting)).toMatchObject({
      attempts: [],
      bodyText: `{"delivery": ${waiting}}`,
    });
    expect(await bytes(storage)).toBe(0);
  });

  test("drops nothing for its age without a time", async () => {
    using opened = openTestStorage();
    const ids = await storeMessages(opened.storage, 1);
    await deliver(opened.storage, ids);
    expect(await trim(opened.storage, NO_SIZE)).toBe(1);
    expect(Object.values(await statusesOf(opened.storage))).toEqual(["delivered"]);
  });

  test("walks the whole ledger in steps of 200 rows, each time anew", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const punches = Array.from({ length: 500 }, (_, user) =>
      rawPunch(String(user + 1), "20260302081504"),
    );
    await storage.append(punches.map((punch) => punchesFrom("GATE1", [punch])));
    const waiting = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 1000);
    const ids = waiting.map(({ id }) => id);
    await deliver(storage, ids.slice(300), { atMs: daysLater(1) });
    expect(await trim(storage, NO_SIZE, daysLater(2))).toBeGreaterThanOrEqual(4);
    expect((await storage.figures()).ledgerBytes).toBe(0);
    await deliver(storage, ids.slice(0, 300), { atMs: daysLater(1) });
    await trim(storage, NO_SIZE, daysLater(2));
    expect(await statusesOf(storage)).toEqual({});
  });

  test("a delivered correction goes on keeping a parked message from being sent", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const [parked = 0, other = 0] = await storeMessages(storage, 2);
    await park(storage, [parked]);
    await deliver(storage, [other]);
    const correction = await addCorrection(opened, parked, { status: "waiting" });
    await deliver(storage, [correction]);
    await trim(storage, NO_SIZE, daysLater(40));
    expect(await statusesOf(storage)).toEqual({ [parked]: "parked", [correction]: "delivered" });
    expect(await bytes(storage)).toBe(0);
    const step = await outboxOf(storage).requeueParkedDeliveries(10, 0);
    expect(step).toMatchObject({ requeuedCount: 0, supersededCount: 1 });
    await trim(storage, NO_SIZE, daysLater(80));
    expect(await statusesOf(storage)).toEqual({});
  });
});

describe("trimLedger() by size", () => {
  test("drops the oldest finished until it is within, and not one more", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const ids = await storeMessages(storage, 10);
    await deliver(storage, ids);
    const full = await bytes(storage);
    await trim(storage, full);
    expect(Object.keys(await statusesOf(storage))).toHaveLength(10);
    await trim(storage, full * 0.45);
    expect(Object.keys(await statusesOf(storage)).map(Number)).toEqual(ids.slice(6));
    expect(await bytes(storage)).toBe(countBytes(opened));
  });

  test("passes over what waits, and finds it once it is finished", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const ids = await storeMessages(storage, 4);
    await deliver(storage, ids.slice(2));
    await trim(storage, 0);
    expect(Object.keys(await statusesOf(storage)).map(Number)).toEqual(ids.slice(0, 2));
    await deliver(storage, ids.slice(0, 2));
    await trim(storage, 0);
    expect([await statusesOf(storage), await bytes(storage)]).toEqual([{}, 0]);
  });

  test("counts and drops what was superseded before any try", async () => {
    using opened = openTestStorage({ endpoint: CORRECTING });
    const { storage } = opened;
    for (const hour of ["12", "11", "10", "09"]) {
      await storage.append([punchesFrom("GATE1", [rawPunch("7", `20260302${hour}0000`)])]);
    }
    const superseded = Object.values(await statusesOf(storage)).filter(
      (status) => status === "superseded",
    );
    expect(superseded).toHaveLength(3);
    expect(await bytes(storage)).toBe(countBytes(opened));
    expect(await bytes(storage)).toBe(300);
    await trim(storage, 100);
    expect(await bytes(storage)).toBe(100);
    await trim(storage, 0);
    expect(Object.values(await statusesOf(storage))).not.toContain("superseded");
    expect(await bytes(storage)).toBe(0);
  });

  test("comes to the tries although corrections stay for a parked message", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const [parked = 0, waiting = 0] = await storeMessages(storage, 2);
    await park(storage, [parked]);
    await addCorrection(opened, parked);
    await outboxOf(storage).recordAttempts([{ kind: "failed", ...endedTry(waiting) }]);
    for (let step = 0; step < 10; step += 1) {
      await storage.trimLedger({ bytesMax: 0, beforeMs: undefined });
    }
    expect(await bytes(storage)).toBe(0);
  });

  test("drops tries of what waits when nothing finished is left", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const [waiting = 0] = await storeMessages(storage, 1);
    const failed = {
      kind: "failed",
      ...endedTry(waiting, { replyText: "x".repeat(2048) }),
    } as const;
    await outboxOf(storage).recordAttempts([failed, failed, failed]);
    await trim(storage, 5000);
    expect((await outboxOf(storage).findDelivery(waiting))?.attempts).toHaveLength(2);
    expect(await statusesOf(storage)).toEqual({ [waiting]: "waiting" });
  });
});

test("the size is counted right through any order of tries, redeliveries, trims and restarts", async () => {
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom(
        "deliver",
        "park",
        "fail",
        "redeliver",
        "retry",
        "correct",
        "trim",
        "reopen",
      ),
      which: fc.nat(5),
      text: fc.string({ unit: "grapheme", maxLength: 20 }),
    }),
    { maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (asked) => {
      using opened = openTestStorage();
      const ids = await storeMessages(opened.storage, 6);
      for (const { what, which, text } of asked) {
        const id = ids[which] ?? 0;
        const outbox = outboxOf(opened.storage);
        const tried = endedTry(id, { bodyText: text, replyText: text, detail: text });
        if (what === "deliver") await outbox.recordAttempts([{ kind: "delivered", ...tried }]);
        if (what === "park") await outbox.recordAttempts([{ kind: "parked", ...tried }]);
        if (what === "fail") await outbox.recordAttempts([{ kind: "failed", ...tried }]);
        if (what === "redeliver") await outbox.redeliver({ kind: "ids", ids: [id] }, 0);
        if (what === "retry") await outbox.requeueParkedDeliveries(which, 0);
        if (what === "correct" && (await outbox.findDelivery(id)) !== undefined) {
          await addCorrection(opened, id, { status: "delivered" });
        }
        if (what === "trim")
          await opened.storage.trimLedger({ bytesMax: which * 100, beforeMs: undefined });
        if (what === "reopen") await opened.reopen();
        expect(await bytes(opened.storage)).toBe(countBytes(opened));
      }
    }),
    { numRuns: 25 },
  );
});
