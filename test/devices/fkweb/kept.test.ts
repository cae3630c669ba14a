/**
 * Aim: what went into quarantine can be read once more from what is kept of it: what is understood by
 * now becomes the punches it always was, in every dialect; what is not stays unread; and what is no
 * punch never becomes one.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createFkwebDriver } from "#devices/fkweb/driver.ts";
import { fkwebKeptReader } from "#devices/fkweb/kept.ts";
import type { KeptRequest } from "#devices/kept-request.ts";
import { previewText } from "#devices/preview.ts";
import type { Intake } from "#domain/intake.ts";
import { ADDRESS, E1_JSON, fixture, framed, hex, LIMITS, post, pushAll } from "./requests.ts";

const PUNCHES = [
  "d1-punch-form",
  "d5-punch-photo",
  "d6-punch-photo",
  "d7-punch-photo",
  "e1-punch-card",
  "e2-punch-face-hs102",
  "e3-punch-no-terminator",
  "e4-punch-photo",
];
const JSON_TYPE = {
  request_code: undefined,
  dev_id: undefined,
  trans_id: undefined,
  blk_no: undefined,
  "Content-Type": "application/json",
};
/** Looks like a template, and may be more than a photo. */
const UNNAMED_BASE64 = Buffer.alloc(300, 0xfa).toString("base64");

function intakeOf(request: Uint8Array): Intake {
  const [event] = pushAll(createFkwebDriver().open(LIMITS, ADDRESS), [request]);
  if (event?.kind !== "exchange") throw new Error(`No exchange: ${event?.kind}`);
  return event.intake;
}

function kept(bytes: Uint8Array, more: Partial<KeptRequest> = {}): KeptRequest {
  return {
    deviceIdText: "2401058352",
    code: "bad-time",
    reason: "Punch has no time",
    bytes,
    codeLibrary: undefined,
    ...more,
  };
}

/** What storage keeps of a request that the driver could not read. */
function keptOf(request: Uint8Array): KeptRequest {
  const intake = intakeOf(request);
  if (intake.kind !== "unreadable") throw new Error(`It was read: ${intake.kind}`);
  const { code, reason, deviceId: deviceIdText, raw } = intake;
  return kept(raw, { code, reason, deviceIdText });
}

const reread = (request: KeptRequest) => fkwebKeptReader.reread(request, LIMITS);

describe("reread()", () => {
  test.each(PUNCHES)("gives the very punch of %s that the rules did not take", (name) => {
    const intake = intakeOf(fixture(name));
    if (intake.kind !== "punches") throw new Error(intake.kind);
    const { punches, deviceId: deviceIdText, raw: bytes } = intake;
    for (const code of ["bad-time", "no-user", "same-second"]) {
      const request = kept(bytes, { deviceIdText, code });
      expect(reread(request)).toEqual({ kind: "punches", deviceIdText, punches, isOfLog: false });
    }
    const failed = kept(bytes, { deviceIdText, code: "rule-failed", reason: "punches: Error: x" });
    expect(reread(failed)).toMatchObject({ kind: "punches", punches });
  });

  test.each<[string, Buffer]>([
    ["body-empty", post(Buffer.alloc(0))],
    ["body-not-json", post(Buffer.from("no json"), { blk_no: undefined })],
    ["body-not-json", post(framed(E1_JSON.slice(0, -9)))],
    ["body-not-utf8", post(Buffer.from('{"user_id":"\xff"}', "latin1"))],
    ["body-has-more", post(Buffer.concat([framed(E1_JSON), framed(E1_JSON)]))],
    ["body-not-object", post(framed("[1]"))],
    ["text-not-unicode", post(framed('{"user_id":"\\ud800","io_time":"20260302081504"}'))],
    ["batch-undocumented", post(framed("{}"), { request_code: "send_glog_data" })],
    ["body-not-json", post(Buffer.from("no json"), { request_code: "realtime_barcode" })],
    [
      "record-incomplete",
      post(Buffer.from(`{"record":"${UNNAMED_BASE64}"}`), { dev_model: "X1", blk_no: undefined }),
    ],
    [
      "form-undocumented",
      post(Buffer.from("page_id=realtime_glog&device_id=7&x=1"), {
        ...JSON_TYPE,
        "Content-Type": "application/x-www-form-urlencoded",
      }),
    ],
    ["block-not-base64", post(Buffer.from(envelope({ block: "?" })), JSON_TYPE)],
    ["no-request-code", post(Buffer.from("{}"), { request_code: undefined })],
    ["no-device-id", post(framed(E1_JSON), { dev_id: undefined })],
  ])("finds the same fault again: %s", (code, request) => {
    const unread = keptOf(request);
    expect(unread.code).toBe(code);
    expect(reread(unread)).toMatchObject({ kind: "unreadable", code });
  });

  test("takes no half of a record for one, where blocks made no body together", () => {
    const request = kept(Buffer.from(E1_JSON), {
      code: "upload-inconsistent",
      reason: "realtime_glog: The blocks together are no framed body",
    });
    expect(reread(request)).toMatchObject({ kind: "unreadable", code: "upload-inconsistent" });
  });

  test("understands what an earlier version did not", () => {
    const request = kept(framed(E1_JSON), {
      code: "body-not-json",
      reason: "realtime_glog: The text is not JSON",
    });
    expect(reread(request)).toMatchObject({
      kind: "punches",
      deviceIdText: "2401058352",
      punches: [{ userIdText: "27", wallTimeText: "20260302081504", rawText: E1_JSON }],
    });
  });

  test("reads the punch of a request without a device id, once a person names one", () => {
    const request = keptOf(post(framed(E1_JSON), { dev_id: undefined }));
    expect(reread({ ...request, deviceIdText: "GATE1" })).toMatchObject({
      kind: "punches",
      deviceIdText: "GATE1",
      punches: [{ userIdText: "27" }],
    });
  });

  test("reads a whole request that a driver failed on", () => {
    const request = kept(fixture("e1-punch-card"), {
      deviceIdText: undefined,
      code: "decoder-failed",
      reason: "TypeError: x",
    });
    expect(reread(request)).toMatchObject({ kind: "punches", punches: [{ userIdText: "27" }] });
    const cut = { ...request, bytes: request.bytes.subarray(0, 80) };
    expect(reread(cut)).toMatchObject({ kind: "unreadable", code: "request-incomplete" });
  });

  test.each([
    ["a poll", "body-not-json", "receive_cmd: The text is not JSON"],
    ["what a door says", "body-not-json", "realtime_door_status: The text is not JSON"],
    ["what nobody documented", "body-not-json", "realtime_barcode: The text is not JSON"],
    ["an enrolment", "body-not-json", "realtime_enroll_data: The text is not JSON"],
    ["the result of a command", "rule-failed", "command-result: Error: x"],
    ["a notice that a rule failed on", "rule-failed", "notice: Error: x"],
  ])("makes no punch of %s, though it names a user and a time", (_case, code, reason) => {
    expect(reread(kept(framed(E1_JSON), { code, reason }))).toEqual({ kind: "no-punch" });
  });

  test("never throws, and makes the same of the same bytes", () => {
    const texts = fc.oneof(
      fc.uint8Array(),
      fc.string().map((text) => Buffer.from(text)),
    );
    const codes = fc.constantFrom("bad-time", "log-record", "decoder-failed", "no-request-code");
    fc.assert(
      fc.property(texts, codes, fc.boolean(), (bytes, code, isKnown) => {
        const deviceIdText = isKnown ? "GATE1" : undefined;
        const request = kept(bytes, { code, deviceIdText });
        expect(reread(request)).toEqual(reread(request));
        expect(fkwebKeptReader.textOf(request, LIMITS)).toBeString();
      }),
    );
  });
});

describe("a record of a terminal's own log", () => {
  /** User 27, 2026-03-02 08:15:04 (fkweb.md 14, E7). */
  const RECORD = "1b00000001010304f931023d";

  test("is read from its bytes, by the library that the terminal has", () => {
    const request = kept(hex(RECORD), { code: "log-record", codeLibrary: "FKDataHS101" });
    expect(reread(request)).toMatchObject({
      kind: "punches",
      isOfLog: true,
      punches: [{ userIdText: "27", wallTimeText: "20260302081504", codeLibrary: "FKDataHS101" }],
    });
  });

  test("is read from its text, whatever library the terminal has by now", () => {
    const text = JSON.stringify({ fk_bin_data_lib: "FKDataHS101", log_record: RECORD });
    const request = kept(Buffer.from(text), { code: "same-second", codeLibrary: "FKDataHS103" });
    expect(reread(request)).toMatchObject({
      isOfLog: true,
      punches: [{ userIdText: "27", rawText: text }],
    });
  });

  test("stays unread where it is none, and can be looked at", () => {
    // The year is 1900.
    const request = kept(hex("1b00000001010304 01000000".replace(" ", "")), {
      code: "log-record",
      codeLibrary: "FKDataHS101",
    });
    expect(reread(request)).toMatchObject({ kind: "unreadable", code: "log-record" });
    expect(fkwebKeptReader.textOf(request, LIMITS)).toBe(
      '{"fk_bin_data_lib":"FKDataHS101","log_record":"1b0000000101030401000000"}',
    );
  });
});

describe("textOf()", () => {
  test("is the record itself, without its frame and its photo", () => {
    const intake = intakeOf(fixture("e4-punch-photo"));
    const text = fkwebKeptReader.textOf(kept(intake.raw), LIMITS);
    expect(JSON.parse(text)).toMatchObject({ user_id: "27", log_image: "BIN_1" });
    const photo = intakeOf(fixture("d5-punch-photo"));
    expect(fkwebKeptReader.textOf(kept(photo.raw), LIMITS)).not.toContain("/9j/");
  });

  test("shows of an unreadable record with a template what tells who and when", () => {
    const text = `{"user_id":"27","io_time":"20260302081504","fp":"${UNNAMED_BASE64}","card":"0012345"`;
    const request = keptOf(post(Buffer.from(text)));
    const shown = previewText(fkwebKeptReader.textOf(request, LIMITS), fkwebKeptReader.shownFields);
    expect(shown.split("\n")).toEqual([
      "user_id: 27",
      "io_time: 20260302081504",
      expect.stringMatching(/^fp: \(\d+ characters, not shown\)$/),
      "card: (7 characters, not shown)",
    ]);
  });
});

/** JSON around a block (D7). */
function envelope(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ dev_id: "M68", request_code: "realtime_glog", ...fields });
}
