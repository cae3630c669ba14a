/**
 * Aim: the token endpoint answers every case of contract.md 2.1, keeps tokens over a restart, and
 * cannot be guessed at.
 */

import { describe, expect, test } from "bun:test";
import { ApiFixture, CLIENT_SECRET, field, SIGNING_KEY, textField } from "../api-fixture.ts";

const GOOD = { client_id: "hris_system", client_secret: CLIENT_SECRET };
const INCOMPLETE = { error: "Bad Request", message: "client_id and client_secret required" };

function claimsOf(token: string): unknown {
  const [, payload = ""] = token.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}

function tokens(change: { readonly allowedClients?: readonly string[] }) {
  const settings = { signingKey: SIGNING_KEY, expiryHours: 24, clientSecret: CLIENT_SECRET };
  return { tokens: { ...settings, allowedClients: [], ...change } };
}

describe("POST /api/auth/token", () => {
  test("gives a token for the secret, in the contract's shape", async () => {
    const answer = await new ApiFixture().requestToken(GOOD);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      expires_in: "24 hours",
      client_id: "hris_system",
    });
  });

  test("writes subject, id, expiry and scope into the token", async () => {
    const fixture = new ApiFixture();
    const first = claimsOf(await fixture.token());
    const second = claimsOf(await fixture.token());
    const issuedAt = Math.floor(fixture.clock.nowMs() / 1000);
    expect(first).toMatchObject({
      sub: "hris_system",
      scope: "read write admin",
      exp: issuedAt + 24 * 3600,
      iat: expect.any(Number),
    });
    expect(textField(first, "jti")).not.toBe(textField(second, "jti"));
  });

  test("takes a numeric client_id and echoes it as a number", async () => {
    const answer = await new ApiFixture().requestToken({ ...GOOD, client_id: 42 });
    expect(field(answer.json, "client_id")).toBe(42);
    expect(claimsOf(textField(answer.json, "token"))).toMatchObject({ sub: "42" });
  });

  test.each([
    ["no client_id", { client_secret: CLIENT_SECRET }],
    ["an empty client_id", { ...GOOD, client_id: "" }],
    ["no client_secret", { client_id: "hris_system" }],
    ["an empty client_secret", { ...GOOD, client_secret: "" }],
    ["an empty object", {}],
    ["null", null],
    ["a list", [GOOD]],
    ["a text", '"hris_system"'],
    ["a number", 7],
  ])("answers 400 with the contract's words to %s", async (_case, body) => {
    const answer = await new ApiFixture().requestToken(body);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual(INCOMPLETE);
  });

  test("takes a body with further fields", async () => {
    const answer = await new ApiFixture().requestToken({ ...GOOD, grant_type: "secret" });
    expect(answer.status).toBe(200);
  });

  test("answers 413 to credentials over 64 KiB", async () => {
    const answer = await new ApiFixture().requestToken({ ...GOOD, x: "x".repeat(64 * 1024) });
    expect([answer.status, field(answer.json, "error")]).toEqual([413, "Content Too Large"]);
  });

  test("answers 400 to malformed JSON, with the same keys", async () => {
    const answer = await new ApiFixture().requestToken("{");
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ error: "Bad Request", message: "The body is not JSON" });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonish"])(
    "answers 415 to the content type %s",
    async (contentType) => {
      const answer = await new ApiFixture().requestToken(GOOD, { "content-type": contentType });
      expect(answer.status).toBe(415);
      expect(field(answer.json, "error")).toBe("Unsupported Media Type");
    },
  );

  test("answers 415 when there is no body at all", async () => {
    const answer = await new ApiFixture().call("/api/auth/token", { method: "POST" });
    expect(answer.status).toBe(415);
  });

  test("takes a content type with a charset", async () => {
    const headers = { "content-type": "application/json; charset=utf-8" };
    expect((await new ApiFixture().requestToken(GOOD, headers)).status).toBe(200);
  });

  test("answers 401 to a wrong secret", async () => {
    const answer = await new ApiFixture().requestToken({ ...GOOD, client_secret: "guess" });
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ error: "Unauthorized", message: "Invalid credentials" });
  });

  test("answers 403 to a client outside the whitelist, before it looks at the secret", async () => {
    const fixture = new ApiFixture(tokens({ allowedClients: ["hris_system"] }));
    const answer = await fixture.requestToken({ client_id: "other", client_secret: "guess" });
    expect(answer.status).toBe(403);
    expect(answer.json).toEqual({ error: "Forbidden", message: "Client not authorized" });
  });

  test("trims the whitelist, and takes an empty entry for none", async () => {
    const fixture = new ApiFixture(tokens({ allowedClients: ["other", " hris_system ", ""] }));
    expect((await fixture.requestToken(GOOD)).status).toBe(200);
    const open = new ApiFixture(tokens({ allowedClients: [""] }));
    expect((await open.requestToken(GOOD)).status).toBe(200);
  });

  test("gives tokens that outlive a restart", async () => {
    const token = await new ApiFixture().token();
    const headers = { authorization: `Bearer ${token}` };
    const answer = await new ApiFixture().call("/api/biometric/logs", { headers });
    expect(answer.status).toBe(200);
  });

  test("refuses an address after 10 failures in a minute, even with the right secret", async () => {
    const fixture = new ApiFixture();
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect((await fixture.requestToken({ ...GOOD, client_secret: "guess" })).status).toBe(401);
      await fixture.clock.advance(1_000);
    }
    const refused = await fixture.requestToken(GOOD);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("50");
    expect(refused.json).toEqual({ error: "Rate limit exceeded", message: "Too many requests" });
    await fixture.clock.advance(50_000);
    expect((await fixture.requestToken(GOOD)).status).toBe(200);
  });

  test("does not count successes as failures", async () => {
    const fixture = new ApiFixture();
    for (let attempt = 0; attempt < 30; attempt += 1) {
      expect((await fixture.requestToken(GOOD)).status).toBe(200);
    }
  });

  test("logs a refusal without the secret", async () => {
    const fixture = new ApiFixture();
    await fixture.requestToken({ ...GOOD, client_secret: "a-guessed-secret" });
    expect(fixture.log.of("token.refused")).toHaveLength(1);
    expect(JSON.stringify(fixture.log.lines)).not.toContain("a-guessed-secret");
  });
});
