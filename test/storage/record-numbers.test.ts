/**
 * Aim: the numbers that a terminal gives its records are kept with its punches, and tell how many
 * records never came, also over a restart; what is sent again, or counted anew, is not missing.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { deviceId } from "#domain/identifiers.ts";
import {
  openTestStorage,
  punchesFrom,
  rawPunch,
  type TestStorage,
} from "../support/test-storage.ts";

const GATE = deviceId("77");

/** A punch of its own second with this number, and what the terminal's row says behind it. */
async function sendRecord(opened: TestStorage, number: string | undefined, second: number) {
  const wallTime = `202603020800${String(second).padStart(2, "0")}`;
  const punch = rawPunch("7", wallTime, { recordNumberText: number });
  const [outcome] = await opened.storage.append([punchesFrom("77", [punch])]);
  const device = await opened.storage.findDevice(GATE);
  return [outcome?.kind, device?.lastRecordNumber, device?.missingRecordCount];
}

test("numbers that were left out are counted, also over a restart", async () => {
  using opened = openTestStorage();
  expect(await sendRecord(opened, "41", 1)).toEqual(["stored", "41", 0]);
  expect(await sendRecord(opened, "42", 2)).toEqual(["stored", "42", 0]);
  expect(await sendRecord(opened, "45", 3)).toEqual(["stored", "45", 2]);
  await opened.reopen();
  expect(await sendRecord(opened, "46", 4)).toEqual(["stored", "46", 2]);
  expect(await sendRecord(opened, "48", 5)).toEqual(["stored", "48", 3]);
  using database = new Database(opened.path, { readonly: true });
  expect(database.query("SELECT record_number FROM punches ORDER BY id").values()).toEqual([
    ["41"],
    ["42"],
    ["45"],
    ["46"],
    ["48"],
  ]);
});

test("a resend, a counter that begins anew and what is no number miss nothing", async () => {
  using opened = openTestStorage();
  await sendRecord(opened, "00000041", 1);
  expect(await sendRecord(opened, "42", 2)).toEqual(["stored", "42", 0]);
  expect(await sendRecord(opened, "00000041", 1)).toEqual(["duplicate", "42", 0]);
  expect(await sendRecord(opened, "1", 3)).toEqual(["stored", "1", 0]);
  expect(await sendRecord(opened, "x", 4)).toEqual(["stored", "1", 0]);
  expect(await sendRecord(opened, undefined, 5)).toEqual(["stored", "1", 0]);
  expect(await sendRecord(opened, "2", 6)).toEqual(["stored", "2", 0]);
});

test("a numbered record that goes to quarantine has come", async () => {
  using opened = openTestStorage();
  await sendRecord(opened, "1", 1);
  const empty = rawPunch("", "20260302080002", { recordNumberText: "2" });
  const [outcome] = await opened.storage.append([punchesFrom("77", [empty])]);
  expect(outcome?.kind).toBe("quarantined");
  expect(await sendRecord(opened, "3", 3)).toEqual(["stored", "3", 0]);
});
