/**
 * Aim: a kept record of RealSvr is read once more as it came, also one whose image was dropped; what
 * cannot be read stays so, and shows who and when as far as it tells.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { KeptRequest } from "#devices/kept-request.ts";
import { previewText } from "#devices/preview.ts";
import { createRtlogDriver } from "#devices/rtlog/driver.ts";
import { rtlogKeptReader } from "#devices/rtlog/kept.ts";
import type { Intake } from "#domain/intake.ts";
import { ADDRESS, LIMITS, pushAll } from "../fkweb/requests.ts";
import { FIXTURES, fixture, frame, recordJson, u32, v1 } from "./frames.ts";

function intakeOf(request: Uint8Array): Intake {
  const [event] = pushAll(createRtlogDriver().open(LIMITS, ADDRESS), [request]);
  if (event?.kind !== "exchange") throw new Error(`No exchange: ${event?.kind}`);
  return event.intake;
}

function kept(bytes: Uint8Array, code = "bad-time"): KeptRequest {
  const known = { deviceIdText: "1", codeLibrary: undefined };
  return { ...known, code, reason: "Punch has no time", bytes };
}

const reread = (bytes: Uint8Array) => rtlogKeptReader.reread(kept(bytes), LIMITS);

describe("reread()", () => {
  test.each(FIXTURES)("gives the very punch of %s that the rules did not take", (name) => {
    const intake = intakeOf(fixture(name));
    if (intake.kind !== "punches") throw new Error(intake.kind);
    const { punches, deviceId: deviceIdText, raw } = intake;
    expect(reread(raw)).toEqual({ kind: "punches", deviceIdText, punches, isOfLog: false });
  });

  test.each<[string, Buffer]>([
    ["text-not-json", v1(recordJson().slice(0, -3))],
    ["text-not-object", v1("[1]")],
    ["text-length-wrong", frame("RTLOG002", Buffer.concat([u32(9999), Buffer.from("{}")]))],
    ["no-device-id", v1(recordJson({ fk_device_id: undefined }))],
    ["field-repeated", v1(`${recordJson().slice(0, -1)},"user_id":"28"}`)],
  ])("finds the same fault again: %s", (code, request) => {
    const intake = intakeOf(request);
    expect(intake).toMatchObject({ kind: "unreadable", code });
    expect(reread(intake.raw)).toMatchObject({ kind: "unreadable", code });
  });

  test("never throws, and says where a record is not whole", () => {
    expect(reread(v1(recordJson()).subarray(0, 9))).toMatchObject({ code: "frame-incomplete" });
    expect(reread(Buffer.from('{"log_id":5'))).toMatchObject({ code: "frame-incomplete" });
    expect(reread(Buffer.from("GET /"))).toMatchObject({ code: "unknown-frame" });
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (bytes, isFramed) => {
        const request = isFramed ? Buffer.concat([Buffer.from("RTLOG002"), bytes]) : bytes;
        expect(reread(request)).toEqual(reread(request));
        expect(rtlogKeptReader.textOf(kept(request), LIMITS)).toBeString();
      }),
      { numRuns: 50 },
    );
  });
});

test("textOf() shows who and when of a record that is cut off, in every frame", () => {
  const text = recordJson({ card_no: '"0012345"' }).slice(0, -2);
  const inner = Buffer.concat([u32(text.length), Buffer.from(text)]);
  for (const bytes of [v1(text), frame("RTLOG003", inner), Buffer.from(text)]) {
    const shown = previewText(
      rtlogKeptReader.textOf(kept(bytes), LIMITS),
      rtlogKeptReader.shownFields,
    ).split("\n");
    expect(shown).toContain("user_id: 27");
    expect(shown).toContain("io_time: 20260302081504");
    expect(shown).toContain("card_no: (7 characters, not shown)");
  }
});
