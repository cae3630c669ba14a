/**
 * Aim: the web port over a real socket: address limits, body limit, streams, stop, port taken, and
 * clients that never finish what they began.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readiness } from "#api/health/routes.ts";
import { type RunningWebServer, startWebServer, type WebServerOptions } from "#api/server.ts";
import { AppError } from "#base/app-error.ts";
import { TcpPeer, until } from "../devices/tcp-peer.ts";
import { eventually } from "../support/eventually.ts";
import { ApiFixture, CLIENT_SECRET, field } from "./api-fixture.ts";
import { samplePunch } from "./fake-storage.ts";

const TOKEN_REQUEST_HEAD =
  "POST /api/auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

/** More than a client secret ever is. */
const LARGE_BODY = "x".repeat(11 * 1024 * 1024);

function inChunks(text: string): string[] {
  const pieces = text.match(/.{1,5000}/g) ?? [];
  return [...pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`), "0\r\n\r\n"];
}

async function send(port: number, bytes: string): Promise<TcpPeer> {
  const client = await TcpPeer.connect(port);
  client.send(bytes);
  return client;
}

const started: RunningWebServer[] = [];

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

function readPem(name: "certificate" | "key"): string {
  return readFileSync(join(import.meta.dir, `../fixtures/tls/${name}.pem`), "utf8");
}

function start(fixture: ApiFixture, { tls }: Pick<WebServerOptions, "tls"> = {}): string {
  const server = startWebServer({ ...fixture.options, tls, hostname: "127.0.0.1", port: 0 });
  started.push(server);
  return `http://127.0.0.1:${server.port}`;
}

function requestToken(base: string, secret: string): Promise<Response> {
  return fetch(`${base}/api/auth/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_id: "hris_system", client_secret: secret }),
  });
}

describe("startWebServer()", () => {
  test("counts failed secrets by the address of the client", async () => {
    const fixture = new ApiFixture();
    const base = start(fixture);
    for (let attempt = 0; attempt < 10; attempt += 1) await requestToken(base, `guess ${attempt}`);
    expect((await requestToken(base, CLIENT_SECRET)).status).toBe(429);
    expect(fixture.log.of("token.refused")[0]?.fields.address).toBe("127.0.0.1");
  });

  test("is found by HTTPS under names of any length", async () => {
    const fixture = new ApiFixture();
    const tls = { cert: readPem("certificate"), key: readPem("key") };
    const base = start(fixture, { tls }).replace("http:", "https:");
    const ask = (path: string, Host: string) =>
      fetch(`${base}${path}`, { headers: { Host }, tls: { rejectUnauthorized: false } });
    for (const host of ["h", "hr", "hr:5050", "box", "box.example", "[::1]"]) {
      expect(await (await ask("/healthz", host)).json()).toEqual({ status: "alive" });
      expect((await ask("/v1/punches", host)).status).toBe(401);
      // Its peer is known: whoever asks on the box itself needs no token.
      expect((await ask("/metrics?format=text", host)).status).toBe(400);
    }
  });

  test("setClientRules() holds from the next request on", async () => {
    const fixture = new ApiFixture();
    const base = start(fixture);
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const ask = async () => (await fetch(`${base}/v1/punches`, { headers })).status;
    const login = async (secret: string) => (await requestToken(base, secret)).status;
    expect([await ask(), await ask()]).toEqual([200, 200]);
    const rules = { expiryHours: 1, clientSecret: CLIENT_SECRET, allowedClients: ["hris_system"] };
    const rateLimit = { requests: 3, windowSeconds: 60 };
    const [server] = started;
    server?.setClientRules({ tokens: rules, rateLimit });
    // What was asked before counts.
    expect([await ask(), await ask()]).toEqual([200, 429]);
    expect(await (await requestToken(base, CLIENT_SECRET)).json()).toMatchObject({
      expires_in: "1 hours",
    });
    server?.setClientRules({ tokens: { ...rules, clientSecret: "another" }, rateLimit });
    expect([await ask(), await login(CLIENT_SECRET), await login("another")]).toEqual([
      401, 401, 200,
    ]);
    server?.setClientRules({ tokens: { ...rules, allowedClients: ["payroll"] }, rateLimit });
    expect(await login(CLIENT_SECRET)).toBe(403);
  });

  test("streams an answer of many pages whole", async () => {
    const fixture = new ApiFixture();
    for (let id = 1; id <= 3_500; id += 1) fixture.storage.punches.push(samplePunch(id));
    const base = start(fixture);
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const response = await fetch(`${base}/api/biometric/logs`, { headers });
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    const body: unknown = await response.json();
    expect(field(body, "returned")).toBe(3_500);
    expect(field(body, "logs", 3_499, "id")).toBe(1);
  });

  test("breaks the transfer off when storage fails in the middle", async () => {
    const fixture = new ApiFixture();
    for (let id = 1; id <= 3_500; id += 1) fixture.storage.punches.push(samplePunch(id));
    fixture.storage.failLogsFromCall = 3;
    const base = start(fixture);
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const transfer = fetch(`${base}/api/biometric/logs`, { headers }).then((one) => one.json());
    await expect(transfer).rejects.toThrow();
    expect(fixture.log.of("api.cut-off")).toHaveLength(1);
  });

  test.each([
    ["of a declared length", [`Content-Length: ${LARGE_BODY.length}\r\n\r\n`, LARGE_BODY]],
    [
      "in chunks",
      ["Transfer-Encoding: chunked\r\n\r\n", ...inChunks(LARGE_BODY.slice(0, 100_000))],
    ],
  ])("refuses too large a body %s in JSON, to a client that sends on", async (_, parts) => {
    const fixture = new ApiFixture();
    const port = Number(new URL(start(fixture)).port);
    const client = await send(port, TOKEN_REQUEST_HEAD);
    for (const part of parts) client.send(part);
    await until(() => client.receivedText.includes("The body is larger than 65536 bytes"));
    expect(client.receivedText).toStartWith("HTTP/1.1 413 ");
    expect(client.receivedText).toContain("\r\nContent-Type: application/json\r\n");
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });

  test("takes the next request of a connection after too large a body", async () => {
    const port = Number(new URL(start(new ApiFixture())).port);
    const client = await send(port, TOKEN_REQUEST_HEAD);
    client.send(`Content-Length: ${LARGE_BODY.length}\r\n\r\n${LARGE_BODY}`);
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until(() => client.receivedText.includes('{"status":"alive"}'));
  });

  test("closes the connection of a client that would send without end", async () => {
    const port = Number(new URL(start(new ApiFixture())).port);
    const client = await send(port, TOKEN_REQUEST_HEAD);
    client.send(`Content-Length: ${2 ** 50}\r\n\r\n`);
    const answer = await client.receiveAll();
    expect(answer).toStartWith("HTTP/1.1 413 ");
    expect(answer).toContain("\r\nConnection: close\r\n");
    expect(answer).toEndWith('"message":"The body is larger than 65536 bytes"}');
  });

  test("answers on kept connections and stops while they are open", async () => {
    const fixture = new ApiFixture();
    const server = startWebServer({ ...fixture.options, hostname: "127.0.0.1", port: 0 });
    const base = `http://127.0.0.1:${server.port}`;
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    const stopping = server.stop();
    await fixture.clock.advance(5_000);
    await stopping;
    await expect(fetch(`${base}/healthz`)).rejects.toThrow();
  });

  test.each([
    ["half a request line", "GET /heal"],
    ["half a head", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"],
    ["half a body", `${TOKEN_REQUEST_HEAD}Content-Length: 100\r\n\r\n{"client_id":`],
  ])("does not wait for the rest of %s when it stops", async (_, begun) => {
    const fixture = new ApiFixture();
    const server = startWebServer({ ...fixture.options, hostname: "127.0.0.1", port: 0 });
    const client = await send(server.port, begun);
    // The answer to a later request says that the earlier bytes have been read.
    await fetch(`http://127.0.0.1:${server.port}/healthz`);
    await server.stop();
    expect(fixture.clock.plannedCount).toBe(0);
    expect(await client.receiveAll()).toBe("");
  });

  test("lets a running request end when it stops, and no longer than 5 s", async () => {
    const readiness = Promise.withResolvers<Readiness>();
    const began = Promise.withResolvers<void>();
    const fixture = new ApiFixture({
      readiness: () => {
        began.resolve();
        return readiness.promise;
      },
    });
    const server = startWebServer({ ...fixture.options, hostname: "127.0.0.1", port: 0 });
    const request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const client = await send(server.port, request);
    await began.promise;
    const stopping = server.stop();
    await fixture.clock.advance(4_000);
    readiness.resolve({ problems: [], notes: [] });
    expect(await client.receiveAll()).toEndWith('{"status":"ready"}');
    await fixture.clock.advance(100);
    await stopping;

    const second = startWebServer({
      ...fixture.options,
      hostname: "127.0.0.1",
      port: 0,
      readiness: () => new Promise(() => {}),
    });
    const stuck = await send(second.port, request);
    await fetch(`http://127.0.0.1:${second.port}/healthz`);
    const stoppingSecond = second.stop();
    await fixture.clock.advance(5_000);
    await stoppingSecond;
    expect(await stuck.receiveAll()).toBe("");
  });

  test("refuses a request while 256 are open, says when to come again, and recovers", async () => {
    const fixture = new ApiFixture();
    const base = start(fixture);
    const port = Number(new URL(base).port);
    const begun = `${TOKEN_REQUEST_HEAD}Content-Length: 100\r\n\r\n`;
    const open = Array.from({ length: 256 }, () => send(port, begun));
    const clients = await Promise.all(open);
    await eventually(
      "256 open requests",
      async () => (await fetch(`${base}/api/biometric/logs`)).status === 503,
    );
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    expect((await fetch(`${base}/readyz`)).status).toBe(200);

    const original = await fetch(`${base}/api/biometric/logs`);
    expect([original.status, original.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(original.headers.get("connection")).toBe("close");
    expect(await original.json()).toEqual({
      error: "Service Unavailable",
      message: "Too many requests are open",
    });
    const problem: unknown = await (await fetch(`${base}/v1/punches`)).json();
    expect(problem).toMatchObject({ code: "too-many-open", status: 503 });
    expect(fixture.log.of("api.full").length).toBeGreaterThan(0);

    for (const client of clients) client.reset();
    await eventually(
      "room again",
      async () => (await fetch(`${base}/api/biometric/logs`)).status === 401,
    );
  });

  test("fails with port-unavailable and a hint when the port is taken", () => {
    const fixture = new ApiFixture();
    const port = Number(new URL(start(fixture)).port);
    try {
      startWebServer({ ...fixture.options, hostname: "127.0.0.1", port });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      expect(field(error, "code")).toBe("port-unavailable");
      expect(field(error, "hint")).toContain(String(port));
    }
  });
});
