/** Aim: only what a terminal surely did is called done, and nothing secret of a result is kept. */

import { describe, expect, test } from "bun:test";
import { COMMAND_KINDS, type CommandResult } from "#domain/command.ts";
import { judgeResult, keepResult, shownReturnCode } from "#domain/command-verdict.ts";

function resultOf(more: Partial<CommandResult>): CommandResult {
  return { commandIdText: "c-1", returnCode: "OK", text: "", binaries: [], ...more };
}

const ENROLLMENT = {
  userIdText: "7",
  name: undefined,
  privilege: undefined,
  isEnabled: undefined,
  credentials: [0],
  passwordCount: 0,
  cardCount: 0,
  faceCount: 0,
  fingerprintCount: 1,
  veinCount: 0,
};

describe("judgeResult()", () => {
  test.each([
    "set-time",
    "rename-user",
    "delete-user",
    "enable-user",
    "rename-device",
    "show-enrollment",
  ])("takes a plain OK to %s for done", (kind) => {
    expect(judgeResult(kind, resultOf({}))).toEqual({ status: "done", problem: undefined });
  });

  test("takes an OK with what was asked for as done", () => {
    for (const kind of ["read-log", "list-users", "get-status", "get-settings"]) {
      expect(judgeResult(kind, resultOf({ text: "{}" })).status).toBe("done");
    }
    expect(judgeResult("get-user", resultOf({ text: "{}", enrollment: ENROLLMENT })).status).toBe(
      "done",
    );
  });

  test.each([
    ["read-log", {}, /sent nothing/],
    ["list-users", { contentProblem: "cut" }, /cannot be read: cut/],
    ["get-user", { text: "{}" }, /tells of the user cannot be read/],
  ])("takes an OK without an answer to %s for failed", (kind, more, problem) => {
    const verdict = judgeResult(kind, resultOf(more));
    expect(verdict).toEqual({ status: "failed", problem: expect.stringMatching(problem) } as never);
  });

  test("takes OK to set-user for no proof", () => {
    expect(judgeResult("set-user", resultOf({}))).toMatchObject({ status: "unconfirmed" });
  });

  test("never takes another word than OK, or none, for done", () => {
    const words = ["", " ", undefined, "ok?", "0", "Success", "Error", "BUSY", "ERROR_NO_CMD OK"];
    for (const kind of COMMAND_KINDS) {
      for (const returnCode of words) {
        const { status, problem } = judgeResult(kind, resultOf({ returnCode, text: "{}" }));
        expect([kind, returnCode, status === "done", problem === undefined]).toEqual([
          kind,
          returnCode,
          false,
          false,
        ]);
      }
    }
  });

  test("shows the word, and no more of it than is good", () => {
    expect(judgeResult("set-time", resultOf({ returnCode: "NOT SUPPORT CMD" }))).toEqual({
      status: "failed",
      problem: 'The terminal said "NOT SUPPORT CMD"',
    });
    expect(shownReturnCode(`\x1b[2J${"x".repeat(100)}`)).toBe(`?[2J${"x".repeat(60)}`);
  });
});

describe("keepResult()", () => {
  test("keeps status and settings without what may be secret", () => {
    const text = JSON.stringify({
      Volume: "5",
      password_count: "3",
      Comm_Password: "1234",
      wifi: [{ ssid: "x", pwd: "hunter2" }],
      API_key: "k",
      keyboard: "de",
    });
    const kept = keepResult("get-settings", resultOf({ text }));
    expect(JSON.parse(kept.text ?? "")).toEqual({
      Volume: "5",
      password_count: "3",
      Comm_Password: "(not kept)",
      wifi: [{ ssid: "x", pwd: "(not kept)" }],
      API_key: "(not kept)",
      keyboard: "de",
    });
  });

  test.each([
    ["card", "0004711"],
    ["IDCard_No", "0004711"],
    ["cardNumber", 4711],
    ["user_photo", "/9j/4AAQ"],
    ["logPhoto", "/9j/4AAQ"],
    ["face_template", "QUFB"],
    ["fps", ["QUFB"]],
    ["enroll_data", "QUFB"],
  ])("keeps of %s in a status no value", (name, value) => {
    const text = JSON.stringify({ idcard_count: 3, card_type: "EM", users: [{ [name]: value }] });
    expect(JSON.parse(keepResult("get-status", resultOf({ text })).text ?? "")).toEqual({
      idcard_count: 3,
      card_type: "EM",
      users: [{ [name]: "(not kept)" }],
    });
  });

  test("keeps nothing of answers that nobody asked for, of what is no object, and of long ones", () => {
    const nothing = { text: undefined, bytes: undefined };
    const binaries = [new Uint8Array(4)];
    const text = '{"card":"4711"}';
    expect(keepResult("set-user", resultOf({ text, binaries }))).toEqual(nothing);
    expect(keepResult("get-user", resultOf({ text, binaries }))).toEqual(nothing);
    for (const other of ["[1]", "4711", "{", `{"a":"${"x".repeat(17_000)}"}`]) {
      expect(keepResult("get-status", resultOf({ text: other }))).toEqual(nothing);
    }
  });

  test("does not lose its way in deep nesting", () => {
    const text = `${'{"a":'.repeat(2_000)}1${"}".repeat(2_000)}`;
    expect(keepResult("get-status", resultOf({ text })).text).toContain("(not kept)");
  });

  test("keeps no word of a terminal where our own progress will stand", () => {
    const text = '{"log_count":"2","recovery":{"added_count":2}}';
    expect(keepResult("read-log", resultOf({ text })).text).toBe('{"log_count":"2"}');
  });

  test("keeps records, also when there are none", () => {
    const binaries = [Uint8Array.of(1, 2), Uint8Array.of(3)];
    expect([...(keepResult("read-log", resultOf({ binaries })).bytes ?? [])]).toEqual([1, 2, 3]);
    expect(keepResult("list-users", resultOf({})).bytes?.length).toBe(0);
  });
});
