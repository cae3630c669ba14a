/**
 * Aim: each kind of frame gives exactly the documented intake and answer, however its bytes are cut;
 * several on a connection are answered each and in order; nothing is answered before its last byte.
 */

import { describe, expect, test } from "bun:test";
import type { Outcome } from "#domain/intake.ts";
import { cut, hex, pushAll, replyText, view } from "../fkweb/requests.ts";
import {
  answerText,
  events,
  FIXTURES,
  type FixtureName,
  fixture,
  frame,
  IMAGE,
  onlyExchange,
  open,
  recordJson,
  textBody,
  v1,
  v2,
  v3,
} from "./frames.ts";

/** Written by hand from the table in `reply.ts`. */
const ANSWERS: Readonly<Record<FixtureName, string>> = {
  "v1-punch":
    "52544c4f47303031 2f000000 7b226c6f675f6964223a313034312c22726573756c74223a224f4b222c226d6f6465223a226e6f7468696e67227d 00",
  "v2-punch-photo":
    "52544c4f47303032 35000000 31000000 7b226c6f675f6964223a2231303432222c22726573756c74223a224f4b222c226d6f6465223a226e6f7468696e67227d 00",
  "v3-punch":
    "52544c4f47303033 43000000 3f000000 7b226c6f675f6964223a31383434363734343037333730393535313631352c22726573756c74223a224f4b222c226d6f6465223a226e6f7468696e67227d 00",
  "bare-punch":
    "7b226c6f675f6964223a372c22726573756c74223a224f4b222c226d6f6465223a226e6f7468696e67227d",
};

const INTAKES: Readonly<Record<FixtureName, unknown>> = {
  "v1-punch": {
    kind: "punches",
    deviceId: "1",
    serialText: "20241012011",
    punches: [
      {
        userIdText: "27",
        wallTimeText: "20260302081504",
        directionCode: "1",
        verifyModeCode: "20",
        codeLibrary: "RTLOG",
        workCode: undefined,
        recordNumberText: "1041",
        rawText:
          '{"log_id":1041,"user_id":"27","fk_device_id":"1","verify_mode":20,"io_mode":1,"io_time":"20260302081504","device_port":5005,"SerialNo":"20241012011","emergency":"no"}',
      },
    ],
  },
  "v2-punch-photo": {
    kind: "punches",
    deviceId: "C2636CF4DB223121",
    serialText: "20241012011",
    punches: [
      {
        userIdText: "E-0042",
        wallTimeText: "20260302180910",
        directionCode: "513",
        verifyModeCode: "1",
        codeLibrary: "RTLOG",
        workCode: undefined,
        recordNumberText: "1042",
        rawText:
          '{"log_id":"1042","user_id":"E-0042","fk_device_id":"C2636CF4DB223121","verify_mode":"1","io_mode":"513","io_time":"20260302180910","device_port":"5005","SerialNo":"20241012011","emergency":"yes","is_support_string_id":"yes"}',
      },
    ],
  },
  "v3-punch": {
    kind: "punches",
    deviceId: "1",
    punches: [
      {
        userIdText: "33",
        wallTimeText: "20260302120000",
        directionCode: "2",
        verifyModeCode: "3221225472",
        codeLibrary: "RTLOG",
        workCode: undefined,
        recordNumberText: "18446744073709551615",
        rawText:
          '{"fk_device_id":1,"io_mode":2,"io_time":"20260302120000","log_id":18446744073709551615,"user_id":33,"verify_mode":3221225472}',
      },
    ],
  },
  "bare-punch": {
    kind: "punches",
    deviceId: "1",
    punches: [
      {
        userIdText: "00000033",
        wallTimeText: "20260302081504",
        directionCode: "0",
        verifyModeCode: "1",
        codeLibrary: "RTLOG",
        workCode: undefined,
        recordNumberText: "7",
        rawText:
          '{"log_id": 7, "user_id": "00000033", "fk_device_id": "1", "verify_mode": 1, "io_mode": 0, "io_time": "20260302081504", "temperature": 365}',
      },
    ],
  },
};

/** Of a photo nothing is kept, not even its length: 26 bytes. */
const DROPPED_BYTES: Readonly<Partial<Record<FixtureName, number>>> = { "v2-punch-photo": 26 };

function storedText(event: unknown): unknown {
  return typeof event === "object" && event !== null && "stored" in event ? event.stored : event;
}

describe.each([...FIXTURES])("Decoder.push() with %s", (name) => {
  const bytes = fixture(name);
  const whole = events(bytes).map(view);

  test("gives the documented intake and answer in one write", () => {
    const { intake, encodeReply } = onlyExchange(bytes);
    const { raw, ...told } = intake;
    expect<unknown>(told).toEqual(INTAKES[name]);
    const keptBytes = bytes.length - (DROPPED_BYTES[name] ?? 0);
    expect(Buffer.from(raw)).toEqual(Buffer.from(bytes.subarray(0, keptBytes)));
    const answer = Buffer.from(hex(ANSWERS[name].replaceAll(" ", ""))).toString("latin1");
    const close = name === "bare-punch";
    for (const kind of ["stored", "duplicate", "quarantined"] as const) {
      expect(replyText(encodeReply({ kind }))).toEqual({ text: answer, close });
    }
  });

  test("closes with zero bytes on refused and failed", () => {
    const { encodeReply } = onlyExchange(bytes);
    const outcomes: Outcome[] = [{ kind: "failed" }, { kind: "refused", code: "device-blocked" }];
    for (const outcome of outcomes) {
      expect(encodeReply(outcome)).toEqual({ bytes: undefined, close: true });
    }
  });

  test("gives the same when cut at any position", () => {
    for (let position = 1; position < bytes.length; position += 1) {
      const parts = [bytes.subarray(0, position), bytes.subarray(position)];
      expect(pushAll(open(), parts).map(view)).toEqual(whole);
    }
  });

  test("gives nothing before the last byte, one by one", () => {
    const decoder = open();
    const chunks = cut(bytes, 1);
    for (const chunk of chunks.slice(0, -1)) {
      expect(decoder.push(chunk)).toEqual([]);
      expect(decoder.midRequest).toBe(true);
    }
    expect(pushAll(decoder, chunks.slice(-1)).map(view)).toEqual(whole);
    expect(decoder.midRequest).toBe(false);
    expect(decoder.bufferedBytes).toBe(0);
  });

  test("takes no notice of padding around it", () => {
    for (const tail of ["\0", "\r\n", "\n\0", " "]) {
      const padding = Buffer.from(tail);
      const first = open();
      expect(pushAll(first, [Buffer.concat([bytes, padding])]).map(view)).toEqual(whole);
      expect(first.midRequest).toBe(false);
      expect(pushAll(open(), [bytes, padding, padding]).map(view)).toEqual(whole);
      const both = pushAll(open(), [Buffer.concat([bytes, padding, bytes])]).map(view);
      expect(both).toHaveLength(2);
      expect(both[1]).toEqual(whole[0]);
    }
  });
});

describe("Decoder.push() and several records", () => {
  const record = (id: number) => recordJson({ log_id: String(id) });
  const mixed = Buffer.concat([
    v1(record(1)),
    v2(record(2), IMAGE),
    v3(record(3)),
    Buffer.from(record(4)),
    v3(record(5)),
    v1(record(6)),
  ]);

  function logIds(seen: readonly unknown[]): readonly (string | undefined)[] {
    return seen.map(
      (one) => /"log_id":(\d+)/.exec(JSON.stringify(storedText(one)).replaceAll("\\", ""))?.[1],
    );
  }

  test("gives each of them, in order, however they are cut", () => {
    const whole = events(mixed).map(view);
    expect(logIds(whole)).toEqual(["1", "2", "3", "4", "5", "6"]);
    for (let position = 1; position < mixed.length; position += 1) {
      const parts = [mixed.subarray(0, position), mixed.subarray(position)];
      expect(pushAll(open(), parts).map(view)).toEqual(whole);
    }
    for (const chunkBytes of [1, 2, 3, 7, 64]) {
      expect(pushAll(open(), cut(mixed, chunkBytes)).map(view)).toEqual(whole);
    }
  });

  test("answers frames on a connection that stays, and ends it behind the last bare object", () => {
    const closes = (bytes: Uint8Array | string) =>
      events(bytes).map((event) =>
        event.kind === "exchange" ? event.encodeReply({ kind: "stored" }).close : undefined,
      );
    expect(closes(v1(record(1)))).toEqual([false]);
    expect(closes(record(1))).toEqual([true]);
    expect(closes(record(1) + record(2))).toEqual([false, true]);
    expect(closes(`${record(1)}\r\n${record(2)}\0`)).toEqual([false, true]);
    expect(closes(Buffer.concat([Buffer.from(record(1)), v1(record(2))]))).toEqual([false, false]);
  });

  test("does not end the connection while another record is on its way", () => {
    const decoder = open();
    const [first] = decoder.push(Buffer.from(`${record(1)}{"log_id`));
    if (first?.kind !== "exchange") throw new Error("Not an exchange");
    expect(first.encodeReply({ kind: "stored" }).close).toBe(false);
    const [second] = decoder.push(Buffer.from('":2}'));
    if (second?.kind !== "exchange") throw new Error("Not an exchange");
    expect(second.encodeReply({ kind: "stored" }).close).toBe(true);
  });

  test("gives those in front of what is no request, and then the violation", () => {
    const seen = events(Buffer.concat([v1(record(1)), v3(record(2)), Buffer.from("GET /")]));
    expect(seen.map(({ kind }) => kind)).toEqual(["exchange", "exchange", "violation"]);
    expect(seen[2]).toEqual({
      kind: "violation",
      code: "unknown-frame",
      detail: 'A request begins with byte 71; RTLOG001 to RTLOG003 or "{" is wanted',
      deviceIdText: undefined,
    });
  });

  test("goes on behind one that cannot be read", () => {
    const seen = events(Buffer.concat([v1("{broken"), v1(""), v2("[]"), v3(record(4))]));
    const intakes = seen.map((event) => event.kind === "exchange" && event.intake.kind);
    expect(intakes).toEqual(["unreadable", "unreadable", "unreadable", "punches"]);
  });
});

describe("the answer", () => {
  test.each([
    ["1041"],
    ['"1041"'],
    ['"00000000000000001041"'],
    ["0"],
    ["-1"],
    ["18446744073709551615"],
    ["123456789012345678901234567890"],
    ["1.50"],
    ["1e3"],
    ['"A-\\u0031\\""'],
    ['""'],
    ["null"],
  ])("echoes log_id %s exactly as sent", (token) => {
    const text = recordJson({ log_id: token });
    expect(answerText(text)).toBe(`{"log_id":${token},"result":"OK","mode":"nothing"}`);
  });

  test("counts bytes, not characters", () => {
    const answer = Buffer.from('{"log_id":"№1","result":"OK","mode":"nothing"}\0');
    const expected = frame("RTLOG002", textBody(answer));
    const { bytes } = onlyExchange(v2(recordJson({ log_id: '"№1"' }))).encodeReply({
      kind: "stored",
    });
    expect(expected.equals(bytes ?? Buffer.alloc(0))).toBe(true);
  });

  test("names no number where none was sent, in the record's own spelling", () => {
    const text = '{"result":"OK","mode":"nothing"}';
    const record = recordJson({ log_id: undefined });
    expect(answerText(record)).toBe(text);
    expect(answerText(v1(record))).toBe(v1(text).toString("latin1"));
    expect(answerText(v2(record))).toBe(v2(`${text}\0`).toString("latin1"));
    expect(answerText(v3(record))).toBe(v3(`${text}\0`).toString("latin1"));
    expect(answerText(v1(""))).toBe(v1(text).toString("latin1"));
    expect(answerText(frame("RTLOG003", ""))).toBe(v3(`${text}\0`).toString("latin1"));
  });
});
