/** Aim: the web port over a real socket: address limits, body limit, streams, stop, port taken. */

import { afterEach, describe, expect, test } from "bun:test";
import { type RunningWebServer, startWebServer } from "#api/server.ts";
import { AppError } from "#base/app-error.ts";
import { ApiFixture, CLIENT_SECRET, field } from "./api-fixture.ts";
import { samplePunch } from "./fake-storage.ts";

const started: RunningWebServer[] = [];

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

function start(fixture: ApiFixture): string {
  const server = startWebServer({ ...fixture.options, hostname: "127.0.0.1", port: 0 });
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
    for (let attempt = 0; attempt < 10; attempt += 1) await requestToken(base, "guess");
    expect((await requestToken(base, CLIENT_SECRET)).status).toBe(429);
    expect(fixture.log.of("token.refused")[0]?.fields.address).toBe("127.0.0.1");
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

  test("refuses a body over 1 MiB", async () => {
    const base = start(new ApiFixture());
    const response = await requestToken(base, "x".repeat(1024 * 1024 + 1));
    expect(response.status).toBe(413);
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
