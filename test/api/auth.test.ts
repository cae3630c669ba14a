/**
 * Aim: every protected path goes through the gate of contract.md 2.2 and 2.3: header, then token,
 * then rate limit, with the documented bodies.
 */

import { describe, expect, test } from "bun:test";
import { jwt } from "@elysiajs/jwt";
import { ApiFixture, CLIENT_SECRET, field, SIGNING_KEY } from "./api-fixture.ts";

const PROTECTED = [
  "/api/biometric/logs",
  "/api/biometric/status",
  "/api/biometric/devices",
  "/v1/punches",
  "/v1/punches/1",
];

/** A token with claims of the test's choice. */
function sign(claims: Record<string, string | number>, key = SIGNING_KEY): Promise<string> {
  return jwt({ name: "tokens", secret: key }).decorator.tokens.sign(claims);
}

const HOUR_AHEAD = Date.UTC(2026, 2, 2, 1, 15, 4) / 1000;
const CLAIMS = { sub: "hris_system", jti: "1", scope: "read", exp: HOUR_AHEAD };

describe("the bearer gate", () => {
  test.each(PROTECTED)("answers 401 without a header on %s", async (path) => {
    const answer = await new ApiFixture().call(path);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    if (path.startsWith("/v1/")) {
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(answer.json).toEqual({
        type: "urn:biometric-server:problem:token-missing",
        code: "token-missing",
        title: "Unauthorized",
        status: 401,
        detail: "Missing or invalid token",
      });
    } else {
      expect(answer.json).toEqual({ error: "Unauthorized", message: "Missing or invalid token" });
    }
  });

  test.each(["Basic aGk6aGk=", "Bearer", "token"])(
    "answers 401 to the header %s",
    async (value) => {
      const answer = await new ApiFixture().call("/api/biometric/logs", {
        headers: { authorization: value },
      });
      expect(answer.status).toBe(401);
      expect(field(answer.json, "message")).toBe("Missing or invalid token");
    },
  );

  test.each(["Bearer", "bearer", "BEARER", "bEaReR"])("takes the scheme as %s", async (scheme) => {
    const fixture = new ApiFixture();
    const headers = { authorization: `${scheme} ${await fixture.token()}` };
    expect((await fixture.call("/api/biometric/logs", { headers })).status).toBe(200);
  });

  test.each([
    ["no token at all", async () => "nonsense"],
    ["two words", async () => "two words"],
    ["a token of another key", () => sign(CLAIMS, new Uint8Array(32).fill(1))],
    ["an expired token", () => sign({ ...CLAIMS, exp: HOUR_AHEAD - 3601 })],
    ["a token without expiry", () => sign({ sub: "hris_system", jti: "1", scope: "read" })],
    ["a token without scope", () => sign({ sub: "hris_system", jti: "1", exp: HOUR_AHEAD })],
    [
      "an unsigned token",
      async () => {
        const [, payload = ""] = (await sign(CLAIMS)).split(".");
        const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
        return `${header}.${payload}.`;
      },
    ],
    ["the original's own form", async () => `hris_system.1735776931.${"a".repeat(64)}`],
  ])("answers 401 Invalid token to %s", async (_case, makeToken) => {
    const headers = { authorization: `Bearer ${await makeToken()}` };
    const answer = await new ApiFixture().call("/api/biometric/logs", { headers });
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ error: "Unauthorized", message: "Invalid token" });
    expect(answer.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
  });

  test("takes a token until it expires", async () => {
    const fixture = new ApiFixture();
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    await fixture.clock.advance(24 * 3_600_000 - 1_000);
    expect((await fixture.call("/api/biometric/logs", { headers })).status).toBe(200);
    await fixture.clock.advance(1_000);
    expect((await fixture.call("/api/biometric/logs", { headers })).status).toBe(401);
  });

  test("asks the whitelist again when a token is used", async () => {
    const token = await new ApiFixture().token("dismissed");
    const narrowed = new ApiFixture({
      tokens: {
        signingKey: SIGNING_KEY,
        expiryHours: 24,
        clientSecret: CLIENT_SECRET,
        allowedClients: ["hris_system"],
      },
    });
    const headers = { authorization: `Bearer ${token}` };
    expect((await narrowed.call("/api/biometric/logs", { headers })).status).toBe(401);
  });

  test("answers 403 to a token without the scope, and lets admin do everything", async () => {
    const fixture = new ApiFixture();
    const call = async (scope: string) => {
      const token = await sign({ ...CLAIMS, scope });
      return fixture.call("/v1/punches", { headers: { authorization: `Bearer ${token}` } });
    };
    const refused = await call("write");
    expect(refused.status).toBe(403);
    expect(field(refused.json, "code")).toBe("scope-missing");
    expect((await call("admin")).status).toBe(200);
    expect((await call("write read")).status).toBe(200);
  });
});

describe("the rate limit of the gate", () => {
  const rateLimit = { requests: 3, windowSeconds: 60 };

  test("lets N requests of a client through, over all its tokens and paths together", async () => {
    const fixture = new ApiFixture({ rateLimit });
    for (const path of ["/api/biometric/logs", "/api/biometric/status", "/v1/punches"]) {
      expect((await fixture.get(path)).status).toBe(200);
    }
    const refused = await fixture.get("/api/biometric/devices");
    expect(refused.status).toBe(429);
    expect(refused.json).toEqual({ error: "Rate limit exceeded", message: "Too many requests" });
    expect(refused.headers.get("retry-after")).toBe("60");
    const problem = await fixture.get("/v1/punches");
    expect(problem.status).toBe(429);
    expect(field(problem.json, "code")).toBe("rate-limited");
  });

  test("does not count what it refused, and lets the next through in time", async () => {
    const fixture = new ApiFixture({ rateLimit });
    for (let count = 0; count < 3; count += 1) await fixture.get("/api/biometric/logs");
    await fixture.clock.advance(59_000);
    const refused = await fixture.get("/api/biometric/logs");
    expect(refused.headers.get("retry-after")).toBe("1");
    await fixture.clock.advance(1_000);
    expect((await fixture.get("/api/biometric/logs")).status).toBe(200);
  });

  test("counts each client by itself", async () => {
    const fixture = new ApiFixture({ rateLimit: { requests: 1, windowSeconds: 60 } });
    const call = async (client: string) => {
      const headers = { authorization: `Bearer ${await fixture.token(client)}` };
      return (await fixture.call("/api/biometric/logs", { headers })).status;
    };
    expect([await call("a"), await call("a"), await call("b")]).toEqual([200, 429, 200]);
  });

  test("comes after the token: a bad token is 401 even from a client over the limit", async () => {
    const fixture = new ApiFixture({ rateLimit: { requests: 1, windowSeconds: 60 } });
    await fixture.get("/api/biometric/logs");
    const headers = { authorization: "Bearer bad" };
    expect((await fixture.call("/api/biometric/logs", { headers })).status).toBe(401);
  });
});
