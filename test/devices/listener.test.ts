// Aim: the terminal port over real sockets on the loopback: nothing before the outcome, replies in
// order and whole, zero bytes where a terminal must keep its record, caps, deadlines and stop.

import { afterEach, describe, expect, test } from "bun:test";
import { AppError } from "#base/app-error.ts";
import type { Driver } from "#devices/driver.ts";
import {
  type DeviceListener,
  type DeviceListenerOptions,
  type ListenerLimits,
  startDeviceListener,
} from "#devices/listener.ts";
import type { PortSighting } from "#devices/terminal-watch-sighting.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { IntakeDesk } from "./intake-desk.ts";
import { lineDriver } from "./line-driver.ts";
import { NO_WATCH } from "./open-port.ts";
import { settleNetwork, TcpPeer, until } from "./tcp-peer.ts";

const LIMITS: ListenerLimits = {
  connectionsMax: 100,
  connectionsPerAddressMax: 100,
  idleTimeoutMs: 60_000,
  requestTimeoutMs: 30_000,
  sniffBytesMax: 16,
  exchangesWaitingMax: 8,
  bufferedBytesMax: 32 * 1024 * 1024,
  unsentBytesMax: 1024 * 1024,
  decoder: { headBytesMax: 8_192, textBytesMax: 65_536, requestBytesMax: 16_777_216 },
};

const MEBIBYTE = 1024 * 1024;

interface Site {
  readonly desk: IntakeDesk;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly sightings: readonly PortSighting[];
  readonly listener: DeviceListener;
  connect(): Promise<TcpPeer>;
}

let started: Site[] = [];

function start(
  options: Partial<Omit<DeviceListenerOptions, "limits">> & {
    readonly limits?: Partial<ListenerLimits>;
  } = {},
): Site {
  const desk = new IntakeDesk();
  const clock = new FakeClock();
  const log = new RecordingLog();
  const sightings: PortSighting[] = [];
  const listener = startDeviceListener({
    hostname: "127.0.0.1",
    port: 0,
    drivers: [lineDriver],
    handleIntake: desk.handleIntake,
    noteSighting: (sighting) => sightings.push(sighting),
    requests: NO_WATCH,
    clock,
    log,
    ...options,
    limits: { ...LIMITS, ...options.limits },
  });
  const connect = (): Promise<TcpPeer> => TcpPeer.connect(listener.port);
  const site = { desk, clock, log, sightings, listener, connect };
  started.push(site);
  return site;
}

afterEach(async () => {
  for (const { listener, clock } of started) {
    const stopped = listener.stop();
    await clock.advance(5_000);
    await stopped;
  }
  started = [];
});

describe("startDeviceListener() replies", () => {
  test("startDeviceListener() sends no byte before the outcome, then the reply", async () => {
    const { desk, listener, connect } = start();
    const peer = await connect();
    peer.send("LAST a\n");
    await until(() => desk.waitingCount === 1);
    await settleNetwork();
    expect(peer.receivedText).toBe("");
    expect(peer.hasEnded).toBe(false);
    desk.settle("stored");
    expect(await peer.receiveAll()).toBe("OK a\n");
    await until(() => listener.figures().connectionsOpen === 0);
    expect(listener.figures()).toEqual({
      connectionsOpen: 0,
      connectionsMax: LIMITS.connectionsMax,
      bytesBuffered: 0,
      bufferedBytesMax: LIMITS.bufferedBytesMax,
      connectionsAccepted: 1,
      closedByReason: { answered: 1 },
      pausesByReason: {},
      requests: 1,
      violationsByCode: {},
    });
  });

  test("startDeviceListener() keeps request order on one connection", async () => {
    const { desk, connect } = start();
    const peer = await connect();
    peer.send("PUNCH a\nPUNCH b\nPING\nPUNCH c\n");
    await until(() => desk.waitingCount === 3);
    for (const text of ["c", "b"]) desk.settle("stored", text);
    await settleNetwork();
    expect(peer.receivedText).toBe("");
    desk.settle("stored", "a");
    expect(await peer.receive("OK a\nOK b\nPONG\nOK c\n")).toBe("OK a\nOK b\nPONG\nOK c\n");
  });

  test("startDeviceListener() serves requests pipelined beyond what may wait", async () => {
    const { desk, connect } = start({ limits: { exchangesWaitingMax: 2 } });
    const peer = await connect();
    let wanted = "";
    for (let number = 0; number < 50; number += 1) {
      peer.send(`PUNCH ${number}\n`);
      wanted += `OK ${number}\n`;
    }
    for (let number = 0; number < 50; number += 1) {
      await until(() => desk.waitingCount > 0);
      desk.settle("stored", String(number));
    }
    expect(await peer.receive(wanted)).toBe(wanted);
  });

  for (const outcome of ["failed", "refused"] as const) {
    test(`startDeviceListener() closes with zero bytes when the outcome is ${outcome}`, async () => {
      const { desk, connect, listener } = start();
      const peer = await connect();
      peer.send("PUNCH a\n");
      await until(() => desk.waitingCount === 1);
      desk.settle(outcome);
      expect(await peer.receiveAll()).toBe("");
      await until(() => listener.figures().connectionsOpen === 0);
      expect(listener.figures().closedByReason).toEqual({ unacknowledged: 1 });
    });
  }

  test("startDeviceListener() replies to a peer that shut its half before the outcome", async () => {
    const { desk, connect } = start();
    const peer = await connect();
    peer.send("PUNCH a\n");
    peer.shutdown();
    await until(() => desk.waitingCount === 1);
    await settleNetwork();
    desk.settle("stored");
    expect(await peer.receiveAll()).toBe("OK a\n");
  });

  test("startDeviceListener() gets an early reply to a peer that is still sending", async () => {
    const { connect } = start();
    const peer = await connect();
    peer.send("EARLY\n");
    peer.send(new Uint8Array(8 * MEBIBYTE));
    await until(() => peer.hasEnded && peer.hasSentAll);
    expect(await peer.receiveAll()).toBe("NO\n");
  });

  test("startDeviceListener() sends a large reply whole to a slow reader", async () => {
    const { desk, clock, listener } = start();
    const peer = await TcpPeer.connect(listener.port, "127.0.0.1", true);
    peer.send(`LARGE ${16 * MEBIBYTE}\n`);
    await until(() => desk.waitingCount === 1);
    desk.settle("stored");
    await clock.advance(20_000);
    expect(listener.figures().connectionsOpen).toBe(1);
    peer.resume();
    await until(() => peer.hasEnded);
    expect(peer.receivedBytes).toBe(16 * MEBIBYTE);
    peer.shutdown();
  });

  test("startDeviceListener() cuts a peer that never reads its reply", async () => {
    const { desk, clock, log, listener } = start();
    const peer = await TcpPeer.connect(listener.port, "127.0.0.1", true);
    peer.send(`LARGE ${16 * MEBIBYTE}\n`);
    await until(() => desk.waitingCount === 1);
    desk.settle("stored");
    await clock.advance(31_000);
    await until(() => listener.figures().connectionsOpen === 0);
    expect(listener.figures().closedByReason).toEqual({ "unread-reply": 1 });
    expect(log.of("terminal.unread-reply")).toHaveLength(1);
    peer.reset();
  });
});

describe("startDeviceListener() survives", () => {
  test("startDeviceListener() survives a decoder, an outcome and a reply that fail", async () => {
    const { desk, log, connect } = start();
    const [thrower, rejected, mute, sound] = await Promise.all([
      connect(),
      connect(),
      connect(),
      connect(),
    ]);
    thrower?.send("THROW\n");
    await until(() => desk.waitingCount === 1);
    expect(desk.received[0]?.intake).toMatchObject({ kind: "unreadable", code: "decoder-failed" });
    desk.settle("quarantined");
    rejected?.send("PUNCH a\n");
    await until(() => desk.waitingCount === 1);
    desk.reject(new Error("broken promise"));
    mute?.send("MUTE b\n");
    await until(() => desk.waitingCount === 1);
    desk.settle("stored");
    expect(await Promise.all([thrower, rejected, mute].map((peer) => peer?.receiveAll()))).toEqual([
      "",
      "",
      "",
    ]);
    expect(log.lines.map(({ level, event }) => `${level} ${event}`)).toEqual([
      "error terminal.decoder-failed",
      "error terminal.intake-failed",
      "error terminal.intake-failed",
    ]);
    sound?.send("LAST c\n");
    await until(() => desk.waitingCount === 1);
    desk.settle("stored");
    expect(await sound?.receiveAll()).toBe("OK c\n");
  });

  test("startDeviceListener() quarantines what a sniffing driver fails on", async () => {
    const broken: Driver = {
      ...lineDriver,
      sniff: () => {
        throw new Error("Planted in sniff");
      },
    };
    const { desk, connect } = start({ drivers: [broken] });
    const peer = await connect();
    peer.send("PUNCH a\n");
    await until(() => desk.waitingCount === 1);
    expect(desk.received).toMatchObject([{ driver: "unknown", intake: { kind: "unreadable" } }]);
    desk.settle("quarantined");
    expect(await peer.receiveAll()).toBe("");
  });

  test("startDeviceListener() closes garbage, TLS and violations with zero bytes", async () => {
    const { sightings, listener, connect } = start();
    const [garbage, tls, wrong] = await Promise.all([connect(), connect(), connect()]);
    garbage?.send("\x00\x01\x02");
    tls?.send("\x16\x03\x01\x02\x00\x01\x00");
    wrong?.send("WRONG\n");
    const answers = await Promise.all([garbage, tls, wrong].map((peer) => peer?.receiveAll()));
    expect(answers).toEqual(["", "", ""]);
    await until(() => listener.figures().connectionsOpen === 0);
    const { closedByReason, violationsByCode } = listener.figures();
    expect(closedByReason).toEqual({ "unknown-protocol": 1, tls: 1, violation: 1 });
    expect(violationsByCode).toEqual({ "no-such-verb": 1 });
    const types = sightings.map(({ type, address }) => [type, address]);
    expect(types.sort()).toEqual([
      ["https-on", "127.0.0.1"],
      ["unknown-protocol", "127.0.0.1"],
    ]);
  });

  test("startDeviceListener() cuts only the socket on which a handler of ours fails", async () => {
    class BrokenLog extends RecordingLog {
      override warn(): void {
        throw new Error("Planted in log");
      }
    }
    const log = new BrokenLog();
    const { desk, connect } = start({ log });
    const [garbage, sound] = await Promise.all([connect(), connect()]);
    garbage?.send("WRONG\n");
    expect(await garbage?.receiveAll()).toBe("");
    expect(log.of("terminal.handler-failed")).toMatchObject([
      { level: "error", fields: { address: "127.0.0.1", error: "Planted in log" } },
    ]);
    sound?.send("LAST a\n");
    await until(() => desk.waitingCount === 1);
    desk.settle("stored");
    expect(await sound?.receiveAll()).toBe("OK a\n");
  });

  test("startDeviceListener() survives a peer that resets while its outcome is awaited", async () => {
    const { desk, listener, connect } = start();
    const peer = await connect();
    peer.send("PUNCH a\n");
    await until(() => desk.waitingCount === 1);
    peer.reset();
    await until(() => listener.figures().connectionsOpen === 0);
    desk.settle("stored");
    await settleNetwork();
    expect(listener.figures().bytesBuffered).toBe(0);
  });
});

describe("startDeviceListener() takes nothing", () => {
  test("startDeviceListener() takes nothing from a peer that was gone before it was met", async () => {
    const { desk, listener, connect } = start();
    resetBeforeAccept(listener.port, "LAST lost\n");
    await until(() => listener.figures().connectionsAccepted === 1);
    await settleNetwork();
    expect(desk.waitingCount).toBe(0);
    expect(listener.figures()).toMatchObject({
      connectionsOpen: 0,
      closedByReason: { "peer-closed": 1 },
      requests: 0,
    });
    const peer = await connect();
    peer.send("LAST a\n");
    await until(() => desk.waitingCount === 1);
    desk.settle("stored");
    expect(await peer.receiveAll()).toBe("OK a\n");
  });
});

/** Sends and resets while this process, and with it the listener, stands still. */
function resetBeforeAccept(port: number, text: string): void {
  const script = `await Bun.connect({ hostname: "127.0.0.1", port: ${port}, socket: {
    open: (socket) => { socket.write(${JSON.stringify(text)}); socket.terminate(); },
    data: () => {},
  } })`;
  expect(Bun.spawnSync([process.execPath, "-e", script]).exitCode).toBe(0);
}

describe("startDeviceListener() limits", () => {
  test("startDeviceListener() closes connections beyond the cap of an address at once", async () => {
    const { desk, log, listener, connect } = start({ limits: { connectionsPerAddressMax: 2 } });
    const [first] = [await connect(), await connect()];
    const third = await connect();
    expect(await third.receiveAll()).toBe("");
    const other = await TcpPeer.connect(listener.port, "127.0.0.1");
    expect(await other.receiveAll()).toBe("");
    expect(listener.figures()).toMatchObject({
      connectionsOpen: 2,
      connectionsAccepted: 4,
      closedByReason: { "address-full": 2 },
    });
    expect(log.of("terminal.address-full")[0]).toMatchObject({
      fields: { address: "127.0.0.1", limit: 2 },
      repeat: { per: "127.0.0.1" },
    });
    first.shutdown();
    await until(() => listener.figures().connectionsOpen === 1);
    const next = await connect();
    next.send("LAST a\n");
    await until(() => desk.waitingCount === 1);
    desk.settle("stored");
    expect(await next.receiveAll()).toBe("OK a\n");
  });

  test("startDeviceListener() closes connections beyond its own cap at once", async () => {
    const { log, listener, connect } = start({ limits: { connectionsMax: 1 } });
    await connect();
    const second = await connect();
    expect(await second.receiveAll()).toBe("");
    expect(listener.figures().closedByReason).toEqual({ "connections-full": 1 });
    expect(log.of("terminal.connections-full")).toHaveLength(1);
  });

  test("setLimits() holds for connections that come from then on, and closes none that is open", async () => {
    const { desk, clock, listener, connect } = start({ limits: { idleTimeoutMs: 60_000 } });
    const [before, other] = await Promise.all([connect(), connect()]);
    listener.setLimits({ ...LIMITS, connectionsMax: 3, idleTimeoutMs: 10_000 });
    const after = await connect();
    const beyond = await connect();
    expect(await beyond.receiveAll()).toBe("");
    expect(listener.figures().closedByReason).toEqual({ "connections-full": 1 });
    for (const peer of [before, other, after]) peer.send("PUNCH a\n");
    await until(() => desk.waitingCount === 3);
    for (let count = 0; count < 3; count += 1) desk.settle("stored");
    for (const peer of [before, other, after]) await peer.receive("OK a\n");
    await clock.advance(10_000);
    expect(await after.receiveAll()).toBe("OK a\n");
    before.send("PUNCH b\n");
    await until(() => desk.waitingCount === 1);
    desk.settle("stored");
    await before.receive("OK b\n");
    expect(listener.figures().connectionsOpen).toBe(2);
  });

  test("startDeviceListener() closes silent, idle and slow connections by one sweep", async () => {
    const { desk, clock, listener, sightings, connect } = start();
    const [silent, idle, slow] = await Promise.all([connect(), connect(), connect()]);
    idle?.send("PUNCH a\n");
    slow?.send("PUNC");
    await until(() => desk.waitingCount === 1);
    desk.settle("stored");
    await idle?.receive("OK a\n");
    expect(clock.plannedCount).toBe(1);
    await clock.advance(30_000);
    expect(await slow?.receiveAll()).toBe("");
    await clock.advance(30_000);
    expect(await silent?.receiveAll()).toBe("");
    expect(await idle?.receiveAll()).toBe("OK a\n");
    await until(() => listener.figures().connectionsOpen === 0);
    expect(listener.figures().closedByReason).toEqual({ "slow-request": 1, silent: 1, idle: 1 });
    expect(sightings.map(({ type }) => type)).toEqual(["local-mode"]);
  });

  test("startDeviceListener() finishes every upload though not all fit at once", async () => {
    const limits = { bufferedBytesMax: 16 * MEBIBYTE };
    const { desk, log, listener, connect } = start({ limits });
    const line = Buffer.concat([Buffer.from("LAST "), Buffer.alloc(MEBIBYTE, "a")]);
    const peers = await Promise.all(Array.from({ length: 8 }, connect));
    for (const peer of peers) peer.send(line);
    await settleNetwork();
    for (const peer of peers) peer.send("\n");
    const small = await connect();
    small.send("LAST b\n");
    await until(() => desk.received.some(({ intake }) => intake.raw.length === 7));
    desk.settle("stored", "b");
    expect(await small.receiveAll()).toBe("OK b\n");
    for (let left = peers.length; left > 0; left -= 1) {
      await until(() => desk.waitingCount > 0);
      desk.settle("stored");
    }
    for (const peer of peers) await until(() => peer.receivedBytes === MEBIBYTE + 4);
    expect(log.of("terminal.upload-waits").length).toBeGreaterThan(0);
    for (const peer of peers) peer.shutdown();
    await until(() => listener.figures().connectionsOpen === 0);
    expect(listener.figures().bytesBuffered).toBe(0);
  });

  test("startDeviceListener() acknowledges small requests in pieces while large ones stand", async () => {
    const limits = { bufferedBytesMax: 4 * MEBIBYTE };
    const { desk, clock, log, listener, connect } = start({ limits });
    const large = await Promise.all(Array.from({ length: 20 }, connect));
    for (const peer of large) peer.send(`LAST ${"a".repeat(MEBIBYTE)}`);
    await until(() => log.of("terminal.upload-waits").length > 0);
    await until(() => log.of("terminal.buffers-full").length > 0);
    const small = await connect();
    for (const piece of ["LA", "ST ", "b\n"]) {
      small.send(piece);
      await settleNetwork();
    }
    desk.settle("stored", "b");
    expect(await small.receiveAll()).toBe("OK b\n");
    expect(large.filter(({ hasEnded }) => !hasEnded).length).toBeGreaterThan(0);
    expect(listener.figures().bytesBuffered).toBeLessThan(4 * MEBIBYTE);
    // What waits for room is given no more time than what is slow.
    await clock.advance(120_000);
    await until(() => listener.figures().connectionsOpen === 0);
    expect(Object.keys(listener.figures().closedByReason).sort()).toEqual([
      "answered",
      "buffers-full",
      "slow-request",
    ]);
    expect(large.map(({ receivedText }) => receivedText)).toEqual(Array(20).fill(""));
    expect(listener.figures().bytesBuffered).toBe(0);
  });

  test("startDeviceListener() serves 2,000 simultaneous connections", async () => {
    const many = 2_000;
    const { desk, listener, connect } = start({
      limits: { connectionsMax: many, connectionsPerAddressMax: many },
    });
    const peers: TcpPeer[] = [];
    while (peers.length < many) {
      peers.push(...(await Promise.all(Array.from({ length: 100 }, connect))));
    }
    for (const [number, peer] of peers.entries()) peer.send(`LAST ${number}\n`);
    await until(() => desk.waitingCount === many);
    expect(listener.figures().connectionsOpen).toBe(many);
    while (desk.waitingCount > 0) desk.settle("stored");
    const replies = await Promise.all(peers.map((peer) => peer.receiveAll()));
    expect(replies).toEqual(peers.map((_, number) => `OK ${number}\n`));
  }, 60_000);

  test("startDeviceListener() names an IPv4 peer of an IPv6 socket by its IPv4 address", async () => {
    const { desk, listener } = start({ hostname: "::" });
    const peer = await TcpPeer.connect(listener.port, "127.0.0.1");
    peer.send("PUNCH a\n");
    await until(() => desk.waitingCount === 1);
    expect(desk.received[0]?.remoteAddress).toBe("127.0.0.1");
    desk.settle("stored");
  });
});

describe("DeviceListener.stop()", () => {
  test("stop() lets requests in flight get their reply and takes no new one", async () => {
    const { desk, listener, connect } = start();
    const [waiting, half, silent] = await Promise.all([connect(), connect(), connect()]);
    waiting?.send("PUNCH a\n");
    half?.send("PUNC");
    await until(() => desk.waitingCount === 1);
    await settleNetwork();
    const stopped = listener.stop();
    waiting?.send("PUNCH b\n");
    expect(await half?.receiveAll()).toBe("");
    expect(await silent?.receiveAll()).toBe("");
    expect(await connect().catch(() => "refused")).toBe("refused");
    desk.settle("stored");
    expect(await waiting?.receiveAll()).toBe("OK a\n");
    await stopped;
    expect(desk.received).toHaveLength(1);
    expect(listener.figures().connectionsOpen).toBe(0);
  });

  test("stop() waits 5 s at most for an outcome that never comes", async () => {
    const { desk, clock, listener, connect } = start();
    const peer = await connect();
    peer.send("PUNCH a\n");
    await until(() => desk.waitingCount === 1);
    let isStopped = false;
    const stopped = listener.stop().then(() => {
      isStopped = true;
    });
    await clock.advance(4_999);
    expect(isStopped).toBe(false);
    await clock.advance(1);
    await stopped;
    expect(await peer.receiveAll()).toBe("");
    expect(clock.plannedCount).toBe(0);
  });

  test("stop() resolves at once without connections, and again when called again", async () => {
    const { clock, listener } = start();
    await Promise.all([listener.stop(), listener.stop()]);
    expect(clock.plannedCount).toBe(0);
  });
});

describe("startDeviceListener() refuses to start", () => {
  function failureOf(hostname: string, port: number): AppError {
    try {
      start({ hostname, port });
    } catch (error) {
      if (error instanceof AppError) return error;
    }
    throw new Error("Expected an AppError");
  }

  test("startDeviceListener() says who to ask when the port is taken", () => {
    const { listener } = start();
    const failure = failureOf("127.0.0.1", listener.port);
    expect(failure.code).toBe("port-unavailable");
    expect(failure.message).toBe(
      `Cannot listen for terminals on "127.0.0.1:${listener.port}": the port is taken by another program`,
    );
    expect(failure.hint).toContain(`ss -ltnp 'sport = :${listener.port}'`);
  });

  test("startDeviceListener() says so when the address is not of this machine", () => {
    const failure = failureOf("203.0.113.1", 0); // TEST-NET-3, RFC 5737
    expect(failure.code).toBe("port-unavailable");
    expect(failure.hint).toContain("SERVER_HOST");
  });

  test("startDeviceListener() reports a name that is no address and a port out of range", () => {
    expect(failureOf("no-such-host.invalid", 0).code).toBe("port-unavailable");
    expect(failureOf("127.0.0.1", 70_000).code).toBe("port-unavailable");
  });
});
