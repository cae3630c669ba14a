/** Aim: the journal is known by its file alone, and every line of a failure is an error in it. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asErrors, isJournal } from "#platform/journal.ts";

let folder: string;
let descriptor: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
  descriptor = openSync(join(folder, "stream"), "w");
});

afterEach(() => {
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

test("isJournal() compares the file with the one that systemd names", () => {
  const { dev, ino } = fstatSync(descriptor);
  expect(isJournal(`${dev}:${ino}`, descriptor)).toBe(true);
  expect(isJournal(`${dev}:${ino + 1}`, descriptor)).toBe(false);
  expect(isJournal(`${dev}`, descriptor)).toBe(false);
  expect(isJournal("", descriptor)).toBe(false);
  expect(isJournal(undefined, descriptor)).toBe(false);
});

test("asErrors() marks every line", () => {
  expect(asErrors("error: a\nhint: b\n")).toBe("<3>error: a\n<3>hint: b\n");
  expect(asErrors("a\n\nb")).toBe("<3>a\n\n<3>b");
});
