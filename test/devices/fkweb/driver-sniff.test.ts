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

  test("asks for more until the head has ended or names itself", () => {
    expect(answer("P")).toBe("more");
    expect(answer("POST / HTTP/1.0\r\nHOST: x\r\n")).toBe("more");
    expect(answer("POST / HTTP/1.0\r\nREQUEST_CODE:receive_cmd")).toBe("yes");
    expect(answer("POST / HTTP/1.0\r\nHOST: x\r\n\r\n")).toBe("yes");
    expect(answer("GET /health HTTP/1.1\nHost: x\n\n")).toBe("yes");
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
