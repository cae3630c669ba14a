// Aim: the protocol of a connection is found from its first bytes, however they are cut, and what
// is unknown is told to the operator without showing more than its beginning.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Driver, SniffAnswer } from "#devices/driver.ts";
import { describeHead, sniffDriver, sniffForeign } from "#devices/sniff.ts";

function fixedDriver(name: string, sniff: (head: Uint8Array) => SniffAnswer): Driver {
  return {
    name,
    sniff,
    open: () => {
      throw new Error("sniffing opens nothing");
    },
  };
}

/** Claims heads that begin with `word`. */
function wordDriver(word: string): Driver {
  return fixedDriver(word, (head) => {
    const seen = Buffer.from(head).toString("latin1");
    if (seen.startsWith(word)) return "yes";
    return word.startsWith(seen) ? "more" : "no";
  });
}

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

describe("sniffDriver()", () => {
  const post = wordDriver("POST ");
  const poll = wordDriver("PO");

  test("sniffDriver() returns the driver that says yes", () => {
    expect(sniffDriver([wordDriver("GET "), post], bytes("POST / HTTP/1.0"))).toBe(post);
  });

  test("sniffDriver() asks for more while a driver is undecided", () => {
    expect(sniffDriver([post], bytes("POS"))).toBe("more");
  });

  test("sniffDriver() says none when all drivers say no", () => {
    expect(sniffDriver([post, poll], bytes("{"))).toBe("none");
    expect(sniffDriver([], bytes("POST "))).toBe("none");
  });

  test("sniffDriver() waits for an undecided driver before it takes a later one", () => {
    expect(sniffDriver([post, poll], bytes("PO"))).toBe("more");
    expect(sniffDriver([post, poll], bytes("POLL"))).toBe(poll);
    expect(sniffDriver([post, poll], bytes("POST "))).toBe(post);
  });

  test("sniffDriver() decides the same on a longer head as on the head it decided on", () => {
    const drivers = [post, poll, wordDriver("P"), wordDriver("GET ")];
    const letters = fc.constantFrom("P", "O", "S", "T", " ", "G", "E", "L");
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 9 }), (parts) => {
        const whole = bytes(parts.join(""));
        const final = sniffDriver(drivers, whole);
        for (let length = 1; length < whole.length; length += 1) {
          const early = sniffDriver(drivers, whole.subarray(0, length));
          if (early !== "more") expect(early === final).toBe(true);
        }
      }),
    );
  });
});

describe("sniffForeign()", () => {
  test("sniffForeign() knows a client hello by its first two bytes", () => {
    expect(sniffForeign(Uint8Array.of(0x16, 0x03, 0x01, 0x02))).toBe("tls");
    expect(sniffForeign(Uint8Array.of(0x16))).toBe("more");
    expect(sniffForeign(Uint8Array.of(0x16, 0x04))).toBe("none");
  });

  test("sniffForeign() knows the record of an old RealSvr by its first two bytes", () => {
    expect(sniffForeign(Buffer.from("339910010000000034000000", "hex"))).toBe("binary-realsvr");
    expect(sniffForeign(bytes("3"))).toBe("more");
    expect(sniffForeign(bytes("31"))).toBe("none");
  });

  test("sniffForeign() leaves all else alone", () => {
    for (const head of ["POST", "{", "RTLOG", "\x99\x33"]) {
      expect(sniffForeign(bytes(head))).toBe("none");
    }
  });
});

describe("describeHead()", () => {
  test("describeHead() shows bytes in hex and as printable text", () => {
    expect(describeHead(Uint8Array.of(0x00, 0x41, 0x7e, 0x7f, 0xff))).toEqual({
      hex: "00417e7fff",
      text: ".A~..",
    });
  });

  test("describeHead() shows 32 bytes at most", () => {
    const { hex, text } = describeHead(new Uint8Array(500).fill(0x61));
    expect(hex).toBe("61".repeat(32));
    expect(text).toBe("a".repeat(32));
  });
});
