/** Aim: what a person writes of a terminal can be shown, and fits. */

import { expect, test } from "bun:test";
import { parseDeviceId, parseDeviceName } from "#domain/device-text.ts";

test("parseDeviceName() drops blanks around a name and keeps every script", () => {
  for (const name of ["Gate", "Tür 漢字 👨‍👩‍👧", "x".repeat(100), "<b>"]) {
    expect(parseDeviceName(`  ${name} `)).toEqual({ ok: true, value: name });
  }
});

test("parseDeviceId() keeps an id as it is written", () => {
  for (const id of ["2401058352", " x ", "a/b", "..", "x".repeat(64)]) {
    expect(parseDeviceId(id) as unknown).toEqual({ ok: true, value: id });
  }
});

test.each([
  ["", "empty"],
  ["   ", "empty"],
  ["x".repeat(101), "too-long"],
  ["a\u0000b", "control-character"],
  ["a\u001b[2Jb", "control-character"],
  ["a\nb", "control-character"],
  ["a\u2028b", "control-character"],
  ["a\ud800b", "control-character"],
])("parseDeviceName() and parseDeviceId() refuse %p as %s", (text, code) => {
  for (const parsed of [parseDeviceName(text), parseDeviceId(text)]) {
    expect(!parsed.ok && (parsed.error.code as string)).toBe(code);
  }
});
