// Aim: one connection keeps its promises byte by byte: replies in order and whole over partial
// writes, reading pauses at its bounds and goes on, deadlines close with zero bytes. The socket is
// a fake that records what is done to it; `listener.test.ts` does the same over real ones.

import { describe, expect, test } from "bun:test";
import { DeviceConnection } from "#devices/connection.ts";
import type {
  ConnectionLimits,
  DeviceSocket,
  HandleIntake,
  PauseReason,
} from "#devices/connection-host.ts";
import { ReadingBudget } from "#devices/reading-budget.ts";
import type { PortSighting } from "#devices/terminal-watch-sighting.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { IntakeDesk } from "./intake-desk.ts";
import { lineDriver } from "./line-driver.ts";

const LIMITS: ConnectionLimits = {
  idleTimeoutMs: 60_000,
  requestTimeoutMs: 30_000,
  sniffBytesMax: 16,
  exchangesWaitingMax: 2,
  unsentBytesMax: 8,
  decoder: { headBytesMax: 100, textBytesMax: 100, requestBytesMax: 1_000 },
};

class FakeSocket implements DeviceSocket {
  /** Bytes taken so far. */
  written = "";
  /** How many more bytes it takes before it blocks; -1: the socket is gone. */
  room = Number.POSITIVE_INFINITY;
  isShut = false;
  isTerminated = false;
  isPaused = false;

  write(bytes: Uint8Array): number {
    if (this.room < 0) return -1;
    const taken = bytes.subarray(0, this.room);
    this.room -= taken.length;
    this.written += Buffer.from(taken).toString("latin1");
    return taken.length;
  }

  shutdown(): void {
    this.isShut = true;
  }

  terminate(): void {
    this.isTerminated = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

/** The size of a request whose connection holds more than 300 bytes: 200 stand by for quarantine. */
const LARGE = 110;

/** A small connection holds up to 300 bytes. */
function budgetOf(bytesMax: number): ReadingBudget {
  return new ReadingBudget({ bytesMax, smallBytesMax: 300, collectGarbage: () => undefined });
}

function setUp(options: { handleIntake?: HandleIntake; budget?: ReadingBudget } = {}) {
  const desk = new IntakeDesk();
  const socket = new FakeSocket();
  const clock = new FakeClock();
  const log = new RecordingLog();
  const budget = options.budget ?? budgetOf(1_000_000);
  const counts = { requests: 0, violations: [] as string[], pauses: [] as PauseReason[] };
  const sightings: PortSighting[] = [];
  const trail: string[] = [];
  const connection = new DeviceConnection(socket, "192.0.2.7", {
    drivers: [lineDriver],
    limits: LIMITS,
    handleIntake: options.handleIntake ?? desk.handleIntake,
    budget,
    clock,
    log,
    noteSighting: (sighting) => sightings.push(sighting),
    requests: {
      began: (address) => trail.push(`began ${address}`),
      ended: (address) => trail.push(`ended ${address}`),
      lost: (address) => trail.push(`lost ${address}`),
    },
    countRequest: () => {
      counts.requests += 1;
    },
    countViolation: (code) => counts.violations.push(code),
    countPause: (reason) => counts.pauses.push(reason),
  });
  const send = (text: string): void => connection.receive(Buffer.from(text, "latin1"));
  /** Lets outcomes reach the connection, then passes `durationMs` and sweeps. */
  const pass = async (durationMs: number): Promise<void> => {
    await clock.advance(durationMs);
    connection.checkDeadlines(clock.monotonicMs());
  };
  return {
    desk,
    socket,
    clock,
    log,
    budget,
    counts,
    sightings,
    trail,
    connection,
    send,
    pass,
  };
}

describe("DeviceConnection replies", () => {
  test("DeviceConnection writes nothing before the outcome is known", async () => {
    const { desk, socket, send, pass } = setUp();
    send("PUNCH a\n");
    await pass(10_000);
    expect(socket.written).toBe("");
    desk.settle("stored");
    await pass(0);
    expect(socket.written).toBe("OK a\n");
    expect(socket.isShut).toBe(false);
  });

  test("DeviceConnection replies in request order when outcomes come in reverse", async () => {
    const { desk, socket, send, pass } = setUp();
    send("PUNCH a\nPUNCH b\nPING\nPUNCH c\n");
    desk.settle("stored", "c");
    desk.settle("duplicate", "b");
    await pass(0);
    expect(socket.written).toBe("");
    desk.settle("quarantined", "a");
    await pass(0);
    expect(socket.written).toBe("OK a\nOK b\nPONG\nOK c\n");
  });

  test("DeviceConnection gives the same replies wherever the bytes are cut", async () => {
    const whole = "PUNCH a\nPING\nLAST b\n";
    for (let cut = 1; cut < whole.length; cut += 1) {
      const { desk, socket, send, pass } = setUp();
      send(whole.slice(0, cut));
      send(whole.slice(cut));
      desk.settle("stored", "a");
      desk.settle("stored", "b");
      await pass(0);
      expect(socket.written).toBe("OK a\nPONG\nOK b\n");
      expect(socket.isShut).toBe(true);
    }
  });

  test("DeviceConnection takes one byte at a time", async () => {
    const { desk, socket, send, pass } = setUp();
    for (const letter of "LAST a\n") send(letter);
    desk.settle("stored");
    await pass(0);
    expect(socket.written).toBe("OK a\n");
  });

  for (const outcome of ["failed", "refused"] as const) {
    test(`DeviceConnection closes with zero bytes when the outcome is ${outcome}`, async () => {
      const { desk, socket, connection, send, pass } = setUp();
      send("PUNCH a\n");
      desk.settle(outcome);
      await pass(0);
      expect(socket.written).toBe("");
      expect(socket.isShut).toBe(true);
      expect(connection.closed()).toBe("unacknowledged");
    });
  }

  test("DeviceConnection sends earlier replies before a zero-byte close, and none behind", async () => {
    const { desk, socket, send, pass } = setUp();
    send("PUNCH a\nPUNCH b\nPUNCH c\n");
    desk.settle("failed", "b");
    desk.settle("stored", "c");
    await pass(0);
    expect(socket.isShut).toBe(false);
    desk.settle("stored", "a");
    await pass(0);
    expect(socket.written).toBe("OK a\n");
    expect(socket.isShut).toBe(true);
  });

  test("DeviceConnection writes the rest of a reply when the socket drains", async () => {
    const { desk, socket, connection, send, pass } = setUp();
    socket.room = 2;
    send("LAST abc\n");
    desk.settle("stored");
    await pass(0);
    expect(socket.written).toBe("OK");
    for (const soFar of ["OK ", "OK a", "OK ab", "OK abc"]) {
      socket.room = 1;
      connection.drained();
      expect(socket.written).toBe(soFar);
      expect(socket.isShut).toBe(false);
    }
    socket.room = 1;
    connection.drained();
    expect(socket.written).toBe("OK abc\n");
    expect(socket.isShut).toBe(true);
  });

  test("DeviceConnection drops an outcome that comes after the socket is gone", async () => {
    const { desk, socket, budget, connection, send, pass } = setUp();
    send("PUNCH a\n");
    expect(budget.bytes).toBe(8);
    expect(connection.closed()).toBe("peer-closed");
    desk.settle("stored");
    await pass(0);
    expect(socket.written).toBe("");
    expect(budget.bytes).toBe(0);
  });

  test("DeviceConnection cuts a socket that can no longer be written", async () => {
    const { desk, socket, send, pass } = setUp();
    send("PUNCH a\n");
    socket.room = -1;
    desk.settle("stored");
    await pass(0);
    expect(socket.isTerminated).toBe(true);
  });

  test("DeviceConnection ignores input behind a reply that closes", () => {
    const { desk, socket, counts, send } = setUp();
    send("EARLY\nPUNCH a\n");
    send("PUNCH b\n");
    expect(socket.written).toBe("NO\n");
    expect(socket.isShut).toBe(true);
    expect(desk.received).toEqual([]);
    expect(counts.requests).toBe(1);
  });
});

describe("DeviceConnection intakes", () => {
  test("DeviceConnection tells who sent the intake and when its last byte arrived", async () => {
    const { desk, clock, send } = setUp(); // the fake clock starts at 2026-03-02T00:15:04Z
    send("PUN");
    await clock.advance(5_000);
    send("CH a\n");
    expect(desk.received).toMatchObject([
      { driver: "line", remoteAddress: "192.0.2.7", receivedAtMs: Date.UTC(2026, 2, 2, 0, 15, 9) },
    ]);
  });

  test("DeviceConnection closes with zero bytes when handleIntake rejects", async () => {
    const { desk, socket, log, send, pass } = setUp();
    send("PUNCH a\n");
    desk.reject(new Error("broken promise"));
    await pass(0);
    expect(socket.written).toBe("");
    expect(socket.isShut).toBe(true);
    expect(log.of("terminal.intake-failed")).toMatchObject([
      { level: "error", fields: { address: "192.0.2.7", error: "Error: broken promise" } },
    ]);
  });

  test("DeviceConnection closes with zero bytes when handleIntake throws", async () => {
    const { socket, log, send, pass } = setUp({
      handleIntake: () => {
        throw new Error("no queue");
      },
    });
    send("PUNCH a\n");
    await pass(0);
    expect(socket.written).toBe("");
    expect(socket.isShut).toBe(true);
    expect(log.of("terminal.intake-failed")).toHaveLength(1);
  });

  test("DeviceConnection closes with zero bytes when a driver cannot spell the reply", async () => {
    const { desk, socket, log, send, pass } = setUp();
    send("MUTE a\n");
    desk.settle("stored");
    await pass(0);
    expect(socket.written).toBe("");
    expect(socket.isShut).toBe(true);
    expect(log.of("terminal.intake-failed")).toHaveLength(1);
  });

  test("DeviceConnection sends the raw bytes to quarantine when a decoder throws", async () => {
    const { desk, socket, log, connection, send, pass } = setUp();
    send("PUNCH a\n");
    send("THR");
    send("OW\n");
    expect(desk.received[1]).toMatchObject({
      driver: "line",
      intake: {
        kind: "unreadable",
        deviceId: undefined,
        code: "decoder-failed",
        reason: "Error: Planted in push",
        raw: new Uint8Array(Buffer.from("THROW\n")),
      },
    });
    expect(log.of("terminal.decoder-failed")).toHaveLength(1);
    desk.settle("stored", "a");
    await pass(0);
    expect(socket.written).toBe("OK a\n");
    expect(socket.isShut).toBe(false);
    desk.settle("quarantined");
    await pass(0);
    expect(socket.written).toBe("OK a\n");
    expect(socket.isShut).toBe(true);
    expect(connection.closed()).toBe("decoder-failed");
  });

  test("DeviceConnection quarantines from the chunk in which the request began", () => {
    const { desk, send } = setUp();
    send("PUNCH ");
    send("a\nTHR");
    send("OW\n");
    expect(Buffer.from(desk.received[1]?.intake.raw ?? []).toString()).toBe("a\nTHROW\n");
  });

  test("DeviceConnection bounds the raw bytes it quarantines", () => {
    const { desk, send } = setUp();
    send(`PUNCH ${"a".repeat(150)}`);
    send(`${"b".repeat(150)}\nTHROW\n`);
    expect(desk.received).toHaveLength(1);
    expect(desk.received[0]?.intake.raw).toHaveLength(200);
  });
});

describe("DeviceConnection refuses", () => {
  test("DeviceConnection closes an unknown protocol and shows its first bytes", () => {
    const { socket, sightings, connection, send } = setUp();
    send("{}");
    expect(socket.isShut).toBe(true);
    expect(socket.written).toBe("");
    const detail = 'Something there begins with bytes of no known protocol: "{}" (7b7d)';
    expect(sightings).toEqual([{ type: "unknown-protocol", address: "192.0.2.7", detail }]);
    expect(connection.closed()).toBe("unknown-protocol");
  });

  test("DeviceConnection tells an old RealSvr from what nobody knows", () => {
    const { socket, sightings, connection, send } = setUp();
    send("3\x99\x10\x01");
    expect([socket.isShut, socket.written]).toEqual([true, ""]);
    expect(sightings).toEqual([
      {
        type: "old-realsvr",
        address: "192.0.2.7",
        detail: "A terminal there sends the old, binary RealSvr",
      },
    ]);
    expect(connection.closed()).toBe("unknown-protocol");
  });

  test("DeviceConnection tells that HTTPS is on, also when the hello comes byte by byte", () => {
    const { socket, sightings, connection, send } = setUp();
    send("\x16");
    expect(socket.isShut).toBe(false);
    send("\x03");
    expect(socket.isShut).toBe(true);
    const detail = "A terminal there begins with a TLS hello: HTTPS is on";
    expect(sightings).toEqual([{ type: "https-on", address: "192.0.2.7", detail }]);
    expect(connection.closed()).toBe("tls");
  });

  test("DeviceConnection closes on a violation and counts it", () => {
    const { socket, log, counts, connection, send } = setUp();
    send("WRONG\nPUNCH a\n");
    expect(socket.written).toBe("");
    expect(socket.isShut).toBe(true);
    expect(counts).toEqual({ requests: 0, violations: ["no-such-verb"], pauses: [] });
    expect(log.of("terminal.violation")).toMatchObject([
      { fields: { code: "no-such-verb", detail: "Wanted a verb", device: "x" } },
    ]);
    expect(connection.closed()).toBe("violation");
  });
});

describe("DeviceConnection backpressure", () => {
  test("DeviceConnection stops reading while too many requests wait for their reply", async () => {
    const { desk, socket, counts, send, pass } = setUp();
    send("PUNCH a\n");
    expect(socket.isPaused).toBe(false);
    send("PUNCH b\n");
    expect(socket.isPaused).toBe(true);
    expect(counts.pauses).toEqual(["requests-waiting"]);
    desk.settle("stored", "b"); // not its turn
    await pass(0);
    expect(socket.isPaused).toBe(true);
    desk.settle("stored", "a");
    await pass(0);
    expect(socket.isPaused).toBe(false);
    expect(socket.written).toBe("OK a\nOK b\n");
  });

  test("DeviceConnection stops reading while too many reply bytes are unsent", () => {
    const { socket, counts, connection, send } = setUp();
    socket.room = 0;
    send("PING\n");
    expect(socket.isPaused).toBe(false);
    send("PING\n");
    expect(socket.isPaused).toBe(true);
    expect(counts.pauses).toEqual(["unsent-bytes"]);
    socket.room = 100;
    connection.drained();
    expect(socket.isPaused).toBe(false);
    expect(socket.written).toBe("PONG\nPONG\n");
  });

  test("DeviceConnection reads on while it closes, so that it notices the peer's end", () => {
    const { socket, connection, send } = setUp();
    send("PUNCH a\nPUNCH b\n");
    expect(socket.isPaused).toBe(true);
    connection.stop();
    expect(socket.isPaused).toBe(false);
  });

  test("DeviceConnection with a large request waits for room, the first and small ones go on", async () => {
    const budget = budgetOf(1_200); // one large one and a small one fit beside the first
    const [first, second, small] = [setUp({ budget }), setUp({ budget }), setUp({ budget })];
    first.send(`PUNCH ${"a".repeat(LARGE)}`);
    second.send(`PUNCH ${"b".repeat(LARGE)}`);
    expect([first.socket.isPaused, second.socket.isPaused]).toEqual([false, true]);
    expect([first.counts.pauses, second.counts.pauses]).toEqual([[], ["upload-room"]]);
    expect(second.log.of("terminal.upload-waits")).toMatchObject([
      { fields: { address: "192.0.2.7", driver: "line" }, repeat: { per: "192.0.2.7" } },
    ]);
    small.send("PUNCH");
    expect(small.socket.isPaused).toBe(false);
    small.send(" c\n");
    small.desk.settle("stored");
    await small.pass(0);
    expect(small.socket.written).toBe("OK c\n");
    first.send("\n");
    expect(second.socket.isPaused).toBe(false);
    first.desk.settle("stored");
    await first.pass(0);
    second.send("\n");
    second.desk.settle("stored");
    await second.pass(0);
    expect(second.socket.written).toBe(`OK ${"b".repeat(LARGE)}\n`);
    expect(budget.bytes).toBe(0);
  });

  test("DeviceConnection closes with zero bytes when it holds the most and there is no room", async () => {
    const budget = budgetOf(500);
    const [first, second] = [setUp({ budget }), setUp({ budget })];
    first.send(`PUNCH ${"a".repeat(LARGE)}`);
    second.send("PUNCH b\nPUNCH c\n");
    second.desk.settle("stored", "c");
    second.send(`PUNCH ${"d".repeat(90)}`);
    expect(second.log.of("terminal.buffers-full")).toMatchObject([
      { fields: { address: "192.0.2.7", driver: "line" }, repeat: { per: "192.0.2.7" } },
    ]);
    expect(second.socket.isShut).toBe(false);
    second.desk.settle("stored", "b"); // complete requests go on
    await second.pass(0);
    expect(second.socket.written).toBe("OK b\nOK c\n");
    expect(second.socket.isShut).toBe(true);
    expect(second.connection.closed()).toBe("buffers-full");
    expect(first.socket.isShut).toBe(false);
  });
});

describe("DeviceConnection deadlines", () => {
  test("DeviceConnection closes a silent connection and names the likely cause", async () => {
    const { socket, sightings, connection, pass } = setUp();
    await pass(59_999);
    expect(socket.isShut).toBe(false);
    await pass(1);
    expect(socket.isShut).toBe(true);
    expect(connection.closed()).toBe("silent");
    const detail = 'A terminal there connects and sends nothing, as in "Local" mode';
    expect(sightings).toEqual([{ type: "local-mode", address: "192.0.2.7", detail }]);
  });

  test("DeviceConnection tells of a silent peer that leaves late, and of no probe", async () => {
    const late = setUp();
    await late.pass(10_000);
    late.connection.peerEnded();
    expect(late.connection.closed()).toBe("peer-closed");
    expect(late.sightings).toMatchObject([{ type: "local-mode" }]);
    const probe = setUp();
    await probe.pass(9_999);
    probe.connection.peerEnded();
    expect(probe.connection.closed()).toBe("peer-closed");
    expect(probe.sightings).toEqual([]);
    const spoken = setUp();
    spoken.send("PING\n");
    await spoken.pass(20_000);
    spoken.connection.peerEnded();
    spoken.connection.closed();
    expect(spoken.sightings).toEqual([]);
  });

  test("DeviceConnection closes quietly when nothing follows a reply", async () => {
    const { desk, socket, log, connection, send, pass } = setUp();
    send("PUNCH a\n");
    await pass(50_000);
    desk.settle("stored");
    await pass(0);
    await pass(59_999);
    expect(socket.isShut).toBe(false);
    await pass(1);
    expect(socket.isShut).toBe(true);
    expect(log.lines).toEqual([]);
    expect(connection.closed()).toBe("idle");
  });

  test("DeviceConnection is not idle while it waits for an outcome", async () => {
    const { desk, socket, send, pass } = setUp();
    send("PUNCH a\n");
    await pass(600_000);
    desk.settle("stored");
    await pass(0);
    send("PUNCH b\n");
    desk.settle("stored");
    await pass(0);
    expect(socket.written).toBe("OK a\nOK b\n");
  });

  test("DeviceConnection cuts a request that trickles, however regularly", async () => {
    const { desk, socket, log, connection, send, pass } = setUp();
    send("PUNCH ");
    for (let second = 1; second < 30; second += 1) {
      await pass(1_000);
      send("a");
    }
    expect(socket.isShut).toBe(false);
    await pass(1_000);
    send("\n");
    expect(socket.isShut).toBe(true);
    expect(socket.written).toBe("");
    expect(desk.received).toEqual([]);
    expect(log.of("terminal.slow-request")).toHaveLength(1);
    expect(connection.closed()).toBe("slow-request");
  });

  test("DeviceConnection gives a request that waits for room its time, and no more", async () => {
    const budget = budgetOf(1_200);
    const [first, second] = [setUp({ budget }), setUp({ budget })];
    first.send(`PUNCH ${"a".repeat(LARGE)}`);
    await second.pass(20_000);
    second.send(`PUNCH ${"b".repeat(LARGE)}`);
    await second.pass(29_999);
    expect(second.socket.isShut).toBe(false);
    first.send("\n");
    first.desk.settle("stored");
    await first.pass(0);
    await second.pass(29_999); // of reading: 29,999 ms of the wait do not count
    expect(second.socket.isShut).toBe(false);
    await second.pass(1);
    expect(second.connection.closed()).toBe("slow-request");

    const third = setUp({ budget });
    first.send(`PUNCH ${"a".repeat(LARGE)}`);
    third.send(`PUNCH ${"c".repeat(LARGE)}`);
    await third.pass(30_000);
    expect(third.socket.isShut).toBe(true);
    expect(third.socket.written).toBe("");
    expect(third.log.of("terminal.buffers-full")).toHaveLength(1);
    expect(third.connection.closed()).toBe("buffers-full");
  });

  test("DeviceConnection blames no peer for the time in which outcomes are waited for", async () => {
    const { desk, socket, send, pass } = setUp();
    send("PUNCH a\nPUNCH b\nPUNCH c");
    expect(socket.isPaused).toBe(true);
    await pass(600_000);
    expect(socket.isShut).toBe(false);
    desk.settle("stored");
    desk.settle("stored");
    await pass(0);
    await pass(29_999);
    expect(socket.isShut).toBe(false);
    await pass(1);
    expect(socket.isShut).toBe(true);
    expect(socket.written).toBe("OK a\nOK b\n");
  });

  test("DeviceConnection cuts a head that trickles before any driver claims it", async () => {
    const { socket, connection, send, pass } = setUp();
    send("P");
    await pass(29_999);
    send("U");
    await pass(1);
    expect(socket.isShut).toBe(true);
    expect(connection.closed()).toBe("slow-request");
  });

  test("DeviceConnection gives each request of a connection a deadline of its own", async () => {
    const { desk, socket, send, pass } = setUp();
    send("PUNCH a");
    await pass(29_000);
    send("\nPUNCH b");
    desk.settle("stored", "a");
    await pass(29_000);
    send("\n");
    desk.settle("stored", "b");
    await pass(0);
    expect(socket.written).toBe("OK a\nOK b\n");
  });

  test("DeviceConnection cuts a peer that does not read its replies", async () => {
    const { socket, log, connection, send, pass } = setUp();
    socket.room = 1;
    send("EARLY\n");
    await pass(29_999);
    expect(socket.isTerminated).toBe(false);
    await pass(1);
    expect(socket.isTerminated).toBe(true);
    expect(log.of("terminal.unread-reply")).toHaveLength(1);
    expect(connection.closed()).toBe("unread-reply");
  });

  test("DeviceConnection cuts a peer that reads its reply byte by byte", async () => {
    const { desk, socket, connection, send, pass } = setUp();
    socket.room = 0;
    send("LARGE 1000\n");
    desk.settle("stored");
    await pass(0);
    for (let second = 1; second < 30; second += 1) {
      await pass(1_000);
      expect(socket.isTerminated).toBe(false);
      socket.room = 1;
      connection.drained();
    }
    await pass(1_000);
    expect(socket.isTerminated).toBe(true);
  });

  test("DeviceConnection terminates a peer that keeps its half open for 2 s", async () => {
    const { socket, send, pass } = setUp();
    send("EARLY\n");
    await pass(1_999);
    expect(socket.isTerminated).toBe(false);
    await pass(1);
    expect(socket.isTerminated).toBe(true);
  });

  test("DeviceConnection gives a slow reader of a large reply more than 2 s", async () => {
    const { desk, socket, send, pass } = setUp();
    send("LARGE 100000\n");
    desk.settle("stored");
    await pass(0);
    expect(socket.isShut).toBe(true);
    await pass(29_999);
    expect(socket.isTerminated).toBe(false);
    await pass(1);
    expect(socket.isTerminated).toBe(true);
  });

  test("DeviceConnection does not mind a step of the wall clock", async () => {
    const { socket, clock, send, pass } = setUp();
    send("PUN");
    clock.stepWallClock(86_400_000);
    await pass(1_000);
    clock.stepWallClock(-2 * 86_400_000);
    await pass(1_000);
    expect(socket.isShut).toBe(false);
  });
});

describe("DeviceConnection ends", () => {
  test("DeviceConnection still replies to a peer that shut its half", async () => {
    const { desk, socket, connection, send, pass } = setUp();
    send("PUNCH a\n");
    connection.peerEnded();
    expect(socket.isShut).toBe(false);
    desk.settle("stored");
    await pass(0);
    expect(socket.written).toBe("OK a\n");
    expect(socket.isShut).toBe(true);
    expect(connection.closed()).toBe("peer-closed");
  });

  test("DeviceConnection takes a request cut short for no request", () => {
    const { desk, socket, connection, send } = setUp();
    send("PUNCH a");
    connection.peerEnded();
    expect(socket.isShut).toBe(true);
    expect(desk.received).toEqual([]);
    expect(connection.closed()).toBe("truncated");
  });

  test("DeviceConnection tells what is under way until its reply is heard, and what is lost", async () => {
    const [began, ended, lost] = ["began 192.0.2.7", "ended 192.0.2.7", "lost 192.0.2.7"] as const;
    const cut = setUp();
    cut.send("PUNCH a");
    expect(cut.trail).toEqual([began]);
    cut.connection.closed();
    expect(cut.trail).toEqual([began, lost, ended]);

    const slow = setUp();
    slow.send("PUNCH a");
    await slow.pass(LIMITS.requestTimeoutMs);
    expect(slow.trail).toEqual([began, lost, ended]);
    slow.connection.closed();
    expect(slow.trail).toHaveLength(3);

    const whole = setUp();
    whole.send("LAST a\n");
    whole.desk.settle("stored");
    await whole.pass(0);
    expect(whole.trail).toEqual(["began line-1"]);
    whole.connection.closed();
    expect(whole.trail).toEqual(["began line-1", "ended line-1"]);

    const mute = setUp();
    mute.send("MUTE a\n");
    mute.desk.settle("stored");
    await mute.pass(0);
    mute.connection.closed();
    expect(mute.trail).toEqual(["began line-1", "lost line-1", "ended line-1"]);
  });

  test("DeviceConnection refuses new requests once stopped and still sends what it owes", async () => {
    const { desk, socket, connection, send, pass } = setUp();
    send("PUNCH a\nPUN");
    connection.stop();
    send("CH b\n");
    desk.settle("stored");
    await pass(0);
    expect(socket.written).toBe("OK a\n");
    expect(socket.isShut).toBe(true);
    expect(desk.received).toHaveLength(1);
    expect(connection.closed()).toBe("stopping");
  });

  test("DeviceConnection waits at a stop for the peer's end, unless the peer never spoke", () => {
    const silent = setUp();
    silent.connection.stop();
    expect(silent.socket.isTerminated).toBe(true);
    const spoken = setUp();
    spoken.send("PING\n");
    spoken.connection.stop();
    expect([spoken.socket.isShut, spoken.socket.isTerminated]).toEqual([true, false]);
  });
});
