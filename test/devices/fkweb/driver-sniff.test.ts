/**
 * Aim: the first bytes of a connection are claimed when they are FKWeb or may be, and left alone
 * when they are another protocol's.
 */

import { describe, expect, test } from "bun:test";
import { createFkwebDriver } from "#devices/fkweb/driver.ts";
import { EXPECTED_INTAKES } from "./expected-intakes.ts";
import { fixture } from "./requests.ts";

describe("Driver.sniff()", () => {
  const { sniff } = createFkwebDriver();
  const answer = (head: string) => sniff(Buffer.from(head, "latin1"));

  test("knows all but a GET by the request line, however long the head is", () => {
    expect(answer("P")).toBe("more");
    expect(answer("POST /hdata.aspx HTTP/1.0\r")).toBe("more");
    expect(answer("POST / HTTP/1.0\r\n")).toBe("yes");
    expect(answer(`POST / HTTP/1.0\r\nAccept: ${"*".repeat(4096)}`)).toBe("yes");
    expect(answer("HEAD /health HTTP/1.1\n")).toBe("yes");
  });

  test("waits for the end of a GET, which a WebSocket begins with too", () => {
    expect(answer("GET /health HTTP/1.1\nHost: x\n")).toBe("more");
    expect(answer("GET /health HTTP/1.1\nHost: x\n\n")).toBe("yes");
    expect(answer("GET /pub/chat HTTP/1.1\r\nHost: x\r\nUPGRADE:WebSocket\r\n")).toBe("no");
    expect(answer("GET / HTTP/1.1\r\nX-Upgrade: websocket\r\n\r\n")).toBe("yes");
    expect(answer("GET / HTTP/1.1\r\n\r\nupgrade: websocket")).toBe("yes");
  });

  test("refuses what cannot be HTTP at its first byte that differs", () => {
    for (const head of ["{", "\x16\x03", "\0", "PX", "POSTX", "post /", " POST"]) {
      expect(answer(head)).toBe("no");
    }
  });

  test("leaves paths under /iclock/ to their own protocol", () => {
    for (const target of [
      "/iclock/cdata?SN=1",
      "//iclock/cdata",
      "/ICLOCK/x",
      "http://a:1/iclock/x",
    ]) {
      expect(answer(`POST ${target} HTTP/1.1\r\n`)).toBe("no");
    }
    expect(answer("POST /x?y=/iclock/ HTTP/1.1\r\n\r\n")).toBe("yes");
  });

  test("says yes to every fixture", () => {
    for (const name of [...Object.keys(EXPECTED_INTAKES), "e10-enrolment-block-1"]) {
      expect(sniff(fixture(name))).toBe("yes");
    }
  });
});
