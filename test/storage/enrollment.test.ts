/**
 * Aim: what an unknown terminal may do before a person approves it, and what approval releases.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { ReceivedIntake } from "#domain/intake.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
} from "../support/test-storage.ts";

const NEW = deviceId("NEW");

function poll(device: string, atMs = RECEIVED_AT_MS, clockText?: string): ReceivedIntake {
  return {
    intake: {
      kind: "poll",
      deviceId: deviceId(device),
      report: {
        firmware: "SIMFW V1.00",
        codeLibrary: "FKDataHS101",
        name: "gate-1",
        ...(clockText === undefined ? {} : { clockText }),
      },
      raw: new Uint8Array(),
    },
    driver: "test",
    remoteAddress: "192.0.2.7",
    receivedAtMs: atMs,
  };
}

describe("append() from an unknown terminal", () => {
  test("holds its punches: stored, acknowledged, in no feed and no outbox", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    expect(await storage.append([punchesFrom("NEW", [rawPunch("7", "20260302080000")])])).toEqual([
      { kind: "stored" },
    ]);
    expect(await readFeed(storage)).toEqual([]);
    expect(await outboxOf(storage).listDevicesWithDeliveries()).toEqual([]);
    expect(await storage.findDevice(NEW)).toMatchObject({ status: "pending", heldCount: 1 });
    expect(opened.log.of("device.pending")).toHaveLength(1);
  });

  test("approves it at once within the pairing window, and not after it", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.openPairingWindow(RECEIVED_AT_MS, epochMs(RECEIVED_AT_MS + 3_600_000));
    await storage.append([poll("NEW", epochMs(RECEIVED_AT_MS + 3_599_999))]);
    await storage.append([poll("LATE", epochMs(RECEIVED_AT_MS + 3_600_000))]);
    expect((await storage.findDevice(NEW))?.status).toBe("approved");
    expect((await storage.findDevice(deviceId("LATE")))?.status).toBe("pending");
  });

  test("approves nobody when the clock goes back before the window was opened", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.openPairingWindow(RECEIVED_AT_MS, epochMs(RECEIVED_AT_MS + 3_600_000));
    await storage.append([poll("NEW", epochMs(RECEIVED_AT_MS - 1))]);
    expect((await storage.findDevice(NEW))?.status).toBe("pending");
  });

  test("approves 64 in one pairing window; further ones wait", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.openPairingWindow(RECEIVED_AT_MS, epochMs(RECEIVED_AT_MS + 3_600_000));
    await storage.append(Array.from({ length: 65 }, (_, index) => poll(`D${index}`)));
    const statuses = (await storage.listDevices()).map((device) => device.status);
    expect(statuses.filter((status) => status === "approved")).toHaveLength(64);
    expect(statuses.filter((status) => status === "pending")).toHaveLength(1);
  });

  test("refuses more devices than may be known at all", async () => {
    using opened = openTestStorage({ devicesMax: 2 });
    const outcomes = await opened.storage.append([poll("D1"), poll("D2"), poll("D3"), poll("D1")]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual([
      "stored",
      "stored",
      "refused",
      "stored",
    ]);
    expect(outcomes[2]).toEqual({ kind: "refused", code: "devices-full" });
  });

  test("lets 64 wait and refuses the next without making a row", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const polls = Array.from({ length: 65 }, (_, index) => poll(`D${index}`));
    const outcomes = await opened.storage.append(polls);
    expect(outcomes.filter((outcome) => outcome.kind === "stored")).toHaveLength(64);
    expect(outcomes[64]).toEqual({ kind: "refused", code: "pending-devices-full" });
    expect(await opened.storage.listDevices()).toHaveLength(64);
  });
});

describe("approveDevice()", () => {
  test("releases held punches in order, with directions, feed positions and deliveries", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    const times = ["20260302080000", "20260302120000", "20260302130000", "20260101080000"];
    for (const time of times) await storage.append([punchesFrom("NEW", [rawPunch("7", time)])]);
    expect(await storage.approveDevice(NEW)).toBe("done");
    await finishBackgroundWork(storage);
    const feed = await readFeed(storage);
    expect(feed.map((punch) => [punch.wallTime as string, punch.direction])).toEqual([
      ["20260302080000", "in"],
      ["20260302120000", "out"],
      ["20260302130000", "in"],
      ["20260101080000", "in"],
    ]);
    const waiting = await outboxOf(storage).listWaitingDeliveries(NEW, 0, 10);
    expect(waiting.map((delivery) => delivery.punch?.wallTime as string)).toEqual(
      times.slice(0, 3),
    );
    expect((await storage.findDevice(NEW))?.heldCount).toBe(0);
    expect(await storage.figures()).toMatchObject({ punchCount: 4, heldCount: 0 });
  });

  test("keeps a punch that comes during the release behind the held ones, over a restart", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const held = Array.from({ length: 250 }, (_, index) => {
      const minute = String(index % 60).padStart(2, "0");
      const hour = String(Math.floor(index / 60)).padStart(2, "0");
      return rawPunch(`${index % 5}`, `20260302${hour}${minute}00`);
    });
    await opened.storage.append([punchesFrom("NEW", held)]);
    await opened.storage.approveDevice(NEW);
    await opened.storage.continueBackgroundWork();
    await opened.storage.append([punchesFrom("NEW", [rawPunch("9", "20260302083000")])]);
    await opened.reopen({ enrollment: "approve" });
    await finishBackgroundWork(opened.storage);
    const feed = await readFeed(opened.storage);
    const ids = feed.filter((punch) => punch.revision === 1).map((punch) => punch.id as number);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(feed).toHaveLength(251);
    expect(feed.at(-1)?.userId as string).toBe("9");
  });

  test("tells an unknown device from one that is approved already", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    await opened.storage.append([poll("NEW")]);
    expect(await opened.storage.approveDevice(deviceId("OTHER"))).toBe("unknown-device");
    expect(await opened.storage.approveDevice(NEW)).toBe("done");
    expect(await opened.storage.approveDevice(NEW)).toBe("unchanged");
  });
});

describe("blockDevice()", () => {
  test("refuses everything of it, counts that, and stores nothing", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([poll("NEW")]);
    expect(await storage.blockDevice(NEW)).toBe("done");
    const outcomes = await storage.append([punchesFrom("NEW", [rawPunch("7", "20260302080000")])]);
    expect(outcomes).toEqual([{ kind: "refused", code: "device-blocked" }]);
    expect(await storage.findDevice(NEW)).toMatchObject({ status: "blocked", refusedCount: 1 });
    expect((await storage.figures()).punchCount).toBe(0);
  });

  test("shows when a blocked device last came, also after a restart", async () => {
    using opened = openTestStorage();
    await opened.storage.append([poll("NEW")]);
    await opened.storage.blockDevice(NEW);
    const later = epochMs(RECEIVED_AT_MS + 600_000);
    await opened.storage.append([poll("NEW", later)]);
    await opened.reopen();
    expect(await opened.storage.findDevice(NEW)).toMatchObject({
      lastContactMs: later,
      refusedCount: 1,
    });
  });
});

describe("append() of a poll", () => {
  test("puts firmware, library, name and clock skew into the device's row", async () => {
    using opened = openTestStorage();
    await opened.storage.append([poll("NEW", RECEIVED_AT_MS, "20260302090130")]);
    expect(await opened.storage.findDevice(NEW)).toMatchObject({
      name: "gate-1",
      firmware: "SIMFW V1.00",
      codeLibrary: "FKDataHS101",
      clockText: "20260302090130",
      clockSkewMs: 90_000,
      lastContactMs: RECEIVED_AT_MS,
      lastAddress: "192.0.2.7",
    });
  });

  test("writes contact times to disk at most every five minutes, and at the end", async () => {
    using opened = openTestStorage();
    await opened.storage.append([poll("NEW")]);
    const bytes = async () => (await opened.storage.figures()).walBytes;
    const before = await bytes();
    const later = epochMs(RECEIVED_AT_MS + 299_999);
    await opened.storage.append([poll("NEW", later)]);
    expect(await bytes()).toBe(before);
    expect((await opened.storage.findDevice(NEW))?.lastContactMs).toBe(later);
    await opened.storage.append([poll("NEW", epochMs(RECEIVED_AT_MS + 300_000))]);
    expect(await bytes()).toBeGreaterThan(before);
    await opened.storage.append([poll("NEW", epochMs(RECEIVED_AT_MS + 300_001))]);
    await opened.reopen();
    expect((await opened.storage.findDevice(NEW))?.lastContactMs).toBe(
      epochMs(RECEIVED_AT_MS + 300_001),
    );
  });
});

describe("markStarted()", () => {
  test("says once, over restarts, that a start was the first", async () => {
    using opened = openTestStorage();
    await opened.reopen();
    expect(await opened.storage.markStarted(RECEIVED_AT_MS)).toBe(true);
    expect(await opened.storage.markStarted(RECEIVED_AT_MS)).toBe(false);
    await opened.reopen();
    expect(await opened.storage.markStarted(RECEIVED_AT_MS)).toBe(false);
  });
});
