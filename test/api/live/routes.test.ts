/**
 * Aim: `/ws` over a real port: who is let in, who is not and how that is told, and that no client,
 * however it behaves, keeps a terminal's punch from the disk.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { LiveHub } from "#api/live/hub.ts";
import { type RunningWebServer, startWebServer } from "#api/server.ts";
import { deviceId } from "#domain/identifiers.ts";
import { CommitQueue } from "#ingest/commit-queue.ts";
import { TcpPeer, until } from "../../devices/tcp-peer.ts";
import { openTestStorage, punchesFrom, rawPunch } from "../../support/test-storage.ts";
import { ApiFixture, field } from "../api-fixture.ts";
import { samplePunch } from "../fake-storage.ts";
import { tokenWithScope } from "../scoped-token.ts";

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function start(fixture: ApiFixture): RunningWebServer {
  const server = startWebServer({ ...fixture.options, hostname: "127.0.0.1", port: 0 });
  cleanups.push(() => server.stop());
  return server;
}

/** A client that keeps what it is told. */
class Watcher {
  readonly types: unknown[] = [];
  readonly users: unknown[] = [];
  closed: number | undefined;
  readonly socket: WebSocket;

  constructor(place: number | string, protocols: string | string[], headers = {}) {
    this.socket = new WebSocket(
      `ws://127.0.0.1:${place}${typeof place === "number" ? "/ws" : ""}`,
      {
        headers,
        ...(protocols.length === 0 ? {} : { protocols }),
      },
    );
    this.socket.addEventListener("message", ({ data }) => {
      const message: unknown = JSON.parse(String(data));
      this.types.push(field(message, "type"));
      if (field(message, "type") === "new_log") this.users.push(field(message, "data", "user_id"));
    });
    this.socket.addEventListener("close", ({ code }) => {
      this.closed = code;
    });
  }

  /** `place`: the port, or the port and the path. */
  static async open(place: number | string, token: string): Promise<Watcher> {
    const watcher = new Watcher(place, [], { authorization: `Bearer ${token}` });
    await until(() => watcher.types.length > 0);
    return watcher;
  }
}

describe("GET /ws", () => {
  test("lets in with a token in the header, as the original's documents show it", async () => {
    const fixture = new ApiFixture();
    const { port } = start(fixture);
    const watcher = await Watcher.open(port, await fixture.token());
    expect(watcher.types).toEqual(["status"]);
    fixture.storage.punches.push(samplePunch(1));
    fixture.options.live.wake();
    await until(() => watcher.users.length > 0);
    expect(watcher.users).toEqual([6]);
    watcher.socket.send('{"type":"ping"}');
    await until(() => watcher.types.includes("pong"));
    watcher.socket.close();
    await until(() => fixture.options.live.clientCount === 0);
  });

  test("tells events only to who asks for them in the address", async () => {
    const fixture = new ApiFixture();
    const { port } = start(fixture);
    const token = await fixture.token();
    const plain = await Watcher.open(port, token);
    const asking = await Watcher.open(`${port}/ws?events=1`, token);
    const data = { detail: "48 MB are free" };
    const atMs = fixture.clock.nowMs();
    fixture.storage.events.push({
      sequence: 1,
      id: "e-1",
      type: "disk.low",
      deviceId: "",
      atMs,
      data,
    });
    fixture.storage.punches.push(samplePunch(1));
    fixture.options.live.wake();
    await until(() => asking.types.length === 3 && plain.types.length === 2);
    expect(plain.types).toEqual(["status", "new_log"]);
    expect(asking.types).toEqual(["status", "new_log", "disk.low"]);
    plain.socket.close();
    asking.socket.close();
  });

  test("lets a browser in with the token behind the protocol, which it is answered", async () => {
    const fixture = new ApiFixture();
    const { port } = start(fixture);
    const watcher = new Watcher(port, ["bearer", await fixture.token()]);
    await until(() => watcher.types.length > 0);
    expect(watcher.socket.protocol).toBe("bearer");
    watcher.socket.close();
  });

  test.each([
    ["no token", {}],
    ["a forged token", { authorization: "Bearer forged" }],
    ["a forged token behind the protocol", { "sec-websocket-protocol": "bearer, forged" }],
    ["a protocol without a token", { "sec-websocket-protocol": "bearer" }],
    ["another protocol", { "sec-websocket-protocol": "chat, forged" }],
  ])("answers 401 as JSON, before the upgrade, to %s", async (_what, headers) => {
    const fixture = new ApiFixture();
    const { port } = start(fixture);
    const response = await fetch(`http://127.0.0.1:${port}/ws`, {
      headers: { ...UPGRADE, ...headers },
    });
    expect(response.status).toBe(401);
    expect(field(await response.json(), "error")).toBe("Unauthorized");
    expect(fixture.options.live.clientCount).toBe(0);
  });

  test("takes no token in the address, and none behind a protocol without an upgrade", async () => {
    const fixture = new ApiFixture();
    const { port } = start(fixture);
    const token = await fixture.token();
    const inAddress = await fetch(`http://127.0.0.1:${port}/ws?token=${token}`, {
      headers: UPGRADE,
    });
    expect(inAddress.status).toBe(401);
    const headers = { "sec-websocket-protocol": `bearer, ${token}` };
    expect((await fetch(`http://127.0.0.1:${port}/v1/punches`, { headers })).status).toBe(401);
  });

  test("answers 403 to a token that may not read", async () => {
    const fixture = new ApiFixture();
    const { port } = start(fixture);
    const authorization = `Bearer ${await tokenWithScope(fixture, "write")}`;
    const response = await fetch(`http://127.0.0.1:${port}/ws`, {
      headers: { ...UPGRADE, authorization },
    });
    expect(response.status).toBe(403);
  });

  test.each([
    ["a plain GET", {}],
    ["an upgrade to something else", { Connection: "Upgrade", Upgrade: "h2c" }],
    ["an upgrade without a key", { Connection: "Upgrade", Upgrade: "websocket" }],
  ])("answers 400 as JSON to %s", async (_what, headers) => {
    const fixture = new ApiFixture();
    const { port } = start(fixture);
    const authorization = `Bearer ${await fixture.token()}`;
    const response = await fetch(`http://127.0.0.1:${port}/ws`, {
      headers: { ...headers, authorization },
    });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: "Bad Request", message: "This path takes WebSocket connections only" },
    ]);
  });

  test("answers 503 when 64 are there, lets in again when one has gone, and ends with the port", async () => {
    const fixture = new ApiFixture({ rateLimit: { requests: 1000, windowSeconds: 60 } });
    const server = start(fixture);
    const token = await fixture.token();
    const watchers: Watcher[] = [];
    for (let count = 0; count < 64; count += 1) {
      watchers.push(await Watcher.open(server.port, token));
    }
    const headers = { ...UPGRADE, authorization: `Bearer ${token}` };
    const refused = await fetch(`http://127.0.0.1:${server.port}/ws`, { headers });
    expect([refused.status, field(await refused.json(), "error")]).toEqual([
      503,
      "Service Unavailable",
    ]);
    // Those who listen take no place from those who ask.
    const health = await fetch(`http://127.0.0.1:${server.port}/healthz`);
    expect(health.status).toBe(200);
    watchers[0]?.socket.close();
    await until(() => fixture.options.live.clientCount === 63);
    const another = await Watcher.open(server.port, token);
    await server.stop();
    await until(
      () => another.closed !== undefined && watchers.every((one) => one.closed !== undefined),
    );
    expect(another.closed).toBe(1001);
  });

  test("ends the connection of who says more than a kilobyte at once", async () => {
    const fixture = new ApiFixture();
    const { port } = start(fixture);
    const watcher = await Watcher.open(port, await fixture.token());
    watcher.socket.send("x".repeat(1025));
    await until(() => watcher.closed !== undefined && fixture.options.live.clientCount === 0);
  });

  test("ends the connection when its token has expired", async () => {
    const fixture = new ApiFixture();
    const { port } = start(fixture);
    const watcher = await Watcher.open(port, await fixture.token());
    await fixture.clock.advance(24 * 3_600_000 + 20_000);
    await until(() => watcher.closed !== undefined);
    expect(watcher.closed).toBe(1008);
  });
});

describe("a client that does not read", () => {
  test("is put out, while every punch of the terminals is stored and told to the others", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const live = new LiveHub({
      storage,
      clock: new ApiFixture().clock,
      log: opened.log,
      siteTimeZone: "Asia/Manila",
      primaryDeviceId: deviceId("2401058352"),
    });
    const queue = new CommitQueue({
      append: (batch) => storage.append(batch),
      afterCommit: () => live.wake(),
      limits: { depthMax: 10_000, bytesMax: 100_000_000, batchMax: 100 },
      clock: opened.clock,
      log: opened.log,
    });
    const fixture = new ApiFixture({ storage, live });
    const { port } = start(fixture);
    const token = await fixture.token();
    const reader = await Watcher.open(port, token);
    const sleeper = await TcpPeer.connect(port, "127.0.0.1", true);
    const head = Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}\r\n`);
    sleeper.send(
      `GET /ws HTTP/1.1\r\nHost: box\r\nAuthorization: Bearer ${token}\r\n${head.join("")}\r\n`,
    );
    await until(() => live.clientCount === 2);

    // Longer than what the system keeps for a connection, and what may wait beside it.
    let stored = 0;
    const isPutOut = () => live.clientCount === 1;
    while (!isPutOut()) {
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, (_, index) => {
          const time = new Date(Date.UTC(2026, 2, 1, 0, 0, stored + index));
          const wallTime = time.toISOString().slice(0, 19).replaceAll(/[-T:]/g, "");
          const user = `${"x".repeat(60)}${index % 10}`;
          return queue.submit(punchesFrom("GATE", [rawPunch(user, wallTime)]));
        }),
      );
      for (const outcome of outcomes) expect(outcome).toEqual({ kind: "stored" });
      stored += outcomes.length;
      await until(() => reader.users.length === stored || reader.closed !== undefined);
    }
    expect(reader.closed).toBeUndefined();
    expect(reader.users).toHaveLength(stored);
    expect(new Set(reader.users).size).toBe(10);
    expect((await storage.figures()).punchCount).toBe(stored);
    sleeper.reset();
    reader.socket.close();
    await until(() => live.clientCount === 0);
  }, 60_000);
});
