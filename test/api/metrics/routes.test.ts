/** Aim: figures are told to the box itself, and to others only for a token, whatever a proxy hides. */

import { afterEach, describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { isFromBox } from "#api/metrics/routes.ts";
import { type RunningWebServer, startWebServer } from "#api/server.ts";
import { readExposition, readValue } from "../../support/exposition.ts";
import { ApiFixture, addClient } from "../api-fixture.ts";

let server: RunningWebServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

function start(fixture: ApiFixture, hostname = "127.0.0.1"): string {
  server = startWebServer({ ...fixture.options, hostname, port: 0 });
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `http://${host}:${server.port}`;
}

describe("GET /metrics", () => {
  test("answers the box itself without a token, by IPv4 and by IPv6", async () => {
    const interfaces = Object.values(networkInterfaces()).flat();
    const hasIpv6 = interfaces.some((one) => one?.address === "::1");
    for (const hostname of ["127.0.0.1", ...(hasIpv6 ? ["::1"] : [])]) {
      const answer = await fetch(`${start(new ApiFixture(), hostname)}/metrics`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
      expect(readExposition(await answer.text()).has("biometric_build_info")).toBe(true);
      await server?.stop();
    }
  });

  test("wants a token of what a proxy on the box passes on", async () => {
    const fixture = new ApiFixture();
    const url = `${start(fixture)}/metrics`;
    const headers = { "x-forwarded-for": "192.0.2.7" };
    const refused = await fetch(url, { headers });
    expect([refused.status, await refused.json()]).toEqual([
      401,
      { error: "Unauthorized", message: "Missing or invalid token" },
    ]);
    const authorization = `Bearer ${await fixture.token()}`;
    expect((await fetch(url, { headers: { ...headers, authorization } })).status).toBe(200);
  });

  test("takes a token that may read, where nothing says that the caller is on the box", async () => {
    const fixture = new ApiFixture();
    expect((await fixture.call("/metrics")).status).toBe(401);
    const token = await fixture.token(
      "prometheus",
      await addClient(fixture, "prometheus", ["read"]),
    );
    const authorization = `Bearer ${token}`;
    expect((await fixture.call("/metrics", { headers: { authorization } })).status).toBe(200);
    const writer = await fixture.token("writer", await addClient(fixture, "writer", ["write"]));
    const other = { headers: { authorization: `Bearer ${writer}` } };
    expect((await fixture.call("/metrics", other)).status).toBe(403);
  });

  test("names a parameter that it does not know", async () => {
    const answer = await new ApiFixture().get("/metrics?device=A");
    expect([answer.status, answer.json]).toEqual([
      400,
      { error: "Bad Request", message: 'Unknown query parameters: "device"' },
    ]);
  });

  test("counts requests by status, and those over the limit", async () => {
    const fixture = new ApiFixture({ rateLimit: { requests: 1, windowSeconds: 60 } });
    const base = start(fixture);
    const authorization = `Bearer ${await fixture.token()}`;
    const codes: number[] = [];
    for (const path of ["/v1/devices", "/v1/devices", "/nope", "/healthz"]) {
      codes.push((await fetch(`${base}${path}`, { headers: { authorization } })).status);
    }
    expect(codes).toEqual([200, 429, 404, 200]);
    const families = readExposition(await (await fetch(`${base}/metrics`)).text());
    const count = (code: string) => readValue(families, "biometric_http_requests_total", { code });
    expect([count("200"), count("429"), count("404")]).toEqual([2, 1, 1]);
    expect(readValue(families, "biometric_limits_reached_total", { limit: "api-rate" })).toBe(1);
  });
});

describe("isFromBox()", () => {
  test.each(["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"])("takes %s", (address) => {
    expect(isFromBox(address, new Headers({ host: "box" }))).toBe(true);
  });

  test.each([undefined, "", "192.168.1.20", "128.0.0.1", "::2", "fe80::1", "64:ff9b::7f00:1"])(
    "does not take %s",
    (address) => {
      expect(isFromBox(address, new Headers())).toBe(false);
    },
  );

  test.each(["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-proto"])(
    "does not take a request with the header %s",
    (name) => {
      expect(isFromBox("127.0.0.1", new Headers({ [name]: "1" }))).toBe(false);
    },
  );
});
