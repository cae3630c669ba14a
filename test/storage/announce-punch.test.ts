/**
 * Aim: a resend makes no message, unless the site wants the replaced server's messages about it;
 * then each makes one of its own and changes nothing else.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { type EndpointId, SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import type { StorageRules } from "#storage/rules.ts";
import { addedEndpoint, listWaiting } from "../support/endpoint-values.ts";
import {
  endedTry,
  finishBackgroundWork,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
  SETTINGS_ENDPOINT,
} from "../support/test-storage.ts";

const GATE = deviceId("GATE1");
const LATER_MS = epochMs(RECEIVED_AT_MS + 60_000);
const RAW = rawPunch("27", "20260302081504");
const SENT = punchesFrom("GATE1", [RAW]);
const RESENT = punchesFrom("GATE1", [RAW], LATER_MS);

/** Storage of a site that wants messages about resends. */
function openTelling(rules: Partial<StorageRules> = {}) {
  return openTestStorage({ announcesResends: true, ...rules });
}

describe("announceResend()", () => {
  test("a resend puts nothing into the outbox by default", async () => {
    using opened = openTestStorage();
    await opened.storage.append([SENT, RESENT]);
    const waiting = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10);
    expect(waiting.map((delivery) => delivery.isDuplicate)).toEqual([false]);
  });

  test("each resend makes one message more, with an id and a time of its own", async () => {
    using opened = openTelling();
    const { storage } = opened;
    await storage.append([SENT]);
    expect(await storage.append([RESENT, RESENT])).toEqual([
      { kind: "duplicate" },
      { kind: "duplicate" },
    ]);
    const waiting = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 10);
    expect(waiting.map((delivery) => delivery.isDuplicate)).toEqual([false, true, true]);
    expect(waiting.map((delivery) => delivery.eventAtMs)).toEqual([
      RECEIVED_AT_MS,
      LATER_MS,
      LATER_MS,
    ]);
    expect(new Set(waiting.map((delivery) => delivery.eventId)).size).toBe(3);
    expect((await storage.figures()).deliveriesWaiting).toBe(3);

    await opened.reopen();
    const again = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10);
    expect(again.map(({ eventId }) => eventId)).toEqual(waiting.map(({ eventId }) => eventId));
  });

  test("a resend changes neither the punch nor any direction, and tells the stored one", async () => {
    using opened = openTelling();
    const { storage } = opened;
    const second = punchesFrom("GATE1", [rawPunch("27", "20260302120000")]);
    await storage.append([SENT, second]);
    const before = await readFeed(storage);
    await storage.append([RESENT, second, RESENT]);
    expect(await readFeed(storage)).toEqual(before);
    const waiting = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 10);
    expect(
      waiting.map(({ isDuplicate, punch }) => [isDuplicate, punch?.wallTime, punch?.direction]),
    ).toEqual([
      [false, "20260302081504", "in"],
      [false, "20260302120000", "out"],
      [true, "20260302081504", "in"],
      [true, "20260302120000", "out"],
      [true, "20260302081504", "in"],
    ] as never);
    const next = punchesFrom("GATE1", [rawPunch("27", "20260302130000")]);
    await storage.append([next]);
    expect((await readFeed(storage)).at(-1)?.direction).toBe("in");
  });

  test("a resend of a held punch is told neither then nor at the release", async () => {
    using opened = openTelling({ enrollment: "approve" });
    const { storage } = opened;
    await storage.append([SENT, RESENT]);
    expect(await outboxOf(storage).listWaitingDeliveries(GATE, 0, 10)).toEqual([]);
    await storage.approveDevice(GATE);
    // Approved, and its punches not yet released.
    await storage.append([RESENT]);
    await finishBackgroundWork(storage);
    const waiting = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 10);
    expect(waiting.map((delivery) => delivery.isDuplicate)).toEqual([false]);
  });

  test("a resend of a historic punch is not told", async () => {
    using opened = openTelling();
    const old = punchesFrom("GATE1", [rawPunch("27", "20250302081504")]);
    expect(await opened.storage.append([old, old])).toEqual([
      { kind: "stored" },
      { kind: "duplicate" },
    ]);
    expect(await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10)).toEqual([]);
  });

  test("a resend of an imported punch is not told", async () => {
    using opened = openTelling();
    await opened.storage.append([SENT]);
    using database = new Database(opened.path);
    database.run("UPDATE punches SET origin = 'imported'");
    await opened.storage.append([RESENT]);
    const waiting = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10);
    expect(waiting.map((delivery) => delivery.isDuplicate)).toEqual([false]);
  });

  test("a resend is not told without an endpoint", async () => {
    using opened = openTelling({ endpoint: undefined });
    await opened.storage.append([SENT, RESENT]);
    expect((await opened.storage.figures()).deliveriesWaiting).toBe(0);
  });

  test("a same-second punch with other codes is no resend", async () => {
    using opened = openTelling();
    const other = punchesFrom("GATE1", [
      rawPunch("27", "20260302081504", { verifyModeCode: "20" }),
    ]);
    await opened.storage.append([SENT, other]);
    expect((await opened.storage.figures()).deliveriesWaiting).toBe(1);
  });

  test("a terminal that repeats itself without end does not fill the outbox", async () => {
    using opened = openTelling();
    await opened.storage.append([SENT]);
    await opened.storage.append(Array(10_100).fill(RESENT));
    expect((await opened.storage.figures()).deliveriesWaiting).toBe(10_000);
    const fresh = punchesFrom("GATE1", [rawPunch("28", "20260302081504")]);
    await opened.storage.append([fresh]);
    expect((await opened.storage.figures()).deliveriesWaiting).toBe(10_001);
  });
});

describe("announceCorrection()", () => {
  const CORRECTING = { ...SETTINGS_ENDPOINT, format: "standard" } as const;
  const at = (hour: string, receivedAtMs = RECEIVED_AT_MS) =>
    punchesFrom("GATE1", [rawPunch("27", `20260302${hour}0000`)], receivedAtMs);

  async function waitingIn(opened: ReturnType<typeof openTestStorage>) {
    const waiting = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 100);
    return waiting.map(({ type, punch, eventId }) => {
      const revision = eventId.split("-").at(-1);
      return `${type} ${punch?.wallTime.slice(8, 10)} ${punch?.direction} id ..-${revision}`;
    });
  }

  test("a late punch has the corrected ones told as they stand, at the time of the correction", async () => {
    using opened = openTestStorage({ endpoint: CORRECTING });
    await opened.storage.append([at("08"), at("12")]);
    await opened.storage.append([at("07", LATER_MS)]);
    expect(await waitingIn(opened)).toEqual([
      "punch.created 08 out id ..-1",
      "punch.created 12 in id ..-1",
      "punch.created 07 in id ..-1",
      "punch.updated 08 out id ..-2",
      "punch.updated 12 in id ..-2",
    ]);
    const waiting = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 100);
    expect(waiting.map(({ eventAtMs }) => Number(eventAtMs) - RECEIVED_AT_MS)).toEqual([
      0, 0, 60_000, 60_000, 60_000,
    ]);
  });

  test("a correction takes the place of an earlier one that waits or is parked", async () => {
    using opened = openTestStorage({ endpoint: CORRECTING });
    const outbox = outboxOf(opened.storage);
    await opened.storage.append([at("12"), at("09")]);
    expect((await waitingIn(opened)).at(-1)).toStartWith("punch.updated 12 ");
    await opened.storage.append([at("08")]);
    expect(await waitingIn(opened)).toEqual([
      "punch.created 12 in id ..-1",
      "punch.created 09 out id ..-1",
      "punch.created 08 in id ..-1",
      "punch.updated 09 out id ..-2",
      "punch.updated 12 in id ..-3",
    ]);
    expect(await opened.storage.figures()).toMatchObject({
      deliveriesWaiting: 5,
      deliveriesParked: 0,
    });
    const parked = (await outbox.listWaitingDeliveries(GATE, 0, 100)).find(({ eventId }) =>
      eventId.endsWith("-3"),
    );
    await outbox.recordAttempts([{ kind: "parked", ...endedTry(parked?.id ?? 0) }]);
    expect((await opened.storage.figures()).deliveriesParked).toBe(1);
    await opened.storage.append([at("07")]);
    expect(await opened.storage.figures()).toMatchObject({
      deliveriesWaiting: 7,
      deliveriesParked: 0,
      // The one try, the superseded message with the body that it had, and two that had none.
      ledgerBytes: 60 + "ok".length + 100 + `{"delivery": ${parked?.id}}`.length + 2 * 100,
    });
    expect((await waitingIn(opened)).filter((message) => message.includes(" 12 "))).toEqual([
      "punch.created 12 out id ..-1",
      "punch.updated 12 out id ..-4",
    ]);
  });

  test("a correction that was put off is told when it is made", async () => {
    using opened = openTestStorage({ endpoint: CORRECTING, correctionWindowMs: 400 * 86_400_000 });
    const days = Array.from({ length: 250 }, (_, index) => {
      const day = new Date(Date.UTC(2025, 3, 1 + index)).toISOString().slice(0, 10);
      return rawPunch("27", `${day.replaceAll("-", "")}080000`);
    });
    // So near one another that each is the next one's other direction.
    await opened.reopen({ direction: { maxShiftMs: 0, minimumGapMs: 0 }, historyMs: 4e10 });
    await opened.storage.append([punchesFrom("GATE1", days)]);
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("27", "20250301080000")])]);
    expect((await opened.storage.figures()).deliveriesWaiting).toBe(250 + 200 + 1);
    await finishBackgroundWork(opened.storage);
    expect((await opened.storage.figures()).deliveriesWaiting).toBe(250 + 250 + 1);
  });

  test("formats of the replaced server are told of corrections only where they are asked for", async () => {
    using opened = openTestStorage();
    await opened.storage.append([at("08"), at("07")]);
    expect(await waitingIn(opened)).toEqual([
      "punch.created 08 out id ..-1",
      "punch.created 07 in id ..-1",
    ]);
    await opened.reopen({
      endpoint: { ...SETTINGS_ENDPOINT, types: ["punch.created", "punch.updated"] },
    });
    await opened.storage.append([at("06")]);
    expect((await waitingIn(opened)).slice(2)).toEqual([
      "punch.created 06 in id ..-1",
      "punch.updated 07 out id ..-2",
      "punch.updated 08 in id ..-3",
    ]);
  });

  const WITH_HISTORY = {
    endpoint: CORRECTING,
    historyMs: 0,
    correctionWindowMs: 35 * 86_400_000,
  };

  test("the correction of a historic punch is not told, because nobody was told of the punch", async () => {
    using opened = openTestStorage(WITH_HISTORY);
    await opened.storage.append([at("08"), at("07")]);
    expect((await readFeed(opened.storage)).map(({ revision }) => revision)).toEqual([1, 2]);
    expect(await waitingIn(opened)).toEqual([]);
  });

  test("the correction of a historic punch is told to whom it was told because somebody asked", async () => {
    using opened = openTestStorage(WITH_HISTORY);
    const { storage } = opened;
    await storage.append([at("08")]);
    await storage.sendHistory(GATE, undefined);
    await finishBackgroundWork(storage);
    const { id: later } = await addedEndpoint(storage, {
      name: "later",
      types: ["punch.created", "punch.updated"],
    });
    const { id: filled } = await addedEndpoint(storage, {
      start: { kind: "everything" },
      types: ["punch.created", "punch.updated"],
    });
    await finishBackgroundWork(storage);
    for (const hour of ["07", "06"]) await storage.append([at(hour)]);
    const told = async (endpoint: EndpointId) =>
      (await listWaiting(storage, endpoint, "GATE1")).map(
        ({ type, punch }) => `${type} ${punch?.wallTime.slice(8, 10)} ${punch?.direction}`,
      );
    // Of the punch that came behind it nobody was told.
    const wanted = ["punch.created 08 in", "punch.updated 08 in"];
    expect(await told(SETTINGS_ENDPOINT_ID)).toEqual(wanted);
    expect(await told(filled)).toEqual(wanted);
    expect(await told(later)).toEqual([]);
  });
});
