/**
 * Aim: a fake terminal carries commands out as section 7 of the protocol document describes, quirks
 * included, and answers with the records of section 14.
 */

import { describe, expect, test } from "bun:test";
import { DeviceClock } from "#simulator/device-clock.ts";
import { DeviceState } from "#simulator/device-state.ts";
import type { Dialect } from "#simulator/dialect.ts";
import { type CommandOutcome, executeCommand } from "#simulator/execute-command.ts";
import { encodeFramedBody } from "#simulator/framed-body.ts";
import { dialectOf } from "#simulator/make-terminal.ts";
import { MODELS, type ModelName, type TerminalModel } from "#simulator/models.ts";
import { PunchLog } from "#simulator/punch-log.ts";
import type { SimulatedUser } from "#simulator/simulated-user.ts";
import { FakeClock } from "../support/fake-clock.ts";

const USERS: readonly SimulatedUser[] = [
  {
    userId: "27",
    name: "Ana",
    privilege: "USER",
    enabled: true,
    credentials: [
      { backupNumber: 0, data: Buffer.from("finger 0") },
      { backupNumber: 1, data: Buffer.from("finger 1") },
      { backupNumber: 10, data: Buffer.from("4711") },
    ],
    photo: undefined,
  },
  { userId: "8", name: "", privilege: "MANAGER", enabled: true, credentials: [], photo: undefined },
];
const PUNCHES = [
  { userId: "27", wallTime: "20260302081504", ioModeCode: 1, verifyModeCode: 3 },
  { userId: "8", wallTime: "20260302175959", ioModeCode: 2, verifyModeCode: 1 },
] as const;

interface Bench {
  readonly device: DeviceState;
  readonly clock: FakeClock;
  readonly run: (code: string, fields?: object, binaries?: readonly Uint8Array[]) => CommandOutcome;
  readonly runRaw: (code: string, body: string) => CommandOutcome;
}

function bench(name: ModelName): Bench {
  const model: TerminalModel = MODELS[name];
  const clock = new FakeClock();
  const log = new PunchLog({
    planned: PUNCHES.length,
    live: false,
    punchAt: (index) => ({
      ...(PUNCHES[index] ?? PUNCHES[0]),
      deviceId: "SIM0001",
      recordNumber: index + 1,
      photo: undefined,
    }),
  });
  log.record(PUNCHES.length, () => "");
  const device = new DeviceState({
    name: "gate-1",
    library: model.library,
    clock: new DeviceClock(clock, Temporal.PlainDateTime.from("2000-01-01T00:00:00")),
    log,
    makeUsers: () => USERS,
  });
  const speaker = { deviceId: "SIM0001", server: "x:1", library: model.library, keepAlive: false };
  const dialect: Dialect = dialectOf(model, speaker, 7005);
  const execute = (code: string, body: Uint8Array): CommandOutcome =>
    executeCommand({ id: "c-1", code, body }, { device, model, dialect });
  return {
    device,
    clock,
    run: (code, fields, binaries = []) =>
      execute(
        code,
        fields === undefined ? new Uint8Array(0) : encodeFramedBody(fields, "\0", binaries),
      ),
    runRaw: (code, body) => execute(code, Buffer.from(body)),
  };
}

const hexOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");

describe("SET_TIME", () => {
  test("SET_TIME sets the clock, which then runs on", async () => {
    const { run, device, clock } = bench("f80");
    expect(run("SET_TIME", { time: "20260302081530" })).toEqual({
      isExecuted: true,
      result: { commandId: "c-1", returnCode: "OK", fields: undefined, binaries: [] },
      pushes: [],
      reboots: false,
    });
    await clock.advance(2000);
    expect(device.clock.wallTime()).toBe("20260302081532");
  });

  test("SET_TIME refuses what is no time and leaves the clock", () => {
    const { run, device } = bench("f80");
    for (const time of ["20260230081530", "2026-03-02", 20260302081530]) {
      expect(run("SET_TIME", { time }).result?.returnCode).toBe("ERROR_INVALID_PARAMTER");
    }
    expect(device.clock.wallTime()).toBe("20000101000000");
  });
});

describe("GET_LOG_DATA", () => {
  const RECORD_27 = "1b000000010103 04f931023d".replaceAll(" ", "");
  const RECORD_8 = "080000000102013bf93122ee";

  test("GET_LOG_DATA gives E8, with numbers as strings where the make does so", () => {
    const { result } = bench("ws535").run("GET_LOG_DATA");
    expect(JSON.stringify(result?.fields)).toBe(
      '{"log_array":"BIN_1","log_count":"2","one_log_size":"12"}',
    );
    expect(result?.binaries.map(hexOf)).toEqual([RECORD_27 + RECORD_8]);
    expect(bench("f80").run("GET_LOG_DATA").result?.fields).toEqual({
      log_array: "BIN_1",
      log_count: 2,
      one_log_size: 12,
    });
  });

  test("GET_LOG_DATA keeps to the range, both ends included", () => {
    const { run } = bench("f80");
    const range = { begin_time: "20260302081505", end_time: "20260302175959" };
    expect(run("GET_LOG_DATA", range).result?.binaries.map(hexOf)).toEqual([RECORD_8]);
    const until = run("GET_LOG_DATA", { end_time: "20260302081504" });
    expect(until.result?.binaries.map(hexOf)).toEqual([RECORD_27]);
  });

  test("GET_LOG_DATA leaves log_array out when there is nothing", () => {
    const { result } = bench("f80").run("GET_LOG_DATA", { begin_time: "20270101000000" });
    expect(result?.fields).toEqual({ log_count: 0, one_log_size: 12 });
  });

  const sizes: readonly [ModelName, number][] = [
    ["revo", 48],
    ["hs105", 20],
    ["hs100", 12],
    ["hs200", 12],
    ["bm70w", 32],
  ];
  test.each(sizes)("GET_LOG_DATA of %s has records of %p bytes", (name, size) => {
    const { result } = bench(name).run("GET_LOG_DATA");
    expect(result?.fields).toMatchObject({ log_count: 2, one_log_size: size });
    expect(result?.binaries[0]?.length).toBe(2 * size);
  });

  test("GET_LOG_DATA is not supported where no record is documented", () => {
    expect(bench("m82").run("GET_LOG_DATA").result?.returnCode).toBe("ERROR_NOT_SUPPORTED");
  });
});

describe("commands about users", () => {
  test("GET_USER_ID_LIST gives E9, and on some makes leaves out who has no credential", () => {
    const everybody = bench("f80").run("GET_USER_ID_LIST").result;
    expect(everybody?.fields).toEqual({
      user_id_count: 2,
      one_user_id_size: 8,
      user_id_array: "BIN_1",
    });
    expect(everybody?.binaries.map(hexOf)).toEqual(["1b000000000111000800000001010000"]);
    const enrolled = bench("ws535").run("GET_USER_ID_LIST").result;
    expect(enrolled?.binaries.map(hexOf)).toEqual(["1b00000000011100"]);
  });

  test("GET_USER_INFO gives the user under any spelling of the number", () => {
    const { result } = bench("f80").run("GET_USER_INFO", { user_id: "00000027" });
    expect(result?.fields).toEqual({
      enroll_data_array: [
        { backup_number: 0, enroll_data: "BIN_1" },
        { backup_number: 1, enroll_data: "BIN_2" },
        { backup_number: 10, enroll_data: "BIN_3" },
      ],
      user_id: "27",
      user_name: "Ana",
      user_privilege: "USER",
      enable_flag: "ON",
    });
    expect(result?.binaries.map((binary) => Buffer.from(binary).toString())).toEqual([
      "finger 0",
      "finger 1",
      "4711",
    ]);
  });

  test("GET_USER_INFO of an unknown user is never answered", () => {
    expect(bench("f80").run("GET_USER_INFO", { user_id: "28" }).result).toBeUndefined();
  });

  test("SET_USER_INFO replaces the whole user and cuts the name", () => {
    const { run, device } = bench("ws535");
    const fields = {
      user_id: "27",
      user_name: "Anastasia",
      user_privilege: "MANAGER",
      user_photo: "BIN_1",
      enroll_data_array: [{ backup_number: 11, enroll_data: "BIN_2" }],
    };
    const binaries = [Buffer.from("photo"), Buffer.from("0815")];
    expect(run("SET_USER_INFO", fields, binaries).result?.returnCode).toBe("OK");
    expect(device.findUser("27")).toEqual({
      userId: "27",
      name: "Anastasi",
      privilege: "MANAGER",
      enabled: true,
      credentials: [{ backupNumber: 11, data: Buffer.from("0815") }],
      photo: Buffer.from("photo"),
    });
  });

  test("SET_USER_INFO refuses a binary that is not there and an id that does not fit", () => {
    const { run, device } = bench("f80");
    const missing = {
      user_id: "9",
      enroll_data_array: [{ backup_number: 0, enroll_data: "BIN_1" }],
    };
    expect(run("SET_USER_INFO", missing).result?.returnCode).toBe("ERROR_INVALID_PARAMTER");
    const letters = { user_id: "E-0042", enroll_data_array: null };
    expect(run("SET_USER_INFO", letters).result?.returnCode).toBe("ERROR_INVALID_PARAMTER");
    expect(device.listUsers()).toEqual(USERS);
    expect(bench("revo").run("SET_USER_INFO", letters).result?.returnCode).toBe("OK");
  });

  test("SET_USER_INFO makes some terminals push other users", () => {
    const { pushes } = bench("revo").run("SET_USER_INFO", { user_id: "27", user_name: "Ana" });
    expect(pushes.map(({ userId }) => userId)).toEqual(["8"]);
  });

  test("SET_USER_NAME and ENABLE_USER change one thing, and only of a known user", () => {
    const { run, device } = bench("f80");
    run("SET_USER_NAME", { user_id: "27", user_name: "Anna" });
    run("ENABLE_USER", { user_id: "27", enable_flag: "OFF" });
    expect(device.findUser("27")).toMatchObject({
      name: "Anna",
      enabled: false,
      credentials: USERS[0]?.credentials,
    });
    const unknown = run("SET_USER_NAME", { user_id: "28", user_name: "x" });
    expect(unknown.result?.returnCode).toBe("ERROR_NO_ID");
    expect(device.listUsers().length).toBe(2);
  });

  test("DELETE_USER deletes, whatever the make answers", () => {
    const honest = bench("f80");
    expect(honest.run("DELETE_USER", { user_id: "27" }).result?.returnCode).toBe("OK");
    expect(honest.run("DELETE_USER", { user_id: "27" }).result?.returnCode).toBe("ERROR_NO_ID");
    const lying = bench("ws535");
    expect(lying.run("DELETE_USER", { user_id: "27" }).result?.returnCode).toBe("Error");
    expect(lying.device.findUser("27")).toBeUndefined();
  });

  test("SET_COMMAND opens the enrollment screen, and the new template is pushed", () => {
    const { run, device } = bench("f80");
    const param = { user_id: "9", backup_number: 0 };
    const { result, pushes } = run("SET_COMMAND", { cmd: "enter_enroll", param });
    expect(result?.returnCode).toBe("OK");
    expect(pushes.map(({ userId, credentials }) => [userId, credentials.length])).toEqual([
      ["9", 1],
    ]);
    expect(device.findUser("9")).toBe(pushes[0]);
  });
});

describe("commands about the terminal", () => {
  test("GET_DEVICE_STATUS counts what is there", () => {
    expect(bench("f80").run("GET_DEVICE_STATUS", {}).result?.fields).toEqual({
      face_count: 0,
      fp_count: 2,
      idcard_count: 0,
      manager_count: 1,
      password_count: 1,
      total_log_count: 2,
      total_user_count: 2,
      user_count: 1,
    });
  });

  test("GET_DEVICE_SETTING gives strings", () => {
    const { result } = bench("f80").run("GET_DEVICE_SETTING");
    expect(result?.fields).toMatchObject({ Receive_Interval: "11", Volume: "5" });
  });

  test("SET_FK_NAME takes ASCII only", () => {
    const { run, device } = bench("f80");
    expect(run("SET_FK_NAME", { fk_name: "gate-2" }).result?.returnCode).toBe("OK");
    expect(run("SET_FK_NAME", { fk_name: "Tür" }).result?.returnCode).toBe(
      "ERROR_INVALID_PARAMTER",
    );
    expect(device.name).toBe("gate-2");
  });

  test("RESET_FK restarts without a result", () => {
    expect(bench("f80").run("RESET_FK")).toMatchObject({ result: undefined, reboots: true });
  });

  test("an unknown command is ignored by some makes, and not supported by others", () => {
    expect(bench("revo").run("MAKE_COFFEE")).toMatchObject({
      result: undefined,
      isExecuted: false,
    });
    expect(bench("f80").run("toString").result?.returnCode).toBe("ERROR_NOT_SUPPORTED");
  });

  test("parameters without their length are answered ERROR and change nothing", () => {
    const { runRaw, device } = bench("f80");
    const { result, isExecuted } = runRaw("SET_FK_NAME", '{"fk_name":"gate-2"}');
    expect(result?.returnCode).toBe("ERROR");
    expect(isExecuted).toBe(false);
    expect(device.name).toBe("gate-1");
  });
});

describe("commands in dialect D6", () => {
  test("SET_USER_INFO takes a list of users as plain JSON", () => {
    const { runRaw, device } = bench("r6");
    const body = '{"users":[{"userId":"9","name":"Cy","privilege":0,"card":"4711","pwd":""}]}\0';
    expect(runRaw("SET_USER_INFO", body).result?.returnCode).toBe("Success");
    expect(device.findUser("9")).toMatchObject({
      name: "Cy",
      credentials: [{ backupNumber: 11, data: Buffer.from("4711") }],
    });
  });

  test("GET_LOG_DATA and framed parameters fail", () => {
    expect(bench("r6").run("GET_LOG_DATA").result?.returnCode).toBe("Failure");
    const framed = bench("r6").run("SET_TIME", { time: "20260302081530" });
    expect(framed.result?.returnCode).toBe("Failure");
  });
});
