/**
 * Aim: beside FKWeb on one port, each protocol is known by its first bytes, neither takes what
 * belongs to the other, and what belongs to neither stays unknown.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createDrivers } from "#devices/drivers.ts";
import { createRtlogDriver } from "#devices/rtlog/driver.ts";
import { sniffDriver, sniffForeign } from "#devices/sniff.ts";
import { EXPECTED_INTAKES } from "../fkweb/expected-intakes.ts";
import { fixture as fkwebFixture } from "../fkweb/requests.ts";
import { FIXTURES, fixture } from "./frames.ts";

const drivers = createDrivers();

function found(head: Uint8Array | string): string {
  const bytes = typeof head === "string" ? Buffer.from(head, "latin1") : head;
  const driver = sniffDriver(drivers, bytes);
  return typeof driver === "string" ? driver : driver.name;
}

describe("Driver.sniff()", () => {
  const { sniff } = createRtlogDriver();
  const answer = (head: string) => sniff(Buffer.from(head, "latin1"));

  test("knows an object by its brace, whatever stands behind it", () => {
    for (const head of ["{", '{"log_id":1', "{}", "{POST / HTTP/1.0"]) {
      expect(answer(head)).toBe("yes");
    }
  });

  test("waits for the magic, and leaves its last digit to the reader", () => {
    for (let length = 1; length < 7; length += 1) {
      expect(answer("RTLOG00".slice(0, length))).toBe("more");
    }
    for (const head of ["RTLOG00", "RTLOG001", "RTLOG009", "RTLOG00\0"]) {
      expect(answer(head)).toBe("yes");
    }
  });

  test("refuses anything else at its first byte that differs", () => {
    for (const head of [
      "P",
      "r",
      "\0{",
      " {",
      "[",
      "RX",
      "RTLOG01",
      "RTLOG0\0",
      "\x33\x99",
      "\x16\x03",
    ]) {
      expect(answer(head)).toBe("no");
    }
  });
});

describe("createDrivers()", () => {
  test("give every frame to rtlog, wherever it is cut", () => {
    for (const name of FIXTURES) {
      const bytes = fixture(name);
      expect(found(bytes)).toBe("rtlog");
      for (let length = 1; length < bytes.length; length += 1) {
        expect(["more", "rtlog"]).toContain(found(bytes.subarray(0, length)));
      }
    }
  });

  test("give every FKWeb request to fkweb, wherever it is cut", () => {
    for (const name of Object.keys(EXPECTED_INTAKES)) {
      const bytes = fkwebFixture(name);
      expect(found(bytes)).toBe("fkweb");
      for (let length = 1; length < 40; length += 1) {
        expect(["more", "fkweb"]).toContain(found(bytes.subarray(0, length)));
      }
    }
  });

  test.each([
    ["ZKTeco PUSH", "POST /iclock/cdata?SN=1 HTTP/1.1\r\n\r\n"],
    ["a WebSocket", "GET /pub/chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"],
    ["a TLS hello", "\x16\x03\x01\x00\x05"],
    ["the older binary records of RealSvr", "\x33\x99\x10\x01"],
    ["zeros", "\0\0\0\0"],
  ])("leave %s alone", (_name, head) => {
    expect(found(head)).toBe("none");
  });

  test("leave a TLS hello and an old RealSvr to be told as such", () => {
    for (const head of ["\x16\x03\x01", "3\x99\x10\x01"]) {
      expect(found(head)).toBe("none");
      expect(sniffForeign(Buffer.from(head, "latin1"))).not.toBe("none");
    }
    for (const name of FIXTURES) expect(sniffForeign(fixture(name))).toBe("none");
  });

  test("never both say yes", () => {
    const begin = fc.constantFrom("", "{", "R", "RTLOG00", "RTLOG001", "POST ", "GET / ", "P");
    fc.assert(
      fc.property(begin, fc.uint8Array({ maxLength: 20 }), (text, tail) => {
        const head = Buffer.concat([Buffer.from(text), tail]);
        fc.pre(head.length > 0);
        const claimed = drivers.filter((driver) => driver.sniff(head) !== "no");
        expect(claimed.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });
});
