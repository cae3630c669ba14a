/**
 * Aim: every protected path goes through the gate of contract.md 2.2 and 2.3: header, then token,
 * then rate limit, with the documented bodies.
 */

import { describe, expect, test } from "bun:test";
import { jwt } from "@elysiajs/jwt";
import type { WebApiOptions } from "#api/server.ts";
import {
  ApiFixture,
  addClient,
  CLIENT_SECRET,
  claimsOf,
  field,
  SIGNING_KEY,
} from "./api-fixture.ts";

const PROTECTED = [
  "/api/biometric/logs",
  "/api/biometric/status",
  "/api/biometric/devices",
  "/v1/punches",
  "/v1/punches/1",
];

/** A token with claims of the test's choice. */
function sign(
  claims: Record<string, string | number>,
  change: { readonly key?: Uint8Array; readonly alg?: string } = {},
): Promise<string> {
  const { key = SIGNING_KEY, alg = "HS256" } = change;
  return jwt({ name: "tokens", secret: key, alg }).decorator.tokens.sign(claims);
}

function tokens(change: Partial<WebApiOptions["tokens"]>): Partial<WebApiOptions> {
  const common = { signingKey: SIGNING_KEY, expiryHours: 24, allowedClients: [] };
  return { tokens: { ...common, clientSecret: CLIENT_SECRET, ...change } };
}

/** The status of a protected path with a token. */
async function statusOf(fixture: ApiFixture, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fixture.call("/api/biometric/logs", { headers })).status;
}

/** Whatever is changed below is the only fault. */
const GENUINE = claimsOf(await new ApiFixture().token());
const HOUR_AHEAD = Date.UTC(2026, 2, 2, 1, 15, 4) / 1000;
const CLAIMS = { ...GENUINE, scope: "read", exp: HOUR_AHEAD };

function without(claim: string): Record<string, string | number> {
  return Object.fromEntries(Object.entries(CLAIMS).filter(([name]) => name !== claim));
}

/** Puts another text for one of the three parts of a token. */
async function withPart(index: 0 | 1 | 2, change: (part: string) => string): Promise<string> {
  const parts = (await sign(CLAIMS)).split(".");
  parts[index] = change(parts[index] ?? "");
  return parts.join(".");
}

function encode(json: unknown): string {
  return Buffer.from(JSON.stringify(json)).toString("base64url");
}

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

  test("takes a token of the claims that the tests below change", async () => {
    expect(await statusOf(new ApiFixture(), await sign(CLAIMS))).toBe(200);
  });

  test.each([
    ["no token at all", async () => "nonsense"],
    ["two words", async () => "two words"],
    ["a token of another key", () => sign(CLAIMS, { key: new Uint8Array(32).fill(1) })],
    ["a token of another algorithm", () => sign(CLAIMS, { alg: "HS512" })],
    ["an expired token", () => sign({ ...CLAIMS, exp: HOUR_AHEAD - 3601 })],
    ["a token of the future", () => sign({ ...CLAIMS, nbf: HOUR_AHEAD })],
    ["a token without subject", () => sign(without("sub"))],
    ["a token without id", () => sign(without("jti"))],
    ["a token without expiry", () => sign(without("exp"))],
    ["a token without scope", () => sign(without("scope"))],
    ["a token without a secret's fingerprint", () => sign(without("cred"))],
    ["a fingerprint of another secret", () => sign({ ...CLAIMS, cred: "A".repeat(43) })],
    ["a numeric scope", () => sign({ ...CLAIMS, scope: 7 })],
    ["changed claims", () => withPart(1, () => encode({ ...CLAIMS, scope: "admin" }))],
    ["a changed signature", () => withPart(2, (part) => part.split("").reverse().join(""))],
    ["an empty signature", () => withPart(2, () => "")],
    ["a cut signature", () => withPart(2, (part) => part.slice(0, -1))],
    ["a longer token", async () => `${await sign(CLAIMS)}.`],
    ["an unsigned token", async () => `${encode({ alg: "none", typ: "JWT" })}.${encode(CLAIMS)}.`],
    [
      "a signed token that says it is not",
      () => withPart(0, () => encode({ alg: "none", typ: "JWT" })),
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

  test.each(["write", "write read", "read", "admin", "", "reader"])(
    "asks a reader for the scope, and lets admin do everything: %p",
    async (scope) => {
      const headers = { authorization: `Bearer ${await sign({ ...CLAIMS, scope })}` };
      const answer = await new ApiFixture().call("/v1/punches", { headers });
      const mayRead = scope === "write read" || scope === "read" || scope === "admin";
      expect(answer.status).toBe(mayRead ? 200 : 403);
      if (mayRead) return;
      expect(field(answer.json, "code")).toBe("scope-missing");
      expect(answer.headers.get("www-authenticate")).toBe(
        'Bearer error="insufficient_scope", scope="read"',
      );
    },
  );
});

describe("a token in use", () => {
  test("outlives a restart, and dies with the main secret", async () => {
    const token = await new ApiFixture().token();
    expect(await statusOf(new ApiFixture(), token)).toBe(200);
    const changed = new ApiFixture(tokens({ clientSecret: `${CLIENT_SECRET}!` }));
    expect(await statusOf(changed, token)).toBe(401);
  });

  test("is asked for the whitelist again, which is trimmed", async () => {
    const token = await new ApiFixture().token("site.1");
    expect(
      await statusOf(new ApiFixture(tokens({ allowedClients: ["hris", " site.1"] })), token),
    ).toBe(200);
    expect(
      await statusOf(new ApiFixture(tokens({ allowedClients: ["hris", "site"] })), token),
    ).toBe(401);
  });

  test("of the main secret dies when its name is revoked, and others live", async () => {
    const fixture = new ApiFixture();
    const [revoked, other] = [await fixture.token("revoked"), await fixture.token("other")];
    await fixture.storage.revokeClient("revoked", fixture.clock.nowMs());
    expect(await statusOf(fixture, revoked)).toBe(401);
    expect(await statusOf(fixture, other)).toBe(200);
  });

  test("of the main secret dies when its name gets a secret of its own", async () => {
    const fixture = new ApiFixture();
    const token = await fixture.token("payroll");
    await addClient(fixture, "payroll", ["admin"]);
    expect(await statusOf(fixture, token)).toBe(401);
  });

  test("of a secret of its own outlives a restart and a change of the main secret", async () => {
    const fixture = new ApiFixture();
    const token = await fixture.token("a.b", await addClient(fixture, "a.b", ["read"]));
    const { storage } = fixture;
    const changed = tokens({ clientSecret: "another", allowedClients: ["hris_system"] });
    expect(await statusOf(new ApiFixture({ ...changed, storage }), token)).toBe(200);
  });

  test("of a secret of its own dies when it is revoked, and stays dead when it is added again", async () => {
    const fixture = new ApiFixture();
    const token = await fixture.token("payroll", await addClient(fixture, "payroll", ["read"]));
    expect(await statusOf(fixture, token)).toBe(200);
    await fixture.storage.revokeClient("payroll", fixture.clock.nowMs());
    expect(await statusOf(fixture, token)).toBe(401);
    const secret = await addClient(fixture, "payroll", ["read"]);
    expect(await statusOf(fixture, token)).toBe(401);
    expect(await statusOf(fixture, await fixture.token("payroll", secret))).toBe(200);
  });

  test("carries no secret, nor a digest that could be guessed at", async () => {
    const text = JSON.stringify(GENUINE);
    for (const encoding of ["hex", "base64", "base64url"] as const) {
      for (const secret of [CLIENT_SECRET, `credential:${CLIENT_SECRET}`]) {
        const digest = new Bun.CryptoHasher("sha256").update(secret).digest(encoding);
        expect(text).not.toContain(digest);
      }
    }
    expect(text).not.toContain(CLIENT_SECRET);
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
