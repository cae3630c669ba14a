/**
 * Aim: a terminal of the replaced server comes as its operator left it, with times that are true.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { readImportedDevice } from "#domain/imported-device.ts";
import type { OriginalRow } from "#domain/original-row.ts";

const ROW: OriginalRow = {
  id: "1",
  device_id: "2401058352",
  device_name: " Front door ",
  status: "allowed",
  last_seen: "2025-03-01 17:30:00",
  created_at: "2024-12-01 01:02:03",
};
const NOW_MS = epochMs(Date.UTC(2025, 2, 1, 12, 0, 0));

function read(change: OriginalRow = {}, hostTimeZone = "Asia/Manila") {
  return readImportedDevice({ ...ROW, ...change }, { hostTimeZone, nowMs: NOW_MS });
}

describe("readImportedDevice()", () => {
  test("takes created_at as UTC and last_seen as the host's own time", () => {
    expect(read()).toEqual({
      ok: true,
      value: {
        id: deviceId("2401058352"),
        name: "Front door",
        status: "approved",
        createdAtMs: epochMs(Date.UTC(2024, 11, 1, 1, 2, 3)),
        lastContactMs: epochMs(Date.UTC(2025, 2, 1, 9, 30, 0)),
        flags: [],
      },
    });
  });

  test("drops a last contact that cannot be, and says so", () => {
    // On a host of UTC the same text lies behind now.
    const wrongZone = read({}, "UTC");
    expect(wrongZone.ok && wrongZone.value.lastContactMs).toBeUndefined();
    expect(wrongZone.ok && wrongZone.value.flags).toEqual(["no-last-contact"]);
    const garbage = read({ last_seen: "yesterday" });
    expect(garbage.ok && garbage.value.flags).toEqual(["no-last-contact"]);
    const never = read({ last_seen: null });
    expect(never.ok && [never.value.lastContactMs, never.value.flags]).toEqual([undefined, []]);
  });

  test("keeps a blocked terminal blocked, and guesses no status", () => {
    const blocked = read({ status: "blocked" });
    expect(blocked.ok && blocked.value.status).toBe("blocked");
    for (const status of [null, "", "Allowed", "pending"]) {
      const other = read({ status });
      expect(!other.ok && other.error.code).toBe("bad-status");
    }
    expect(read({ status: "pending" })).toEqual({
      ok: false,
      error: { code: "bad-status", reason: 'Status "pending" is neither allowed nor blocked' },
    });
  });

  test("has no name where the row has none, and refuses a row without an id", () => {
    for (const device_name of [null, "", "   "]) {
      const unnamed = read({ device_name });
      expect(unnamed.ok && unnamed.value.name).toBeUndefined();
    }
    const nameless = read({ device_id: null });
    expect(!nameless.ok && nameless.error.code).toBe("no-device");
  });
});
