/**
 * Aim: what a person changes of a device holds over a restart, loses no punch, and lets no terminal
 * in that was not meant; the device of manual punches is always there.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { MANUAL_DEVICE_ID } from "#domain/device.ts";
import { deviceId } from "#domain/identifiers.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
} from "../support/test-storage.ts";

const GATE = deviceId("GATE");
const MORNING = rawPunch("7", "20260302080000");
const NOON = rawPunch("7", "20260302120000");

function users(feed: Awaited<ReturnType<typeof readFeed>>): readonly string[] {
  return feed.map((punch) => `${punch.userId} ${punch.wallTime}`);
}

describe("updateDevice()", () => {
  test("changes name, status and address together, and none of the rest, over a restart", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE", [MORNING])]);
    const before = await opened.storage.findDevice(GATE);
    const edit = { name: "Front", status: "blocked", allowedAddress: "192.0.2.0/24" } as const;
    expect(await opened.storage.updateDevice(GATE, edit)).toBe("done");
    expect(await opened.storage.updateDevice(GATE, edit)).toBe("unchanged");
    await opened.reopen();
    expect(await opened.storage.findDevice(GATE)).toEqual({ ...before, ...edit } as typeof before);
  });

  test("takes name and address back with null", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE", [MORNING])]);
    await opened.storage.updateDevice(GATE, { name: "Front", allowedAddress: "192.0.2.9" });
    await opened.storage.updateDevice(GATE, { name: null, allowedAddress: null });
    const device = await opened.storage.findDevice(GATE);
    expect([device?.name, device?.allowedAddress]).toEqual([undefined, undefined]);
  });

  test("lets a terminal come only from its address, and counts what it refuses", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punchesFrom("GATE", [MORNING])]);
    await storage.updateDevice(GATE, { allowedAddress: "198.51.100.0/24" });
    expect(await storage.append([punchesFrom("GATE", [NOON])])).toEqual([
      { kind: "refused", code: "address-not-allowed" },
    ]);
    expect((await storage.findDevice(GATE))?.refusedCount).toBe(1);
    await storage.updateDevice(GATE, { allowedAddress: "192.0.2.0/24" });
    expect(await storage.append([punchesFrom("GATE", [NOON])])).toEqual([{ kind: "stored" }]);
  });

  test("knows no terminal that never came", async () => {
    using opened = openTestStorage();
    expect(await opened.storage.updateDevice(GATE, { name: "x" })).toBe("unknown-device");
    expect(await opened.storage.findDevice(GATE)).toBeUndefined();
  });
});

describe("addDevice()", () => {
  test("makes a terminal known that was never in contact, over a restart", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    expect(await opened.storage.addDevice(GATE, "approved", RECEIVED_AT_MS)).toBe("done");
    expect(await opened.storage.addDevice(GATE, "blocked", RECEIVED_AT_MS)).toBe("unchanged");
    await opened.reopen({ enrollment: "approve" });
    expect(await opened.storage.findDevice(GATE)).toMatchObject({
      status: "approved",
      firstContactMs: RECEIVED_AT_MS,
      lastContactMs: undefined,
      lastAddress: "",
    });
  });

  test("lets it in at its first contact, which gives it its start date", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    const yearBefore = epochMs(RECEIVED_AT_MS - 365 * 86_400_000);
    await storage.addDevice(GATE, "approved", yearBefore);
    await storage.append([punchesFrom("GATE", [MORNING])]);
    expect(users(await readFeed(storage))).toEqual(["7 20260302080000"]);
    expect(await storage.findDevice(GATE)).toMatchObject({
      driver: "test",
      lastContactMs: RECEIVED_AT_MS,
      startAtMs: RECEIVED_AT_MS - 35 * 86_400_000,
    });
  });

  test("leaves one without answers that is blocked before it comes", async () => {
    using opened = openTestStorage();
    await opened.storage.addDevice(GATE, "blocked", RECEIVED_AT_MS);
    expect(await opened.storage.append([punchesFrom("GATE", [MORNING])])).toEqual([
      { kind: "refused", code: "device-blocked" },
    ]);
  });

  test("knows no more terminals than may be known", async () => {
    using opened = openTestStorage({ devicesMax: 1 });
    expect(await opened.storage.addDevice(GATE, "approved", RECEIVED_AT_MS)).toBe("done");
    expect(await opened.storage.addDevice(deviceId("B"), "approved", RECEIVED_AT_MS)).toBe(
      "devices-full",
    );
  });
});

describe("retireDevice()", () => {
  test("keeps the punches, and meets the terminal as an unknown one when it comes again", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE", [MORNING])]);
    expect(await opened.storage.retireDevice(GATE)).toBe("done");
    expect(await opened.storage.retireDevice(GATE)).toBe("unchanged");
    await opened.reopen({ enrollment: "approve" });
    const { storage } = opened;
    expect((await storage.findDevice(GATE))?.status).toBe("retired");
    expect(await storage.append([punchesFrom("GATE", [NOON])])).toEqual([{ kind: "stored" }]);
    expect(await storage.findDevice(GATE)).toMatchObject({ status: "pending", heldCount: 1 });
    expect(users(await readFeed(storage))).toEqual(["7 20260302080000"]);
    expect(opened.log.of("device.pending")).toHaveLength(1);
    await storage.approveDevice(GATE);
    await finishBackgroundWork(storage);
    expect(users(await readFeed(storage))).toEqual(["7 20260302080000", "7 20260302120000"]);
  });

  test("takes it into use again at once where enrolment is open", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punchesFrom("GATE", [MORNING])]);
    await storage.retireDevice(GATE);
    await storage.append([punchesFrom("GATE", [MORNING])]);
    expect(await storage.findDevice(GATE)).toMatchObject({ status: "approved", duplicateCount: 1 });
    expect(await readFeed(storage)).toHaveLength(1);
  });

  test("brings what was approved into the feed first", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    const held = Array.from({ length: 250 }, (_, index) =>
      rawPunch(String(index), "20260302080000"),
    );
    await storage.append([punchesFrom("GATE", held)]);
    await storage.approveDevice(GATE);
    expect(await storage.retireDevice(GATE)).toBe("done");
    expect(await readFeed(storage)).toHaveLength(250);
    expect(await storage.findDevice(GATE)).toMatchObject({ status: "retired", heldCount: 0 });
  });

  test.each(["pending", "blocked"] as const)(
    "releases nothing of a %s terminal, until it is approved",
    async (status) => {
      using opened = openTestStorage({ enrollment: "approve" });
      const { storage } = opened;
      await storage.append([punchesFrom("GATE", [MORNING])]);
      if (status === "blocked") await storage.blockDevice(GATE);
      await storage.retireDevice(GATE);
      await finishBackgroundWork(storage);
      expect(await readFeed(storage)).toEqual([]);
      await storage.approveDevice(GATE);
      await finishBackgroundWork(storage);
      expect(await readFeed(storage)).toHaveLength(1);
    },
  );

  test("does not let more wait than may", async () => {
    using opened = openTestStorage({ enrollment: "approve", pendingDevicesMax: 1 });
    const { storage } = opened;
    await storage.addDevice(GATE, "approved", RECEIVED_AT_MS);
    await storage.retireDevice(GATE);
    await storage.append([punchesFrom("OTHER", [MORNING])]);
    expect(await storage.append([punchesFrom("GATE", [MORNING])])).toEqual([
      { kind: "refused", code: "pending-devices-full" },
    ]);
    expect((await storage.findDevice(GATE))?.status).toBe("retired");
  });
});

describe("the device of manual punches", () => {
  test("is there from the first start, approved, never in contact, and no terminal", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    expect(await opened.storage.findDevice(MANUAL_DEVICE_ID)).toMatchObject({
      status: "approved",
      driver: "manual",
      lastContactMs: undefined,
    });
    expect(await opened.storage.listDevices()).toEqual([]);
  });

  test("takes over a terminal of its id that a database has from before", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE", [MORNING])]);
    await opened.reopen({}, () => {
      using database = new Database(opened.path);
      database.run("DELETE FROM devices WHERE id = 'unknown'");
      database.run("UPDATE devices SET id = 'unknown', status = 'blocked', name = 'Old'");
    });
    expect(await opened.storage.findDevice(MANUAL_DEVICE_ID)).toMatchObject({
      status: "approved",
      driver: "manual",
      name: "Old",
      lastContactMs: undefined,
    });
  });

  test("can be renamed, and neither blocked, nor retired, nor bound to an address", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    expect(await storage.approveDevice(MANUAL_DEVICE_ID)).toBe("unchanged");
    expect(await storage.blockDevice(MANUAL_DEVICE_ID)).toBe("built-in-device");
    expect(await storage.retireDevice(MANUAL_DEVICE_ID)).toBe("built-in-device");
    expect(await storage.updateDevice(MANUAL_DEVICE_ID, { allowedAddress: "::1" })).toBe(
      "built-in-device",
    );
    expect(await storage.updateDevice(MANUAL_DEVICE_ID, { name: "HR desk" })).toBe("done");
    await opened.reopen();
    expect(await opened.storage.findDevice(MANUAL_DEVICE_ID)).toMatchObject({
      status: "approved",
      name: "HR desk",
    });
  });

  test("lets no terminal speak in its name", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    expect(await storage.append([punchesFrom("unknown", [MORNING])])).toEqual([
      { kind: "refused", code: "id-reserved" },
    ]);
    expect(await readFeed(storage)).toEqual([]);
    expect((await storage.findDevice(MANUAL_DEVICE_ID))?.lastContactMs).toBeUndefined();
  });

  test("takes no place among the terminals that may be known", async () => {
    using opened = openTestStorage({ devicesMax: 1 });
    expect(await opened.storage.append([punchesFrom("GATE", [MORNING])])).toEqual([
      { kind: "stored" },
    ]);
  });
});
