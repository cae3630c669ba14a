/**
 * Aim: commands end at their deadline without a poll, and a terminal's list of users is taken over as
 * it is, or its fault is told.
 */

import { expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import { CommandCare } from "#ingest/command-care.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { pollFrom, resultFrom } from "../support/terminal-intakes.ts";
import { openTestStorage, RECEIVED_AT_MS } from "../support/test-storage.ts";

const GATE = deviceId("GATE1");

async function start() {
  const opened = openTestStorage();
  const clock = new FakeClock(RECEIVED_AT_MS);
  const log = new RecordingLog();
  const care = new CommandCare({ storage: opened.storage, clock, log });
  care.start();
  await opened.storage.append([pollFrom("GATE1")]);
  await opened.storage.queueCommands({
    deviceId: GATE,
    commands: [{ kind: "list-users" }],
    requestedBy: "operator",
    nowMs: RECEIVED_AT_MS,
    deadlineMs: epochMs(RECEIVED_AT_MS + 60_000),
  });
  const list = async (text: string, bytes: string) => {
    await opened.storage.append([pollFrom("GATE1")]);
    const binaries = bytes === "" ? [] : [Uint8Array.fromHex(bytes)];
    await opened.storage.append([resultFrom("GATE1", { commandIdText: "c-1", text, binaries })]);
    await clock.advance(2_000);
    return opened.storage.findCommand(1);
  };
  return { opened, clock, log, care, list };
}

test("a command ends at its deadline although nobody polls", async () => {
  const { opened, clock, log, care } = await start();
  using _ = opened;
  await clock.advance(59_999);
  expect((await opened.storage.findCommand(1))?.status).toBe("waiting");
  await clock.advance(2_000);
  expect((await opened.storage.findCommand(1))?.status).toBe("expired");
  expect(log.of("command.expired")).toMatchObject([{ fields: { command: 1, device: "GATE1" } }]);
  await care.stop();
  expect(clock.plannedCount).toBe(0);
});

test("a list of users is shown, and taken over as enrollments", async () => {
  const { opened, log, care, list } = await start();
  using _ = opened;
  const text = '{"one_user_id_size":"8","user_id_array":"BIN_1","user_id_count":"1"}';
  const command = await list(text, "1b00000000011100");
  expect(command).toMatchObject({ status: "done", isResultPending: false, resultByteCount: 0 });
  expect(command?.problem).toBeUndefined();
  expect(JSON.parse(command?.resultText ?? "")).toEqual({
    user_count: 1,
    announced_count: 1,
    unreadable_count: 0,
    users: [
      {
        user_id: "27",
        privilege: 0,
        is_enabled: true,
        password_count: 1,
        card_count: 0,
        face_count: 0,
        fingerprint_count: 2,
        vein_count: 0,
        palm_count: 0,
      },
    ],
  });
  const [user] = await opened.storage.readUsers([userId("27")]);
  expect(user?.enrollments).toMatchObject([{ fingerprintCount: 2, isEnabled: true }]);
  expect(log.of("command.users-listed")).toMatchObject([{ fields: { users: 1 } }]);
  await care.stop();
});

test("an empty list is one", async () => {
  const { opened, care, list } = await start();
  using _ = opened;
  const command = await list('{"one_user_id_size":"8","user_id_count":"0"}', "");
  expect(command).toMatchObject({ status: "done", isResultPending: false });
  expect(JSON.parse(command?.resultText ?? "")).toMatchObject({ user_count: 0, users: [] });
  await care.stop();
});

test("lists of several terminals are all read at one look", async () => {
  const { opened, clock, care } = await start();
  using _ = opened;
  const { storage } = opened;
  const ids = ["GATE2", "GATE3", "GATE4"];
  for (const [index, id] of ids.entries()) {
    await storage.append([pollFrom(id)]);
    await storage.queueCommands({
      deviceId: deviceId(id),
      commands: [{ kind: "list-users" }],
      requestedBy: "operator",
      nowMs: RECEIVED_AT_MS,
      deadlineMs: epochMs(RECEIVED_AT_MS + 60_000),
    });
    const result = { commandIdText: `c-${index + 2}`, text: '{"user_id_count":0}' };
    await storage.append([pollFrom(id), resultFrom(id, result)]);
  }
  await clock.advance(2_000);
  expect(await storage.listPendingResults("list-users", 10)).toEqual([]);
  await care.stop();
});

test.each([
  ["{}", "", "The terminal neither counted its users nor sent any"],
  [
    '{"one_user_id_size":"8","user_id_array":"BIN_1","user_id_count":"3"}',
    "1b00000000011100",
    "The terminal announced 3 records and sent 1",
  ],
])("a list that cannot be all of it says so: %s", async (text, bytes, problem) => {
  const { opened, care, list } = await start();
  using _ = opened;
  expect(await list(text, bytes)).toMatchObject({ status: "done", problem });
  await care.stop();
});

test.each([
  ['{"one_user_id_size":"9","user_id_array":"BIN_1","user_id_count":"1"}', "1b0000000001110000"],
  ['{"one_user_id_size":"8","user_id_array":"BIN_1","user_id_count":"2"}', "1b00000000011100ff"],
])("what cannot be read of a list is told: %s", async (text, bytes) => {
  const { opened, care, list } = await start();
  using _ = opened;
  const command = await list(text, bytes);
  expect(command).toMatchObject({ status: "done", isResultPending: false });
  expect(command?.problem).toContain("cannot be read");
  await care.stop();
});

test("a failure of storage is logged, and the next look goes on", async () => {
  const { opened, clock, log, care } = await start();
  using _ = opened;
  let failures = 1;
  const broken = new CommandCare({
    storage: {
      ...opened.storage,
      expireCommands: async (nowMs) => {
        failures -= 1;
        if (failures >= 0) throw new Error("disk on fire");
        return opened.storage.expireCommands(nowMs);
      },
    },
    clock,
    log,
  });
  await care.stop();
  broken.start();
  await clock.advance(2_000);
  expect(log.of("commands.failed")).toHaveLength(1);
  await clock.advance(60_000);
  expect((await opened.storage.findCommand(1))?.status).toBe("expired");
  await broken.stop();
});
