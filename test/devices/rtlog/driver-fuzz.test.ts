/**
 * Aim: no bytes make the decoder throw, the cuts of the network never change what it says, and no
 * record is acknowledged that is not kept. `FUZZ_CASES` says how many cases each test tries; a
 * failure prints the seed and the smallest case.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { DecoderEvent } from "#devices/driver.ts";
import { cut, LIMITS, pushAll, view } from "../fkweb/requests.ts";
import {
  FIXTURES,
  fixture,
  frame,
  IMAGE,
  open,
  recordJson,
  textBody,
  u32,
  v1,
  v2,
  v3,
} from "./frames.ts";

const CASES = Number(process.env.FUZZ_CASES ?? 3000);
const RUNS = { numRuns: CASES };

setDefaultTimeout(20_000 + CASES * 5);

/** Low enough to be met by small inputs. */
const NARROW = { ...LIMITS, textBytesMax: 300, requestBytesMax: 400 };

function run(bytes: Uint8Array, chunkBytes: number): DecoderEvent[] {
  return pushAll(open(NARROW), cut(bytes, chunkBytes));
}

/** An answer's bytes, as Latin-1; undefined where there is none. */
function answerOf(event: DecoderEvent): string | undefined {
  if (event.kind !== "exchange") return undefined;
  const { bytes } = event.encodeReply({ kind: "stored" });
  return bytes === undefined ? undefined : Buffer.from(bytes).toString("latin1");
}

/** What is kept once the event is acknowledged, as Latin-1. */
function keptOf(event: DecoderEvent): string {
  if (event.kind !== "exchange") return "";
  const { intake } = event;
  if (intake.kind !== "punches") return Buffer.from(intake.raw).toString("latin1");
  return intake.punches.map(({ rawText }) => Buffer.from(rawText).toString("latin1")).join();
}

/** That what can be acknowledged carries what was sent, and the number that the answer names. */
function expectCarried(event: DecoderEvent, input: Uint8Array): void {
  if (event.kind !== "exchange") return;
  const bytes = Buffer.from(input);
  expect(bytes.includes(event.intake.raw)).toBe(true);
  expect(bytes.includes(Buffer.from(keptOf(event), "latin1"))).toBe(true);
  const named = /\{"log_id":(.*),"result":"OK","mode":"nothing"\}/s.exec(answerOf(event) ?? "");
  if (named !== null) expect(keptOf(event)).toContain(named[1] ?? "?");
  expect(event.encodeReply({ kind: "failed" })).toEqual({ bytes: undefined, close: true });
}

const chunkSizes = fc.integer({ min: 1, max: 200 });
const tokens = fc.oneof(
  fc.constantFrom("1", '"1"', "null", "true", "{}", '"\\"}"', "1e5", "-0", "[[]]", undefined),
  fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String),
  fc.string().map((text) => JSON.stringify(text)),
);
const records = fc
  .record({ log_id: tokens, user_id: tokens, fk_device_id: tokens, io_mode: tokens, x: tokens })
  .map(recordJson);

/** Records in every spelling, with lengths that are right. */
const frames = fc.oneof(
  records.map((text) => Buffer.from(text)),
  records.map((text) => v1(text)),
  records.map((text) => v2(text, IMAGE)),
  records.map((text) => v3(`${text}\n\0`)),
  fc
    .tuple(records, records)
    .map(([first, second]) => frame("RTLOG002", textBody(first, v1(second)))),
  fc.constantFrom(...FIXTURES.map((name) => Buffer.from(fixture(name)))),
);

/** Frames with wrong lengths, and bytes overwritten, left out or put in. */
const mutated = fc
  .record({
    parts: fc.array(frames, { minLength: 1, maxLength: 3 }),
    edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }),
    lengthAt: fc.constantFrom(undefined, 8, 12),
    length: fc.oneof(fc.nat(500), fc.nat(2 ** 31 - 1)),
    dropped: fc.tuple(fc.nat(), fc.oneof(fc.constant(0), fc.nat(30))),
    inserted: fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 8 })),
  })
  .map(({ parts, edits, lengthAt, length, dropped, inserted }) => {
    const bytes = Buffer.concat(parts);
    for (const [position, value] of edits) bytes[position % bytes.length] = value;
    if (lengthAt !== undefined && bytes.length >= lengthAt + 4) u32(length).copy(bytes, lengthAt);
    const from = dropped[0] % bytes.length;
    const cutOut = Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + dropped[1])]);
    const at = inserted[0] % (cutOut.length + 1);
    return Buffer.concat([cutOut.subarray(0, at), inserted[1], cutOut.subarray(at)]);
  });

const noise = fc
  .tuple(
    fc.constantFrom("", "{", '{"log_id":', "RTLOG001", "RTLOG002\x09\0\0\0", "RTLOG003\x40\0\0\0"),
    fc.uint8Array({ maxLength: 400 }),
  )
  .map(([begin, bytes]) => Buffer.concat([Buffer.from(begin, "latin1"), bytes]));

describe(`Decoder.push(), ${CASES} cases each`, () => {
  test("never throws on noise, and says the same however it is cut", () => {
    fc.assert(
      fc.property(noise, chunkSizes, (bytes, chunkBytes) => {
        const whole = run(bytes, bytes.length + 1);
        for (const event of whole) expectCarried(event, bytes);
        expect(run(bytes, chunkBytes).map(view)).toEqual(whole.map(view));
      }),
      RUNS,
    );
  });

  test("never throws on mutated frames, and says the same however they are cut", () => {
    fc.assert(
      fc.property(mutated, chunkSizes, (bytes, chunkBytes) => {
        const whole = run(bytes, bytes.length + 1);
        for (const event of whole) expectCarried(event, bytes);
        expect(run(bytes, chunkBytes).map(view)).toEqual(whole.map(view));
      }),
      RUNS,
    );
  });

  test("holds no more than a frame may be long", () => {
    fc.assert(
      fc.property(mutated, chunkSizes, (bytes, chunkBytes) => {
        const decoder = open(NARROW);
        for (const chunk of cut(bytes, chunkBytes)) {
          const isOver = decoder.push(chunk).some(({ kind }) => kind === "violation");
          expect(decoder.bufferedBytes).toBeLessThanOrEqual(NARROW.requestBytesMax);
          if (isOver) break;
        }
      }),
      RUNS,
    );
  });

  test("keeps every body that is whole, and answers it", () => {
    const magic = fc.constantFrom("RTLOG001", "RTLOG002", "RTLOG003");
    const bodies = fc
      .tuple(
        fc.constantFrom("", "00000000", "05000000", "f0000000"),
        fc.uint8Array({ maxLength: 250 }),
      )
      .map(([length, bytes]) => Buffer.concat([Buffer.from(length, "hex"), bytes]));
    fc.assert(
      fc.property(magic, bodies, (word, body) => {
        const bytes = frame(word, body);
        const [event, ...others] = run(bytes, 50);
        expect(others).toEqual([]);
        if (event?.kind !== "exchange") throw new Error(JSON.stringify(event));
        const isImage = bytes.includes("ffd8", 0, "hex");
        if (!isImage) expect(bytes.equals(event.intake.raw)).toBe(true);
        expect(answerOf(event)).toStartWith(word);
      }),
      RUNS,
    );
  });

  test("gives every record of a run of frames that are as they should be, and answers it", () => {
    const run1 = fc.array(
      fc.record({ form: fc.constantFrom("bare", "v1", "v2", "v3"), isQuick: fc.boolean() }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(run1, chunkSizes, (sent, chunkBytes) => {
        const parts = sent.map(({ form, isQuick }, index) => {
          const text = recordJson({ log_id: `${index + 1}` });
          const padding = isQuick ? "" : "\r\n\0";
          const bytes = {
            bare: Buffer.from(text),
            v1: v1(text),
            v2: v2(text, IMAGE),
            v3: v3(text),
          };
          return Buffer.concat([bytes[form], Buffer.from(padding)]);
        });
        const seen = run(Buffer.concat(parts), chunkBytes);
        const numbers = seen.map((event) => /"log_id":(\d+)/.exec(answerOf(event) ?? "")?.[1]);
        expect(numbers).toEqual(sent.map((_, index) => `${index + 1}`));
      }),
      RUNS,
    );
  });
});
