/**
 * Aim: no bytes make the decoder throw, the cuts of the network never change what it says, and it
 * never offers an acknowledgement without the bytes that are acknowledged.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { DecoderEvent } from "#devices/driver.ts";
import { createFkwebDriver } from "#devices/fkweb/driver.ts";
import { cut, fixture, framed, LIMITS, post, pushAll, view } from "./requests.ts";

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

/** A request under the name of an upload that is under way; no block 1, which replaces the upload. */
const interruption = fc.record({
  blk_no: fc.constantFrom(undefined, "0", "0", "2", "3", "x"),
  body: fc.oneof(
    fc.constantFrom(framed('{"user_id":"77"}'), Buffer.from('{"user_id":"77"}'), Buffer.alloc(0)),
    fc.uint8Array({ maxLength: 30 }),
  ),
  isEarly: fc.boolean(),
});

/** Everything that was kept of what these events acknowledge. */
function keptText(events: readonly DecoderEvent[]): string {
  const kept = events.map((event) => {
    if (event.kind !== "exchange") return "";
    const { intake } = event;
    if (intake.kind === "punches") return intake.punches.map((punch) => punch.rawText).join();
    return intake.kind === "unreadable" ? Buffer.from(intake.raw).toString("latin1") : "";
  });
  return kept.join("\n");
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
        // One that names a block may be the rest of an upload, and is refused at first.
        const [event, ...others] = run(post(body, { request_code, blk_no: undefined }), 64);
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

  test("acknowledges no last block of an upload whose first was let go", () => {
    const user = '"user_id":"under way"';
    const upload = framed(`{${user},"log_image":"BIN_1"}`, "\n\0", [Buffer.alloc(80, 0xff)]);
    const cuts = fc.tuple(fc.integer({ min: 30, max: 70 }), fc.integer({ min: 71, max: 130 }));
    fc.assert(
      fc.property(cuts, interruption, ([first, second], { body, blk_no, isEarly }) => {
        const driver = createFkwebDriver();
        const push = (part: Uint8Array, number: string | undefined) =>
          pushAll(driver.open(LIMITS), [post(part, { blk_no: number })]);
        const seen = push(upload.subarray(0, first), "1");
        if (isEarly) seen.push(...push(body, blk_no));
        seen.push(...push(upload.subarray(first, second), "2"));
        if (!isEarly) seen.push(...push(body, blk_no));
        const [last] = push(upload.subarray(second), "0");
        if (last?.kind === "exchange") expect(keptText([...seen, last])).toContain(user);
      }),
      RUNS,
    );
  });

  test("keeps each of several records that stand in one body", () => {
    const record = fc.constantFrom(
      ...['{"user_id":"A"}', '{"user_id":"B","log_image":"BIN_1"}', '{"x":"}{"}'].flatMap(
        (json) => [
          { json, bytes: framed(json) },
          { json, bytes: framed(json, "") },
          { json, bytes: Buffer.from(json) },
          { json, bytes: Buffer.from(`${json}\n\0`) },
        ],
      ),
    );
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 4 }), (records) => {
        const body = Buffer.concat(records.map(({ bytes }) => bytes));
        const kept = keptText(run(post(body), 50));
        for (const { json } of records) expect(kept).toContain(json);
      }),
      RUNS,
    );
  });
});
