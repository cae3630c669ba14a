/**
 * Aim: what tells the dialects D1, D4, D5, D6 and D7 apart is seen, their records arrive as any other,
 * photos and templates never do, and each hears the answer that it understands (fkweb.md 1, 6.2).
 */

import { describe, expect, test } from "bun:test";
import type { DecoderEvent, Driver } from "#devices/driver.ts";
import { createFkwebDriver } from "#devices/fkweb/driver.ts";
import type { Intake } from "#domain/intake.ts";
import { ADDRESS, E1_JSON, framed, LIMITS, post, pushAll, replyText } from "./requests.ts";

type Headers = Readonly<Record<string, string | undefined>>;

/** None of the headers that name a request. */
const UNNAMED: Headers = {
  request_code: undefined,
  dev_id: undefined,
  trans_id: undefined,
  blk_no: undefined,
};
const JSON_TYPE: Headers = { ...UNNAMED, "Content-Type": "application/json;charset=utf-8" };
const TEMPLATE = Buffer.alloc(900, 0xfa).toString("base64");

function push(driver: Driver, body: string | Uint8Array, headers: Headers): DecoderEvent {
  const [event, ...others] = pushAll(driver.open(LIMITS, ADDRESS), [
    post(Buffer.from(body), headers),
  ]);
  expect(others).toEqual([]);
  if (event === undefined) throw new Error("No event");
  return event;
}

function read(body: string | Uint8Array, headers: Headers): { intake: Intake; reply: string } {
  const event = push(createFkwebDriver(), body, headers);
  if (event.kind !== "exchange") throw new Error(JSON.stringify(event));
  const reply = replyText(event.encodeReply({ kind: "stored" })).text ?? "";
  return { intake: event.intake, reply };
}

function unreadable(body: string | Uint8Array, headers: Headers): unknown {
  const { intake, reply } = read(body, headers);
  if (intake.kind !== "unreadable") throw new Error(intake.kind);
  expect(reply).toContain("\r\nresponse_code: OK\r\n");
  const { deviceId, code, raw } = intake;
  return { deviceId, code, raw: Buffer.from(raw).toString("latin1") };
}

describe("a form (D1)", () => {
  const punch = (record: string) =>
    `page_id=realtime_glog&device_id=0007&device_name=a&glog_data=${record}`;

  test.each([
    ["{enroll_id:27,io_time:20150302081504}", "27", "20150302081504"],
    ['{"enroll_id":"27","io_time":"20150302081504"}', "27", "20150302081504"],
    ["%7Benroll_id%3A27%2Cio_time%3A20150302081504%7D", "27", "20150302081504"],
    ["{enroll_id:,io_time:}", "", ""],
  ])("is a punch with the record %s", (record, userIdText, wallTimeText) => {
    const { intake } = read(punch(record), UNNAMED);
    if (intake.kind !== "punches") throw new Error(intake.kind);
    expect(intake.punches[0]).toMatchObject({
      userIdText,
      wallTimeText,
      rawText: punch(record),
    });
  });

  test.each([
    punch("{enroll_id:27}"),
    punch("{enroll_id:27,enroll_id:28,io_time:20150302081504}"),
    punch("{enroll_id:27,io_time:{20150302081504}}"),
    punch("enroll_id:27,io_time:20150302081504"),
    "page_id=realtime_glog&device_id=0007",
    "page_id=send_cmd_result_big_field&device_id=0007&blk_data=00FF",
    "page_id=who_knows&device_id=0007",
  ])("is kept whole and acknowledged when it is %s", (body) => {
    const kept = { deviceId: "0007", code: "form-undocumented", raw: body };
    expect(unreadable(body, UNNAMED)).toEqual(kept);
  });

  test.each([
    ["page_id=&device_id=0007", "no-request-code"],
    ["page_id=realtime_glog", "no-device-id"],
    ["device_id=0007", "no-request-code"],
  ])("is kept whole and acknowledged when it is %s", (body, code) => {
    const typed = { ...UNNAMED, "Content-Type": "application/x-www-form-urlencoded" };
    expect(unreadable(body, typed)).toMatchObject({ code, raw: body });
  });

  test("is kept when its record is no UTF-8 or too long to be one", () => {
    const latin = Buffer.from(
      punch("{enroll_id:27,io_time:20150302081504}").replace("=a", "=\xe9"),
      "latin1",
    );
    expect(unreadable(latin, UNNAMED)).toMatchObject({ code: "form-undocumented" });
    const long = `${punch("{enroll_id:27,io_time:20150302081504}")}&x=${"y".repeat(70_000)}`;
    expect(unreadable(long, UNNAMED)).toMatchObject({ code: "form-undocumented", raw: long });
  });

  test("is a poll even when what it tells cannot be read, and is told so in the body", () => {
    const body = Buffer.from("page_id=receive_cmd&device_id=0007&device_name=\xe9", "latin1");
    const { intake, reply } = read(body, UNNAMED);
    expect(intake).toMatchObject({ kind: "poll", deviceId: "0007", report: {} });
    expect(reply).toEndWith("\r\n\r\n{result:ERROR_NO_CMD}\r\nresult=ERROR_NO_CMD");
  });

  test("gets no reply longer than its 4096 bytes, and none at all when storage failed", () => {
    const event = push(createFkwebDriver(), punch("{enroll_id:1,io_time:2}"), UNNAMED);
    if (event.kind !== "exchange") throw new Error(event.kind);
    expect(event.encodeReply({ kind: "stored" }).bytes?.length).toBeLessThan(4096);
    expect(event.encodeReply({ kind: "failed" }).bytes).toBeUndefined();
  });
});

describe("bare JSON (D5, D6)", () => {
  const dev: Headers = { dev_model: "R6" };

  test("counts its text without the photo", () => {
    const photo = Buffer.alloc(LIMITS.textBytesMax, 0xff).toString("base64");
    const { intake } = read(E1_JSON.replace("null", `"${photo}"`), dev);
    if (intake.kind !== "punches") throw new Error(intake.kind);
    expect(intake.punches[0]?.userIdText).toBe("27");
    expect(intake.raw.length).toBeLessThan(200);
  });

  test("never hears a transaction on a realtime request", () => {
    for (const request_code of ["realtime_glog", "realtime_enroll_data", "realtime_door_status"]) {
      const { reply } = read("{}", { ...dev, request_code, trans_id: "RTLogSend" });
      expect(reply).not.toContain("trans_id");
      expect(reply).not.toContain("cmd_code");
    }
  });

  test("shows nothing of its queue by polls that may be D5's: nobody has seen one", () => {
    const { intake } = read('{"fk_name":"x"}', { ...dev, request_code: "receive_cmd" });
    expect(intake).toMatchObject({ kind: "poll" });
    expect(intake).not.toHaveProperty("queue");
  });

  test("hears an empty transaction on an idle poll", () => {
    const { reply } = read("", { ...dev, request_code: "receive_cmd" });
    expect(reply).toContain("\r\nresponse_code: ERROR_NO_CMD\r\ntrans_id: \r\ncmd_code: \r\n");
  });

  test("is never joined to blocks: it is not split (fkweb.md 5)", () => {
    const driver = createFkwebDriver();
    for (const blk_no of ["1", "2", "0", "x"]) {
      const event = push(driver, E1_JSON, { ...dev, blk_no });
      expect(event).toMatchObject({ kind: "exchange", intake: { kind: "punches" } });
    }
  });

  test.each([
    ['{"inOut":"OUT","ioMode":3}', "OUT"],
    ['{"inOut":"","ioMode":3}', "3"],
    ['{"ioMode":3}', "3"],
    ['{"io_mode":0,"inOut":"IN"}', "0"],
    ["{}", undefined],
  ])("tells of %s the direction %p", (json, directionCode) => {
    const { intake } = read(json, dev);
    if (intake.kind !== "punches") throw new Error(intake.kind);
    expect(intake.punches[0]?.directionCode).toBe(directionCode);
  });

  test("keeps the digits of a user that came as a number", () => {
    const { intake } = read('{"userId":12345678901234567890,"time":20260720213000}', dev);
    if (intake.kind !== "punches") throw new Error(intake.kind);
    expect(intake.punches[0]).toMatchObject({
      userIdText: "12345678901234567890",
      wallTimeText: "20260720213000",
    });
  });

  test("makes no user, time or code of a note about base64", () => {
    const user = "7".repeat(300);
    const named = read(`{"userId":"${user}","time":"2"}`, dev).intake;
    expect(named).toMatchObject({ kind: "punches", punches: [{ userIdText: user }] });
    for (const body of [
      `{"user\\u0049d":"${user}","time":"2"}`,
      `{"userId":"1","time":"2","verifyMode":["${TEMPLATE}"]}`,
    ]) {
      expect(unreadable(body, dev)).toMatchObject({ code: "record-incomplete", raw: body });
    }
  });

  test("is kept whole when it names nobody and what it has in base64 may be the record", () => {
    for (const fields of [
      "",
      '"userId":"1",',
      '"time":"20260720213000",',
      '"userId":"","time":"2",',
    ]) {
      const body = `{${fields}"recorb":"${TEMPLATE}"}`;
      expect(unreadable(body, dev)).toMatchObject({ code: "record-incomplete", raw: body });
    }
    const { intake } = read(`{"userId":"1","time":"2","recorb":"${TEMPLATE}"}`, dev);
    expect(intake.kind).toBe("punches");
    expect(read(`{"logPhoto":"${TEMPLATE}"}`, dev).intake.kind).toBe("punches");
  });

  test("holds no template of an enrolment, and none in what is not documented", () => {
    const enrolment = `{"userId":"1","fps":["${TEMPLATE}"],"face":"${TEMPLATE}"}`;
    const code = "realtime_enroll_data";
    const { intake } = read(enrolment, { ...dev, request_code: code });
    expect(intake).toMatchObject({
      kind: "notice",
      text: "",
      enrollment: { credentials: [0, 12] },
    });
    expect(intake.raw).toHaveLength(0);
    const visit = read(`{"photo":"${TEMPLATE}"}`, { ...dev, request_code: "door_visit" });
    expect(visit.intake).toMatchObject({
      kind: "notice",
      text: '{"photo":"(1200 characters of base64 left out)"}',
    });
  });

  test("tells of an enrolment without any field of credentials nothing", () => {
    const enrolment = { ...dev, request_code: "realtime_enroll_data" };
    const { intake } = read('{"userId":"1","name":"A"}', enrolment);
    expect(intake).toMatchObject({ kind: "notice" });
    expect(intake).not.toHaveProperty("enrollment");
  });
});

describe("JSON around a block (D7)", () => {
  const envelope = (fields: Readonly<Record<string, unknown>>) =>
    JSON.stringify({
      dev_id: "M68",
      request_code: "realtime_glog",
      trans_id: "RTLogSendAction",
      blk_no: 0,
      ...fields,
    });
  const block = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

  test("joins blocks, each with its own base64, and hears of each", () => {
    const body = framed(E1_JSON.replace("null", '"BIN_1"'), "\0", [Buffer.alloc(700, 0xff)]);
    const driver = createFkwebDriver();
    const first = push(
      driver,
      envelope({ blk_no: 1, block: block(body.subarray(0, 301)) }),
      JSON_TYPE,
    );
    if (first.kind !== "answer") throw new Error(first.kind);
    expect(replyText(first.reply).text).toContain(
      "\r\nresponse_code: OK\r\ntrans_id: RTLogSendAction",
    );
    const last = push(driver, envelope({ block: block(body.subarray(301)) }), JSON_TYPE);
    expect(last).toMatchObject({
      kind: "exchange",
      intake: { kind: "punches", deviceId: "M68", punches: [{ userIdText: "27" }] },
    });
  });

  test("names the terminal of a block out of order", () => {
    const event = push(createFkwebDriver(), envelope({ blk_no: 2, block: "AAAA" }), JSON_TYPE);
    expect(event).toMatchObject({
      kind: "violation",
      code: "block-out-of-order",
      deviceIdText: "M68",
    });
  });

  test("takes fields beside those that name the request, where there is no block", () => {
    const { intake } = read(envelope({ user_id: "27", io_time: "20260302081504" }), JSON_TYPE);
    expect(intake).toMatchObject({ kind: "punches", punches: [{ userIdText: "27" }] });
  });

  test("takes a poll without a block, or with an empty one", () => {
    for (const fields of [{}, { block: "" }, { block: null }]) {
      const { intake, reply } = read(
        envelope({ request_code: "receive_cmd", ...fields }),
        JSON_TYPE,
      );
      expect(intake).toMatchObject({ kind: "poll", deviceId: "M68", report: {} });
      expect(reply).toContain("\r\nresponse_code: ERROR_NO_CMD\r\n");
    }
  });

  test.each([
    ["no base64", envelope({ block: "n o" }), "block-not-base64"],
    ["half a byte of base64", envelope({ block: "AAAAA" }), "block-not-base64"],
    ["a block that is no text", envelope({ block: 7 }), "block-not-base64"],
    ["a block that names another", envelope({ block: "block 7" }), "block-not-base64"],
    ["other base64 than a block", envelope({ blocc: TEMPLATE }), "block-missing"],
    ["no JSON", '{"dev_id":"M68"', "body-not-json"],
    ["no object", "[]", "body-not-object"],
    ["no UTF-8", '{"dev_id":"\xff"}', "body-not-utf8"],
    ["no request", '{"dev_id":"M68"}', "no-request-code"],
    [
      "a text beyond its limit",
      `{"a":"${"b ".repeat(LIMITS.textBytesMax)}"}`,
      "body-text-too-long",
    ],
  ])("is kept whole and acknowledged when it is %s", (_name, body, code) => {
    const bytes = Buffer.from(body, "latin1");
    expect(unreadable(bytes, JSON_TYPE)).toMatchObject({ code, raw: body });
  });

  test("keeps what is in a block that is no record", () => {
    expect(
      unreadable(envelope({ blk_no: undefined, block: block(Buffer.from("no json")) }), JSON_TYPE),
    ).toEqual({
      deviceId: "M68",
      code: "body-not-json",
      raw: "no json",
    });
  });
});

describe("a terminal that encrypts", () => {
  const cipher = Buffer.from("9f86d081884c7d659a2feaa0c55ad015", "hex");
  const sealed = JSON.stringify({
    dev_id: "M68",
    request_code: "realtime_glog",
    trans_id: "RTLogSendAction",
    blk_no: 0,
    block: cipher.toString("base64"),
  });

  test("has its record kept, and the operator hears what to switch off", () => {
    const { intake, reply } = read(sealed, { ...JSON_TYPE, encrypt: "yes" });
    expect(intake).toMatchObject({ kind: "unreadable", deviceId: "M68", code: "encrypted" });
    expect(intake.kind === "unreadable" && intake.reason).toContain("switch encryption off");
    expect(Buffer.from(intake.raw).equals(cipher)).toBe(true);
    expect(reply).toContain("\r\nresponse_code: OK\r\n");
  });

  test.each([
    ["in headers", cipher, { encrypt: "yes" }],
    ["all of it", cipher, { ...JSON_TYPE, encrypt: "AES" }],
    [
      "in a block that is no base64",
      sealed.replace("n4bQ", "n 4b"),
      { ...JSON_TYPE, encrypt: "yes" },
    ],
  ])("has its record kept: %s", (_name, body, headers) => {
    expect(unreadable(body, headers)).toMatchObject({
      code: "encrypted",
      raw: Buffer.from(body).toString("latin1"),
    });
  });

  test("is read where it says so and does not", () => {
    const { intake } = read(framed(E1_JSON), { encrypt: "yes" });
    expect(intake.kind).toBe("punches");
  });

  test("polls like any other", () => {
    const poll = sealed.replace("realtime_glog", "receive_cmd");
    const { intake, reply } = read(poll, { ...JSON_TYPE, encrypt: "yes" });
    expect(intake).toMatchObject({ kind: "poll", deviceId: "M68", report: {} });
    expect(reply).toContain("\r\nresponse_code: ERROR_NO_CMD\r\n");
  });

  test.each(["base64only", "no", "NONE", "0"])("does not with encrypt: %s", (encrypt) => {
    const single = sealed.replace('"blk_no":0,', "");
    expect(unreadable(single, { ...JSON_TYPE, encrypt })).toMatchObject({ code: "body-not-utf8" });
  });
});
