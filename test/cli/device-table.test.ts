/**
 * Aim: the table of terminals says the same to every reader, whatever is missing.
 */

import { expect, test } from "bun:test";
import { parseDeviceList } from "#cli/device-list.ts";
import { deviceTable, formatAge, formatSkew } from "#cli/device-table.ts";

test("formatAge() takes the largest unit that fits, and never runs into the future", () => {
  const ages: readonly [number, string][] = [
    [-5000, "0 s ago"],
    [0, "0 s ago"],
    [59_999, "59 s ago"],
    [60_000, "1 min ago"],
    [3_599_999, "59 min ago"],
    [3_600_000, "1 h ago"],
    [47 * 3_600_000, "47 h ago"],
    [48 * 3_600_000, "2 days ago"],
  ];
  for (const [ageMs, text] of ages) expect([ageMs, formatAge(ageMs)]).toEqual([ageMs, text]);
});

test("formatSkew() tells how far and which way a clock is off", () => {
  const skews: readonly [number | undefined, string][] = [
    [undefined, ""],
    [0, "right"],
    [-1499, "right"],
    [1500, "2 s fast"],
    [-119_000, "119 s slow"],
    [120_000, "2 min fast"],
    [-7_199_000, "119 min slow"],
    [-820_000_000_000, "25 years slow"],
    [5 * 86_400_000, "5 days fast"],
  ];
  for (const [skewMs, text] of skews) expect([skewMs, formatSkew(skewMs)]).toEqual([skewMs, text]);
});

test("deviceTable() says so when no terminal has come, and how long new ones are approved", () => {
  const list = parseDeviceList({
    devices: [],
    pairing_window_ends_at: "2026-03-02T00:15:04.000Z",
  });
  const endsAtMs = Date.UTC(2026, 2, 2, 0, 15, 4);
  expect(deviceTable(list, endsAtMs - 60_001)).toBe(
    "No terminal has been in contact yet\n\nNew terminals are approved at once for 2 more min",
  );
  expect(deviceTable(list, endsAtMs)).toBe("No terminal has been in contact yet");
});

test("parseDeviceList() takes what is there and refuses what is no list", () => {
  expect(parseDeviceList({ devices: [7, {}] }).devices).toHaveLength(2);
  for (const body of [null, 7, "x", [], {}, { devices: {} }]) {
    expect(() => parseDeviceList(body)).toThrow("Cannot read the list of terminals");
  }
});
