/**
 * Aim: of a terminal's own log exactly what is missing is added, once, however the reading is cut
 * short or repeated, and nothing else of the terminal changes.
 */

import { expect, test } from "bun:test";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { RawPunch } from "#domain/intake.ts";
import { parseProgress } from "#domain/log-recovery.ts";
import type { WallTime } from "#domain/wall-time.ts";
import { LogRecovery } from "#maintenance/log-recovery.ts";
import { type LogParts, logRecord } from "../devices/fkweb/record-bytes.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { pollFrom, resultFrom } from "../support/terminal-intakes.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
  type TestStorage,
} from "../support/test-storage.ts";

const GATE = deviceId("GATE1");
const DAY_MS = 86_400_000;
const LATER_MS = epochMs(RECEIVED_AT_MS + DAY_MS);
/** The record of a live punch `rawPunch("33", ...)`, whose live copy may pad the id. */
const part = (user: number, time: string, more: Partial<LogParts> = {}): LogParts => ({
  user,
  time,
  io: 1,
  verify: 3,
  ...more,
});
const MORNING = part(33, "20260302080000");
const EVENING = part(33, "20260302083000");

interface Reading {
  readonly from?: string;
  readonly until?: string;
  readonly announced?: number;
  readonly extra?: readonly Buffer[];
  readonly by?: "operator" | "server";
}

async function openWithGate(rules: Parameters<typeof openTestStorage>[0] = {}) {
  const opened = openTestStorage(rules);
  await opened.storage.append([pollFrom("GATE1")]);
  return opened;
}

/** Orders a reading and answers it as the terminal. */
async function sendLog(
  opened: TestStorage,
  records: readonly LogParts[],
  { from, until, announced, extra = [], by = "operator" }: Reading = {},
): Promise<number> {
  const { storage } = opened;
  const order = await storage.queueCommands({
    deviceId: GATE,
    commands: [
      {
        kind: "read-log",
        fromWallTime: from as WallTime | undefined,
        untilWallTime: until as WallTime | undefined,
      },
    ],
    requestedBy: by,
    nowMs: RECEIVED_AT_MS,
    deadlineMs: LATER_MS,
  });
  if (order.kind !== "queued") throw new Error(order.kind);
  const id = order.commands[0]?.id ?? 0;
  const bytes = [...records.map((parts) => logRecord("HS101", parts)), ...extra];
  await answerLog(opened, id, { bytes, announced: announced ?? bytes.length });
  return id;
}

async function answerLog(
  { storage }: TestStorage,
  id: number,
  log: { readonly bytes: readonly Buffer[]; readonly announced: number },
): Promise<void> {
  await storage.append([pollFrom("GATE1")]);
  const text = JSON.stringify({
    log_array: "BIN_1",
    log_count: String(log.announced),
    one_log_size: "12",
  });
  const commandIdText = `c-${id}`;
  await storage.append([
    resultFrom("GATE1", { commandIdText, text, binaries: [Buffer.concat([...log.bytes])] }),
  ]);
}

function recoveryOf(opened: TestStorage, atMs: EpochMs = RECEIVED_AT_MS) {
  const clock = new FakeClock(atMs);
  return new LogRecovery({ storage: opened.storage, clock, log: opened.log, afterStep: () => {} });
}

async function recover(opened: TestStorage, atMs?: EpochMs): Promise<number> {
  const recovery = recoveryOf(opened, atMs);
  let steps = 0;
  while (await recovery.step()) steps += 1;
  await finishBackgroundWork(opened.storage);
  return steps;
}

async function reportOf(opened: TestStorage, id: number): Promise<Record<string, unknown>> {
  const command = await opened.storage.findCommand(id);
  expect(command).toMatchObject({ isResultPending: false, resultByteCount: 0 });
  const { read_through: _, ...report } = JSON.parse(command?.resultText ?? "");
  return report;
}

const counts = (more: Record<string, number>) => ({
  announced_count: more.read_count ?? 0,
  read_count: 0,
  known_count: 0,
  added_count: 0,
  unreadable_count: 0,
  conflicting_count: 0,
  left_out_count: 0,
  refused_count: 0,
  ...more,
});

/** What the feed tells of each punch, in the order of their times. */
async function stored(opened: TestStorage) {
  const punches = await readFeed(opened.storage);
  return punches
    .map(
      ({ userId, wallTime, origin, direction }) => `${userId} ${wallTime} ${origin} ${direction}`,
    )
    .toSorted();
}

test("what is missing is added as recovered, with its direction and its message, and nothing else", async () => {
  using opened = await openWithGate({ announcesResends: true });
  const { storage } = opened;
  await storage.append([punchesFrom("GATE1", [rawPunch("0033", EVENING.time)])]);
  const before = await storage.findDevice(GATE);
  const id = await sendLog(opened, [MORNING, EVENING], { by: "server" });
  const afterResult = await storage.findDevice(GATE);
  await recover(opened);
  expect(await reportOf(opened, id)).toEqual(
    counts({ read_count: 2, known_count: 1, added_count: 1 }),
  );
  // The late punch is the first of the day, so the known one becomes the second.
  expect(await stored(opened)).toEqual([
    "33 20260302080000 recovered in",
    "33 20260302083000 live out",
  ]);
  const device = await storage.findDevice(GATE);
  expect(device?.duplicateCount).toBe(before?.duplicateCount ?? -1);
  expect(device?.lastContactMs).toBe(afterResult?.lastContactMs);
  const messages = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 10);
  expect(messages.filter(({ isDuplicate }) => isDuplicate)).toEqual([]);
  expect(messages.map(({ punch }) => punch?.wallTime).toSorted()).toContain(
    MORNING.time as WallTime,
  );
  expect(opened.log.of("log.recovered")).toMatchObject([
    { fields: { command: id, device: "GATE1", read: 2, known_count: 1, added_count: 1 } },
  ]);
});

test("a second reading adds nothing, and the live copy that comes behind its record is a resend", async () => {
  using opened = await openWithGate();
  await sendLog(opened, [MORNING, EVENING], { by: "server" });
  await recover(opened);
  const first = await readFeed(opened.storage);
  const id = await sendLog(opened, [MORNING, EVENING], { by: "server" });
  await recover(opened);
  expect(await reportOf(opened, id)).toEqual(counts({ read_count: 2, known_count: 2 }));
  const live = punchesFrom("GATE1", [rawPunch("00000033", MORNING.time)]);
  expect(await opened.storage.append([live])).toEqual([{ kind: "duplicate" }]);
  expect(await readFeed(opened.storage)).toEqual(first);
});

test("a code that only one side has contradicts nothing; another code is kept apart, once", async () => {
  using opened = await openWithGate();
  const bare = { directionCode: undefined, verifyModeCode: "" };
  await opened.storage.append([punchesFrom("GATE1", [rawPunch("33", MORNING.time, bare)])]);
  await opened.storage.append([punchesFrom("GATE1", [rawPunch("33", EVENING.time)])]);
  const records = [MORNING, { ...EVENING, verify: 1 }];
  const expected = counts({ read_count: 2, known_count: 1, conflicting_count: 1 });
  for (const id of [1, 2]) {
    expect(await sendLog(opened, records, { by: "server" })).toBe(id);
    await recover(opened);
    expect(await reportOf(opened, id)).toEqual(expected);
  }
  expect((await opened.storage.figures()).quarantineCount).toBe(1);
});

test.each([
  ["HS100", { directionCode: "5", verifyModeCode: "137" }, { io: 1, verify: 9 }],
  ["HS200", { directionCode: "33", verifyModeCode: "137" }, { io: 1, verify: 9 }],
] as const)(
  "a whole log of %s, whose records keep less of a code, conflicts with nothing",
  async (library, codes, kept) => {
    using opened = await openWithGate();
    const { storage } = opened;
    const codeLibrary = `FKData${library}`;
    const told = { report: { codeLibrary } };
    await storage.append([pollFrom("GATE1", RECEIVED_AT_MS, told)]);
    const times = ["20260302080000", "20260302081500", "20260302083000"];
    const live = times.map((time) => rawPunch("33", time, { ...codes, codeLibrary }));
    const [first = [], ...late] = live.map((punch) => [punchesFrom("GATE1", [punch])]);
    await storage.append(first);
    await storage.queueLogReadings([GATE], RECEIVED_AT_MS, LATER_MS);
    await storage.append([pollFrom("GATE1", RECEIVED_AT_MS, told)]);
    const records = times.map((time) => logRecord(library, { ...part(33, time), ...kept }));
    const text = '{"log_array":"BIN_1","log_count":3,"one_log_size":12}';
    const binaries = [Buffer.concat(records)];
    await storage.append([resultFrom("GATE1", { commandIdText: "c-1", text, binaries })]);
    await recover(opened);
    expect(await reportOf(opened, 1)).toEqual(
      counts({ read_count: 3, known_count: 1, added_count: 2 }),
    );
    // The live copies of the others come behind their records.
    for (const intakes of late)
      expect(await storage.append(intakes)).toEqual([{ kind: "duplicate" }]);
    const other = rawPunch("33", times[2] ?? "", { ...codes, verifyModeCode: "138", codeLibrary });
    expect(await storage.append([punchesFrom("GATE1", [other])])).toEqual([
      { kind: "quarantined" },
    ]);
  },
);

test("an unreadable record is kept once, and the others are read", async () => {
  using opened = await openWithGate();
  const blank = Buffer.alloc(12);
  const id = await sendLog(opened, [MORNING], { extra: [blank, blank], by: "server" });
  await recover(opened);
  expect(await reportOf(opened, id)).toEqual(
    counts({ read_count: 3, added_count: 1, unreadable_count: 2 }),
  );
  expect((await opened.storage.figures()).quarantineCount).toBe(1);
  expect(opened.log.of("quarantine.added")).toHaveLength(1);
});

test("before the start date, and with a time nobody believes, only what a person asked for is added", async () => {
  using opened = await openWithGate({ historyMs: DAY_MS });
  const old = part(7, "20260115080000");
  const reset = part(7, "20010101000500");
  const records = [old, reset, MORNING];
  const nightly = await sendLog(opened, records, { from: "20000101000000", by: "server" });
  await recover(opened);
  expect(await reportOf(opened, nightly)).toEqual(
    counts({ read_count: 3, added_count: 1, left_out_count: 2 }),
  );
  const typed = await sendLog(opened, records, { from: "20260101000000" });
  await recover(opened);
  expect(await reportOf(opened, typed)).toEqual(
    counts({ read_count: 3, known_count: 1, added_count: 1, left_out_count: 1 }),
  );
  const punch = (await readFeed(opened.storage)).at(-1);
  expect(punch).toMatchObject({
    wallTime: old.time as WallTime,
    isHistoric: true,
    origin: "recovered",
  });
  const messages = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10);
  expect(messages.map((message) => message.punch?.wallTime)).toEqual([MORNING.time as WallTime]);
});

test("a person who did not say from when is asked nothing older than the start date", async () => {
  using opened = await openWithGate({ historyMs: DAY_MS });
  const { storage } = opened;
  const id = await sendLog(opened, [part(7, "20260115080000"), part(7, "20270101000500"), MORNING]);
  await recover(opened);
  expect(await reportOf(opened, id)).toEqual(
    counts({ read_count: 3, added_count: 1, left_out_count: 2 }),
  );
  // It is the start date of the hand-out that counts.
  const command = { kind: "read-log" } as const;
  const order = { deviceId: GATE, commands: [command], requestedBy: "operator" };
  await storage.queueCommands({ ...order, nowMs: RECEIVED_AT_MS, deadlineMs: LATER_MS });
  await storage.updateDevice(GATE, { startAtMs: epochMs(RECEIVED_AT_MS - 2 * DAY_MS) });
  const [outcome] = await storage.append([pollFrom("GATE1")]);
  expect(outcome).toMatchObject({
    command: { command: { kind: "read-log", fromWallTime: "20260228090000" } },
  });
});

test("while a log is being read, a person's reading is refused with the number of that one", async () => {
  using opened = await openWithGate();
  const { storage } = opened;
  const command = { kind: "read-log", fromWallTime: "20200101000000" as WallTime } as const;
  const ask = () =>
    storage.queueCommands({
      deviceId: GATE,
      commands: [command],
      requestedBy: "operator",
      nowMs: RECEIVED_AT_MS,
      deadlineMs: LATER_MS,
    });
  const refused = { kind: "log-being-read", commandId: 1 } as const;
  await storage.queueLogReadings([GATE], RECEIVED_AT_MS, LATER_MS);
  expect(await ask()).toEqual(refused);
  await answerLog(opened, 1, { bytes: [logRecord("HS101", MORNING)], announced: 1 });
  expect(await ask()).toEqual(refused);
  await recover(opened);
  expect(await ask()).toMatchObject({ kind: "queued" });
});

test("a punch of a clock that was reset is known in whatever episode its record is read", async () => {
  using opened = await openWithGate({ setsDeviceTime: false });
  const reset = "20000101000500";
  const { storage } = opened;
  await storage.append([
    pollFrom("GATE1", RECEIVED_AT_MS, { report: { clockText: "20260302090000" } }),
  ]);
  await storage.append([
    pollFrom("GATE1", RECEIVED_AT_MS, { report: { clockText: "20000101000400" } }),
  ]);
  await storage.append([punchesFrom("GATE1", [rawPunch("33", reset)])]);
  await storage.append([
    pollFrom("GATE1", RECEIVED_AT_MS, { report: { clockText: "20000101000100" } }),
  ]);
  const id = await sendLog(opened, [part(33, reset)], { from: "20000101000000" });
  await recover(opened);
  expect(await reportOf(opened, id)).toEqual(counts({ read_count: 1, known_count: 1 }));
});

test("a log that is cut short, or cannot be read, says so and does not count as read through", async () => {
  using opened = await openWithGate();
  const cut = await sendLog(opened, [MORNING], { announced: 5, by: "server" });
  await recover(opened);
  expect((await reportOf(opened, cut)).added_count).toBe(1);
  expect((await opened.storage.findCommand(cut))?.problem).toBe(
    "The terminal announced 5 records and sent 1",
  );
  const torn = await sendLog(opened, [MORNING], {
    announced: 2,
    extra: [logRecord("HS101", EVENING).subarray(0, 11)],
    by: "server",
  });
  await recover(opened);
  expect(await reportOf(opened, torn)).toMatchObject({ read_count: 2, unreadable_count: 1 });
  expect((await opened.storage.findCommand(torn))?.problem).toBe(
    "The terminal announced 2 records and sent 1",
  );
  await opened.storage.queueLogReadings([GATE], RECEIVED_AT_MS, LATER_MS);
  const [next] = await opened.storage.listCommands({ isOpen: true }, 1);
  expect(next?.parameters).toEqual({ from: "20260126090000" });
  await answerLog(opened, next?.id ?? 0, { bytes: [], announced: 3 });
  await recover(opened);
  expect((await opened.storage.findCommand(next?.id ?? 0))?.problem).toBe(
    "The log cannot be read: log_count is 3, and the result has no records",
  );
  expect(opened.log.of("log.recovered")[0]).toMatchObject({ level: "warn" });
});

test("records without room are told, and the log does not count as read through", async () => {
  using opened = await openWithGate({ quarantineBytesMax: 300 });
  const invalid = part(8, "20260302081000", { valid: 0 });
  const id = await sendLog(opened, [MORNING, invalid], { by: "server" });
  await recover(opened);
  const counted = { read_count: 2, added_count: 1, refused_count: 1 };
  expect(await reportOf(opened, id)).toEqual(counts(counted));
  expect((await opened.storage.findCommand(id))?.problem).toContain("no room for some of the rec");
  await opened.storage.queueLogReadings([GATE], RECEIVED_AT_MS, LATER_MS);
  const [next] = await opened.storage.listCommands({ isOpen: true }, 1);
  expect(next?.parameters).toEqual({ from: "20260126090000" });
});

test("an answer that neither counts records nor has any is no reading", async () => {
  using opened = await openWithGate();
  await opened.storage.queueLogReadings([GATE], RECEIVED_AT_MS, LATER_MS);
  await opened.storage.append([pollFrom("GATE1")]);
  await opened.storage.append([resultFrom("GATE1", { commandIdText: "c-1", text: "{}" })]);
  await recover(opened);
  expect((await opened.storage.findCommand(1))?.problem).toBe(
    "The terminal neither counted its records nor sent any",
  );
  await opened.storage.queueLogReadings([GATE], RECEIVED_AT_MS, LATER_MS);
  const [next] = await opened.storage.listCommands({ isOpen: true }, 1);
  expect(next?.parameters).toEqual({ from: "20260126090000" });
});

test("a terminal that speaks of progress in its result is read from the first record on", async () => {
  using opened = await openWithGate();
  await opened.storage.queueLogReadings([GATE], RECEIVED_AT_MS, LATER_MS);
  await opened.storage.append([pollFrom("GATE1")]);
  const fields = { log_array: "BIN_1", log_count: 1, one_log_size: 12 };
  const text = JSON.stringify({ ...fields, recovery: { known_count: 1 } });
  const binaries = [logRecord("HS101", MORNING)];
  await opened.storage.append([resultFrom("GATE1", { commandIdText: "c-1", text, binaries })]);
  expect(await recover(opened)).toBe(1);
  expect(await reportOf(opened, 1)).toEqual(counts({ read_count: 1, added_count: 1 }));
});

test("one reading at a time is asked for, from the last one on with a day of overlap", async () => {
  using opened = await openWithGate({ historyMs: 3 * DAY_MS });
  const { storage } = opened;
  const ask = () => storage.queueLogReadings([GATE, deviceId("NOBODY")], RECEIVED_AT_MS, LATER_MS);
  expect(await ask()).toEqual([GATE]);
  expect(await ask()).toEqual([]);
  expect((await storage.findCommand(1))?.parameters).toEqual({ from: "20260227090000" });
  await answerLog(opened, 1, { bytes: [], announced: 0 });
  // Its result is there, and not worked on.
  expect(await ask()).toEqual([]);
  await recover(opened);
  expect(await ask()).toEqual([GATE]);
  expect(await storage.findCommand(2)).toMatchObject({
    requestedBy: "server",
    parameters: { from: "20260301090000" },
  });
});

test("only a reading without a gap moves what is read through, and none of an untrusted clock", async () => {
  using opened = await openWithGate({ historyMs: 3 * DAY_MS });
  const { storage, ownClock } = opened;
  const nextFrom = async () => {
    await storage.queueLogReadings([GATE], RECEIVED_AT_MS, LATER_MS);
    const [command] = await storage.listCommands({ isOpen: true }, 1);
    await storage.cancelCommand(command?.id ?? 0, RECEIVED_AT_MS);
    return command?.parameters.from;
  };
  const read = async (reading: Reading) => {
    await sendLog(opened, [], reading);
    await recover(opened);
    return nextFrom();
  };
  ownClock.trusted = false;
  expect(await read({ by: "server" })).toBe("20260227090000");
  ownClock.trusted = true;
  expect(await read({ from: "20260301000000" })).toBe("20260227090000");
  expect(await read({ from: "20260227000000", until: "20260301090000" })).toBe("20260228090000");
  expect(await read({ by: "server" })).toBe("20260301090000");
  expect(await read({ until: "20260228000000" })).toBe("20260301090000");
});

test("what a clock of ours that was far ahead called read through is read again", async () => {
  using opened = await openWithGate({ historyMs: 3 * DAY_MS });
  const { storage } = opened;
  const aheadMs = epochMs(RECEIVED_AT_MS + 400 * DAY_MS);
  const readAt = async (atMs: EpochMs) => {
    await storage.queueLogReadings([GATE], atMs, epochMs(atMs + DAY_MS));
    const [command] = await storage.listCommands({ isOpen: true }, 1);
    const commandIdText = `c-${command?.id}`;
    await storage.append([pollFrom("GATE1", atMs)]);
    await storage.append([resultFrom("GATE1", { commandIdText, text: '{"log_count":0}' }, atMs)]);
    await recover(opened, atMs);
    return command?.parameters.from;
  };
  expect(await readAt(aheadMs)).toBe("20260227090000");
  expect(await readAt(RECEIVED_AT_MS)).toBe("20260227090000");
  expect(await readAt(RECEIVED_AT_MS)).toBe("20260301090000");
});

test("a log that came is worked on to its end when its terminal is taken out of use meanwhile", async () => {
  using opened = await openWithGate({ enrollment: "approve" });
  const { storage } = opened;
  await storage.approveDevice(GATE);
  const blocked = await sendLog(opened, [MORNING], { by: "server" });
  await storage.blockDevice(GATE);
  await recover(opened);
  expect(await reportOf(opened, blocked)).toEqual(counts({ read_count: 1, added_count: 1 }));
  expect(await readFeed(storage)).toHaveLength(1);
  await storage.approveDevice(GATE);
  // The result of the second one comes when nobody knows the terminal any more: it is held with it.
  await storage.queueLogReadings([GATE], RECEIVED_AT_MS, LATER_MS);
  await storage.append([pollFrom("GATE1")]);
  await storage.retireDevice(GATE);
  const records = [MORNING, EVENING].map((parts) => logRecord("HS101", parts));
  await answerLog(opened, 2, { bytes: records, announced: 2 });
  await recover(opened);
  const counted = { read_count: 2, known_count: 1, added_count: 1 };
  expect(await reportOf(opened, 2)).toEqual(counts(counted));
  expect(await storage.findCommand(2)).toMatchObject({ status: "unconfirmed" });
  expect(await storage.findDevice(GATE)).toMatchObject({ status: "pending", heldCount: 1 });
  expect(await readFeed(storage)).toHaveLength(1);
});

const LONG: readonly LogParts[] = Array.from({ length: 450 }, (_, index) =>
  part(
    1 + (index % 9),
    `202603020${Math.floor(index / 60)}${String(index % 60).padStart(2, "0")}00`,
  ),
);

test("interrupted at any step and started anew, it ends as if it had not been", async () => {
  using whole = await openWithGate();
  await sendLog(whole, LONG, { by: "server" });
  expect(await recover(whole)).toBe(3);
  using cut = await openWithGate();
  const id = await sendLog(cut, LONG, { by: "server" });
  for (const done of [200, 400]) {
    await recoveryOf(cut).step();
    await cut.reopen();
    const resultText = (await cut.storage.findCommand(id))?.resultText;
    expect(parseProgress(resultText).added).toBe(done);
  }
  await recover(cut);
  expect(await reportOf(cut, id)).toEqual(await reportOf(whole, id));
  expect(await reportOf(cut, id)).toEqual(counts({ read_count: 450, added_count: 450 }));
  expect(await readFeed(cut.storage)).toEqual(await readFeed(whole.storage));
});

/** Reproducible numbers below 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test("any part of a log that came live, before or behind the reading: each punch is stored once", async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = randomFrom(seed);
    using opened = await openWithGate();
    const log = LONG.filter(() => random() < 0.2);
    const live = (parts: LogParts): RawPunch =>
      rawPunch(String(parts.user).padStart(8, "0"), parts.time);
    const early = log.filter(() => random() < 0.5);
    const late = log.filter((parts) => !early.includes(parts) && random() < 0.3);
    await opened.storage.append(early.map((parts) => punchesFrom("GATE1", [live(parts)])));
    const id = await sendLog(opened, log, { by: "server" });
    await recover(opened);
    await opened.storage.append(late.map((parts) => punchesFrom("GATE1", [live(parts)])));
    await finishBackgroundWork(opened.storage);
    const keys = (await readFeed(opened.storage)).map(
      ({ userId, wallTime }) => `${userId} ${wallTime}`,
    );
    expect(keys.toSorted()).toEqual(log.map(({ user, time }) => `${user} ${time}`).toSorted());
    expect(await reportOf(opened, id)).toMatchObject({
      read_count: log.length,
      known_count: early.length,
      added_count: log.length - early.length,
    });
  }
});

test("a reading shows up to when all is here, as far as the terminal's clock had come", async () => {
  using opened = await openWithGate();
  const { storage, clock } = opened;
  const completeness = () => storage.readCompleteness({ lateAfter: 0, lateLimit: 10 });
  expect((await completeness()).throughMs).toBeUndefined();
  const first = await sendLog(opened, [MORNING]);
  await recover(opened);
  const { throughMs, devices, late } = await completeness();
  expect([throughMs, late]).toEqual([RECEIVED_AT_MS, []]);
  expect(devices[0]).toMatchObject({
    receivedThroughMs: undefined,
    verifiedThroughMs: RECEIVED_AT_MS,
    verifiedEvidence: { commandId: first, atMs: RECEIVED_AT_MS },
  });
  const shown = async (id: number) =>
    JSON.parse((await storage.findCommand(id))?.resultText ?? "").read_through;
  expect(await shown(first)).toBe("2026-03-02T01:00:00.000Z");

  // One that reads nothing further proves nothing more, and is not the evidence.
  const earlier = await sendLog(opened, [EVENING], { until: "20260301000000" });
  await recover(opened);
  expect(await shown(earlier)).toBeNull();
  await clock.advance(10_000);
  const next = await completeness();
  expect(next.devices[0]?.verifiedEvidence?.commandId).toBe(first);
  expect(next.late).toMatchObject([{ origin: "recovered", completeThroughMs: RECEIVED_AT_MS }]);
});

test("a reading of a terminal whose clock is slow proves as much less", async () => {
  using opened = await openWithGate({ setsDeviceTime: false });
  const { storage } = opened;
  const slow = { report: { clockText: "20260302084500" } };
  await storage.append([pollFrom("GATE1", RECEIVED_AT_MS, slow)]);
  await sendLog(opened, [MORNING]);
  await recover(opened);
  const { throughMs } = await storage.readCompleteness({ lateAfter: 0, lateLimit: 10 });
  expect(throughMs).toBe(epochMs(RECEIVED_AT_MS - 15 * 60_000));
});
