/**
 * Aim: the times and device ids of the replaced server's columns are read as they were written.
 */

import { expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { readDeviceId, readOriginalTime, readOriginalUtc } from "#domain/original-row.ts";

test("readOriginalUtc() takes SQLite's and Python's spelling of a time as UTC", () => {
  const wanted = epochMs(Date.UTC(2025, 0, 2, 0, 15, 30));
  for (const text of [
    "2025-01-02 00:15:30",
    "2025-01-02 00:15:30.123456",
    "2025-01-02T00:15:30.5",
  ]) {
    expect(readOriginalUtc(text)).toBe(wanted);
  }
});

test("readOriginalTime() takes nothing else for a time", () => {
  for (const text of [
    null,
    undefined,
    "",
    "1735776930",
    "2025-01-02",
    "2025-02-30 00:00:00",
    "x",
  ]) {
    expect(readOriginalTime(text)).toBeUndefined();
  }
});

test("readDeviceId() takes any id that a request could carry, and says what is wrong with others", () => {
  expect(readDeviceId("GATE-ñ")).toBe(deviceId("GATE-ñ"));
  expect(readDeviceId("9".repeat(64))).toBe(deviceId("9".repeat(64)));
  expect(readDeviceId("9".repeat(65))).toEqual({
    code: "device-too-long",
    reason: "Device id has 65 characters: at most 64 are accepted",
  });
  for (const text of [null, undefined, "", " \0"]) {
    expect(readDeviceId(text)).toEqual({ code: "no-device", reason: "Row has no device id" });
  }
});
