/**
 * Aim: behind the real port, with the drivers as the product lists them, no record is answered
 * before its outcome, each in its own spelling, and what failed with no byte at all.
 */

import { afterEach, beforeEach, expect, test } from "bun:test";
import type { DeviceListener } from "#devices/listener.ts";
import { LIMITS } from "../fkweb/requests.ts";
import { IntakeDesk } from "../intake-desk.ts";
import { openPort } from "../open-port.ts";
import { settleNetwork, TcpPeer, until } from "../tcp-peer.ts";
import { answerText, FIXTURES, fixture, recordJson, v1 } from "./frames.ts";

let desk: IntakeDesk;
let listener: DeviceListener;

beforeEach(() => {
  desk = new IntakeDesk();
  listener = openPort(desk, LIMITS);
});

afterEach(() => listener.stop());

test.each([...FIXTURES])("%s is answered behind its outcome, wherever it is cut", async (name) => {
  const bytes = fixture(name);
  for (const cut of [1, 7, 8, 12, 16, bytes.length - 1]) {
    const peer = await TcpPeer.connect(listener.port);
    peer.send(bytes.subarray(0, cut));
    await settleNetwork();
    expect(desk.waitingCount).toBe(0);
    peer.send(bytes.subarray(cut));
    await until(() => desk.waitingCount === 1);
    await settleNetwork();
    expect(peer.receivedBytes).toBe(0);
    expect(peer.hasEnded).toBe(false);
    desk.settle("stored");
    expect(await peer.receive(answerText(bytes))).toBe(answerText(bytes));
    peer.shutdown();
    await until(() => peer.hasEnded);
  }
  expect(new Set(desk.received.map(({ driver }) => driver))).toEqual(new Set(["rtlog"]));
});

test.each([...FIXTURES])("%s is answered to a peer that has ended its half", async (name) => {
  const peer = await TcpPeer.connect(listener.port);
  peer.send(fixture(name));
  peer.shutdown();
  await until(() => desk.waitingCount === 1);
  await settleNetwork();
  desk.settle("duplicate");
  expect(await peer.receiveAll()).toBe(answerText(fixture(name)));
});

test.each([...FIXTURES])("%s is not answered when it failed or was refused", async (name) => {
  for (const outcome of ["failed", "refused"] as const) {
    const peer = await TcpPeer.connect(listener.port);
    peer.send(fixture(name));
    await until(() => desk.waitingCount === 1);
    desk.settle(outcome);
    expect(await peer.receiveAll()).toBe("");
  }
});

test("a bare object ends its connection, whatever padding comes late", async () => {
  const peer = await TcpPeer.connect(listener.port);
  peer.send(recordJson());
  await until(() => desk.waitingCount === 1);
  desk.settle("stored");
  peer.send("\r\n\0");
  expect(await peer.receiveAll()).toBe(answerText(recordJson()));
});

test("a frame that failed takes the answers behind it along, so that all come again", async () => {
  const peer = await TcpPeer.connect(listener.port);
  peer.send(Buffer.concat([1, 2, 3].map((id) => v1(recordJson({ log_id: `${id}` })))));
  await until(() => desk.waitingCount === 3);
  desk.settle("stored");
  desk.settle("failed");
  desk.settle("stored");
  expect(await peer.receiveAll()).toBe(answerText(v1(recordJson({ log_id: "1" }))));
});
