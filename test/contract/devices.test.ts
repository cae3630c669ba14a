/**
 * Aim: devices are listed in the four shapes of contract 3.1 to 3.3 and changed as 3.3 says, without
 * its defects: a rename unblocks nobody (18), and who has no token changes nothing (32).
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { expectRow, PRIMARY, type Row, readJson, SECONDARY, Site } from "./contract-site.ts";
import { anyOf, atLeast, flag, type Shape, text, timeText, words } from "./shape.ts";

setDefaultTimeout(30_000);

const OLD_DEVICE = {
  device_id: text,
  device_name: anyOf(null, text),
  status: anyOf("allowed", "blocked"),
  last_seen: anyOf(null, timeText),
  created_at: timeText,
  connection_status: anyOf("connected", "recent", "offline", "never"),
} as const;
const DEVICE: Shape = {
  ...OLD_DEVICE,
  is_primary: flag,
  device_type: anyOf("PRIMARY", "SECONDARY"),
};

const LISTS: readonly Row[] = [
  {
    what: "D3",
    ask: "GET /api/biometric/devices",
    status: 200,
    shape: { success: true, total: 2, devices: [DEVICE] },
  },
  {
    what: "hris",
    ask: "GET /api/hris/devices",
    status: 200,
    shape: { success: true, total: 2, devices: [OLD_DEVICE] },
  },
  {
    what: "open",
    ask: "GET /api/devices",
    status: 200,
    shape: { total: 2, devices: [OLD_DEVICE] },
  },
];

interface ListedDevice {
  readonly device_id: string;
  readonly device_name: string | null;
  readonly status: string;
  readonly last_seen: string;
}

let site: Site;

beforeAll(async () => {
  site = await Site.open();
  await site.punch({ device: PRIMARY, user: "7", time: "20260302081504" });
  await site.poll(SECONDARY);
});

afterAll(() => site[Symbol.asyncDispose]());

async function listDevices(of: Site): Promise<readonly ListedDevice[]> {
  return (await of.read<{ devices: ListedDevice[] }>("/api/devices")).devices;
}

describe("the lists", () => {
  test.each(LISTS)("$ask has the contract's shape", async (row) => {
    const answer = await expectRow(site, row);
    const { devices } = readJson<{ devices: ListedDevice[] }>(answer);
    expect(devices.map(({ device_id: id }) => id).sort()).toEqual([SECONDARY, PRIMARY]);
    for (const device of devices)
      expect(device).toMatchObject({ status: "allowed", connection_status: "connected" });
  });

  test("D3: /api/biometric/devices tells which one is primary", async () => {
    const { devices } = await site.read<{ devices: ListedDevice[] }>("/api/biometric/devices");
    const told = devices.map((device) => ({ ...device, last_seen: "", created_at: "" }));
    const expected = (id: string) => ({
      device_id: id,
      device_name: null,
      status: "allowed",
      last_seen: "",
      created_at: "",
      connection_status: "connected",
      is_primary: id === PRIMARY,
      device_type: id === PRIMARY ? "PRIMARY" : "SECONDARY",
    });
    expect(told.sort((one, other) => (one.device_id < other.device_id ? -1 : 1))).toEqual([
      expected(SECONDARY),
      expected(PRIMARY),
    ]);
  });
});

describe("POST /api/devices/<id>/status", () => {
  const ask = `POST /api/devices/${SECONDARY}/status`;

  test("blocks and allows, and the terminal notices", async () => {
    await using own = await Site.open();
    await own.poll(SECONDARY);
    const blocked = { success: true, message: "Device blocked" };
    const allowed = { success: true, message: "Device allowed" };
    await expectRow(own, {
      what: "",
      ask,
      with: { json: { status: "blocked" } },
      status: 200,
      shape: blocked,
    });
    expect(await listDevices(own)).toMatchObject([{ device_id: SECONDARY, status: "blocked" }]);
    expect(await own.sendPunch({ device: SECONDARY, user: "7", time: "20260302081504" })).toBe("");
    await expectRow(own, {
      what: "",
      ask,
      with: { json: { status: "allowed" } },
      status: 200,
      shape: allowed,
    });
    await own.punch({ device: SECONDARY, user: "7", time: "20260302081504" });
    // Absent: allowed.
    await own.call(ask, { json: { status: "blocked" } });
    await expectRow(own, { what: "", ask, with: { json: {} }, status: 200, shape: allowed });
    expect(await listDevices(own)).toMatchObject([{ device_id: SECONDARY, status: "allowed" }]);
  });

  test("makes an id known that never came, which then is never connected", async () => {
    await using own = await Site.open();
    const json = { status: "blocked" };
    expect((await own.call("POST /api/devices/GATE_9/status", { json })).status).toBe(200);
    expect(await listDevices(own)).toMatchObject([
      { device_id: "GATE_9", status: "blocked", last_seen: null, connection_status: "never" },
    ]);
    expect(await own.sendPunch({ device: "GATE_9", user: "7", time: "20260302081504" })).toBe("");
  });

  const bad: readonly (readonly [status: unknown])[] = [
    [""],
    ["ALLOWED"],
    ["pending"],
    [1],
    [null],
    [["blocked"]],
  ];
  test.each(bad)("status %p: 400, and nothing changes", async (status) => {
    const before = await site.read<unknown>("/api/devices");
    const answer = await site.call(ask, { json: { status } });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("Invalid status");
    expect(readJson<unknown>(answer)).toMatchObject({ error: expect.any(String) });
    expect(await site.read<unknown>("/api/devices")).toEqual(before);
  });
});

describe("PUT /api/devices/<id>", () => {
  const ask = `PUT /api/devices/${SECONDARY}`;

  test("renames, and neither unblocks nor counts as a contact: defect 18", async () => {
    await using own = await Site.open();
    await own.poll(SECONDARY);
    await own.call(`POST /api/devices/${SECONDARY}/status`, { json: { status: "blocked" } });
    const [before] = await listDevices(own);
    const options = { json: { device_name: "Küche <b>" } };
    const row: Row = {
      what: "",
      ask,
      with: options,
      status: 200,
      shape: atLeast({ success: true, message: words }),
    };
    await expectRow(own, row);
    expect(await listDevices(own)).toMatchObject([
      { device_name: "Küche <b>", status: "blocked", last_seen: before?.last_seen },
    ]);
    await own.call(ask, { json: { device_name: "Kitchen", status: "allowed" } });
    expect(await listDevices(own)).toMatchObject([{ device_name: "Kitchen", status: "allowed" }]);
  });

  // 500 "Failed to update device" in the original.
  test("a bad status: 400, and nothing changes", async () => {
    const before = await site.read<unknown>("/api/devices");
    const answer = await site.call(ask, { json: { device_name: "New", status: "gone" } });
    expect(answer.status).toBe(400);
    expect(readJson<unknown>(answer)).toMatchObject({ error: expect.any(String) });
    expect(await site.read<unknown>("/api/devices")).toEqual(before);
  });

  test("an unknown device: 404, and it does not appear", async () => {
    const answer = await site.call("PUT /api/devices/GATE-9", { json: { device_name: "New" } });
    expect(answer.status).toBe(404);
    expect(readJson<unknown>(answer)).toMatchObject({ error: expect.any(String) });
    expect(await listDevices(site)).toHaveLength(2);
  });
});

describe("DELETE /api/devices/<id>", () => {
  test("takes the device away, keeps its logs, and lets it return at the next contact", async () => {
    await using own = await Site.open();
    await own.punch({ device: SECONDARY, user: "7", time: "20260302081504" });
    const row: Row = {
      what: "",
      ask: `DELETE /api/devices/${SECONDARY}`,
      status: 200,
      shape: { success: true, message: "Device deleted" },
    };
    await expectRow(own, row);
    expect(await listDevices(own)).toEqual([]);
    expect(await own.read<unknown>("/api/biometric/logs")).toMatchObject({
      total: 1,
      logs: [{ device_id: SECONDARY, timestamp: "20260302081504" }],
    });
    await own.punch({ device: SECONDARY, user: "7", time: "20260302171504" });
    expect(await listDevices(own)).toMatchObject([{ device_id: SECONDARY }]);
    expect(await own.read<unknown>("/api/biometric/logs")).toMatchObject({ total: 2 });
  });

  test("an unknown device: 404, where the original said 500", async () => {
    const answer = await site.call("DELETE /api/devices/GATE-9");
    expect(answer.status).toBe(404);
    expect(readJson<unknown>(answer)).toMatchObject({ error: expect.any(String) });
    expect(await listDevices(site)).toHaveLength(2);
  });
});

test("total counts the devices that are shown", async () => {
  const answer = await site.read<{ total: number; devices: unknown[] }>("/api/devices");
  expect([answer.total, answer.devices.length]).toEqual([2, 2]);
});
