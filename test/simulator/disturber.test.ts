/**
 * Aim: what disturbs a server is on the wire what the protocol document describes: silence, a TLS
 * hello, unknown bytes, one byte per second.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { type ClientKind, Disturber } from "#simulator/disturber.ts";
import { FakeClock } from "../support/fake-clock.ts";

const PERIOD_MS = 11_000;

/** Takes connections and keeps what each says. */
class Listener implements Disposable {
  readonly received: Buffer[] = [];
  openCount = 0;
  readonly #listener = Bun.listen<{ index: number }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { index: this.received.length };
        this.received.push(Buffer.alloc(0));
        this.openCount += 1;
      },
      data: (socket, chunk) => {
        const { index } = socket.data;
        this.received[index] = Buffer.concat([this.received[index] ?? Buffer.alloc(0), chunk]);
      },
      close: () => {
        this.openCount -= 1;
      },
    },
  });

  get port(): number {
    return this.#listener.port;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}

let disturber: Disturber | undefined;
afterEach(() => disturber?.stop());

function disturb(kind: ClientKind, port: number, clock: FakeClock): Disturber {
  const request = Buffer.from("POST / HTTP/1.0");
  disturber = new Disturber({ host: "127.0.0.1", port, kind, request }, clock);
  disturber.start();
  return disturber;
}

/** Lets callbacks of sockets run until `isTrue`. */
async function until(clock: FakeClock, isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await clock.advance(0);
}

describe("Disturber", () => {
  test("a silent one connects every 11 s, says nothing, and keeps 7 open", async () => {
    using listener = new Listener();
    const clock = new FakeClock();
    const silent = disturb("silent", listener.port, clock);
    for (let count = 1; count <= 9; count += 1) {
      await until(clock, () => silent.count === count && listener.received.length === count);
      await clock.advance(PERIOD_MS);
    }
    await until(clock, () => listener.openCount === 7 && listener.received.length === 10);
    expect(Buffer.concat(listener.received).length).toBe(0);
  });

  test("https begins with a whole TLS 1.0 hello", async () => {
    using listener = new Listener();
    const clock = new FakeClock();
    disturb("https", listener.port, clock);
    await until(clock, () => (listener.received[0]?.length ?? 0) >= 50);
    const hello = listener.received[0] ?? Buffer.alloc(0);
    expect(hello.subarray(0, 11).toString("hex")).toBe("160301002d010000290301");
    expect(hello.length).toBe(5 + 0x2d);
  });

  test("unknown sends bytes of no protocol", async () => {
    using listener = new Listener();
    const clock = new FakeClock();
    disturb("unknown", listener.port, clock);
    await until(clock, () => (listener.received[0]?.length ?? 0) > 0);
    expect(listener.received[0]?.toString("hex")).toBe("a55a0001fffe00");
  });

  test("trickle sends a byte a second over one connection", async () => {
    using listener = new Listener();
    const clock = new FakeClock();
    const trickle = disturb("trickle", listener.port, clock);
    await until(clock, () => trickle.count === 1);
    for (const text of ["P", "PO", "POS"]) {
      await clock.advance(1000);
      await until(clock, () => listener.received[0]?.toString() === text);
    }
    await clock.advance(PERIOD_MS);
    await until(clock, () => listener.received[0]?.toString() === "POST / HTTP/1.");
    expect(listener.received.length).toBe(1);
  });

  test("stop() closes everything and connects no more", async () => {
    using listener = new Listener();
    const clock = new FakeClock();
    const silent = disturb("silent", listener.port, clock);
    await until(clock, () => silent.count === 1 && listener.openCount === 1);
    silent.stop();
    await until(clock, () => listener.openCount === 0);
    expect(clock.plannedCount).toBe(0);
  });

  test("a server that is not there is no trouble", async () => {
    const clock = new FakeClock();
    const listener = new Listener();
    listener[Symbol.dispose]();
    const silent = disturb("silent", listener.port, clock);
    await clock.advance(PERIOD_MS);
    expect(silent.count).toBe(0);
  });
});
