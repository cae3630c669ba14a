/**
 * Aim: terminals that speak TLS, old versions too, are served as all others: whole requests, whole
 * replies, the same bounds. What is no TLS hears nothing.
 */

import { afterEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect as connectPlain, type Socket } from "node:net";
import { join } from "node:path";
import { connect, type SecureVersion } from "node:tls";
import {
  type DeviceListener,
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

const MEBIBYTE = 1024 * 1024;

const LIMITS: ListenerLimits = {
  connectionsMax: 100,
  connectionsPerAddressMax: 100,
  idleTimeoutMs: 60_000,
  requestTimeoutMs: 30_000,
  sniffBytesMax: 16,
  exchangesWaitingMax: 8,
  bufferedBytesMax: 16 * MEBIBYTE,
  unsentBytesMax: MEBIBYTE,
  decoder: { headBytesMax: 8_192, textBytesMax: 65_536, requestBytesMax: 16_777_216 },
};

function pem(name: "certificate" | "key"): string {
  return readFileSync(join(import.meta.dir, `../fixtures/tls/${name}.pem`), "utf8");
}

const listeners: { readonly listener: DeviceListener; readonly clock: FakeClock }[] = [];
const sockets: Socket[] = [];

function start() {
  const desk = new IntakeDesk();
  const clock = new FakeClock();
  const log = new RecordingLog();
  const sightings: PortSighting[] = [];
  const listener = startDeviceListener({
    hostname: "127.0.0.1",
    port: 0,
    tls: { port: 0, cert: pem("certificate"), key: pem("key") },
    drivers: [lineDriver],
    handleIntake: desk.handleIntake,
    noteSighting: (sighting) => sightings.push(sighting),
    requests: NO_WATCH,
    clock,
    log,
    limits: LIMITS,
  });
  listeners.push({ listener, clock });
  return { desk, log, sightings, listener, clock };
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const { listener, clock } of listeners.splice(0)) {
    const stopped = listener.stop();
    await clock.advance(5_000);
    await stopped;
  }
});

/** A terminal that has shaken hands in this version, and all it has received. */
async function shakeHands({ tlsPort }: DeviceListener, version: SecureVersion = "TLSv1.2") {
  const socket = connect({
    host: "127.0.0.1",
    port: tlsPort ?? 0,
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
  });
  sockets.push(socket);
  const peer = { socket, text: "", hasEnded: false };
  socket.on("data", (chunk: Uint8Array) => {
    peer.text += Buffer.from(chunk).toString("latin1");
  });
  socket.on("close", () => {
    peer.hasEnded = true;
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("secureConnect", resolve);
  socket.once("error", reject);
  await promise;
  return peer;
}

/** The same over a socket that is written to beside. */
async function shakeHandsOver({ tlsPort }: DeviceListener) {
  const plain = connectPlain({ host: "127.0.0.1", port: tlsPort ?? 0 });
  await new Promise<void>((resolve) => plain.once("connect", resolve));
  const secure = connect({ socket: plain, rejectUnauthorized: false });
  sockets.push(secure, plain);
  secure.on("error", () => undefined);
  await new Promise<void>((resolve) => secure.once("secureConnect", resolve));
  return { plain, secure };
}

test.each(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const)(
  "serves %s: no byte before the outcome, then the reply and the end",
  async (version) => {
    const { desk, listener } = start();
    const peer = await shakeHands(listener, version);
    expect(peer.socket.getProtocol()).toBe(version);
    peer.socket.write("PUNCH a\nLAST b\n");
    await until(() => desk.waitingCount === 2);
    expect(peer.text).toBe("");
    desk.settle("stored", "b");
    desk.settle("stored", "a");
    await until(() => peer.hasEnded);
    expect(peer.text).toBe("OK a\nOK b\n");
  },
);

test("closes with zero bytes what was not stored", async () => {
  const { desk, listener } = start();
  const peer = await shakeHands(listener);
  peer.socket.write("PUNCH a\n");
  await until(() => desk.waitingCount === 1);
  desk.settle("failed");
  await until(() => peer.hasEnded);
  expect(peer.text).toBe("");
});

test("takes every upload though not all fit at once, and sends large replies whole", async () => {
  const { desk, log, listener } = start();
  const line = `LAST ${"a".repeat(MEBIBYTE)}\n`;
  const peers = await Promise.all(Array.from({ length: 12 }, () => shakeHands(listener)));
  // All of them begin before any of them ends.
  for (const { socket } of peers) socket.write(line.slice(0, -1));
  await until(() => log.of("terminal.upload-waits").length > 0);
  for (const { socket } of peers) socket.write("\n");
  for (let left = peers.length; left > 0; left -= 1) {
    await until(() => desk.waitingCount > 0);
    desk.settle("stored");
  }
  await until(() => peers.every(({ hasEnded }) => hasEnded));
  expect(peers.map(({ text }) => text.length)).toEqual(peers.map(() => MEBIBYTE + 4));
  await until(() => listener.figures().connectionsOpen === 0);
  expect(listener.figures().bytesBuffered).toBe(0);
});

test("closes what is no TLS with zero bytes and says so, without taking it for a mode", async () => {
  const { log, sightings, listener } = start();
  const peer = await TcpPeer.connect(listener.tlsPort ?? 0);
  peer.send("PUNCH a\n");
  await until(() => peer.isClosed);
  expect(log.of("terminal.tls-failed")).toEqual([
    expect.objectContaining({ fields: expect.objectContaining({ address: "127.0.0.1" }) }),
  ]);
  expect(sightings).toEqual([]);
  expect(listener.figures()).toMatchObject({ requests: 0, closedByReason: { tls: 1 } });
});

test("closes a handshake that stops half way, and takes its silence for no mode", async () => {
  const { clock, log, sightings, listener } = start();
  const peer = await TcpPeer.connect(listener.tlsPort ?? 0);
  // The first bytes of a record of 512 bytes with a ClientHello (RFC 8446 5.1).
  peer.send(new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]));
  await settleNetwork();
  await clock.advance(60_000);
  await until(() => peer.isClosed && listener.figures().connectionsOpen === 0);
  expect(log.of("terminal.tls-failed").map(({ fields }) => fields.error)).toEqual([
    "its handshake does not go on",
  ]);
  expect(sightings).toEqual([]);
  expect(listener.figures().closedByReason).toEqual({ tls: 1 });
});

test("blames a peer, and no bug, for what is no TLS behind a handshake", async () => {
  const { desk, log, listener } = start();
  const { plain, secure } = await shakeHandsOver(listener);
  secure.write("PUNCH a\nPUN");
  await until(() => desk.waitingCount === 1);
  plain.write("CH b\n");
  await until(() => listener.figures().connectionsOpen === 0);
  expect(log.of("terminal.handler-failed")).toEqual([]);
  expect(log.of("terminal.tls-failed")).toHaveLength(1);
  expect(listener.figures().closedByReason).toEqual({ truncated: 1 });
});

test("counts both ports together, and frees the one when the other cannot be had", async () => {
  const { listener } = start();
  const taken = listener.tlsPort ?? 0;
  const plain = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = plain;
  plain.stop(true);
  expect(() =>
    startDeviceListener({
      hostname: "127.0.0.1",
      port,
      tls: { port: taken, cert: pem("certificate"), key: pem("key") },
      drivers: [lineDriver],
      handleIntake: new IntakeDesk().handleIntake,
      noteSighting: () => undefined,
      requests: NO_WATCH,
      clock: new FakeClock(),
      log: new RecordingLog(),
      limits: LIMITS,
    }),
  ).toThrow(`Cannot listen for terminals on "127.0.0.1:${taken}": the port is taken`);
  Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);

  await shakeHands(listener);
  const other = await TcpPeer.connect(listener.port);
  await until(() => listener.figures().connectionsOpen === 2);
  other.reset();
});
