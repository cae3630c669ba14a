/**
 * Aim: lengths are believed as far as they agree and no further: a body that is whole is kept
 * whatever is in it, what is beyond the bounds ends the connection, and no more than a text is held.
 */

import { describe, expect, test } from "bun:test";
import type { DecoderEvent } from "#devices/driver.ts";
import { cut, LIMITS, pushAll, view } from "../fkweb/requests.ts";
import {
  events,
  frame,
  IMAGE,
  IMAGE_BYTES_MAX,
  onlyExchange,
  open,
  recordJson,
  TEXT_BYTES_MAX,
  textBody,
  u32,
  v1,
  v2,
  v3,
} from "./frames.ts";

const ROOMY = { ...LIMITS, requestBytesMax: 16 * 1024 * 1024 };
const RECORD = recordJson();
/** A record of exactly so many bytes. */
const padded = (bytes: number) => RECORD.replace("{", `{${" ".repeat(bytes - RECORD.length)}`);

function violationOf(bytes: Uint8Array | string): unknown {
  const [event, ...others] = pushAll(open(ROOMY), [Buffer.from(bytes)]);
  expect(others).toEqual([]);
  if (event?.kind !== "violation") throw new Error(`No violation: ${JSON.stringify(event)}`);
  return { code: event.code, detail: event.detail };
}

function unreadable(bytes: Uint8Array): { readonly code: string; readonly reason: string } {
  const { intake } = onlyExchange(bytes);
  if (intake.kind !== "unreadable") throw new Error("It was read");
  expect(Buffer.from(intake.raw)).toEqual(Buffer.from(bytes));
  return { code: intake.code, reason: intake.reason };
}

function storedAnswer(bytes: Uint8Array): string {
  const { bytes: answer } = onlyExchange(bytes).encodeReply({ kind: "quarantined" });
  return Buffer.from(answer ?? "").toString("latin1");
}

describe("a frame", () => {
  // The magic and its length, the text and its length, the image and its length.
  const fullBytes = 12 + 4 + TEXT_BYTES_MAX + 4 + IMAGE_BYTES_MAX;

  test("with the longest text and the longest image is taken, and no longer one", () => {
    const text = padded(TEXT_BYTES_MAX);
    const bytes = v2(text, Buffer.alloc(IMAGE_BYTES_MAX, 0xff));
    expect(bytes.length).toBe(fullBytes);
    expect(pushAll(open(ROOMY), [bytes])).toMatchObject([{ intake: { kind: "punches" } }]);
    for (const magic of ["RTLOG001", "RTLOG002", "RTLOG003"]) {
      const head = Buffer.concat([Buffer.from(magic), u32(fullBytes - 12 + 1)]);
      expect(violationOf(head)).toEqual({
        code: "frame-too-long",
        detail: `The frame has ${fullBytes + 1} bytes; at most ${fullBytes} are read`,
      });
    }
    expect(violationOf(`RTLOG001${"\xff".repeat(4)}`)).toHaveProperty("code", "frame-too-long");
  });

  test("is bounded by the settings where they are narrower", () => {
    const limits = { ...LIMITS, requestBytesMax: 1000 };
    const bytes = v2(RECORD, Buffer.alloc(1000, 0xff));
    expect(pushAll(open(limits), [bytes])).toMatchObject([{ code: "frame-too-long" }]);
  });

  test("that breaks off is never complete", () => {
    const bytes = v2(RECORD, IMAGE);
    for (let length = 1; length < bytes.length; length += 1) {
      const decoder = open();
      expect(decoder.push(bytes.subarray(0, length))).toEqual([]);
      expect(decoder.midRequest).toBe(true);
    }
  });
});

describe("a magic that is none", () => {
  test.each(["RTLOG000", "RTLOG004", "RTLOG00\0", "rtlog001", "RTLOX001"])("%p", (magic) => {
    const bytes = frame(magic, RECORD);
    if (magic.startsWith("R")) {
      expect(violationOf(bytes)).toEqual({
        code: "unknown-frame",
        detail: `A frame begins with ${JSON.stringify(magic)}; RTLOG001 to RTLOG003 is wanted`,
      });
    } else {
      expect(violationOf(bytes)).toHaveProperty("code", "unknown-frame");
    }
  });

  test("is told behind a frame as well, whose record is not lost", () => {
    const seen = events(Buffer.concat([v1(RECORD), frame("RTLOG009", "")]));
    expect(seen.map(({ kind }) => kind)).toEqual(["exchange", "violation"]);
  });
});

describe("a text", () => {
  test("of 32 KiB is read, and one byte more is kept unread, and acknowledged by its number", () => {
    for (const encode of [v2, v3, (text: string) => v1(text, ""), (text: string) => text]) {
      expect(onlyExchange(encode(padded(TEXT_BYTES_MAX))).intake.kind).toBe("punches");
      const bytes = Buffer.from(encode(RECORD.replace("}", `${" ".repeat(TEXT_BYTES_MAX)}}`)));
      expect(unreadable(bytes)).toEqual({
        code: "text-too-long",
        reason: `The text has ${TEXT_BYTES_MAX + RECORD.length} bytes; at most 32768 are read`,
      });
      expect(storedAnswer(bytes)).toContain('{"log_id":5,"result":"OK"');
      expect(unreadable(Buffer.from(encode(padded(TEXT_BYTES_MAX + 1)))).code).toBe(
        "text-too-long",
      );
    }
  });

  test("is searched for its number no further than one may be long", () => {
    const text = RECORD.replace("{", `{${" ".repeat(TEXT_BYTES_MAX)}`);
    expect(storedAnswer(v1(text))).toContain('{"result":"OK","mode":"nothing"}');
  });

  test("is bounded by the settings where they are narrower", () => {
    const [event] = pushAll(open({ ...LIMITS, textBytesMax: 100 }), [v1(RECORD)]);
    expect(event).toMatchObject({ intake: { kind: "unreadable", code: "text-too-long" } });
  });

  test("of no end is refused once a whole frame would be full, however it is cut", () => {
    const limits = { ...LIMITS, requestBytesMax: 1000 };
    const wanted: DecoderEvent = {
      kind: "violation",
      code: "frame-too-long",
      detail: "The object has no end; at most 1000 bytes are read",
      deviceIdText: undefined,
    };
    const object = (bytes: number) => Buffer.from(`{"a":"${"}".repeat(bytes - 8)}"}`);
    for (const chunkBytes of [1, 999, 1000, 1001, 2000]) {
      expect(pushAll(open(limits), cut(object(1001), chunkBytes))).toEqual([wanted]);
      expect(pushAll(open(limits), cut(object(1000), chunkBytes))).toMatchObject([
        { intake: { kind: "unreadable", code: "no-device-id" } },
      ]);
    }
  });

  test("longer than its body is kept with the whole body, and acknowledged by its number", () => {
    const room = RECORD.length;
    const bytes = frame("RTLOG002", Buffer.concat([u32(room + 1), Buffer.from(RECORD)]));
    expect(unreadable(bytes)).toEqual({
      code: "text-length-wrong",
      reason: `The text is said to have ${room + 1} bytes, and the body has ${room} for it`,
    });
    expect(storedAnswer(bytes)).toContain('{"log_id":5,"result":"OK"');
    expect<unknown>(onlyExchange(bytes).intake.deviceId).toBe("1");
    expect(unreadable(frame("RTLOG003", RECORD)).code).toBe("text-length-wrong");
    expect(unreadable(frame("RTLOG003", "\xff\xff\xff\xff")).code).toBe("text-length-wrong");
  });

  test("without room for its length is kept", () => {
    for (const body of ["", "\0", "\0\0\0"]) {
      expect(unreadable(frame("RTLOG002", body))).toEqual({
        code: "text-length-wrong",
        reason: `The body has ${body.length} bytes; the length of a text alone takes 4`,
      });
    }
  });

  test("of no length is kept", () => {
    const expected = { code: "text-empty", reason: "The frame has no text" };
    expect(unreadable(v1("", ""))).toEqual(expected);
    expect(unreadable(v1("\n\0"))).toEqual(expected);
    expect(unreadable(v3(""))).toEqual(expected);
    expect(onlyExchange(v2("", IMAGE)).intake).toMatchObject({ code: "text-empty" });
  });
});

describe("an image", () => {
  test("is dropped as it streams, and acknowledged only behind its last byte", () => {
    const image = Buffer.alloc(IMAGE_BYTES_MAX, 0xff);
    const bytes = v2(RECORD, image);
    const decoder = open(ROOMY);
    expect(decoder.push(bytes.subarray(0, bytes.length / 2))).toEqual([]);
    expect(decoder.bufferedBytes).toBeLessThan(2048);
    expect(decoder.push(bytes.subarray(bytes.length / 2, -1))).toEqual([]);
    expect(decoder.bufferedBytes).toBeLessThan(2048);
    const [event, ...others] = decoder.push(bytes.subarray(-1));
    expect(others).toEqual([]);
    if (event?.kind !== "exchange") throw new Error("Not an exchange");
    expect(event.intake.kind).toBe("punches");
    expect(Buffer.from(event.intake.raw)).toEqual(
      Buffer.from(bytes.subarray(0, bytes.length - image.length - 4)),
    );
    expect(decoder.midRequest).toBe(false);
  });

  test("over 10 MiB is refused as soon as its length is known", () => {
    const tooLong = textBody(RECORD, u32(IMAGE_BYTES_MAX + 1));
    const head = Buffer.concat([
      Buffer.from("RTLOG003"),
      u32(tooLong.length + IMAGE_BYTES_MAX + 1),
      tooLong.subarray(0, 4),
    ]);
    expect(violationOf(head)).toEqual({
      code: "image-too-long",
      detail: "The image has 10485761 bytes; at most 10485760 are read",
    });
  });

  test("is told by how it begins where no text can be read, and all else is kept", () => {
    const jpeg = frame("RTLOG002", textBody("{broken", Buffer.concat([u32(9_999), IMAGE])));
    const { raw } = onlyExchange(jpeg).intake;
    expect(jpeg.subarray(0, -IMAGE.length - 4).equals(raw)).toBe(true);
    for (const rest of [Buffer.alloc(50_000, "x"), Buffer.from("\0"), IMAGE, u32(0)]) {
      expect(unreadable(frame("RTLOG002", textBody("{broken", rest))).code).toBe("text-not-json");
    }
  });

  test.each([
    ["a length that is too short", Buffer.concat([u32(2), IMAGE])],
    ["a length past the end", Buffer.concat([u32(50_000_000), IMAGE])],
    ["no length at all", IMAGE],
    ["bytes behind it", Buffer.concat([u32(IMAGE.length), IMAGE, Buffer.from("\0\r\n")])],
    ["nothing but a length of 0", u32(0)],
    ["less than a length", Buffer.from("\0\0")],
    ["no bytes behind a length of 123, the byte of a brace", u32(0x7b)],
    ["a length that begins with the byte of a brace", Buffer.concat([u32(0x7b), IMAGE])],
    ["a true length that begins as an object", v2("", Buffer.alloc(0x227b, 0xff)).subarray(16)],
  ])("with %s costs the record nothing, nor the next", (_name, rest) => {
    const bytes = frame("RTLOG002", textBody(RECORD, rest));
    const seen = events(Buffer.concat([bytes, v3(RECORD)])).map(view);
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatchObject({ intake: { kind: "punches", deviceId: "1" } });
    expect(seen[1]).toEqual(view(onlyExchange(v3(RECORD))));
  });

  test.each([
    ["behind a length", Buffer.concat([u32(RECORD.length), Buffer.from(RECORD)])],
    ["behind a wrong length", Buffer.concat([u32(3), Buffer.from(RECORD)])],
    ["with none", Buffer.from(RECORD)],
  ])("that is another record, %s, is kept with the first", (_name, rest) => {
    const first = recordJson({ log_id: "4" });
    const bytes = frame("RTLOG002", textBody(first, rest));
    expect(unreadable(bytes)).toEqual({
      code: "body-has-more",
      reason: `Behind the text stand ${rest.length} bytes that begin as a record and no image does`,
    });
    expect(storedAnswer(bytes)).toContain('{"log_id":4,');
  });
});
