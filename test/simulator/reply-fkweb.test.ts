/**
 * Aim: only what the least tolerant terminal takes as an acknowledgement counts as one.
 */

import { describe, expect, test } from "bun:test";
import { readReply } from "#simulator/reply-fkweb.ts";

/** Protocol document, section 14, E1. */
const E1_REPLY =
  "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\n" +
  "Content-Length: 0\r\nConnection: close\r\n\r\n";

describe("readReply()", () => {
  test("readReply() takes the reply of E1 as an acknowledgement", () => {
    expect(readReply(E1_REPLY, false)).toMatchObject({ acknowledges: true, keepsOpen: false });
  });

  test("readReply() wants more at every cut of the reply, also when the connection ends there", () => {
    for (let cut = 0; cut < E1_REPLY.length; cut += 1) {
      expect(readReply(E1_REPLY.slice(0, cut), false)).toBeUndefined();
      expect(readReply(E1_REPLY.slice(0, cut), true)).toBeUndefined();
    }
  });

  test("readReply() waits for the whole body", () => {
    const reply = "HTTP/1.0 200 OK\r\nresponse_code: OK\r\nContent-Length: 3\r\n\r\n";
    expect(readReply(`${reply}ab`, false)).toBeUndefined();
    expect(readReply(`${reply}abc`, false)).toMatchObject({ acknowledges: true, keepsOpen: false });
  });

  test("readReply() reads a reply without a length up to the end of the connection", () => {
    const reply = "HTTP/1.0 200 OK\r\nresponse_code: OK\r\n\r\n";
    expect(readReply(reply, false)).toBeUndefined();
    expect(readReply(reply, true)).toMatchObject({ acknowledges: true, keepsOpen: false });
  });

  const refusals: readonly [what: string, head: string, body: string][] = [
    ["a capital in the header's name", "Response_code: OK\r\nContent-Length: 0\r\n", ""],
    ["no response_code", "Content-Length: 0\r\n", ""],
    ["the acknowledgement in the body", "Content-Length: 17\r\n", "response_code: OK"],
    ["another value", "response_code: ERROR_NO_CMD\r\nContent-Length: 0\r\n", ""],
    ["a value that only begins with OK", "response_code: OKAY\r\nContent-Length: 0\r\n", ""],
  ];
  test.each(refusals)("readReply() finds no acknowledgement in %s", (_what, head, body) => {
    const reply = readReply(`HTTP/1.0 200 OK\r\n${head}\r\n${body}`, false);
    expect(reply?.acknowledges).toBe(false);
  });

  const connections: readonly [statusLine: string, connection: string, keepsOpen: boolean][] = [
    ["HTTP/1.0 200 OK", "", false],
    ["HTTP/1.0 200 OK", "Connection: keep-alive\r\n", true],
    ["HTTP/1.1 200 OK", "", true],
    ["HTTP/1.1 200 OK", "connection: Close\r\n", false],
  ];
  test.each(connections)("readReply() knows %s %p to keep open: %p", (line, header, keepsOpen) => {
    const text = `${line}\r\n${header}response_code: OK\r\nContent-Length: 0\r\n\r\n`;
    expect(readReply(text, false)).toMatchObject({ acknowledges: true, keepsOpen });
    expect(readReply(text, true)).toMatchObject({ acknowledges: true, keepsOpen: false });
  });

  const COMMAND = (header: string): string =>
    `HTTP/1.0 200 OK\r\nresponse_code: OK\r\n${header}: c-1\r\ncmd_code: SET_TIME\r\n` +
    'Content-Length: 30\r\n\r\n\x1a\0\0\0{"time":"20260302081530"}\0';

  test("readReply() finds the command of E6 with all its bytes", () => {
    const body = "1a0000007b2274696d65223a223230323630333032303831353330227d00";
    expect(readReply(COMMAND("trans_id"), false)?.command).toEqual({
      id: "c-1",
      code: "SET_TIME",
      body: Buffer.from(body, "hex"),
    });
  });

  test("readReply() knows the transaction under its own name only", () => {
    expect(readReply(COMMAND("cmd_id"), false, "cmd_id")?.command?.id).toBe("c-1");
    expect(readReply(COMMAND("cmd_id"), false, "trans_id")?.command?.id).toBe("");
  });

  test("readReply() finds no command without OK or with an empty code", () => {
    const idle = "response_code: ERROR_NO_CMD\r\ntrans_id: \r\ncmd_code: \r\n";
    const reply = (head: string) =>
      readReply(`HTTP/1.0 200 OK\r\n${head}Content-Length: 0\r\n\r\n`, false);
    expect(reply(idle)).toMatchObject({ command: undefined, transaction: "", reboots: false });
    expect(reply("response_code: OK\r\ncmd_code: \r\n")?.command).toBeUndefined();
    expect(reply("response_code: ERROR\r\ncmd_code: SET_TIME\r\n")?.command).toBeUndefined();
  });

  test("readReply() restarts for RESET_FK alone", () => {
    const reply = "HTTP/1.0 200 OK\r\nresponse_code: RESET_FK\r\nContent-Length: 0\r\n\r\n";
    expect(readReply(reply, false)).toMatchObject({ reboots: true, acknowledges: false });
  });
});
