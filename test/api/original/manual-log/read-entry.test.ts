/** Aim: a manual punch is read as the original read it (contract.md 3.1), and refused in its words. */

import { describe, expect, test } from "bun:test";
import { readManualEntry } from "#api/original/manual-log/read-entry.ts";
import type { RawPunch } from "#domain/intake.ts";

function entryOf(fields: unknown) {
  const entry = readManualEntry(fields);
  if (!entry.ok) throw new Error(entry.error);
  return entry.value;
}

function punchOf(fields: Record<string, unknown>): RawPunch {
  return entryOf({ user_id: 7, ...fields }).punch;
}

function errorOf(body: unknown): string {
  const entry = readManualEntry(body);
  return entry.ok ? "" : entry.error;
}

describe("readManualEntry()", () => {
  test("keeps the body as it came beside what it means", () => {
    const body = { user_id: " 7 ", device_id: "GATE", timestamp: "20260302081504", note: "ill" };
    expect(entryOf(body) as unknown).toEqual({
      deviceId: "GATE",
      punch: {
        userIdText: "7",
        wallTimeText: "20260302081504",
        directionCode: undefined,
        verifyModeCode: undefined,
        codeLibrary: undefined,
        workCode: undefined,
        rawText: JSON.stringify(body),
      },
    });
  });

  test("has the device of manual punches and the moment of arrival as defaults", () => {
    const { deviceId, punch } = entryOf({ user_id: 7 });
    expect([deviceId as string, punch.wallTimeText]).toEqual(["unknown", undefined]);
  });

  test.each([
    [7, "7"],
    [-3, "-3"],
    [-0, "0"],
    [7.0, "7"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    ["7", "7"],
    [" 7 ", "7"],
    ["\t7\n", "7"],
    ["+7", "7"],
    ["-3", "-3"],
    [" -003 ", "-3"],
    ["1_000", "1000"],
    ["00000006", "00000006"],
    ["9223372036854775807", "9223372036854775807"],
  ])("takes the user %p for %s", (userId, text) => {
    expect(punchOf({ user_id: userId }).userIdText).toBe(text);
  });

  test.each([
    ["abc", "abc"],
    ["", ""],
    ["7.5", "7.5"],
    ["7 8", "7 8"],
    ["_7", "_7"],
    ["--7", "--7"],
    ["0x7", "0x7"],
    [7.5, "7.5"],
    [true, "true"],
    [[7], "[7]"],
    [{ id: 7 }, '{"id":7}'],
  ])("refuses the user %p", (userId, shown) => {
    expect(errorOf({ user_id: userId })).toBe(
      `Invalid user_id format: ${shown} (expected integer)`,
    );
  });

  test.each([
    ["9223372036854775808", "9223372036854775808"],
    ["-9223372036854775808", "-9223372036854775808"],
    [2 ** 53, "9007199254740992"],
    [-1e300, "-1e+300"],
    ["9".repeat(200), `${"9".repeat(80)}...`],
  ])("refuses the user %p, which is whole, and says how far numbers go", (userId, shown) => {
    expect(errorOf({ user_id: userId })).toBe(
      `Invalid user_id format: ${shown} (expected integer up to 9223372036854775807, above ` +
        "9007199254740991 as text)",
    );
  });

  test.each([
    [null, "No data"],
    [{}, "No data"],
    [[], "The body is not a JSON object"],
    ["7", "The body is not a JSON object"],
    [{ device_id: "GATE" }, "Missing user_id or device_id"],
    [{ user_id: null }, "Missing user_id or device_id"],
    [{ user_id: 7, device_id: "" }, "Missing user_id or device_id"],
    [{ user_id: 7, device_id: null }, "Missing user_id or device_id"],
    [{ user_id: 7, device_id: 0 }, "Missing user_id or device_id"],
    [{ user_id: 7, device_id: ["A"] }, 'Invalid device_id format: ["A"] (expected text)'],
    [
      { user_id: 7, note: "x".repeat(9000) },
      "The body has 9023 characters, at most 8192 are accepted",
    ],
  ])("refuses %j", (body, error) => {
    expect(errorOf(body)).toBe(error);
  });

  test("takes a number for a terminal's id", () => {
    expect(entryOf({ user_id: 7, device_id: 2401058352 }).deviceId as string).toBe("2401058352");
  });

  test.each([
    [20260302081504, "format: 20260302081504 (expected text YYYYMMDDhhmmss)"],
    [null, "format: null (expected text YYYYMMDDhhmmss)"],
    ["", "format:  (expected text YYYYMMDDhhmmss)"],
    ["now", "format: now (expected text YYYYMMDDhhmmss)"],
    ["2026030208150", "format: 2026030208150 (expected text YYYYMMDDhhmmss)"],
  ])("refuses the time %p for its form", (timestamp, error) => {
    expect(errorOf({ user_id: 7, timestamp })).toBe(`Invalid timestamp ${error}`);
  });

  test.each(["20261345000000", "20260229080000", "20260302240000", "00000101000000"])(
    "refuses the time %s, which does not exist",
    (timestamp) => {
      expect(errorOf({ user_id: 7, timestamp })).toBe(
        `Invalid timestamp: ${timestamp} is a date or time of day that does not exist`,
      );
    },
  );

  test("keeps codes as they came, and none where there is no number", () => {
    expect(punchOf({ verify_mode: 3, io_mode: "1" })).toMatchObject({
      verifyModeCode: "3",
      directionCode: "1",
    });
    expect(punchOf({ verify_mode: 4_294_967_295 }).verifyModeCode).toBe("4294967295");
    for (const code of [-1, 1.5, "face", "", null, [3], true]) {
      expect(punchOf({ verify_mode: code }).verifyModeCode).toBeUndefined();
    }
    expect(errorOf({ user_id: 7, verify_mode: 4_294_967_296 })).toBe(
      "Invalid verify_mode: 4294967296 (expected at most 4294967295)",
    );
    expect(errorOf({ user_id: 7, io_mode: "9".repeat(20) })).toContain("Invalid io_mode");
  });
});
