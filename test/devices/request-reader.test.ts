// Aim: a connection's bytes reach the right decoder whole and once, however they are cut, and what
// the current request began with is at hand, bounded, when a decoder fails.

import { describe, expect, test } from "bun:test";
import type { Decoder, Driver } from "#devices/driver.ts";
import { type ReaderEvent, RequestReader } from "#devices/request-reader.ts";

const LIMITS = {
  sniffBytesMax: 8,
  decoder: { headBytesMax: 10, textBytesMax: 10, requestBytesMax: 100 },
};

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** Claims what begins with `HELLO`; records what its decoder is given; a dot ends a request. */
class RecordingDriver implements Driver {
  readonly name = "recording";
  readonly pushed: string[] = [];

  sniff(head: Uint8Array): "yes" | "no" | "more" {
    const text = Buffer.from(head).toString("latin1");
    if (text.startsWith("HELLO")) return "yes";
    return text.startsWith("HE") || "HE".startsWith(text) ? "more" : "no";
  }

  open(): Decoder {
    const { pushed } = this;
    const decoder = {
      bufferedBytes: 3,
      midRequest: false,
      push(chunk: Uint8Array): readonly [] {
        const text = Buffer.from(chunk).toString("latin1");
        pushed.push(text);
        if (text.includes("!")) throw new Error("Planted");
        decoder.midRequest = !text.endsWith(".");
        return [];
      },
    };
    return decoder;
  }
}

function setUp(): {
  readonly driver: RecordingDriver;
  readonly reader: RequestReader;
  push(text: string): readonly ReaderEvent[];
} {
  const driver = new RecordingDriver();
  const reader = new RequestReader([driver], LIMITS, "192.0.2.7");
  return { driver, reader, push: (text) => reader.push(bytes(text)) };
}

describe("RequestReader", () => {
  test("RequestReader hands a chunk that is recognised on as it is", () => {
    const { driver, reader, push } = setUp();
    expect(reader.driverName).toBe("unknown");
    expect(push("HELLO you.")).toEqual([]);
    expect(driver.pushed).toEqual(["HELLO you."]);
    expect(reader.driverName).toBe("recording");
    expect(reader.midRequest).toBe(false);
  });

  test("RequestReader hands on sniffed bytes once, together with the chunk that decided", () => {
    const { driver, reader, push } = setUp();
    push("H");
    push("EL");
    expect([reader.midRequest, reader.bufferedBytes]).toEqual([true, 20]); // memory at hand
    push("LO a");
    push(" b.");
    expect(driver.pushed).toEqual(["HELLO a", " b."]);
  });

  test("RequestReader gives up at the cap while a driver still asks for more", () => {
    const { push } = setUp();
    expect(push("HE12345")).toEqual([]);
    expect(push("6789")).toEqual([
      { kind: "unknown-protocol", protocol: undefined, head: bytes("HE123456") },
    ]);
  });

  test.each([
    ["tls", "\x16", "\x03"],
    ["binary-realsvr", "\x33", "\x99"],
  ])(
    "RequestReader names %s, and waits for the second byte to do so",
    (protocol, first, second) => {
      const { push } = setUp();
      expect(push(first)).toEqual([]);
      expect(push(second)).toMatchObject([{ kind: "unknown-protocol", protocol }]);
      const other = setUp();
      other.push(first);
      expect(other.push("\x05")).toMatchObject([{ protocol: undefined }]);
    },
  );

  test("RequestReader keeps the beginning of the request that a decoder fails on", () => {
    const { reader, push } = setUp();
    push("HELLO a.");
    push("begin ");
    expect(() => push("bug!")).toThrow("Planted");
    expect(Buffer.from(reader.rawWith(bytes("bug!"))).toString()).toBe("begin bug!");
  });

  test("RequestReader keeps head and text bytes together and no more", () => {
    const { reader, push } = setUp();
    push("HELLO 789012345");
    push("6789012345");
    expect(reader.bufferedBytes).toBe(3 + 20);
    expect(Buffer.from(reader.rawWith(bytes("6"))).toString()).toBe("HELLO 78901234567890");
  });

  test("RequestReader holds nothing once cleared", () => {
    const { reader, push } = setUp();
    push("HELLO");
    reader.clear();
    expect([reader.midRequest, reader.bufferedBytes]).toEqual([false, 0]);
  });
});
