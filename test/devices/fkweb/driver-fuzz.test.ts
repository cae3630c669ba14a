/**
 * Aim: no bytes make the decoder throw, the cuts of the network never change what it says, and it
 * never offers an acknowledgement without the bytes that are acknowledged.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { DecoderEvent } from "#devices/driver.ts";
import { createFkwebDriver } from "#devices/fkweb/driver.ts";
import { EXPECTED_INTAKES } from "./expected-intakes.ts";
import { FUZZ_RUNS, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";
import { ADDRESS, cut, fixture, framed, LIMITS, post, pushAll, view } from "./requests.ts";

const FRAMES = [...Object.keys(EXPECTED_INTAKES), "e10-enrolment-block-1"].map(fixture);

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
  return pushAll(createFkwebDriver().open(LIMITS, ADDRESS), cut(bytes, chunkBytes));
}

/** That an exchange which can be acknowledged carries what was sent. */
function expectCarried(event: DecoderEvent, input: Uint8Array): void {
  if (event.kind !== "exchange") return;
  const { intake } = event;
  const raw = Buffer.from(intake.raw);
  expect(sentIn(input).some((sent) => isPartOf(raw, sent))).toBe(true);
  if (intake.kind === "punches") {
    for (const punch of intake.punches) {
      expect(punch.rawText.length).toBeGreaterThan(1);
      expect(raw.includes(Buffer.from(punch.rawText))).toBe(true);
    }
  }
  expect(event.encodeReply({ kind: "failed" }).bytes).toBeUndefined();
}

/** What a terminal sent: the bytes, and what base64 in them stands for. */
function sentIn(input: Uint8Array): Buffer[] {
  const bytes = Buffer.from(input);
  // JSON may break lines inside base64, and so may a mutation.
  const text = bytes
    .toString("latin1")
    .replaceAll("\\/", "/")
    .replaceAll(/\\[nr]/g, "");
  const blocks = text.match(/[\w+/-]{20,}/g) ?? [];
  return [bytes, ...blocks.map((block) => Buffer.from(block, "base64"))];
}

/** Whether `kept` is a part of `sent`, but for base64 that is left out with a note of its length. */
function isPartOf(kept: Buffer, sent: Buffer): boolean {
  const [first = "", ...rest] = kept
    .toString("latin1")
    .split(/\((?=\d+ characters of base64 left)/);
  const text = sent.toString("latin1");
  for (let start = text.indexOf(first); start >= 0; start = text.indexOf(first, start + 1)) {
    let position = start + first.length;
    const isFound = rest.every((piece) => {
      const [note = "", length] = /^(\d+) characters of base64 left out\)/.exec(piece) ?? [];
      const behind = piece.slice(note.length);
      position += Number(length);
      const isHere = text.startsWith(behind, position);
      position += behind.length;
      return isHere;
    });
    if (isFound) return true;
    if (first === "") return false;
  }
  return false;
}

/** 12 letters: 16 in base64, where they begin at a multiple of 3. */
const MARK = "MARKEDRECORD";
const MARK_IN_BASE64 = Buffer.from(MARK).toString("base64");
const PHOTO = Buffer.alloc(300, 0xfe);
const JSON_TYPE = {
  "Content-Type": "application/json",
  request_code: undefined,
  blk_no: undefined,
};

/** Requests with the marked record of one user, and where their bodies begin. */
const MARKED_REQUESTS = [
  markedRequest(framed(marked('"log_image":"BIN_1"'), "\n\0", [PHOTO])),
  markedRequest(framed(marked('"log_image":null'), "")),
  markedRequest(Buffer.from(marked(`"log_image":"${PHOTO.toString("base64")}"`)), {
    dev_model: "R6",
    blk_no: undefined,
  }),
  markedRequest(
    Buffer.from(
      `page_id=realtime_glog&device_id=1&glog_data={enroll_id:${MARK},io_time:20260302081504}`,
    ),
    { request_code: undefined, dev_id: undefined, blk_no: undefined },
  ),
  markedRequest(enveloped(framed(marked('"log_image":"BIN_1"'), "\0", [PHOTO])), JSON_TYPE),
  markedRequest(framed(marked('"barcode":1')), { request_code: "realtime_barcode" }),
];

/** Behind a length of 4 bytes the mark begins at 18. */
function marked(field: string): string {
  return `{"user_id":"  ${MARK}","io_time":"20260302081504","io_mode":1,${field}}`;
}

function enveloped(body: Uint8Array): Buffer {
  const block = Buffer.from(body).toString("base64");
  const fields = { dev_id: "M68", request_code: "realtime_glog", trans_id: "RTLogSendAction" };
  return Buffer.from(JSON.stringify({ ...fields, block }));
}

function markedRequest(
  body: Uint8Array,
  headers: Readonly<Record<string, string | undefined>> = {},
) {
  const request = post(body, { blk_no: undefined, ...headers });
  const text = request.toString("latin1");
  const found = [text.indexOf(MARK), text.indexOf(MARK_IN_BASE64)].filter((start) => start >= 0);
  const [markStart = -1] = found;
  expect(markStart).toBeGreaterThan(0);
  return { request, bodyStart: request.length - body.length, markStart };
}

/** Bodies that break anywhere but in the mark, in heads that do not. */
const brokenBodies = fc
  .record({
    marked: fc.constantFrom(...MARKED_REQUESTS),
    edits: fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(...'{}",:BIN_1='))), {
      maxLength: 6,
    }),
  })
  .map(({ marked: { request, bodyStart, markStart }, edits }) => {
    const bytes = Buffer.from(request);
    const markEnd = markStart + MARK_IN_BASE64.length;
    for (const [position, value] of edits) {
      const index = bodyStart + (position % (bytes.length - bodyStart));
      const isInMark = index >= markStart && index < markEnd;
      if (!isInMark) bytes[index] = typeof value === "string" ? value.charCodeAt(0) : value;
    }
    return bytes;
  });

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
    if (intake.kind === "notice") return intake.text;
    return intake.kind === "unreadable" ? Buffer.from(intake.raw).toString("latin1") : "";
  });
  return kept.join("\n");
}

describe("Decoder.push()", () => {
  test(
    "never throws on random bytes",
    () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 300 }),
          fc.integer({ min: 1, max: 50 }),
          (bytes, n) => {
            for (const event of run(bytes, n)) expectCarried(event, bytes);
          },
        ),
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test(
    "never throws on a mutated frame, and says the same however it is cut",
    () => {
      fc.assert(
        fc.property(mutatedFrames, fc.integer({ min: 1, max: 200 }), (bytes, chunkBytes) => {
          const whole = run(bytes, bytes.length + 1);
          for (const event of whole) expectCarried(event, bytes);
          expect(run(bytes, chunkBytes).map(view)).toEqual(whole.map(view));
        }),
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test(
    "acknowledges no broken record without keeping it, in any dialect",
    () => {
      fc.assert(
        fc.property(brokenBodies, fc.integer({ min: 50, max: 2000 }), (bytes, chunkBytes) => {
          const events = run(bytes, chunkBytes);
          expect(events).toHaveLength(1);
          const kept = keptText(events);
          expect(kept.includes(MARK) || kept.includes(MARK_IN_BASE64)).toBe(true);
        }),
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test(
    "keeps a body of any bytes whole when it cannot be read",
    () => {
      const codes = fc.constantFrom(
        "realtime_glog",
        "send_glog_data",
        "door_visit",
        "realtime_slog",
      );
      fc.assert(
        fc.property(codes, fc.uint8Array({ maxLength: 200 }), (request_code, body) => {
          // One that names a block may be the rest of an upload, and is refused at first.
          const [event, ...others] = run(post(body, { request_code, blk_no: undefined }), 64);
          expect(others).toEqual([]);
          if (event?.kind !== "exchange") throw new Error(JSON.stringify(event));
          if (event.intake.kind !== "unreadable") return;
          expect(Buffer.from(event.intake.raw).equals(Buffer.from(body))).toBe(true);
        }),
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test("never throws on JSON nested to the limit", () => {
    const deep = `{"user_id":1.5,"io_mode":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
    for (const request_code of ["realtime_glog", "receive_cmd", "door_visit"]) {
      const [event] = run(post(Buffer.from(deep), { request_code }), 4096);
      expect(event?.kind).toBe("exchange");
    }
  });

  test(
    "acknowledges no last block of an upload whose first was let go",
    () => {
      const user = '"user_id":"under way"';
      const upload = framed(`{${user},"log_image":"BIN_1"}`, "\n\0", [Buffer.alloc(80, 0xff)]);
      const cuts = fc.tuple(fc.integer({ min: 30, max: 70 }), fc.integer({ min: 71, max: 130 }));
      fc.assert(
        fc.property(cuts, interruption, ([first, second], { body, blk_no, isEarly }) => {
          const driver = createFkwebDriver();
          const push = (part: Uint8Array, number: string | undefined) =>
            pushAll(driver.open(LIMITS, ADDRESS), [post(part, { blk_no: number })]);
          const seen = push(upload.subarray(0, first), "1");
          if (isEarly) seen.push(...push(body, blk_no));
          seen.push(...push(upload.subarray(first, second), "2"));
          if (!isEarly) seen.push(...push(body, blk_no));
          const [last] = push(upload.subarray(second), "0");
          if (last?.kind === "exchange") expect(keptText([...seen, last])).toContain(user);
        }),
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test(
    "keeps each of several records that stand in one body",
    () => {
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
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});
