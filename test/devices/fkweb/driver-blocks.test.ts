/**
 * Aim: an upload in blocks gives what one request gives (fkweb.md 5), and no request is lost in the
 * blocks of another, whatever came under its name before.
 */

import { describe, expect, test } from "bun:test";
import type { DecoderEvent, Driver } from "#devices/driver.ts";
import { createFkwebDriver } from "#devices/fkweb/driver.ts";
import { ADDRESS, cut, E1_JSON, fixture, framed, LIMITS, post, pushAll, view } from "./requests.ts";

type Headers = Readonly<Record<string, string | undefined>>;

const PHOTO_JSON = E1_JSON.replace("null", '"BIN_1"');
const NEXT_JSON = '{"user_id":"77","io_time":"20260302081600"}';
const FOREIGN_JSON = '{"user_id":"666","io_time":"20260101000000"}';
const WHOLE: Headers = { blk_no: undefined };
const LAST: Headers = { blk_no: "0" };

/** What the driver makes of one request on a connection of its own. */
function push(driver: Driver, body: Uint8Array, headers: Headers): DecoderEvent {
  const [event, ...others] = pushAll(driver.open(LIMITS, ADDRESS), [post(body, headers)]);
  expect(others).toEqual([]);
  if (event === undefined) throw new Error("No event");
  return event;
}

/** A driver that got `blocks` as blocks 1, 2, 3 ... and answered them. */
function driverWith(blocks: readonly Uint8Array[], headers: Headers = {}): Driver {
  const driver = createFkwebDriver();
  for (const [index, block] of blocks.entries()) {
    const event = push(driver, block, { ...headers, blk_no: String(index + 1) });
    expect(event.kind).toBe("answer");
  }
  return driver;
}

/** What would be acknowledged: the text of a punch, or the code and bytes of what was not read. */
function acknowledged(event: DecoderEvent): unknown {
  if (event.kind !== "exchange") return event.kind === "violation" ? event.code : event.kind;
  const { intake } = event;
  if (intake.kind === "punches") return intake.punches.map((punch) => punch.rawText).join();
  if (intake.kind === "unreadable") return [intake.code, text(intake.raw)];
  return intake.kind;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

describe("Decoder.push() with blocks", () => {
  const blocks = [fixture("e10-enrolment-block-1"), fixture("e10-enrolment-block-0")];
  const blockReply =
    "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\ntrans_id: RTEnrollDataAction\r\ncmd_code: \r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

  test("joins E10, each block on a connection of its own, into what one request gives", () => {
    const driver = createFkwebDriver();
    const [first, last] = blocks.map((bytes) =>
      pushAll(driver.open(LIMITS, ADDRESS), cut(bytes, 7)).map(view),
    );
    expect(first).toEqual([{ answer: { text: blockReply, close: true } }]);
    const single = pushAll(driver.open(LIMITS, ADDRESS), [fixture("e10-enrolment-single")]);
    expect(last).toEqual(single.map(view));
  });

  test("joins a punch with a photo into what one request gives, wherever it is cut", () => {
    const body = framed(PHOTO_JSON, "\n\0", [Buffer.alloc(40, 0x7d)]);
    const single = push(createFkwebDriver(), body, LAST);
    expect(acknowledged(single)).toBe(PHOTO_JSON);
    for (let position = 1; position < body.length; position += 1) {
      const driver = driverWith([body.subarray(0, position)]);
      expect(view(push(driver, body.subarray(position), LAST))).toEqual(view(single));
    }
  });

  test("refuses the rest of a punch whose first block an earlier process answered, twice", () => {
    const body = framed(PHOTO_JSON, "\n\0", [Buffer.alloc(40, 0x7d)]);
    const rest = body.subarray(100);
    const driver = createFkwebDriver();
    for (let time = 0; time < 2; time += 1) {
      expect(acknowledged(push(driver, rest, LAST))).toBe("block-out-of-order");
    }
    expect(acknowledged(push(driver, rest, LAST))).toEqual(["body-not-json", text(rest)]);
    push(driver, body.subarray(0, 100), { blk_no: "1" });
    expect(acknowledged(push(driver, rest, LAST))).toBe(PHOTO_JSON);
  });

  test("keeps a broken record that begins like a body at once, although it names a block", () => {
    for (const broken of [framed('{"user_id":', "\0"), Buffer.from('{"user_id":"1"')]) {
      expect(acknowledged(push(createFkwebDriver(), broken, LAST))).toEqual([
        "body-not-json",
        text(broken),
      ]);
    }
  });

  test("joins blocks that come in one chunk", () => {
    const body = framed(PHOTO_JSON, "\n\0", [Buffer.alloc(40, 0x7d)]);
    const parts = [
      post(body.subarray(0, 100), { blk_no: "1" }),
      post(body.subarray(100, 120), { blk_no: "2" }),
      post(body.subarray(120), { blk_no: "0" }),
    ];
    const events = pushAll(createFkwebDriver().open(LIMITS, ADDRESS), [Buffer.concat(parts)]);
    expect(events.map(acknowledged)).toEqual(["answer", "answer", PHOTO_JSON]);
  });

  test("keeps uploads of different devices and transactions apart", () => {
    const body = framed(E1_JSON);
    const driver = driverWith([body.subarray(0, 50)], { dev_id: "A" });
    push(driver, body.subarray(0, 60), { dev_id: "B", blk_no: "1" });
    push(driver, body.subarray(0, 70), { dev_id: "A", trans_id: "other", blk_no: "1" });
    const last = push(driver, body.subarray(50), { dev_id: "A", blk_no: "0" });
    expect(acknowledged(last)).toBe(E1_JSON);
  });

  test("keeps uploads of two terminals with one id apart, by their addresses", () => {
    const bodies = [PHOTO_JSON, FOREIGN_JSON.replace("}", ',"log_image":"BIN_1"}')].map((json) =>
      framed(json, "\n\0", [Buffer.alloc(900, 0xff)]),
    );
    const driver = createFkwebDriver();
    const pushFrom = (terminal: number, number: number, part: readonly [number, number?]) => {
      const body = bodies[terminal]?.subarray(...part) ?? Buffer.alloc(0);
      const decoder = driver.open(LIMITS, `192.0.2.${terminal}`);
      const [event] = pushAll(decoder, [post(body, { blk_no: String(number) })]);
      return event === undefined ? undefined : acknowledged(event);
    };
    expect([pushFrom(0, 1, [0, 400]), pushFrom(1, 1, [0, 300])]).toEqual(["answer", "answer"]);
    expect([pushFrom(0, 2, [400, 700]), pushFrom(1, 2, [300, 600])]).toEqual(["answer", "answer"]);
    expect(pushFrom(0, 0, [700])).toBe(PHOTO_JSON);
    expect(pushFrom(1, 0, [600])).toContain("20260101000000");
  });

  test("keeps blocks whole that make no framed body together", () => {
    const photo = framed(PHOTO_JSON, "\n\0", [Buffer.alloc(900, 0xff)]);
    const parts = [photo.subarray(0, 500), photo.subarray(400)] as const;
    const whole = text(Buffer.concat(parts));
    const last = push(driverWith([parts[0]]), parts[1], LAST);
    expect(acknowledged(last)).toEqual(["upload-inconsistent", whole]);
  });

  test("keeps all blocks of a request that nobody documented, whatever the last one is", () => {
    for (const request_code of ["send_glog_data", "realtime_barcode"]) {
      const driver = driverWith([framed(FOREIGN_JSON)], { request_code });
      const last = push(driver, framed(NEXT_JSON), { request_code, blk_no: "0" });
      const whole = text(Buffer.concat([framed(FOREIGN_JSON), framed(NEXT_JSON)]));
      expect(acknowledged(last)).toEqual([expect.any(String), whole]);
    }
  });
});

describe("Decoder.push() of an enrolment", () => {
  const headers = { request_code: "realtime_enroll_data" };
  const json =
    '{"enroll_data_array":[{"backup_number":12,"enroll_data":"BIN_2"}],"user_id":"8",' +
    '"user_name":"B","user_photo":"BIN_1","user_privilege":"USER"}';
  const body = framed(json, "\n\0", [Buffer.alloc(900, 0xff), Buffer.alloc(5000, 0x41)]);

  function credentialsOf(event: DecoderEvent): unknown {
    if (event.kind !== "exchange" || event.intake.kind !== "notice") return event;
    expect(event.intake.raw).toHaveLength(0);
    expect(event.intake.text).toBe("");
    const { enrollment } = event.intake;
    return enrollment && [enrollment.userIdText, enrollment.name, enrollment.credentials];
  }

  test("is the same in one request and in two blocks, wherever its text is cut", () => {
    const told = ["8", "B", [12]];
    expect(credentialsOf(push(createFkwebDriver(), body, { ...headers, ...LAST }))).toEqual(told);
    for (let position = 4; position < 1000; position += 1) {
      const driver = driverWith([body.subarray(0, position)], headers);
      const last = push(driver, body.subarray(position), { ...headers, ...LAST });
      expect(credentialsOf(last)).toEqual(told);
    }
  });

  test("is the same in many blocks, and none holds more than the text", () => {
    const driver = driverWith(
      [body.subarray(0, 50), body.subarray(50, 120), body.subarray(120, 3000)],
      headers,
    );
    const decoder = driver.open(LIMITS, ADDRESS);
    const request = post(body.subarray(3000), { ...headers, ...LAST });
    expect(pushAll(decoder, [request.subarray(0, -1)])).toEqual([]);
    expect(decoder.bufferedBytes).toBe(0);
    const [last] = pushAll(decoder, [request.subarray(-1)]);
    if (last === undefined) throw new Error("No event");
    expect(credentialsOf(last)).toEqual(["8", "B", [12]]);
  });

  test.each([
    ["bare JSON, which may hold templates", Buffer.from(json)],
    ["a text that is no JSON", framed("{")],
    ["a text that is no object", framed("[]")],
    ["a length past the end", framed(json).subarray(0, -20)],
    ["a length above the limit", framed(`"${"x".repeat(LIMITS.textBytesMax)}"`)],
    ["three bytes", Buffer.from("abc")],
    ["nothing", Buffer.alloc(0)],
  ])("of %s is a notice and no more", (_name, odd) => {
    expect(credentialsOf(push(createFkwebDriver(), odd, { ...headers, ...LAST }))).toBeUndefined();
    const driver = driverWith([odd.subarray(0, 3)], headers);
    const joined = push(driver, odd.subarray(3), { ...headers, ...LAST });
    expect(credentialsOf(joined)).toBeUndefined();
  });

  test("of nobody is kept without a byte of it", () => {
    const event = push(createFkwebDriver(), body, { ...headers, dev_id: undefined });
    expect(acknowledged(event)).toEqual(["no-device-id", ""]);
  });
});

describe("Decoder.push() of a punch under the name of an unfinished upload", () => {
  const photo = framed(PHOTO_JSON, "\n\0", [Buffer.alloc(9000, 0xff)]);
  const held: readonly (readonly [string, Uint8Array])[] = [
    ["a part of a photo", photo.subarray(0, 8192)],
    ["a part of a text", framed(FOREIGN_JSON).subarray(0, 20)],
    ["a bare punch", Buffer.from(FOREIGN_JSON)],
    ["a framed punch", framed(FOREIGN_JSON)],
    ["nothing", Buffer.alloc(0)],
  ];
  const forms: readonly (readonly [string, Uint8Array])[] = [
    ["framed", framed(NEXT_JSON)],
    ["bare", Buffer.from(NEXT_JSON)],
    ["behind a wrong length", Buffer.from(`\xff\xff\0\0${NEXT_JSON}\n\0`, "latin1")],
  ];

  describe.each(held)("of %s", (_held, block) => {
    test.each(forms)(
      "takes a punch %s alone, as the last block or without a number",
      (_form, body) => {
        expect(acknowledged(push(driverWith([block]), body, LAST))).toBe(NEXT_JSON);
        expect(acknowledged(push(driverWith([block]), body, WHOLE))).toBe(NEXT_JSON);
      },
    );
  });

  test("does not take it for the photo that the upload waits for", () => {
    const body = framed(NEXT_JSON);
    const waiting = framed(PHOTO_JSON, "\n\0", [body]).subarray(0, -body.length);
    expect(acknowledged(push(driverWith([waiting]), body, LAST))).toBe(NEXT_JSON);
  });

  test("keeps all that is held beside a punch that cannot be read", () => {
    const last = push(driverWith([Buffer.from(FOREIGN_JSON)]), Buffer.from('{"user_id":'), LAST);
    const whole = `${FOREIGN_JSON}{"user_id":`;
    expect(acknowledged(last)).toEqual(["upload-inconsistent", whole]);
  });

  test("drops its photo while it streams, though an upload begins meanwhile", () => {
    const driver = createFkwebDriver();
    const request = post(framed(PHOTO_JSON, "\n\0", [Buffer.alloc(9000, 0xff)]));
    const decoder = driver.open(LIMITS, ADDRESS);
    expect(pushAll(decoder, [request.subarray(0, 1000)])).toEqual([]);
    push(driver, photo.subarray(0, 8192), { blk_no: "1" });
    expect(pushAll(decoder, [request.subarray(1000)]).map(acknowledged)).toEqual([PHOTO_JSON]);
  });
});

describe("Decoder.push() of the last block, when those before it are gone,", () => {
  const body = framed(PHOTO_JSON, "\n\0", [Buffer.alloc(9000, 0xff)]);
  const first = body.subarray(0, 8192);
  const last = body.subarray(8192);

  test.each([
    ["a whole request", framed(NEXT_JSON), WHOLE],
    ["a whole last block", framed(NEXT_JSON), LAST],
    ["a block out of order", first, { blk_no: "3" }],
    ["a block number that is none", first, { blk_no: "x" }],
  ])("refuses it: dropped by %s, they must come again", (_name, other, headers) => {
    const driver = driverWith([first]);
    push(driver, other, headers);
    expect(acknowledged(push(driver, last, LAST))).toBe("block-out-of-order");
    expect(acknowledged(push(driver, first, { blk_no: "1" }))).toBe("answer");
    expect(acknowledged(push(driver, last, LAST))).toBe(PHOTO_JSON);
  });

  test("refuses it three times, so that what nobody can read does not block the terminal for ever", () => {
    const driver = driverWith([first]);
    push(driver, framed(NEXT_JSON), WHOLE);
    const unreadable = Buffer.from("no json");
    for (let time = 0; time < 3; time += 1) {
      expect(acknowledged(push(driver, unreadable, LAST))).toBe("block-out-of-order");
    }
    expect(acknowledged(push(driver, unreadable, LAST))).toEqual(["body-not-json", "no json"]);
  });

  test("refuses it when its terminal has polled on and on instead: it has given the upload up", () => {
    const driver = driverWith([first]);
    for (let poll = 0; poll < 15; poll += 1) {
      push(driver, new Uint8Array(0), {
        request_code: "receive_cmd",
        dev_id: "another",
        blk_no: "0",
      });
    }
    expect(acknowledged(push(driver, last, LAST))).toBe(PHOTO_JSON);
    push(driver, first, { blk_no: "1" });
    for (let poll = 0; poll < 15; poll += 1) {
      push(driver, new Uint8Array(0), { request_code: "receive_cmd", blk_no: "0" });
    }
    expect(acknowledged(push(driver, last, LAST))).toBe("block-out-of-order");
  });

  test("refuses block 2 again after block 3: nothing is held of what came before", () => {
    const driver = driverWith([first]);
    expect(acknowledged(push(driver, last, { blk_no: "3" }))).toBe("block-out-of-order");
    expect(acknowledged(push(driver, last, { blk_no: "2" }))).toBe("block-out-of-order");
  });
});
