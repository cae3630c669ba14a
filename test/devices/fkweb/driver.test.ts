/**
 * Aim: the documented requests give exactly the documented intakes and replies, however their bytes
 * are cut; what is broken, foreign or out of order is neither acknowledged unread nor lost.
 */

import { describe, expect, test } from "bun:test";
import type { DecoderEvent } from "#devices/driver.ts";
import { createFkwebDriver } from "#devices/fkweb/driver.ts";
import type { Intake } from "#domain/intake.ts";
import { EXPECTED_INTAKES, expectedRaw, expectedReply } from "./expected-intakes.ts";
import {
  ADDRESS,
  cut,
  E1_JSON,
  fixture,
  framed,
  hex,
  LIMITS,
  post,
  pushAll,
  replyText,
  view,
} from "./requests.ts";

const OK_REPLY =
  "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

function open(limits = LIMITS) {
  return createFkwebDriver().open(limits, ADDRESS);
}

/** The events of one connection that gets `bytes` in one write. */
function events(bytes: Uint8Array): DecoderEvent[] {
  return pushAll(open(), [bytes]);
}

function onlyEvent(bytes: Uint8Array): DecoderEvent {
  const [event, ...others] = events(bytes);
  expect(others).toEqual([]);
  if (event === undefined) throw new Error("No event");
  return event;
}

function intakeOf(bytes: Uint8Array): Intake {
  const event = onlyEvent(bytes);
  if (event.kind !== "exchange") throw new Error(`Not an exchange: ${JSON.stringify(event)}`);
  return event.intake;
}

function storedReply(bytes: Uint8Array): { text: string | undefined; close: boolean } {
  const event = onlyEvent(bytes);
  if (event.kind !== "exchange") throw new Error(`Not an exchange: ${JSON.stringify(event)}`);
  return replyText(event.encodeReply({ kind: "stored" }));
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

const LONE_SURROGATE = '{"user_id":"\\ud800","io_time":"20260302081504"}';

const IDLE_REPLY =
  "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: ERROR_NO_CMD\r\ntrans_id: \r\ncmd_code: \r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

describe.each(Object.keys(EXPECTED_INTAKES))("Decoder.push() with %s", (name) => {
  const bytes = fixture(name);
  const whole = events(bytes).map(view);

  test("gives the documented intake and reply in one write", () => {
    const { raw, ...intake } = intakeOf(bytes);
    expect<unknown>(intake).toEqual(EXPECTED_INTAKES[name]);
    const body = text(bytes).split("\r\n\r\n").slice(1).join("\r\n\r\n");
    expect(text(raw)).toBe(expectedRaw(name, body));
    expect(storedReply(bytes)).toEqual({ text: expectedReply(name), close: true });
  });

  test("gives the same when cut at any position", () => {
    for (let position = 1; position < bytes.length; position += 1) {
      const parts = [bytes.subarray(0, position), bytes.subarray(position)];
      expect(pushAll(open(), parts).map(view)).toEqual(whole);
    }
  });

  test("gives the same byte by byte, and nothing before the last", () => {
    const decoder = open();
    const chunks = cut(bytes, 1);
    expect(pushAll(decoder, chunks.slice(0, -1))).toEqual([]);
    expect(decoder.midRequest).toBe(true);
    expect(pushAll(decoder, chunks.slice(-1)).map(view)).toEqual(whole);
    expect(decoder.midRequest).toBe(false);
    expect(decoder.bufferedBytes).toBe(0);
  });

  test("gives both of two in one chunk, in order", () => {
    const other = fixture("e2-punch-face-hs102");
    const both = [...whole, ...events(other).map(view)];
    expect(events(Buffer.concat([bytes, other])).map(view)).toEqual(both);
  });

  test("gives nothing while a byte is missing", () => {
    const decoder = open();
    expect(decoder.push(bytes.subarray(0, -1))).toEqual([]);
    expect(decoder.midRequest).toBe(true);
  });
});

describe("Decoder.push() and the reply", () => {
  const e1 = fixture("e1-punch-card");

  test("acknowledges stored, duplicate and quarantined alike", () => {
    const event = onlyEvent(e1);
    if (event.kind !== "exchange") throw new Error("Not an exchange");
    for (const kind of ["stored", "duplicate", "quarantined"] as const) {
      expect(replyText(event.encodeReply({ kind }))).toEqual({ text: OK_REPLY, close: true });
    }
  });

  test("closes with zero bytes on refused and failed", () => {
    const event = onlyEvent(e1);
    if (event.kind !== "exchange") throw new Error("Not an exchange");
    const silence = { bytes: undefined, close: true };
    expect(event.encodeReply({ kind: "failed" })).toEqual(silence);
    expect(event.encodeReply({ kind: "refused", code: "device-blocked" })).toEqual(silence);
  });

  test("answers an idle poll of D3 under cmd_id", () => {
    const poll = post(framed("{}"), {
      request_code: "receive_cmd",
      trans_id: undefined,
      cmd_id: "ReceiveCommandAction",
    });
    expect(storedReply(poll).text).toBe(IDLE_REPLY.replace("trans_id", "cmd_id"));
  });

  test("echoes the transaction of a command's result and never that of realtime requests", () => {
    const result = post(new Uint8Array(0), { request_code: "send_cmd_result", trans_id: "c-1" });
    expect(storedReply(result).text).toBe(
      "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\ntrans_id: c-1\r\ncmd_code: \r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    for (const request_code of ["realtime_door_status", "realtime_slog", "send_glog_data"]) {
      expect(storedReply(post(framed("{}"), { request_code })).text).toBe(OK_REPLY);
    }
  });

  test("stays open only when the client asks for it, in its version", () => {
    const body = framed(E1_JSON);
    const kept = (line: string, connection: string | undefined) =>
      storedReply(post(body, { Connection: connection }, line));
    const keepAlive = OK_REPLY.replace("Connection: close", "Connection: keep-alive");
    const close = { text: OK_REPLY, close: true };
    expect(kept("POST / HTTP/1.0", undefined)).toEqual(close);
    expect(kept("POST / HTTP/1.0", "Keep-Alive")).toEqual({ text: keepAlive, close: false });
    expect(kept("POST / HTTP/1.1", undefined)).toEqual({
      text: keepAlive.replace("HTTP/1.0", "HTTP/1.1"),
      close: false,
    });
    expect(kept("POST / HTTP/1.1", "Close")).toEqual(close);
  });

  test("tells only requests that are no records that their code is unknown", () => {
    const unknown = post(framed("{}"), { request_code: "door_visit" });
    expect(storedReply(unknown).text).toBe(
      OK_REPLY.replace("response_code: OK", "response_code: ERROR_INVLAID_REQUEST_CODE"),
    );
  });

  test.each(["GET / HTTP/1.1", "HEAD /health HTTP/1.0", "PUT /x HTTP/1.1"])(
    "answers the probe %s without protocol headers",
    (line) => {
      expect(view(onlyEvent(Buffer.from(`${line}\r\nHost: x\r\n\r\n`)))).toEqual({
        answer: {
          text: "HTTP/1.0 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
          close: true,
        },
      });
    },
  );
});

describe("Decoder.push() keeps what it cannot read", () => {
  const nothing = new Uint8Array(0);
  const punch = framed(E1_JSON);
  const notJson = Buffer.from("{no json");
  const cases = [
    { name: "an empty body", body: nothing, code: "body-empty" },
    { name: "a body that is no JSON", body: framed("{no json"), code: "body-not-json" },
    { name: "JSON that is no object", body: framed("[1,2]"), code: "body-not-object" },
    { name: "a length past the end", body: hex("7f0000007b2261"), code: "body-not-json" },
    { name: "a length that cuts the text", body: hex("030000007b2261223a"), code: "body-not-json" },
    { name: "text that is not UTF-8", body: hex("050000007b22ff227d"), code: "body-not-utf8" },
    { name: "no dev_id", body: punch, headers: { dev_id: undefined }, code: "no-device-id" },
    { name: "no ASCII dev_id", body: punch, headers: { dev_id: "\xe9" }, code: "no-device-id" },
    {
      name: "a long dev_id",
      body: punch,
      headers: { dev_id: "7".repeat(65) },
      code: "no-device-id",
    },
    {
      name: "no request_code",
      body: Buffer.from("a record of who knows what"),
      headers: { request_code: undefined },
      code: "no-request-code",
    },
    {
      name: "two bare punches",
      body: Buffer.from('{"user_id":"77"}{"user_id":"78"}'),
      headers: { blk_no: undefined },
      code: "body-has-more",
    },
    {
      name: "two framed punches",
      body: Buffer.concat([punch, framed('{"user_id":"78"}')]),
      code: "body-has-more",
    },
    {
      name: "a framed punch in place of the photo that the first names",
      body: Buffer.concat([framed('{"user_id":"77","log_image":"BIN_1"}'), punch]),
      code: "body-has-more",
    },
    {
      name: "an undocumented request with more than its text",
      body: Buffer.concat([punch, punch]),
      headers: { request_code: "realtime_barcode" },
      code: "body-has-more",
    },
    {
      name: "an undocumented request with a broken text behind a length of none",
      body: Buffer.from('\0\0\0\0{"barcode":'),
      headers: { request_code: "realtime_barcode" },
      code: "body-has-more",
    },
    { name: "half a surrogate pair", body: framed(LONE_SURROGATE), code: "text-not-unicode" },
    {
      name: "a batch of punches",
      body: framed('{"glog_count":2}', "\n\0", [Buffer.alloc(24)]),
      headers: { request_code: "send_glog_data" },
      code: "batch-undocumented",
    },
    {
      name: "an undocumented request that is no JSON",
      body: notJson,
      headers: { request_code: "realtime_barcode" },
      code: "body-not-json",
    },
  ];

  test.each(cases)("$name: whole, and acknowledged", ({ body, headers, code }) => {
    const request = post(body, headers);
    const intake = intakeOf(request);
    expect(intake.kind === "unreadable" && intake.code).toBe(code);
    expect(text(intake.raw)).toBe(text(body));
    expect(storedReply(request).text).toBe(OK_REPLY);
  });

  test("text above its limit, whole", () => {
    const body = framed(`{"user_id":"27","x":"${"y ".repeat(LIMITS.textBytesMax / 2)}"}`);
    const intake = intakeOf(post(body));
    expect(intake).toMatchObject({ kind: "unreadable", code: "body-text-too-long" });
    expect(intake.raw.length).toBe(body.length);
  });

  test("a photo behind text that is no JSON too, since all of it may be wanted", () => {
    const body = framed("{no json", "\n\0", [Buffer.alloc(5000, 0x41)]);
    for (const chunkBytes of [body.length + 500, 1000, 1]) {
      const [event] = pushAll(open(), cut(post(body), chunkBytes));
      if (event?.kind !== "exchange") throw new Error("Not an exchange");
      expect(text(event.intake.raw)).toBe(text(body));
    }
  });

  test("but never a poll: it is one with any body", () => {
    for (const body of ["", "20260302081459", "{", "\xff\xff\xff\xff", "[]"]) {
      const poll = post(Buffer.from(body, "latin1"), { request_code: "receive_cmd" });
      expect(intakeOf(poll)).toMatchObject({ kind: "poll", deviceId: "2401058352", report: {} });
    }
  });

  test("a punch without user or time is one: the rules decide", () => {
    const intake = intakeOf(post(framed('{"user_id":null,"io_mode":1}')));
    if (intake.kind !== "punches") throw new Error(intake.kind);
    expect(intake.punches[0]).toMatchObject({ userIdText: undefined, wallTimeText: undefined });
  });
});

describe("Decoder.push() holds no more than it keeps", () => {
  test("of a photo, which is dropped while it streams", () => {
    const photo = Buffer.alloc(500_000, 0xff);
    const request = post(framed(E1_JSON.replace("null", '"BIN_1"'), "\n\0", [photo]));
    const decoder = open();
    let heldBytesMax = 0;
    const seen: DecoderEvent[] = [];
    for (const chunk of cut(request, 4096)) {
      seen.push(...decoder.push(chunk));
      heldBytesMax = Math.max(heldBytesMax, decoder.bufferedBytes);
    }
    expect(seen.map((event) => event.kind)).toEqual(["exchange"]);
    expect(heldBytesMax).toBeLessThanOrEqual(4096);
  });

  test("and refuses a request above its limit at the head", () => {
    const request = post(new Uint8Array(0), { "Content-Length": String(LIMITS.requestBytesMax) });
    expect(onlyEvent(request)).toMatchObject({
      kind: "violation",
      code: "request-too-long",
      deviceIdText: "2401058352",
    });
  });
});

describe("Decoder.push() closes with zero bytes", () => {
  test.each([
    ["a head without end", Buffer.alloc(LIMITS.headBytesMax, 0x41), "head-too-long"],
    [
      "a punch without Content-Length",
      post(framed(E1_JSON), { "Content-Length": undefined }),
      "content-length-missing",
    ],
    ["a negative block number", post(framed(E1_JSON), { blk_no: "-1" }), "bad-block-number"],
    ["a block number that is none", post(framed(E1_JSON), { blk_no: "one" }), "bad-block-number"],
    [
      "a first block that is not number 1",
      post(framed(E1_JSON), { blk_no: "2" }),
      "block-out-of-order",
    ],
  ])("on %s", (_name, bytes, code) => {
    expect(onlyEvent(bytes)).toMatchObject({ kind: "violation", code });
  });

  test("but takes a poll without Content-Length", () => {
    const poll = post(new Uint8Array(0), {
      request_code: "receive_cmd",
      "Content-Length": undefined,
    });
    expect(intakeOf(poll).kind).toBe("poll");
  });

  test("and not on garbage behind a request that ends the connection", () => {
    const padded = Buffer.concat([fixture("e1-punch-card"), Buffer.from("\n\0\r garbage\n\n")]);
    expect(events(padded).map((event) => event.kind)).toEqual(["exchange"]);
  });

  test("and reads nothing behind that garbage, wherever the network cuts", () => {
    const e1 = fixture("e1-punch-card");
    const bytes = Buffer.concat([e1, post(framed(E1_JSON), { blk_no: "x" }), e1]);
    for (const chunkBytes of [bytes.length, 100, 1]) {
      const kinds = pushAll(open(), cut(bytes, chunkBytes)).map((event) => event.kind);
      expect(kinds).toEqual(["exchange"]);
    }
  });

  test("but on garbage behind a request that keeps it", () => {
    const kept = post(framed(E1_JSON), {}, "POST / HTTP/1.1");
    const kinds = events(Buffer.concat([kept, Buffer.from("garbage\n\n")])).map((e) => e.kind);
    expect(kinds).toEqual(["exchange", "violation"]);
  });
});
