/**
 * Aim: what is wrong with terminals outlives a restart, its history has a row for each beginning and
 * end, and neither grows without bound.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { type Condition, type ConditionChange, conditionFix } from "#domain/condition.ts";
import { openStorage } from "#storage/sqlite-storage.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeOwnClock } from "../support/fake-own-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import {
  MANILA_RULES,
  openTestStorage,
  pollFrom,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
} from "../support/test-storage.ts";

const DAY_MS = 86_400_000;

const TLS: Condition = {
  type: "https-on",
  subject: "192.0.2.9",
  raisedAtMs: RECEIVED_AT_MS,
  lastSeenAtMs: RECEIVED_AT_MS,
  detail: 'bytes "x"',
};
const PENDING: Condition = { ...TLS, type: "pending", subject: "GATE", detail: "waits" };

function change(kind: ConditionChange["kind"], condition: Condition, afterMs = 0): ConditionChange {
  return { kind, condition, atMs: epochMs(RECEIVED_AT_MS + afterMs) };
}

function history(path: string): readonly unknown[] {
  using database = new Database(path, { readonly: true });
  return database.query("SELECT type, device_id, data_text FROM events ORDER BY id").values();
}

test("recordConditions() keeps what is open over a restart, and a row of each change", async () => {
  using opened = openTestStorage();
  await opened.storage.recordConditions([change("raised", TLS), change("raised", PENDING)]);
  expect(await opened.storage.listConditions()).toEqual([TLS, PENDING]);
  await opened.reopen();
  expect(await opened.storage.listConditions()).toEqual([TLS, PENDING]);
  await opened.storage.recordConditions([change("cleared", TLS, 5)]);
  expect(await opened.storage.listConditions()).toEqual([PENDING]);
  const data = (condition: Condition, fix = "") =>
    `{"condition":"${condition.type}","subject":"${condition.subject}","detail":${JSON.stringify(condition.detail)},"raised_at_ms":${RECEIVED_AT_MS}${fix}}`;
  const fixOf = (condition: Condition) => `,"fix":${JSON.stringify(conditionFix(condition))}`;
  expect(history(opened.path)).toEqual([
    ["condition.raised", "", data(TLS, fixOf(TLS))],
    ["condition.raised", "GATE", data(PENDING, fixOf(PENDING))],
    ["condition.cleared", "", data(TLS)],
  ]);
});

test("recordConditions() has one row of a condition, however often it is raised", async () => {
  using opened = openTestStorage();
  await opened.storage.recordConditions([change("raised", TLS)]);
  const later = { ...TLS, detail: "later" };
  await opened.storage.recordConditions([change("raised", later)]);
  expect(await opened.storage.listConditions()).toEqual([later]);
});

test("recordConditions() drops history of more than 30 days", async () => {
  using opened = openTestStorage();
  await opened.storage.recordConditions([change("raised", TLS)]);
  await opened.storage.recordConditions([change("cleared", TLS, 30 * DAY_MS)]);
  expect(history(opened.path)).toHaveLength(2);
  await opened.storage.recordConditions([change("raised", PENDING, 30 * DAY_MS + 1)]);
  expect(history(opened.path)).toHaveLength(2);
});

test("recordConditions() holds 10,000 rows of history", async () => {
  using opened = openTestStorage();
  const flapping = Array.from({ length: 10_100 }, (_, index) =>
    change(index % 2 === 0 ? "raised" : "cleared", TLS),
  );
  await opened.storage.recordConditions(flapping);
  expect(history(opened.path)).toHaveLength(10_000);
  expect(await opened.storage.listConditions()).toEqual([]);
});

test("onTwins is told while two terminals go on with one id, the log once", async () => {
  using folder = openTestStorage();
  const told: string[] = [];
  const log = new RecordingLog();
  const storage = openStorage({
    path: `${folder.path}-twins`,
    rules: MANILA_RULES,
    ownClock: new FakeOwnClock(true),
    clock: new FakeClock(RECEIVED_AT_MS),
    log,
    onLost: () => undefined,
    onTwins: (device) => told.push(device),
  });
  for (let turn = 0; turn < 6; turn += 1) {
    const atMs = epochMs(RECEIVED_AT_MS + turn * 5_000);
    const poll = pollFrom("GATE", "20260302090000", atMs);
    await storage.append([{ ...poll, remoteAddress: `192.0.2.${turn % 2}` }]);
  }
  await storage.close();
  expect(told).toEqual(["GATE", "GATE", "GATE"]);
  expect(log.of("device.twins")).toHaveLength(1);
});

test("two serial numbers in turns under one id are told as two terminals", async () => {
  using opened = openTestStorage();
  for (let turn = 0; turn < 5; turn += 1) {
    const punch = rawPunch(String(turn), "20260302080000");
    const sent = punchesFrom("GATE", [punch], epochMs(RECEIVED_AT_MS + turn * 600_000));
    const intake = { ...sent.intake, serialText: turn % 2 === 0 ? "S1" : "S2" };
    await opened.storage.append([{ ...sent, intake }]);
  }
  expect(opened.log.of("device.twins").map(({ fields }) => fields)).toMatchObject([
    { device: "GATE", detail: expect.stringContaining("two serial numbers in turns") },
  ]);
});

test("listConditions() leaves out what only another version knows", async () => {
  using opened = openTestStorage();
  await opened.storage.recordConditions([change("raised", TLS)]);
  await opened.reopen({}, () => {
    using database = new Database(opened.path);
    database.run("UPDATE conditions SET type = 'of-tomorrow'");
  });
  expect(await opened.storage.listConditions()).toEqual([]);
});
