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
    expect(readReply(E1_REPLY, false)).toEqual({ acknowledges: true, keepsOpen: false });
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
    expect(readReply(`${reply}abc`, false)).toEqual({ acknowledges: true, keepsOpen: false });
  });

  test("readReply() reads a reply without a length up to the end of the connection", () => {
    const reply = "HTTP/1.0 200 OK\r\nresponse_code: OK\r\n\r\n";
    expect(readReply(reply, false)).toBeUndefined();
    expect(readReply(reply, true)).toEqual({ acknowledges: true, keepsOpen: false });
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
    expect(readReply(text, false)).toEqual({ acknowledges: true, keepsOpen });
    expect(readReply(text, true)).toEqual({ acknowledges: true, keepsOpen: false });
  });
});
