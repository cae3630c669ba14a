/**
 * Aim: whatever comes to the terminal port, the executable stays up, acknowledges nothing that it
 * did not keep, serves all other terminals meanwhile, and tells each kind of trouble once.
 */

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { framed, post } from "../devices/fkweb/requests.ts";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";
import {
  ACKNOWLEDGEMENT,
  punchJson,
  punchRequest,
  sendByteEachSecond,
  sendWhole,
  TerminalSocket,
} from "./terminal-socket.ts";

setDefaultTimeout(30_000);

const PUNCH = { device: "GATE1", user: "27", wallTime: "20260302081504" } as const;
const MEBIBYTE = 1024 * 1024;

const STRANGERS = [
  {
    what: "a TLS hello",
    bytes: Buffer.from("16030100050100000103030d0a0d0a", "hex"),
    type: "https-on",
  },
  {
    what: "bytes of no known protocol",
    bytes: Buffer.from("80ff00fe0102030405060708090a0b0c0d0e0f", "hex"),
    type: "unknown-protocol",
  },
] as const;

const REFUSED = [
  {
    what: "a Content-Length over 16 MiB",
    bytes: post(Buffer.from("x"), { "Content-Length": String(16 * MEBIBYTE + 1) }),
    event: "terminal.violation",
  },
  {
    what: "a head over 16 KiB",
    bytes: post(framed(punchJson(PUNCH)), { Accept: "*".repeat(17 * 1024) }),
    event: "terminal.violation",
  },
] as const;

describe("the terminal port of the executable", () => {
  test.each(STRANGERS)(
    "answers $what with zero bytes, and names it once with its fix",
    async (one) => {
      await using server = await startServer();
      for (let count = 0; count < 3; count += 1) {
        expect(await sendWhole(server.terminalPort, one.bytes)).toBe("");
      }
      await expectServing(server);
      await eventually("it is told", () => server.logLines("condition.raised").length > 0);
      expect(server.logLines("condition.raised")[0]).toContain(
        ` type=${one.type} subject=127.0.0.1 `,
      );
      expect(await server.stop()).toBe(0);
      expect(server.logLines("condition.raised")).toHaveLength(1);
    },
  );

  test.each(REFUSED)("answers $what with zero bytes and tells it once", async (refused) => {
    await using server = await startServer();
    for (let count = 0; count < 3; count += 1) {
      expect(await sendWhole(server.terminalPort, refused.bytes)).toBe("");
    }
    await expectServing(server);
    await expectToldOnce(server, refused.event, 3);
  });

  test("keeps a text over 64 KiB whole in quarantine, once, and acknowledges it", async () => {
    await using server = await startServer();
    const tooLong = { ...PUNCH, user: "7".repeat(65 * 1024) };
    for (let count = 0; count < 3; count += 1) {
      expect(await sendWhole(server.terminalPort, punchRequest(tooLong))).toBe(ACKNOWLEDGEMENT);
    }
    expect(readQuarantine(server)).toEqual([framed(punchJson(tooLong)).toString("latin1")]);
    await expectServing(server);
    await expectToldOnce(server, "quarantine.added", 1);
  });

  test("keeps nothing of a request that breaks off, whether by an end or by a reset", async () => {
    await using server = await startServer();
    const bytes = punchRequest(PUNCH);
    for (const cut of [1, 20, bytes.length - 60, bytes.length - 1]) {
      const ended = await TerminalSocket.connect(server.terminalPort);
      ended.send(bytes.subarray(0, cut));
      ended.end();
      expect(await ended.answer).toBe("");
      const reset = await TerminalSocket.connect(server.terminalPort);
      reset.send(bytes.subarray(0, cut));
      reset.reset();
      expect(await reset.answer).toBe("");
    }
    expect(await server.listPunches()).toEqual([]);
    expect(readQuarantine(server)).toEqual([]);
    await expectServing(server);
  });

  test("loses no punch of two terminals with one id that upload their photos at once", async () => {
    await using server = await startServer({ settings: { DEVICE_ENROLLMENT: "open" } });
    const uploads = ["127.0.0.1", "127.0.0.2"].map((address, index) => {
      const json = punchJson({ ...PUNCH, user: String(index) }).replace("null", '"BIN_1"');
      return { address, body: framed(json, "\n\0", [Buffer.alloc(900, 0xff)]) };
    });
    for (const [number, start, end] of [
      [1, 0, 300],
      [2, 300, 600],
      [0, 600, undefined],
    ] as const) {
      for (const { address, body } of uploads) {
        const socket = await TerminalSocket.connect(server.terminalPort, address);
        const headers = { dev_id: PUNCH.device, blk_no: String(number), Connection: "close" };
        socket.send(post(body.subarray(start, end), headers));
        expect(await socket.answer).toContain("\r\nresponse_code: OK\r\n");
      }
    }
    expect((await server.listPunches()).map((punch) => punch.user_id)).toEqual(["0", "1"]);
    expect(readQuarantine(server)).toEqual([]);
  });

  test("survives seeded random bytes, and stays readable in the log", async () => {
    await using server = await startServer();
    const seed = Math.floor(Math.random() * 2 ** 32);
    try {
      const answers = await Promise.all(
        randomRequests(seed, 300).map(async (bytes) => {
          const socket = await TerminalSocket.connect(server.terminalPort);
          socket.send(bytes);
          socket.end();
          return socket.answer;
        }),
      );
      // Random bytes hold no whole punch; what is answered at all, is answered as a probe.
      for (const answer of answers) expect(answer).not.toContain("response_code: OK");
      await expectServing(server);
      expect(await server.stop()).toBe(0);
      // Of each kind of trouble the first, and the sum at the end.
      expect(server.logLines("terminal.violation").length).toBeLessThanOrEqual(2);
      expect(server.printed.split("\n").length).toBeLessThanOrEqual(30);
    } catch (error) {
      throw new Error(`With seed ${seed}`, { cause: error });
    }
  });

  test("parts with slow and silent terminals, and serves the others meanwhile", async () => {
    // The least that can be set.
    const settings = { DEVICE_REQUEST_TIMEOUT_SECONDS: "4", DEVICE_IDLE_TIMEOUT_SECONDS: "4" };
    await using server = await startServer({ settings });
    const bytes = punchRequest(PUNCH);
    const slow = Array.from({ length: 20 }, () => sendByteEachSecond(server.terminalPort, bytes));
    const silent = Array.from({ length: 20 }, async () => {
      const socket = await TerminalSocket.connect(server.terminalPort);
      return socket.answer;
    });
    const report = await simulate(server, "--terminals", "4", "--punches", "40", "--rate", "40");
    expect(report).toMatchObject({ acknowledged: 160, unacknowledged: 0, closedWithoutReply: 0 });
    expect(await Promise.all([...slow, ...silent])).toEqual(Array(40).fill(""));
    expect(await server.listPunches()).toHaveLength(160);
    expect(await server.stop()).toBe(0);
    expectToldOnceBy(server, "terminal.slow-request", 20);
  });
});

/** Noise, noise that begins as a request does, and punches that break off anywhere. */
function randomRequests(seed: number, count: number): readonly Uint8Array[] {
  const random = mulberry32(seed);
  const noise = (): Buffer =>
    Buffer.from(Array.from({ length: Math.floor(random() * 400) }, () => random() * 256));
  return Array.from({ length: count }, (_, index) => {
    if (index % 3 === 0) return Buffer.concat([Buffer.of(0x80), noise()]);
    if (index % 3 === 1) return Buffer.concat([Buffer.from("POST / HTTP/1.0\r\n"), noise()]);
    const punch = punchRequest(PUNCH);
    return punch.subarray(0, 1 + Math.floor(random() * (punch.length - 1)));
  });
}

/** A small generator of numbers in [0, 1), the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Another terminal's punch is acknowledged and stored. */
async function expectServing(server: RunningServer): Promise<void> {
  const before = await server.listPunches();
  const other = { device: "OTHER", user: "5", wallTime: "20260302120000" };
  expect(await sendWhole(server.terminalPort, punchRequest(other))).toBe(ACKNOWLEDGEMENT);
  expect(await server.listPunches()).toHaveLength(before.length + 1);
}

/** Stops the server, for the summaries of the minute, and looks at its log. */
async function expectToldOnce(server: RunningServer, event: string, count: number): Promise<void> {
  expect(await server.stop()).toBe(0);
  expectToldOnceBy(server, event, count);
}

/** The first line at once, with what happened; one more with the number of repeats, if any. */
function expectToldOnceBy(server: RunningServer, event: string, count: number): void {
  const [first, summary, ...more] = server.logLines(event);
  expect(first).not.toContain("repeated=");
  if (count > 1) expect(summary).toEndWith(` ${event} per=127.0.0.1 repeated=${count - 1}`);
  else expect(summary).toBeUndefined();
  expect(more).toEqual([]);
}

/** The kept bytes, which no port shows. */
function readQuarantine(server: RunningServer): readonly string[] {
  using database = new Database(join(server.dataDir, "biometric.db"), { readonly: true });
  return database
    .query<{ bytes: Uint8Array }, []>("SELECT bytes FROM quarantine ORDER BY id")
    .all()
    .map(({ bytes }) => Buffer.from(bytes).toString("latin1"));
}
