/**
 * Aim: the result of a command comes whole, with every binary it names, in one request or in blocks,
 * framed or in JSON; what is cut or inconsistent is no result.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BlockAssembler } from "#devices/fkweb/blocks.ts";
import { decodeCommandResult } from "#devices/fkweb/command-result.ts";
import { decodeLogRecords, readLogBatch } from "#devices/fkweb/log-records.ts";
import { type FkwebDialect, type FkwebFrame, readFrame } from "#devices/fkweb/message.ts";
import type { CommandResult } from "#domain/command.ts";
import { FUZZ_RUNS, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";
import { cut, framed, hex } from "./requests.ts";

/** E8: two records of HS101, and 91 bytes in all. */
const E8_TEXT = '{"log_array":"BIN_1","log_count":"2","one_log_size":"12"}';
const E8_RECORDS = hex("1b00000001010304f931023d080000000102013bf93122ee");
const E8 = framed(E8_TEXT, "\n\0", [E8_RECORDS]);

function frameOf(body: Uint8Array, dialect: FkwebDialect = "framed"): FkwebFrame {
  const headers = new Map([
    ["request_code", "send_cmd_result"],
    ["trans_id", "c-1"],
    ["cmd_return_code", "OK"],
    ["dev_id", "2401058352"],
  ]);
  const head = { method: "POST", target: "/", version: "1.0", headers, contentLength: 0 } as const;
  return { ...readFrame(head, body), dialect };
}

function read(body: Uint8Array, dialect?: FkwebDialect): CommandResult {
  const result = decodeCommandResult(frameOf(body, dialect), 64 * 1024);
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}

function codeOf(body: Uint8Array, dialect?: FkwebDialect): string {
  const result = decodeCommandResult(frameOf(body, dialect), 1024);
  return result.ok ? "ok" : result.error.code;
}

function hexes(binaries: readonly Uint8Array[]): string[] {
  return binaries.map((bytes) => Buffer.from(bytes).toString("hex"));
}

describe("decodeCommandResult()", () => {
  test("reads example E8, down to its punches", () => {
    expect(E8.length).toBe(91);
    expect(E8.subarray(0, 4).toString("hex")).toBe("3b000000");
    const result = read(E8);
    expect(result).toMatchObject({ commandIdText: "c-1", returnCode: "OK", text: E8_TEXT });
    expect(hexes(result.binaries)).toEqual([Buffer.from(E8_RECORDS).toString("hex")]);
    const batch = readLogBatch(result, "FKDataHS101");
    if (!batch.ok) throw new Error(batch.error.code);
    expect([...decodeLogRecords(batch.value)].map((record) => record.kind)).toEqual([
      "punch",
      "punch",
    ]);
  });

  test("reads it from blocks of any size", () => {
    for (const blockBytes of [1, 7, 40, 90]) {
      const assembler = new BlockAssembler();
      const blocks = cut(E8, blockBytes);
      let joined: Uint8Array | undefined;
      for (const [index, body] of blocks.entries()) {
        const number = index === blocks.length - 1 ? 0 : index + 1;
        const added = assembler.add({ key: "k", number, body }, 1000);
        if (!added.ok) throw new Error(added.error.code);
        joined = added.value;
      }
      if (joined === undefined) throw new Error("Not joined");
      expect(read(joined)).toEqual(read(E8));
    }
  });

  test("takes an empty body, or padding, for plain success", () => {
    for (const body of ["", "\0", "\n\0"]) {
      expect(read(Buffer.from(body))).toEqual({
        commandIdText: "c-1",
        returnCode: "OK",
        text: "",
        binaries: [],
      });
    }
  });

  test("keeps the code of a failure as the terminal sent it, and none where it sent none", () => {
    const frame = frameOf(new Uint8Array(0));
    const codeText = (returnCode: string | undefined) => {
      const result = decodeCommandResult({ ...frame, returnCode }, 10);
      return result.ok ? result.value.returnCode : result.error.code;
    };
    expect(codeText("NOT SUPPORT CMD")).toBe("NOT SUPPORT CMD");
    expect(codeText(undefined)).toBeUndefined();
  });

  test("gives every binary of a user, empty ones and padding behind them too", () => {
    const text = '{"user_photo":"BIN_1","a":["BIN_2","BIN_3"]}';
    const parts = [hex("ffd8ff"), new Uint8Array(0), hex("31323334")];
    const body = Buffer.concat([framed(text, "\0", parts), hex("000a0d")]);
    expect(read(body)).toMatchObject({ text });
    expect(hexes(read(body).binaries)).toEqual(["ffd8ff", "", "31323334"]);
  });

  test("gives records that begin with user 123, as which a brace may be read, and unnamed ones", () => {
    const record = hex("7b00000001010304f931023d");
    for (const text of [E8_TEXT, '{"log_count":1,"one_log_size":12}']) {
      expect(hexes(read(framed(text, "\0", [record])).binaries)).toEqual([
        "7b00000001010304f931023d",
      ]);
    }
  });

  test("gives base64 of bare JSON as binaries too", () => {
    const template = Buffer.alloc(900, 0xfb);
    const base64 = template.toString("base64").replaceAll("/", "\\/");
    const text = `{"user_photo":"data:image/jpeg;base64,${base64}","fps":["${base64}"],"x":1}`;
    for (const dialect of ["bare", "visible-light", "framed"] as const) {
      const result = read(Buffer.from(`${text}\0`), dialect);
      expect(result.text).toBe('{"user_photo":"BIN_1","fps":["BIN_2"],"x":1}');
      expect(result.binaries.map((bytes) => template.equals(bytes))).toEqual([true, true]);
    }
  });

  test("leaves what is no base64 where it is", () => {
    const text = `{"x":"${"A".repeat(301)}"}`;
    expect(read(Buffer.from(text), "bare")).toMatchObject({ text, binaries: [] });
  });

  test.each([
    ["a binary that is cut", E8.subarray(0, -1), "binaries-incomplete"],
    ["a binary that is missing", framed(E8_TEXT), "binaries-incomplete"],
    ["something behind its text that is no binary", framed("{}", "\0ffff"), "body-has-more"],
    ["no JSON", framed("{"), "body-not-json"],
    ["no UTF-8", hex("0300000022ff22"), "body-not-utf8"],
    ["a text beyond its limit", framed(`{"x":"${"y ".repeat(600)}"}`), "body-text-too-long"],
  ])("refuses %s", (_name, body, code) => {
    expect(codeOf(body)).toBe(code);
  });

  test.each([
    ["no JSON", "{", "body-not-json"],
    ["no UTF-8", '{"x":"\xff"}', "body-not-utf8"],
    ["a text beyond its limit", `{"x":"${"y ".repeat(600)}"}`, "body-text-too-long"],
  ])("refuses bare JSON that is %s", (_name, body, code) => {
    expect(codeOf(Buffer.from(body, "latin1"), "bare")).toBe(code);
  });

  test("refuses each beginning of a result", () => {
    for (let length = 1; length < E8.length; length += 1) {
      expect(codeOf(E8.subarray(0, length))).not.toBe("ok");
    }
  });

  test("refuses a request that could not be opened", () => {
    const fault = { code: "block-not-base64", reason: "x" } as const;
    expect(decodeCommandResult({ ...frameOf(E8), fault }, 1000)).toEqual({
      ok: false,
      error: fault,
    });
  });

  test(
    "never throws, and gives back any binaries that were framed",
    () => {
      const dialect = fc.constantFrom("framed", "bare", "visible-light", "form");
      fc.assert(
        fc.property(dialect, fc.uint8Array({ maxLength: 200 }), (dialect, body) => {
          expect(codeOf(body, dialect)).toBeString();
        }),
        FUZZ_RUNS,
      );
      const binaries = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 });
      fc.assert(
        fc.property(binaries, (parts) => {
          const text = JSON.stringify(parts.map((_, index) => `BIN_${index + 1}`));
          expect(hexes(read(framed(text, "\n\0", parts)).binaries)).toEqual(hexes(parts));
        }),
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});
