/**
 * Aim: a command is handed out once it is on disk and to its terminal alone, ends in one final state,
 * and that state says no more than the terminal did; a rollback and a restart lose and double nothing.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { CommandResult, DeviceCommand, HandedCommand } from "#domain/command.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import type { Outcome, ReceivedIntake } from "#domain/intake.ts";
import type { CommandOrder, Storage } from "#storage/storage.ts";
import { pollFrom, resultFrom } from "../support/terminal-intakes.ts";
import {
  openTestStorage,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  type TestStorage,
} from "../support/test-storage.ts";

const GATE = deviceId("GATE1");
const DAY_MS = 86_400_000;
const STATUS: DeviceCommand = { kind: "get-status" };

const at = (afterMs: number): EpochMs => epochMs(RECEIVED_AT_MS + afterMs);

/** Storage with an approved terminal. */
async function openWithGate(): Promise<TestStorage> {
  const opened = openTestStorage();
  await opened.storage.append([pollFrom("GATE1")]);
  return opened;
}

function orderOf(command: DeviceCommand, more: Partial<CommandOrder> = {}): CommandOrder {
  return {
    deviceId: GATE,
    commands: [command],
    requestedBy: "operator",
    nowMs: RECEIVED_AT_MS,
    deadlineMs: at(DAY_MS),
    ...more,
  };
}

async function queue(
  storage: Storage,
  command: DeviceCommand,
  more: Partial<CommandOrder> = {},
): Promise<number> {
  const outcome = await storage.queueCommands(orderOf(command, more));
  if (outcome.kind !== "queued") throw new Error(outcome.kind);
  return outcome.commands[0]?.id ?? 0;
}

async function send(storage: Storage, received: ReceivedIntake): Promise<Outcome> {
  const [outcome] = await storage.append([received]);
  return outcome ?? { kind: "failed" };
}

async function poll(storage: Storage, afterMs = 0): Promise<HandedCommand | undefined> {
  const outcome = await send(storage, pollFrom("GATE1", at(afterMs)));
  return outcome.kind === "stored" ? outcome.command : undefined;
}

/** The id of the command that a poll with this clock is handed; undefined for none. */
async function handedAt(storage: Storage, afterMs: number, clockText: string): Promise<unknown> {
  const polled = pollFrom("GATE1", at(afterMs), { report: { clockText } });
  return Object(await send(storage, polled)).command?.id;
}

async function answer(storage: Storage, id: number, said: Partial<CommandResult> = {}) {
  return send(storage, resultFrom("GATE1", { commandIdText: `c-${id}`, text: "{}", ...said }));
}

describe("a command", () => {
  test("waits for its terminal's poll, is handed out with the time, and ends with the result", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const id = await queue(storage, { kind: "set-time" });
    expect(await storage.findCommand(id)).toEqual({
      id: 1,
      deviceId: GATE,
      kind: "set-time",
      parameters: {},
      status: "waiting",
      requestedBy: "operator",
      createdAtMs: RECEIVED_AT_MS,
      deadlineMs: at(DAY_MS),
      sentCount: 0,
      lastSentAtMs: undefined,
      finishedAtMs: undefined,
      returnCode: undefined,
      problem: undefined,
      resultText: undefined,
      isResultLeftOut: false,
      resultByteCount: 0,
      isResultPending: false,
    });
    expect((await storage.findDevice(GATE))?.openCommandCount).toBe(1);
    const handed = await poll(storage, 11_000);
    expect(handed).toEqual({
      id: "c-1",
      command: { kind: "set-time" },
      wallTime: "20260302090011" as never,
    });
    expect(await storage.findCommand(id)).toMatchObject({
      status: "sent",
      sentCount: 1,
      lastSentAtMs: at(11_000),
    });
    expect(await answer(storage, id)).toEqual({ kind: "stored" });
    expect(await storage.findCommand(id)).toMatchObject({
      status: "done",
      returnCode: "OK",
      finishedAtMs: RECEIVED_AT_MS,
    });
    expect(await poll(storage)).toBeUndefined();
    expect((await storage.findDevice(GATE))?.openCommandCount).toBe(0);
    expect(opened.log.of("command.sent")).toHaveLength(1);
    expect(opened.log.of("command.done")).toHaveLength(1);
  });

  test("is handed out in order, one at each poll, and to no other terminal", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const commands: DeviceCommand[] = [STATUS, { kind: "delete-user", userId: "0027" }];
    await storage.queueCommands(orderOf(STATUS, { commands }));
    expect(await send(storage, pollFrom("OTHER"))).toEqual({ kind: "stored" });
    expect((await poll(storage))?.id).toBe("c-1");
    await answer(storage, 1);
    expect(await poll(storage)).toMatchObject({ id: "c-2", command: commands[1] });
  });

  test("of an unapproved terminal is not taken", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.append([pollFrom("GATE1")]);
    expect(await storage.queueCommands(orderOf(STATUS))).toEqual({ kind: "device-not-approved" });
  });

  test.each([
    ["blocked", (storage: Storage) => storage.blockDevice(GATE)],
    ["retired", (storage: Storage) => storage.retireDevice(GATE)],
  ] as const)(
    "ends with its terminal when that is %s, as far as it had come",
    async (word, leave) => {
      using opened = await openWithGate();
      const { storage } = opened;
      const commands: DeviceCommand[] = [STATUS, { kind: "restart" }];
      await storage.queueCommands(orderOf(STATUS, { commands }));
      await poll(storage);
      await leave(storage);
      expect(await storage.findCommand(1)).toMatchObject({
        status: "unconfirmed",
        problem: `The terminal was ${word} before its result came: it may have been done`,
        finishedAtMs: RECEIVED_AT_MS,
      });
      expect(await storage.findCommand(2)).toMatchObject({
        status: "cancelled",
        problem: `The terminal was ${word} before it took it`,
      });
      expect(opened.log.of("commands.ended")).toMatchObject([
        { fields: { device: "GATE1", commands: "1 2", because: word } },
      ]);
      // Taken back into use it is told neither of them.
      await storage.approveDevice(GATE);
      await opened.reopen();
      expect(await poll(opened.storage)).toBeUndefined();
      expect((await opened.storage.findDevice(GATE))?.openCommandCount).toBe(0);
    },
  );

  test("of an unknown terminal and of the device of manual punches is not taken", async () => {
    using opened = await openWithGate();
    const order = (id: string) =>
      opened.storage.queueCommands(orderOf(STATUS, { deviceId: deviceId(id) }));
    expect(await order("NOBODY")).toEqual({ kind: "unknown-device" });
    expect(await order("unknown")).toEqual({ kind: "built-in-device" });
  });

  test("of a terminal whose protocol has none is not taken; of one that never came it is", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    await storage.append([
      { ...punchesFrom("77", [rawPunch("1", "20260302081504")]), driver: "rtlog" },
    ]);
    const order = (id: string) =>
      storage.queueCommands(orderOf(STATUS, { deviceId: deviceId(id) }));
    expect(await order("77")).toEqual({ kind: "takes-no-commands" });
    await storage.addDevice(deviceId("88"), "approved", RECEIVED_AT_MS);
    expect(await order("88")).toMatchObject({ kind: "queued" });
  });

  test("that its terminal lost is handed out 3 times more, then fails", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const [lost, next] = [await queue(storage, STATUS), await queue(storage, STATUS)];
    for (let time = 0; time < 4; time += 1) expect((await poll(storage))?.id).toBe("c-1");
    expect((await poll(storage))?.id).toBe("c-2");
    expect(await storage.findCommand(lost)).toMatchObject({
      status: "failed",
      sentCount: 4,
      returnCode: undefined,
      problem: "No result came: the terminal polled again each time",
    });
    expect(await storage.findCommand(next)).toMatchObject({ status: "sent", sentCount: 1 });
  });

  test("to restart ends unconfirmed as it is handed out, for no result will come", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const id = await queue(storage, { kind: "restart" });
    expect(await poll(storage)).toMatchObject({ command: { kind: "restart" } });
    expect(await storage.findCommand(id)).toMatchObject({ status: "unconfirmed", sentCount: 1 });
    expect(await poll(storage)).toBeUndefined();
  });

  test("to set the clock waits while our own is not trusted, and lets others pass", async () => {
    using opened = await openWithGate();
    const { storage, ownClock } = opened;
    ownClock.trusted = false;
    const clock = await queue(storage, { kind: "set-time" });
    await queue(storage, STATUS);
    expect((await poll(storage))?.id).toBe("c-2");
    await answer(storage, 2);
    expect(await poll(storage)).toBeUndefined();
    ownClock.trusted = true;
    expect((await poll(storage))?.id).toBe("c-1");
    // Lost, and held back: another may not be in flight beside it.
    ownClock.trusted = false;
    await queue(storage, STATUS);
    expect((await poll(storage))?.id).toBe("c-3");
    expect(await storage.findCommand(clock)).toMatchObject({ status: "waiting", sentCount: 1 });
    ownClock.trusted = true;
    expect((await poll(storage))?.id).toBe("c-3");
    await answer(storage, 3);
    expect((await poll(storage))?.id).toBe("c-1");
  });

  test("to set the clock comes by itself where it is far off, once an hour, and can be left out", async () => {
    using opened = await openWithGate();
    const { storage, ownClock } = opened;
    const slow = (afterMs: number) =>
      pollFrom("GATE1", at(afterMs), { report: { clockText: "20260302080000" } });
    const handed = (afterMs: number) => handedAt(storage, afterMs, "20260302080000");
    ownClock.trusted = false;
    expect(await handed(0)).toBeUndefined();
    ownClock.trusted = true;
    expect(await handed(10_000)).toBe("c-1");
    expect(await storage.findCommand(1)).toMatchObject({
      kind: "set-time",
      requestedBy: "server",
      status: "sent",
    });
    expect(opened.log.of("command.queued")).toHaveLength(1);
    await answer(storage, 1, { returnCode: "ERROR_NOT_SUPPORTED" });
    expect(await handed(3_609_999)).toBeUndefined();
    expect(await handed(3_610_000)).toBe("c-2");
    await answer(storage, 2);
    await opened.reopen({ setsDeviceTime: false });
    expect(Object(await send(opened.storage, slow(9_000_000))).command).toBeUndefined();
  });

  test("to set the clock comes again after five minutes where the power failed once more", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    opened.ownClock.trusted = true;
    const handed = (afterMs: number, clockText: string) => handedAt(storage, afterMs, clockText);
    expect(await handed(10_000, "20000101000010")).toBe("c-1");
    await answer(storage, 1);
    expect(await handed(20_000, "20260302081524")).toBeUndefined();
    expect(await handed(309_000, "20000101000010")).toBeUndefined();
    expect(await handed(310_000, "20000101000011")).toBe("c-2");
    await answer(storage, 2);
    // The clock that did not take the time has not been reset since.
    expect(await handed(700_000, "20000101000641")).toBeUndefined();
  });

  test("to set the clock comes also where our own, since set back, had told a time to come", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    opened.ownClock.trusted = true;
    const handed = (afterMs: number, clockText: string) => handedAt(storage, afterMs, clockText);
    expect(await handed(365 * DAY_MS, "20260302090000")).toBe("c-1");
    await answer(storage, 1);
    expect(await handed(20_000, "20270302090020")).toBe("c-2");
    await answer(storage, 2);
    expect(await handed(40_000, "20270302090040")).toBeUndefined();
  });

  test("is stamped with the time of its terminal's zone", async () => {
    using opened = await openWithGate();
    const database = new Database(opened.path);
    await opened.reopen({}, () =>
      database.run("UPDATE devices SET time_zone = 'Asia/Tokyo' WHERE id = 'GATE1'"),
    );
    database.close();
    await queue(opened.storage, { kind: "set-time" });
    expect(String((await poll(opened.storage))?.wallTime)).toBe("20260302100000");
  });

  test("ends at its deadline, at a poll or without one, sent or not", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const deadlineMs = at(60_000);
    const [polled, unpolled, sent] = [
      await queue(storage, STATUS, { deadlineMs }),
      await queue(storage, STATUS, { deadlineMs: at(120_000) }),
      await queue(storage, STATUS, { deadlineMs: at(120_000) }),
    ];
    expect((await poll(storage, 60_000))?.id).toBe(`c-${unpolled}`);
    expect(await storage.findCommand(polled)).toMatchObject({
      status: "expired",
      problem: "The terminal did not take it in time",
    });
    expect(await storage.expireCommands(at(119_999))).toEqual([]);
    const expired = await storage.expireCommands(at(120_000));
    expect(expired.map(({ id, status }) => [id, status])).toEqual([
      [unpolled, "expired"],
      [sent, "expired"],
    ]);
    expect(expired[0]?.problem).toBe("No result came in time: it may have been done");
    expect(await poll(storage, 120_000)).toBeUndefined();
  });

  test("is cancelled while it waits, and never after", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const id = await queue(storage, STATUS);
    expect(await storage.cancelCommand(id, at(1))).toBe("done");
    expect(await storage.cancelCommand(id, at(2))).toBe("not-waiting");
    expect(await storage.cancelCommand(99, at(2))).toBe("unknown-command");
    expect(await storage.findCommand(id)).toMatchObject({
      status: "cancelled",
      finishedAtMs: at(1),
    });
    expect(await poll(storage)).toBeUndefined();
    const taken = await queue(storage, STATUS);
    await poll(storage);
    expect(await storage.cancelCommand(taken, at(3))).toBe("not-waiting");
  });

  test("that the terminal's dialect lacks fails at the poll, and the next one is handed out", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const id = await queue(storage, { kind: "list-users" });
    await queue(storage, STATUS);
    const refuseCommand = ({ command }: HandedCommand) =>
      command.kind === "list-users" ? "Nobody knows how" : undefined;
    const outcome = await send(storage, pollFrom("GATE1", at(0), { refuseCommand }));
    expect(outcome).toMatchObject({ command: { id: "c-2" } });
    expect(await storage.findCommand(id)).toMatchObject({
      status: "failed",
      problem: "Nobody knows how",
      sentCount: 0,
    });
  });

  test("of a later version fails with the reason", async () => {
    using opened = await openWithGate();
    const id = await queue(opened.storage, STATUS);
    const database = new Database(opened.path);
    await opened.reopen({}, () => database.run("UPDATE commands SET kind = 'dance'"));
    database.close();
    expect(await poll(opened.storage)).toBeUndefined();
    expect(await opened.storage.findCommand(id)).toMatchObject({
      status: "failed",
      problem: expect.stringContaining('Unknown kind "dance"'),
    });
  });
});

describe("a result", () => {
  test.each([
    [{ kind: "delete-user", userId: "27" }, "OK", "done"],
    [{ kind: "delete-user", userId: "27" }, "Error", "unconfirmed"],
    [{ kind: "rename-user", userId: "27", name: "Ana" }, "ERROR_NO_ID", "failed"],
    [{ kind: "rename-user", userId: "27", name: "Ana" }, "0", "unconfirmed"],
    [
      { kind: "set-user", userId: "27", name: "Ana", isManager: false, isEnabled: true },
      "OK",
      "unconfirmed",
    ],
  ] as const)("to %j of %p leaves it %s, with the word", async (command, word, status) => {
    using opened = await openWithGate();
    const { storage } = opened;
    const id = await queue(storage, command);
    await poll(storage);
    await answer(storage, id, { returnCode: word, text: "" });
    const ended = await storage.findCommand(id);
    expect(ended).toMatchObject({ status, returnCode: word });
    expect(ended?.problem === undefined).toBe(status === "done");
  });

  test.each(["c-99", "c-0", "c-1x", "", "RTLogSendAction", "c-99999999999999999999", "1"])(
    "of the id %p is acknowledged, counted, and changes nothing",
    async (commandIdText) => {
      using opened = await openWithGate();
      const { storage } = opened;
      const id = await queue(storage, STATUS);
      await poll(storage);
      expect(await send(storage, resultFrom("GATE1", { commandIdText }))).toEqual({
        kind: "stored",
      });
      expect(await storage.findCommand(id)).toMatchObject({ status: "sent" });
      expect(noticeCount(opened)).toBe(1);
    },
  );

  test("of another terminal, of one that was never sent, and a second one change nothing", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    await storage.append([pollFrom("OTHER")]);
    const id = await queue(storage, STATUS);
    const commandIdText = `c-${id}`;
    await answer(storage, id);
    expect(await storage.findCommand(id)).toMatchObject({ status: "waiting" });
    await poll(storage);
    await send(storage, resultFrom("OTHER", { commandIdText }));
    expect(await storage.findCommand(id)).toMatchObject({ status: "sent" });
    await answer(storage, id, { returnCode: "ERROR_UNKNOWN" });
    const failed = await storage.findCommand(id);
    expect(failed).toMatchObject({ status: "failed", returnCode: "ERROR_UNKNOWN" });
    await answer(storage, id);
    expect(await storage.findCommand(id)).toEqual(failed);
  });

  test("that comes late is kept beside what the command ended as", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const id = await queue(storage, STATUS, { deadlineMs: at(60_000) });
    await poll(storage);
    await storage.expireCommands(at(60_000));
    await answer(storage, id, { text: '{"user_count":"3"}' });
    expect(await storage.findCommand(id)).toMatchObject({
      status: "expired",
      returnCode: "OK",
      resultText: '{"user_count":"3"}',
      problem: 'No result came in time: it may have been done. Later the terminal said "OK"',
    });
  });

  test("of a retired terminal is kept beside what the command ended as; of a blocked one nothing is", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.append([pollFrom("GATE1")]);
    await storage.approveDevice(GATE);
    const id = await queue(storage, STATUS);
    await poll(storage);
    await storage.blockDevice(GATE);
    const refused = { kind: "refused", code: "device-blocked" } as const;
    expect(await answer(storage, id)).toEqual(refused);
    expect(await send(storage, pollFrom("GATE1"))).toEqual(refused);
    expect(await storage.findCommand(id)).toMatchObject({ returnCode: undefined });
    await storage.retireDevice(GATE);
    expect(await answer(storage, id)).toEqual({ kind: "stored" });
    expect(await storage.findCommand(id)).toMatchObject({
      status: "unconfirmed",
      returnCode: "OK",
      problem: expect.stringMatching(/blocked before .*\. Later the terminal said "OK"$/),
    });
    // It is met like a terminal nobody knows.
    expect(await storage.findDevice(GATE)).toMatchObject({ status: "pending" });
  });

  test("keeps of a user which credentials it has, and none of them", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const id = await queue(storage, { kind: "get-user", userId: "0027" });
    await poll(storage);
    const enrollment = {
      userIdText: "0027",
      name: "Ana",
      privilege: 0,
      isEnabled: true,
      credentials: [0, 10, 11],
      passwordCount: 1,
      cardCount: 1,
      faceCount: 0,
      fingerprintCount: 1,
      veinCount: 0,
    };
    const secret = "SECRET-CARD-4711";
    await send(
      storage,
      resultFrom("GATE1", {
        commandIdText: `c-${id}`,
        text: JSON.stringify({ user_id: "0027", card: secret }),
        binaries: [new TextEncoder().encode(secret)],
        enrollment,
      }),
    );
    const got = await storage.findCommand(id);
    expect(got).toMatchObject({ status: "done", resultByteCount: 0, isResultPending: false });
    expect(JSON.parse(got?.resultText ?? "")).toEqual({
      user_id: "0027",
      name: "Ana",
      privilege: 0,
      is_enabled: true,
      credential_numbers: [0, 10, 11],
    });
    const names = await storage.readEnrolledNames(GATE, [userId("27"), userId("28")]);
    expect([...names]).toEqual([[userId("27"), "Ana"]]);
    await opened.storage.close();
    const file = await Bun.file(opened.path).bytes();
    expect(Buffer.from(file).includes(secret)).toBe(false);
    opened.storage = openTestStorage().storage;
  });

  test("with records keeps them until somebody has worked on them", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const id = await queue(storage, { kind: "list-users" });
    await poll(storage);
    const text = '{"one_user_id_size":"8","user_id_array":"BIN_1","user_id_count":"1"}';
    const bytes = Uint8Array.fromHex("1b00000000011100");
    await send(storage, resultFrom("GATE1", { commandIdText: `c-${id}`, text, binaries: [bytes] }));
    expect(await storage.findCommand(id)).toMatchObject({
      status: "done",
      resultByteCount: 8,
      isResultPending: true,
    });
    expect(await storage.listPendingResults("read-log", 10)).toEqual([]);
    const [pending] = await storage.listPendingResults("list-users", 10);
    expect([pending?.command.id, Buffer.from(pending?.bytes ?? []).toString("hex")]).toEqual([
      id,
      "1b00000000011100",
    ]);
    const counts = { passwordCount: 1, cardCount: 0, faceCount: 0, fingerprintCount: 2 };
    const listed = { ...counts, veinCount: 0, name: undefined, credentials: undefined };
    await storage.settleUserList({
      commandId: id,
      users: [{ ...listed, userIdText: "27", privilege: 0, isEnabled: true }],
      resultText: '{"user_count":1}',
      problem: undefined,
      nowMs: at(5),
    });
    expect(await storage.listPendingResults("list-users", 10)).toEqual([]);
    expect(await storage.findCommand(id)).toMatchObject({
      status: "done",
      resultText: '{"user_count":1}',
      resultByteCount: 0,
      isResultPending: false,
    });
    const [user] = await storage.readUsers([userId("27")]);
    expect(user?.enrollments).toMatchObject([{ fingerprintCount: 2, passwordCount: 1 }]);
  });

  test("with a list leaves the numbers of credentials that still fit, and no others", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const told = {
      userIdText: "27",
      name: "Ana",
      privilege: 0,
      isEnabled: true,
      credentials: [3, 10],
      passwordCount: 1,
      cardCount: 0,
      faceCount: 0,
      fingerprintCount: 1,
      veinCount: 0,
    };
    const raw = new Uint8Array(0);
    const notice = {
      kind: "notice",
      deviceId: GATE,
      code: "x",
      known: true,
      text: "",
      raw,
    } as const;
    await storage.append([{ ...pollFrom("GATE1"), intake: { ...notice, enrollment: told } }]);
    const id = await queue(storage, { kind: "list-users" });
    const settle = async (fingerprintCount: number) => {
      const listed = { ...told, name: undefined, credentials: undefined, fingerprintCount };
      const common = { commandId: id, resultText: "{}", problem: undefined, nowMs: at(5) };
      await storage.settleUserList({ ...common, users: [listed] });
      const [user] = await storage.readUsers([userId("27")]);
      return user?.enrollments.map(({ name, credentialsText }) => [name, credentialsText]);
    };
    expect(await settle(1)).toEqual([["Ana", "[3,10]"]]);
    expect(await settle(2)).toEqual([["Ana", ""]]);
  });
});

describe("the queue", () => {
  test("takes 200 open commands of a terminal, all of an order or none of it", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const many = (count: number) => orderOf(STATUS, { commands: Array(count).fill(STATUS) });
    expect(await storage.queueCommands(many(199))).toMatchObject({ kind: "queued" });
    expect(await storage.queueCommands(many(2))).toEqual({ kind: "queue-full" });
    expect(await storage.queueCommands(many(1))).toMatchObject({ kind: "queued" });
    expect(await storage.queueCommands(many(1))).toEqual({ kind: "queue-full" });
    await poll(storage);
    await answer(storage, 1);
    expect(await storage.queueCommands(many(1))).toMatchObject({ kind: "queued" });
  });

  test("outlives a restart, with what was in flight", async () => {
    using opened = await openWithGate();
    await queue(opened.storage, STATUS);
    await queue(opened.storage, { kind: "set-time" });
    await poll(opened.storage);
    await opened.reopen();
    expect((await poll(opened.storage))?.id).toBe("c-1");
    await opened.reopen();
    await answer(opened.storage, 1);
    expect(await opened.storage.findCommand(1)).toMatchObject({ status: "done", sentCount: 2 });
    expect((await poll(opened.storage))?.id).toBe("c-2");
  });

  test("hands two polls of one batch the same command twice", async () => {
    using opened = await openWithGate();
    await queue(opened.storage, STATUS);
    await queue(opened.storage, STATUS);
    const outcomes = await opened.storage.append([pollFrom("GATE1"), pollFrom("GATE1")]);
    const ids = outcomes.map((one) => (one.kind === "stored" ? one.command?.id : one.kind));
    expect(ids).toEqual(["c-1", "c-1"]);
  });

  test("takes a hand-out back with the savepoint that it was in", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const id = await queue(storage, STATUS);
    const refuseCommand = () => {
      throw new Error("A bug of the driver");
    };
    const outcomes = await storage.append([
      pollFrom("GATE1", at(0), { refuseCommand, raw: new TextEncoder().encode("poll") }),
      punchesFrom("GATE1", [rawPunch("7", "20260302080000")]),
    ]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(["quarantined", "stored"]);
    expect(await storage.findCommand(id)).toMatchObject({ status: "waiting", sentCount: 0 });
    expect((await poll(storage))?.id).toBe("c-1");
    expect(await storage.findCommand(id)).toMatchObject({ status: "sent", sentCount: 1 });
  });

  test("takes a restart and an expiry back, too, so that neither is lost", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const [late, id] = [
      await queue(storage, STATUS, { deadlineMs: at(1) }),
      await queue(storage, { kind: "restart" }),
    ];
    const database = new Database(opened.path);
    // What is written last in the hand-out fails.
    database.run(
      "CREATE TRIGGER broken BEFORE UPDATE ON commands WHEN NEW.kind = 'restart' BEGIN SELECT RAISE(ABORT, 'broken'); END",
    );
    expect(await send(storage, pollFrom("GATE1", at(2)))).toMatchObject({ kind: "quarantined" });
    expect(await storage.findCommand(late)).toMatchObject({ status: "waiting" });
    expect((await storage.findDevice(GATE))?.openCommandCount).toBe(2);
    database.run("DROP TRIGGER broken");
    database.close();
    expect((await poll(storage, 2))?.id).toBe(`c-${id}`);
    expect(await storage.findCommand(late)).toMatchObject({ status: "expired" });
  });

  test("takes a hand-out back with the transaction that failed", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const id = await queue(storage, STATUS);
    const other = new Database(opened.path);
    other.run("PRAGMA busy_timeout = 0");
    other.run("BEGIN IMMEDIATE");
    expect(await send(storage, pollFrom("GATE1", at(1)))).toEqual({ kind: "failed" });
    other.run("ROLLBACK");
    other.close();
    expect(await storage.findCommand(id)).toMatchObject({ status: "waiting", sentCount: 0 });
    expect((await poll(storage))?.id).toBe("c-1");
  }, 20_000);

  test("gives a request that is repeated within a day its command, and another body none", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const order = orderOf(STATUS, { requestKey: "abc" });
    const first = await storage.queueCommands(order);
    const later = { nowMs: at(DAY_MS - 1), deadlineMs: at(2 * DAY_MS - 1) };
    expect(await storage.queueCommands({ ...order, ...later })).toEqual({
      ...first,
      kind: "known",
    } as never);
    for (const change of [
      { commands: [{ kind: "restart" } as const] },
      { deadlineMs: at(60_000) },
      { deviceId: deviceId("OTHER") },
    ]) {
      expect(await storage.queueCommands({ ...order, ...change })).toEqual({ kind: "key-reused" });
    }
    await opened.reopen();
    expect(await opened.storage.queueCommands(order)).toMatchObject({ kind: "known" });
    const nextDay = { nowMs: at(DAY_MS), deadlineMs: at(2 * DAY_MS) };
    expect(await opened.storage.queueCommands({ ...order, ...nextDay })).toMatchObject({
      kind: "queued",
      commands: [{ id: 2 }],
    });
  });

  test("is listed newest first, by terminal, kind and openness", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    await storage.append([pollFrom("OTHER")]);
    await queue(storage, STATUS);
    await queue(storage, { kind: "set-time" }, { deviceId: deviceId("OTHER") });
    await queue(storage, STATUS);
    await storage.cancelCommand(3, at(0));
    const ids = async (...list: Parameters<Storage["listCommands"]>) =>
      (await storage.listCommands(...list)).map(({ id }) => id);
    expect(await ids({}, 10)).toEqual([3, 2, 1]);
    expect(await ids({}, 2)).toEqual([3, 2]);
    expect(await ids({ beforeId: 3 }, 10)).toEqual([2, 1]);
    expect(await ids({ deviceId: GATE }, 10)).toEqual([3, 1]);
    expect(await ids({ deviceId: GATE, isOpen: true }, 10)).toEqual([1]);
    expect(await ids({ kind: "set-time" }, 10)).toEqual([2]);
  });

  test("keeps the newest 1,200 of a terminal, and what is open or pending", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    const pending = await queue(storage, { kind: "read-log" });
    await poll(storage);
    await answer(storage, pending, { binaries: [new Uint8Array(12)] });
    const open = await queue(storage, { kind: "restart" });
    const round = { commands: Array(199).fill(STATUS), deadlineMs: at(1) };
    for (let count = 0; count < 8; count += 1) {
      await storage.queueCommands(orderOf(STATUS, round));
      await storage.expireCommands(at(1));
    }
    const last = await queue(storage, STATUS);
    const kept = await storage.listCommands({ deviceId: GATE }, 5_000);
    expect(kept.length).toBe(1_202);
    expect([kept[0]?.id, kept.at(-2)?.id, kept.at(-1)?.id]).toEqual([last, open, pending]);
  });
});

function noticeCount({ path }: TestStorage): number {
  const database = new Database(path, { readonly: true });
  const row = database
    .query<{ count: number }, []>(
      "SELECT notice_count AS count FROM notice_counts WHERE code = 'command-result'",
    )
    .get();
  database.close();
  return row?.count ?? 0;
}
