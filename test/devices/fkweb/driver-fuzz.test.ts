/**
 * Aim: no bytes make the decoder throw, the cuts of the network never change what it says, and it
 * never offers an acknowledgement without the bytes that are acknowledged.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { DecoderEvent } from "#devices/driver.ts";
import { createFkwebDriver } from "#devices/fkweb/driver.ts";
import { cut, fixture, LIMITS, post, pushAll, view } from "./requests.ts";

const RUNS = { numRuns: 10_000 };
const FRAMES = ["e1-punch-card", "e2-punch-face-hs102", "e3-punch-no-terminator", "e4-punch-photo"]
  .concat(["e5-poll", "e10-enrolment-block-1", "e10-enrolment-single"])
  .map(fixture);

/** Valid frames with some bytes overwritten, cut short, doubled or followed by noise. */
const mutatedFrames = fc
  .record({
    frame: fc.constantFrom(...FRAMES),
    edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
    droppedBytes: fc.oneof(fc.constant(0), fc.nat(700)),
    tail: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 20 })),
    copies: fc.nat(2),
  })
  .map(({ frame, edits, droppedBytes, tail, copies }) => {
    const bytes = Buffer.from(frame);
    for (const [position, value] of edits) bytes[position % bytes.length] = value;
    const kept = bytes.subarray(0, Math.max(0, bytes.length - droppedBytes));
    return Buffer.concat([kept, tail, ...new Array<Uint8Array>(copies).fill(frame)]);
  });

function run(bytes: Uint8Array, chunkBytes: number): DecoderEvent[] {
  return pushAll(createFkwebDriver().open(LIMITS), cut(bytes, chunkBytes));
}

/** That an exchange which can be acknowledged carries what was sent. */
function expectCarried(event: DecoderEvent, input: Uint8Array): void {
  if (event.kind !== "exchange") return;
  const { intake } = event;
  const bytes = Buffer.from(input);
  expect(bytes.includes(intake.raw)).toBe(true);
  if (intake.kind === "punches") {
    for (const punch of intake.punches) {
      expect(punch.rawText.length).toBeGreaterThan(1);
      expect(bytes.includes(Buffer.from(punch.rawText))).toBe(true);
      expect(Buffer.from(intake.raw).includes(Buffer.from(punch.rawText))).toBe(true);
    }
  }
  expect(event.encodeReply({ kind: "failed" }).bytes).toBeUndefined();
}

describe("Decoder.push()", () => {
  test("never throws on random bytes", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        (bytes, n) => {
          for (const event of run(bytes, n)) expectCarried(event, bytes);
        },
      ),
      RUNS,
    );
  });

  test("never throws on a mutated frame, and says the same however it is cut", () => {
    fc.assert(
      fc.property(mutatedFrames, fc.integer({ min: 1, max: 200 }), (bytes, chunkBytes) => {
        const whole = run(bytes, bytes.length + 1);
        for (const event of whole) expectCarried(event, bytes);
        expect(run(bytes, chunkBytes).map(view)).toEqual(whole.map(view));
      }),
      RUNS,
    );
  });

  test("keeps a body of any bytes whole when it cannot be read", () => {
    const codes = fc.constantFrom("realtime_glog", "send_glog_data", "door_visit", "realtime_slog");
    fc.assert(
      fc.property(codes, fc.uint8Array({ maxLength: 200 }), (request_code, body) => {
        const [event, ...others] = run(post(body, { request_code }), 64);
        expect(others).toEqual([]);
        if (event?.kind !== "exchange") throw new Error(JSON.stringify(event));
        if (event.intake.kind !== "unreadable") return;
        expect(Buffer.from(event.intake.raw).equals(Buffer.from(body))).toBe(true);
      }),
      RUNS,
    );
  });

  test("never throws on JSON nested to the limit", () => {
    const deep = `{"user_id":1.5,"io_mode":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
    for (const request_code of ["realtime_glog", "receive_cmd", "door_visit"]) {
      const [event] = run(post(Buffer.from(deep), { request_code }), 4096);
      expect(event?.kind).toBe("exchange");
    }
  });
});
