/**
 * Aim: an outcome with a command is spelled as the reply to the poll that it came from, and a result
 * comes out of the driver with its binaries, however it is cut, and with nothing to keep raw.
 */

import { describe, expect, test } from "bun:test";
import type { Exchange } from "#devices/driver.ts";
import { createFkwebDriver } from "#devices/fkweb/driver.ts";
import { COMMAND_KINDS, type CommandKind, type DeviceCommand } from "#domain/command.ts";
import { PARAMETERS_OF, parseCommand } from "#domain/command-parameters.ts";
import type { Intake } from "#domain/intake.ts";
import { parseWallTime } from "#domain/wall-time.ts";
import { ADDRESS, cut, framed, LIMITS, post, pushAll, replyText } from "./requests.ts";

const parsed = parseWallTime("20260302081530");
if (!parsed.ok) throw new Error("No wall time");
const WALL_TIME = parsed.value;

function exchangeOf(chunks: readonly Uint8Array[]): Exchange {
  const [event] = pushAll(createFkwebDriver().open(LIMITS, ADDRESS), chunks);
  if (event?.kind !== "exchange") throw new Error(`Got ${event?.kind}`);
  return event;
}

function intakeOf(chunks: readonly Uint8Array[]): Intake {
  return exchangeOf(chunks).intake;
}

function replyTo(poll: Uint8Array, command: DeviceCommand): string {
  const handed = { id: "c-1", command, wallTime: WALL_TIME };
  const exchange = exchangeOf([poll]);
  return replyText(exchange.encodeReply({ kind: "stored", command: handed })).text ?? "";
}

const poll = (headers: Record<string, string | undefined> = {}, line?: string) =>
  post(new Uint8Array(0), { request_code: "receive_cmd", trans_id: "x", ...headers }, line);

describe("the reply to a poll", () => {
  test("is the command, as example E6 has it", () => {
    expect(replyTo(poll(), { kind: "set-time" })).toBe(
      'HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\ntrans_id: c-1\r\ncmd_code: SET_TIME\r\nContent-Length: 30\r\nConnection: close\r\n\r\n\x1a\0\0\0{"time":"20260302081530"}\0',
    );
  });

  test("names the command under both headers where the poll had cmd_id", () => {
    const reply = replyTo(poll({ trans_id: undefined, cmd_id: "x" }), { kind: "restart" });
    expect(reply).toContain("\r\ntrans_id: c-1\r\ncmd_id: c-1\r\ncmd_code: RESET_FK\r\n");
  });

  test("is the idle one where the command cannot be spelled, and the poll says so before", () => {
    const d6 = poll({}, "POST /AIData.aspx HTTP/1.0");
    const command: DeviceCommand = { kind: "list-users" };
    expect(replyTo(d6, command)).toContain("response_code: ERROR_NO_CMD\r\n");
    const intake = intakeOf([d6]);
    const refuse = intake.kind === "poll" ? intake.refuseCommand : undefined;
    const handed = { id: "c-1", wallTime: WALL_TIME };
    expect(refuse?.({ ...handed, command })).toContain("list-users");
    expect(refuse?.({ ...handed, command: { kind: "set-time" } })).toBeUndefined();
    expect(intakeOf([poll()])).not.toHaveProperty("refuseCommand");
  });
});

const RESULT = { request_code: "send_cmd_result", trans_id: "c-7", cmd_return_code: "OK" };
const LIST_JSON = '{"one_user_id_size":"8","user_id_array":"BIN_1","user_id_count":"1"}';
const RECORD = Buffer.from("7b00000000011100", "hex");

describe("a poll with a dev_model on the path /", () => {
  const bare = (json: string, model: string | undefined = "R6") =>
    post(Buffer.from(json), { request_code: "receive_cmd", dev_model: model });
  const addUser: DeviceCommand = {
    kind: "set-user",
    userId: "27",
    name: "Ana",
    isManager: false,
    isEnabled: true,
  };
  const d5User =
    '{"user_id":"27","user_name":"Ana","enroll_data_array":null,"user_privilege":"USER","enable_flag":"ON"}\0';
  const d6User = '{"users":[{"userId":"27","name":"Ana","privilege":0}]}\0';

  test.each([
    ['{"fk_time":"20260302081459"}', "R6", d5User],
    ['{"fk_name":"","time":"20260302081459"}', "R6", d5User],
    ['{"time":"20260302081459"}', "R6", d6User],
    // D6 firmware that does not name its model either.
    ['{"time":"20260302081459"}', undefined, d6User],
  ] as const)("%s of the model %p is told %s", (json, model, told) => {
    expect(replyTo(bare(json, model), addUser)).toEndWith(`\r\n\r\n${told}`);
  });

  test.each(["", "{}", '{"battery":"80"}'])("%p tells not which: only what both take", (json) => {
    expect(replyTo(bare(json), addUser)).toContain("response_code: ERROR_NO_CMD\r\n");
    const intake = intakeOf([bare(json)]);
    const refuse = intake.kind === "poll" ? intake.refuseCommand : undefined;
    const refused = COMMAND_KINDS.filter(
      (kind) =>
        refuse?.({ id: "c-1", command: commandOf(kind), wallTime: WALL_TIME }) !== undefined,
    );
    expect(refused).toEqual(
      COMMAND_KINDS.filter((kind) => !["set-time", "restart"].includes(kind)),
    );
    expect(replyTo(bare(json), { kind: "set-time" })).toEndWith(
      '\r\n\r\n{"time":"20260302081530"}\0',
    );
  });
});

function commandOf(kind: CommandKind): DeviceCommand {
  const all = { user_id: "27", name: "Ana", credential_number: 0 };
  const wanted = PARAMETERS_OF[kind].flatMap((name) =>
    Object.hasOwn(all, name) ? [[name, Reflect.get(all, name)]] : [],
  );
  const command = parseCommand(kind, Object.fromEntries(wanted));
  if (!command.ok) throw new Error(command.error.reason);
  return command.value;
}

describe("a result", () => {
  test("of plain success has no text", () => {
    const intake = intakeOf([post(new Uint8Array(0), RESULT)]);
    expect(intake).toEqual({
      kind: "command-result",
      deviceId: "2401058352",
      result: { commandIdText: "c-7", returnCode: "OK", text: "", binaries: [] },
      raw: new Uint8Array(0),
    } as never);
  });

  test("keeps its binaries, also one that begins with a brace, cut anywhere", () => {
    const request = post(framed(LIST_JSON, "\n\0", [RECORD]), RESULT);
    for (const chunkBytes of [1, 7, request.length]) {
      const intake = intakeOf(cut(request, chunkBytes));
      expect(intake).toMatchObject({ result: { text: LIST_JSON }, raw: new Uint8Array(0) });
      const binaries = intake.kind === "command-result" ? intake.result.binaries : [];
      expect(binaries.map((bytes) => Buffer.from(bytes).toString("hex"))).toEqual([
        "7b00000000011100",
      ]);
    }
  });

  test("in blocks is joined", () => {
    const body = framed(LIST_JSON, "\n\0", [RECORD]);
    const decoder = createFkwebDriver().open(LIMITS, ADDRESS);
    const keep = { ...RESULT, Connection: "keep-alive" };
    const events = pushAll(decoder, [
      post(body.subarray(0, 50), { ...keep, blk_no: "1" }),
      post(body.subarray(50), { ...keep, blk_no: "0" }),
    ]);
    expect(events).toMatchObject([
      { kind: "answer" },
      { kind: "exchange", intake: { result: { commandIdText: "c-7", text: LIST_JSON } } },
    ]);
  });

  test("that is cut or is no JSON tells its word, and why there is no more", () => {
    const body = framed(LIST_JSON, "\n\0", [RECORD]);
    for (const broken of [body.subarray(0, -1), framed("{"), Buffer.from("SECRET")]) {
      const intake = intakeOf([post(broken, RESULT)]);
      expect(intake).toMatchObject({
        result: { returnCode: "OK", text: "", binaries: [], contentProblem: expect.any(String) },
        raw: new Uint8Array(0),
      });
      expect(JSON.stringify(intake)).not.toContain("SECRET");
    }
  });

  test("of a user says which credentials there are", () => {
    const json =
      '{"enable_flag":"OFF","enroll_data_array":[{"backup_number":0,"enroll_data":"BIN_1"},{"backup_number":11,"enroll_data":"BIN_2"}],"user_id":"0027","user_name":"Ana","user_privilege":"MANAGER"}';
    const binaries = [Buffer.alloc(40, 1), Buffer.from("4711")];
    expect(intakeOf([post(framed(json, "\n\0", binaries), RESULT)])).toMatchObject({
      result: {
        enrollment: {
          userIdText: "0027",
          name: "Ana",
          privilege: 1,
          isEnabled: false,
          credentials: [0, 11],
          cardCount: 1,
          fingerprintCount: 1,
        },
      },
    });
  });

  test("without a device id is unreadable, and none of it is kept", () => {
    const intake = intakeOf([post(framed('{"card":"4711"}'), { ...RESULT, dev_id: undefined })]);
    expect(intake).toMatchObject({ kind: "unreadable", raw: new Uint8Array(0) });
  });
});
