/**
 * Aim: every command reaches the terminal as section 7 writes it, byte for byte, in the form that its
 * dialect understands, and none that could be misunderstood is sent at all.
 */

import { describe, expect, test } from "bun:test";
import { type CommandTarget, encodeCommandReply } from "#devices/fkweb/commands.ts";
import type { DeviceCommand } from "#domain/command.ts";
import { parseWallTime } from "#domain/wall-time.ts";
import { hex } from "./requests.ts";

function wallTime(text: string) {
  const parsed = parseWallTime(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.value;
}

const NOW = wallTime("20260302081530");
const D2: CommandTarget = {
  dialect: "framed",
  transactionName: "trans_id",
  codeLibrary: "FKDataHS101",
  persistence: "close",
};

/** Head and body of the reply to a command, or why there is none. */
function encode(command: DeviceCommand, changes: Partial<CommandTarget> = {}, id = "c-1") {
  const handed = { id, command, wallTime: NOW };
  const reply = encodeCommandReply(handed, { ...D2, ...changes });
  if (!reply.ok) return { head: reply.error.code, body: Buffer.alloc(0), close: undefined };
  const bytes = Buffer.from(reply.value.bytes ?? []);
  const end = bytes.indexOf("\r\n\r\n") + 4;
  return {
    head: bytes.subarray(0, end).toString("latin1"),
    body: bytes.subarray(end),
    close: reply.value.close,
  };
}

/** The name of a command and its parameters, read by hand. */
function spelled(command: DeviceCommand, changes: Partial<CommandTarget> = {}): unknown {
  const { head, body } = encode(command, changes);
  const code = /\r\ncmd_code: (.*)\r\n/.exec(head)?.[1] ?? head;
  if (body.length === 0) return [code];
  const isFramed = (changes.dialect ?? "framed") === "framed";
  if (isFramed) expect(body.readUInt32LE(0)).toBe(body.length - 4);
  expect(body.at(-1)).toBe(0);
  return [code, JSON.parse(body.subarray(isFramed ? 4 : 0, -1).toString())];
}

const USER = {
  kind: "set-user",
  userId: "00000033",
  name: "Ana María",
  isManager: false,
  isEnabled: true,
} as const;

/** Every command, and what it is called and said with in D2. */
const COMMANDS: readonly (readonly [DeviceCommand, unknown[]])[] = [
  [{ kind: "set-time" }, ["SET_TIME", { time: "20260302081530" }]],
  [{ kind: "read-log" }, ["GET_LOG_DATA"]],
  [
    { kind: "read-log", fromWallTime: NOW, untilWallTime: wallTime("20260303000000") },
    ["GET_LOG_DATA", { begin_time: "20260302081530", end_time: "20260303000000" }],
  ],
  [{ kind: "read-log", untilWallTime: NOW }, ["GET_LOG_DATA", { end_time: "20260302081530" }]],
  [{ kind: "list-users" }, ["GET_USER_ID_LIST"]],
  [{ kind: "get-user", userId: "E-0042" }, ["GET_USER_INFO", { user_id: "E-0042" }]],
  [
    USER,
    [
      "SET_USER_INFO",
      {
        user_id: "00000033",
        user_name: "Ana María",
        user_privilege: "USER",
        enable_flag: "ON",
        enroll_data_array: null,
      },
    ],
  ],
  [
    { kind: "rename-user", userId: "27", name: 'A "B"' },
    ["SET_USER_NAME", { user_id: "27", user_name: 'A "B"' }],
  ],
  [{ kind: "delete-user", userId: "27" }, ["DELETE_USER", { user_id: "27" }]],
  [
    { kind: "enable-user", userId: "27", isEnabled: false },
    ["ENABLE_USER", { user_id: "27", enable_flag: "OFF" }],
  ],
  [{ kind: "get-status" }, ["GET_DEVICE_STATUS", {}]],
  [{ kind: "get-settings" }, ["GET_DEVICE_SETTING"]],
  [{ kind: "rename-device", name: "gate-1" }, ["SET_FK_NAME", { fk_name: "gate-1" }]],
  [
    { kind: "show-enrollment", userId: "27", credentialNumber: 12 },
    ["SET_COMMAND", { cmd: "enter_enroll", param: { user_id: "27", backup_number: 12 } }],
  ],
  [{ kind: "restart" }, ["RESET_FK"]],
];

describe("encodeCommandReply()", () => {
  test("gives example E6, byte for byte", () => {
    const { head, body, close } = encode({ kind: "set-time" });
    expect(head).toBe(
      "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\ntrans_id: c-1\r\ncmd_code: SET_TIME\r\nContent-Length: 30\r\nConnection: close\r\n\r\n",
    );
    const digits = "1a0000007b2274696d65223a223230323630333032303831353330227d00";
    expect(body.equals(hex(digits))).toBe(true);
    expect(close).toBe(true);
  });

  test.each(COMMANDS)("spells %p to D2 and D3", (command, wanted) => {
    expect(spelled(command)).toEqual(wanted);
    expect(spelled(command, { transactionName: "cmd_id" })).toEqual(wanted);
  });

  test.each(COMMANDS)("spells %p to D5, without a length", (command, wanted) => {
    expect(spelled(command, { dialect: "bare" })).toEqual(wanted);
  });

  test("names the command under both headers to D3, and keeps a connection", () => {
    const { head, close } = encode(
      { kind: "restart" },
      { transactionName: "cmd_id", persistence: "keep-1.1" },
    );
    expect(head).toBe(
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\ntrans_id: c-1\r\ncmd_id: c-1\r\ncmd_code: RESET_FK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
    );
    expect(close).toBe(false);
  });

  test("counts the bytes of a name, not its letters", () => {
    const { head, body } = encode(USER);
    expect(body.toString("utf8")).toContain("Ana María");
    expect(head).toContain(`\r\nContent-Length: ${body.length}\r\n`);
  });

  test("gives D4 numbers for the privilege and the flag", () => {
    const manager = { ...USER, isManager: true, isEnabled: false };
    expect(spelled(manager, { codeLibrary: "m50" })).toEqual([
      "SET_USER_INFO",
      {
        user_id: "00000033",
        user_name: "Ana María",
        user_privilege: 1,
        user_enabled: 0,
        enroll_data_array: null,
      },
    ]);
    expect(spelled(manager)).toMatchObject([
      "SET_USER_INFO",
      { user_privilege: "MANAGER", enable_flag: "OFF" },
    ]);
  });

  test("tells D6 what is known of it, and nothing else", () => {
    const dialect = "visible-light";
    expect(spelled({ kind: "get-status" }, { dialect })).toEqual(["GET_DEVICE_INFO"]);
    expect(spelled(USER, { dialect })).toEqual([
      "SET_USER_INFO",
      { users: [{ userId: "00000033", name: "Ana María", privilege: 0 }] },
    ]);
    expect(spelled({ ...USER, isEnabled: false }, { dialect })).toEqual(["not-in-dialect"]);
    expect(spelled({ kind: "set-time" }, { dialect })).toEqual([
      "SET_TIME",
      { time: "20260302081530" },
    ]);
    expect(spelled({ kind: "restart" }, { dialect })).toEqual(["RESET_FK"]);
    const known = ["get-status", "set-user", "set-time", "restart"];
    for (const [command] of COMMANDS.filter(([{ kind }]) => !known.includes(kind))) {
      expect(spelled(command, { dialect })).toEqual(["not-in-dialect"]);
    }
  });

  test("tells D1 nothing", () => {
    for (const [command] of COMMANDS) {
      expect(spelled(command, { dialect: "form" })).toEqual(["not-in-dialect"]);
    }
  });

  test("refuses a terminal's name that is not ASCII", () => {
    for (const name of ["Tür", "", "a\nb"]) {
      expect(spelled({ kind: "rename-device", name })).toEqual(["name-not-ascii"]);
    }
  });

  test.each(["", "17-characters-are", "a b", "a\r\nb", "ä"])("throws for the id %p", (id) => {
    expect(() => encode({ kind: "restart" }, {}, id)).toThrow("16 letters");
  });
});
