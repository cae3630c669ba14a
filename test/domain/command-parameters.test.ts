/** Aim: every command is read as it is written, and what is wrong with one is told by its name. */

import { describe, expect, test } from "bun:test";
import { COMMAND_KINDS } from "#domain/command.ts";
import { commandParameters, PARAMETERS_OF, parseCommand } from "#domain/command-parameters.ts";

const SOUND: Readonly<Record<string, Record<string, unknown>>> = {
  "read-log": { from: "20260301000000", until: "20260302235959" },
  "get-user": { user_id: "0027" },
  "set-user": { user_id: "E-0042", name: "Ana María", is_manager: true, is_enabled: false },
  "rename-user": { user_id: "27", name: "Ana" },
  "delete-user": { user_id: "27" },
  "enable-user": { user_id: "27", is_enabled: false },
  "rename-device": { name: "gate-1" },
  "show-enrollment": { user_id: "27", credential_number: 12 },
};

describe("parseCommand()", () => {
  test.each([...COMMAND_KINDS])("reads %s, and commandParameters() writes it back", (kind) => {
    const parameters = SOUND[kind] ?? {};
    const command = parseCommand(kind, parameters);
    if (!command.ok) throw new Error(command.error.reason);
    expect(command.value.kind).toBe(kind);
    expect(commandParameters(command.value)).toEqual(parameters);
    expect(Object.keys(parameters)).toEqual([...PARAMETERS_OF[kind]]);
  });

  test("fills in that a user is no manager and may punch", () => {
    expect(parseCommand("set-user", { user_id: "7", name: "A" })).toMatchObject({
      value: { isManager: false, isEnabled: true },
    });
    expect(parseCommand("enable-user", { user_id: "7" })).toMatchObject({
      value: { isEnabled: true },
    });
  });

  test("takes a date alone for its whole day, and a time in either form", () => {
    expect(parseCommand("read-log", { from: "2026-03-01", until: "2026-03-01" })).toMatchObject({
      value: { fromWallTime: "20260301000000", untilWallTime: "20260301235959" },
    });
    expect(parseCommand("read-log", { from: "2026-03-01T08:15:04" })).toMatchObject({
      value: { fromWallTime: "20260301081504" },
    });
    expect(parseCommand("read-log", {})).toEqual({ ok: true, value: { kind: "read-log" } });
  });

  test("takes a user id of 32 characters, with its zeros and blanks", () => {
    const user_id = ` ${"0".repeat(31)}`;
    expect(parseCommand("get-user", { user_id })).toMatchObject({ value: { userId: user_id } });
  });

  test.each([
    ["dance", {}, "kind-unknown", undefined, /"dance"; known are set-time, read-log, .*, restart$/],
    ["clear-log", {}, "kind-unknown", undefined, /known are/],
    ["open-door", {}, "kind-unknown", undefined, /known are/],
    ["constructor", {}, "kind-unknown", undefined, /known are/],
    [
      "set-time",
      { time: "2026" },
      "parameter-unknown",
      "time",
      /"time" of "set-time"; it takes none/,
    ],
    ["get-user", { user: "7" }, "parameter-unknown", "user", /it takes user_id$/],
    ["get-user", {}, "parameter-missing", "user_id", /"user_id" is missing; 1 to 32/],
    ["get-user", { user_id: 27 }, "parameter-invalid", "user_id", /is 27; a text/],
    ["get-user", { user_id: null }, "parameter-invalid", "user_id", /is null; a text/],
    ["get-user", { user_id: " " }, "parameter-invalid", "user_id", /is empty/],
    ["get-user", { user_id: "x".repeat(33) }, "parameter-invalid", "user_id", /33 characters/],
    ["get-user", { user_id: "7\n8" }, "parameter-invalid", "user_id", /control characters/],
    ["get-user", { user_id: "\uD800" }, "parameter-invalid", "user_id", /control characters/],
    ["rename-user", { user_id: "7" }, "parameter-missing", "name", /"name" is missing/],
    [
      "rename-user",
      { user_id: "7", name: "x".repeat(65) },
      "parameter-invalid",
      "name",
      /65 characters; 1 to 64/,
    ],
    ["rename-device", { name: "Tür" }, "parameter-invalid", "name", /ASCII/],
    [
      "set-user",
      { user_id: "7", name: "A", is_manager: "no" },
      "parameter-invalid",
      "is_manager",
      /true or false/,
    ],
    ["show-enrollment", { user_id: "7" }, "parameter-missing", "credential_number", /missing/],
    [
      "show-enrollment",
      { user_id: "7", credential_number: 64 },
      "parameter-invalid",
      "credential_number",
      /is 64; a whole number from 0 to 63/,
    ],
    [
      "show-enrollment",
      { user_id: "7", credential_number: 1.5 },
      "parameter-invalid",
      "credential_number",
      /is 1.5/,
    ],
    ["read-log", { from: "yesterday" }, "parameter-invalid", "from", /"yesterday"; a local time/],
    ["read-log", { from: "2026-02-30" }, "parameter-invalid", "from", /2026-02-30/],
    ["read-log", { from: [1] }, "parameter-invalid", "from", /is a list/],
    [
      "read-log",
      { from: "2026-03-02", until: "2026-03-01" },
      "parameter-invalid",
      "until",
      /before/,
    ],
  ] as const)("refuses %s with %j", (...[kind, parameters, code, parameter, reason]) => {
    expect(parseCommand(kind, parameters)).toEqual({
      ok: false,
      error: { code, parameter, reason: expect.stringMatching(reason) },
    } as never);
  });
});
