/**
 * Aim: RealSvr's raw records on the executable, beside FKWeb on one port: each is acknowledged in its
 * own spelling once it is on disk, stored once however often it comes, and costs no other terminal
 * anything when it is slow, broken or too long.
 */

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import {
  frame,
  IMAGE,
  IMAGE_BYTES_MAX,
  recordJson,
  textBody,
  u32,
  v1,
  v2,
  v3,
} from "../devices/rtlog/frames.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import {
  ACKNOWLEDGEMENT,
  punchRequest,
  sendByteEachSecond,
  sendWhole,
  TerminalSocket,
} from "./terminal-socket.ts";

setDefaultTimeout(60_000);

/** A record of terminal 77, each of another user. */
function recordOf(logId: number): string {
  return recordJson({
    log_id: String(logId),
    user_id: `"U-${logId}"`,
    fk_device_id: "77",
    emergency: '"yes"',
  });
}

function answerOf(logId: number): string {
  return `{"log_id":${logId},"result":"OK","mode":"nothing"}`;
}

/** Each spelling of a record, and of its answer. */
const SPELLINGS = [
  { what: "RTLOG001", encode: v1, answer: (text: string) => v1(text) },
  {
    what: "RTLOG002 with a photo",
    encode: (text: string) => v2(text, IMAGE),
    answer: (text: string) => v2(`${text}\0`),
  },
  { what: "RTLOG003", encode: v3, answer: (text: string) => v3(`${text}\0`) },
  {
    what: "bare JSON",
    encode: (text: string) => Buffer.from(text),
    answer: (text: string) => Buffer.from(text),
  },
] as const;

/** Sends and says that no more will come, as a terminal does that then waits for its answer. */
async function exchange(server: RunningServer, bytes: Uint8Array | string): Promise<string> {
  const socket = await TerminalSocket.connect(server.terminalPort);
  socket.send(bytes);
  socket.end();
  return socket.answer;
}

describe("a record on the executable", () => {
  test("outlives kill -9 right behind its answer, and is stored once", async () => {
    await using server = await startServer();
    const sent: Buffer[] = [];
    const expected: string[] = [];
    for (const [index, { encode, answer }] of SPELLINGS.entries()) {
      const bytes = encode(recordOf(index + 1));
      const wanted = answer(answerOf(index + 1)).toString("latin1");
      expect(await exchange(server, bytes)).toBe(wanted);
      await server.kill();
      await server.start();
      sent.push(bytes);
      expected.push(wanted);
      expect(await server.listPunches()).toHaveLength(sent.length);
    }
    for (const [index, bytes] of sent.entries()) {
      expect(await exchange(server, bytes)).toBe(expected[index] ?? "");
    }
    expect(
      (await server.listPunches()).map((punch) => [
        punch.device_id,
        punch.user_id_text,
        punch.wall_time,
        punch.direction_code,
        punch.verify_mode_code,
      ]),
    ).toEqual(
      ["U-1", "U-2", "U-3", "U-4"].map((user) => ["77", user, "20260302081504", "1", "20"]),
    );
    expect(readRows(server, "SELECT raw_text AS text FROM punches ORDER BY id")).toEqual(
      [1, 2, 3, 4].map(recordOf),
    );
    expect(readRows(server, "SELECT bytes AS text FROM quarantine")).toEqual([]);
  });

  test("is answered each and in order on one connection, beside FKWeb on another", async () => {
    await using server = await startServer();
    const records = Buffer.concat(
      SPELLINGS.map(({ encode }, index) => encode(recordOf(index + 1))),
    );
    const answers = SPELLINGS.map(({ answer }, index) => answer(answerOf(index + 1)));
    const punch = { device: "GATE1", user: "27", wallTime: "20260302081504" };
    const [answer, other] = await Promise.all([
      sendWhole(server.terminalPort, records),
      sendWhole(server.terminalPort, punchRequest(punch)),
    ]);
    expect(answer).toBe(Buffer.concat(answers).toString("latin1"));
    expect(other).toBe(ACKNOWLEDGEMENT);
    expect(await server.listPunches()).toHaveLength(5);
    const drivers = readRows(server, "SELECT id || ' ' || driver AS text FROM devices ORDER BY id");
    expect(drivers).toEqual(["77 rtlog", "GATE1 fkweb", expect.stringContaining("manual")]);
  });

  test("that cannot be read is kept once, and lets those behind it through", async () => {
    await using server = await startServer();
    const broken = v3('{"log_id":1,"fk_device_id":"77","user_id":"\xb0');
    const noDevice = v2(recordJson({ log_id: "2", fk_device_id: undefined }));
    const noUser = v1(recordJson({ log_id: "3", fk_device_id: "77", user_id: '""' }));
    const noNumber = v1('{"user_id":"27"}');
    const records = Buffer.concat([broken, noDevice, noUser, noNumber, v1(recordOf(4))]);
    const answers = Buffer.concat([
      v3(`${answerOf(1)}\0`),
      v2(`${answerOf(2)}\0`),
      v1(answerOf(3)),
      v1('{"result":"OK","mode":"nothing"}'),
      v1(answerOf(4)),
    ]).toString("latin1");
    expect(await exchange(server, records)).toBe(answers);
    expect(await exchange(server, records)).toBe(answers);
    expect(await server.listPunches()).toMatchObject([{ user_id_text: "U-4" }]);
    const kept = readRows(server, "SELECT device_id || ' ' || code AS text FROM quarantine");
    expect(kept).toEqual(["77 text-not-json", " no-device-id", "77 no-user", " no-device-id"]);
    const bytes = readRows(server, "SELECT bytes AS text FROM quarantine ORDER BY id");
    expect(bytes).toEqual(
      [broken, noDevice, noUser, noNumber].map((record) => record.toString("latin1")),
    );
  });

  test("of a blocked terminal is not answered, and stays with it", async () => {
    await using server = await startServer();
    expect(await exchange(server, v3(recordOf(1)))).not.toBe("");
    expect(await server.run("devices", "block", "77")).toMatchObject({ exitCode: 0 });
    for (const { encode } of SPELLINGS) {
      expect(await exchange(server, encode(recordOf(2)))).toBe("");
    }
    expect(await server.listPunches()).toHaveLength(1);
  });
});

describe("a frame on the executable", () => {
  test("with an image of 10 MiB is stored, and one byte more is refused unanswered", async () => {
    await using server = await startServer();
    const photo = Buffer.alloc(IMAGE_BYTES_MAX, 0xff);
    expect(await exchange(server, v2(recordOf(1), photo))).toBe(
      v2(`${answerOf(1)}\0`).toString("latin1"),
    );
    const rest = Buffer.concat([u32(photo.length + 1), photo, Buffer.of(0xff)]);
    const tooLong = frame("RTLOG002", textBody(recordOf(2), rest));
    expect(await sendWhole(server.terminalPort, tooLong)).toBe("");
    expect(await sendWhole(server.terminalPort, tooLong.subarray(0, 1000))).toBe("");
    expect(await server.listPunches()).toMatchObject([{ user_id_text: "U-1" }]);
    expect(readRows(server, "SELECT bytes AS text FROM quarantine")).toEqual([]);
    expect(server.logLines("terminal.violation")).toEqual([
      expect.stringContaining("driver=rtlog code=image-too-long"),
    ]);
  });

  test("that breaks off, also inside its image, is neither stored nor answered", async () => {
    await using server = await startServer();
    const bytes = v2(recordOf(1), IMAGE);
    for (const cut of [1, 11, 15, 40, bytes.length - IMAGE.length, bytes.length - 1]) {
      expect(await exchange(server, bytes.subarray(0, cut))).toBe("");
    }
    expect(await exchange(server, recordOf(2).slice(0, -1))).toBe("");
    expect(await server.listPunches()).toEqual([]);
    expect(readRows(server, "SELECT bytes AS text FROM quarantine")).toEqual([]);
  });

  test("that trickles is cut off unanswered, one in pieces is not, others are served", async () => {
    await using server = await startServer({ settings: { DEVICE_REQUEST_TIMEOUT_SECONDS: "4" } });
    const { terminalPort: port } = server;
    const slow = SPELLINGS.map(({ encode }) => sendByteEachSecond(port, encode(recordOf(1))));
    for (const [index, { encode, answer }] of SPELLINGS.entries()) {
      const bytes = encode(recordOf(index + 2));
      const socket = await TerminalSocket.connect(server.terminalPort);
      for (const byte of bytes) socket.send(Uint8Array.of(byte));
      socket.end();
      expect(await socket.answer).toBe(answer(answerOf(index + 2)).toString("latin1"));
    }
    expect(await Promise.all(slow)).toEqual(["", "", "", ""]);
    expect(await server.listPunches()).toHaveLength(4);
    expect(await server.stop()).toBe(0);
    expect(server.logLines("terminal.slow-request").length).toBeGreaterThan(0);
  });
});

/** A column named `text` of what no port shows; bytes as Latin-1. */
function readRows(server: RunningServer, query: string): readonly string[] {
  using database = new Database(join(server.dataDir, "biometric.db"), { readonly: true });
  return database
    .query<{ text: string | Uint8Array }, []>(query)
    .all()
    .map(({ text }) => (typeof text === "string" ? text : Buffer.from(text).toString("latin1")));
}
