/**
 * Aim: the token endpoint answers every case of contract.md 2.1, keeps tokens over a restart, and
 * cannot be guessed at.
 */

import { describe, expect, test } from "bun:test";
import {
  ApiFixture,
  addClient,
  CLIENT_SECRET,
  claimsOf,
  field,
  SIGNING_KEY,
  textField,
} from "../api-fixture.ts";

const GOOD = { client_id: "hris_system", client_secret: CLIENT_SECRET };
const INCOMPLETE = { error: "Bad Request", message: "client_id and client_secret required" };

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
    expect(first).toEqual({
      sub: "hris_system",
      jti: expect.any(String),
      cred: expect.any(String),
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

  test.each(["42", "hris.site.1", "Ä 漢字 😀", "a b", "x".repeat(256), 1.5, -7])(
    "takes the client_id %p, and echoes it as it came",
    async (clientId) => {
      const fixture = new ApiFixture();
      const answer = await fixture.requestToken({ ...GOOD, client_id: clientId });
      expect(field(answer.json, "client_id")).toBe(clientId);
      const token = textField(answer.json, "token");
      expect(claimsOf(token).sub).toBe(String(clientId));
      const headers = { authorization: `Bearer ${token}` };
      expect((await fixture.call("/api/biometric/logs", { headers })).status).toBe(200);
    },
  );

  test.each([
    ["a control character", '"a\\u0000b"'],
    ["a line end", '"a\\nb"'],
    ["half a character", '"\\ud800"'],
    ["257 characters", `"${"x".repeat(257)}"`],
    ["60,000 characters", `"${"x".repeat(60_000)}"`],
    ["a number that readers of JSON disagree on", "9007199254740993"],
  ])("answers 400 to a client_id with %s, and says what is wanted", async (_case, clientId) => {
    const body = `{"client_id":${clientId},"client_secret":${JSON.stringify(CLIENT_SECRET)}}`;
    const answer = await new ApiFixture().requestToken(body);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      error: "Bad Request",
      message:
        "client_id must be a text of at most 256 characters without control characters, or a " +
        "number of at most 2^53",
    });
  });

  test.each([
    ["no client_id", { client_secret: CLIENT_SECRET }],
    ["an empty client_id", { ...GOOD, client_id: "" }],
    ["no client_secret", { client_id: "hris_system" }],
    ["an empty client_secret", { ...GOOD, client_secret: "" }],
    ["an empty object", {}],
    ["null", null],
    ["an empty list", []],
    ["a list", [GOOD]],
    ["a flag", true],
    ["a flag as client_id", { ...GOOD, client_id: true }],
    ["null as client_id", { ...GOOD, client_id: null }],
    ["a list as client_id", { ...GOOD, client_id: ["hris_system"] }],
    ["an object as client_id", { ...GOOD, client_id: {} }],
    ["a number beyond all", `{"client_id":1e999,"client_secret":"${CLIENT_SECRET}"}`],
    ["a number as client_secret", { ...GOOD, client_secret: 5 }],
    ["null as client_secret", { ...GOOD, client_secret: null }],
    ["a list as client_secret", { ...GOOD, client_secret: [CLIENT_SECRET] }],
    ["the fields of another case", { Client_ID: "hris_system", CLIENT_SECRET }],
    ["the fields below a prototype", `{"__proto__":${JSON.stringify(GOOD)}}`],
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
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  test.each([
    ["longer", `${CLIENT_SECRET}x`],
    ["shorter", CLIENT_SECRET.slice(1)],
    ["of another case", CLIENT_SECRET.toUpperCase()],
    ["with a blank behind", `${CLIENT_SECRET} `],
    ["with a NUL behind", `${CLIENT_SECRET}\u0000`],
    ["huge", CLIENT_SECRET.repeat(2_000)],
  ])("answers 401 to a secret that is %s", async (_case, clientSecret) => {
    const answer = await new ApiFixture().requestToken({ ...GOOD, client_secret: clientSecret });
    expect(answer.status).toBe(401);
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

  test("refuses an address after 10 guesses in a minute, even with the right secret", async () => {
    const fixture = new ApiFixture();
    for (let guess = 0; guess < 10; guess += 1) {
      const body = { client_id: `name ${guess}`, client_secret: `guess ${guess}` };
      expect((await fixture.requestToken(body)).status).toBe(401);
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

  test("lets no guesses pass that come together", async () => {
    const fixture = new ApiFixture();
    const guesses = Array.from({ length: 50 }, (_, guess) =>
      fixture.requestToken({ ...GOOD, client_secret: `guess ${guess}` }),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status).sort();
    expect(statuses).toEqual([...new Array(10).fill(401), ...new Array(40).fill(429)]);
  });

  test("lets a program in whose neighbour repeats one wrong secret, and slows that one down", async () => {
    const fixture = new ApiFixture();
    const stuck = { ...GOOD, client_secret: "the secret of last year" };
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect((await fixture.requestToken(stuck)).status).toBe(401);
    }
    expect((await fixture.requestToken(stuck)).status).toBe(429);
    expect((await fixture.requestToken(GOOD)).status).toBe(200);
  });

  test("lets a known program in while guesses under other names come from its address", async () => {
    const served = new ApiFixture();
    await served.token("hris_system");
    const listed = new ApiFixture(tokens({ allowedClients: ["hris_system", "other"] }));
    const added = new ApiFixture();
    const secret = await addClient(added, "hris_system", ["read"]);
    for (const fixture of [served, listed, added]) {
      for (let guess = 0; guess < 12; guess += 1) {
        const answer = await fixture.requestToken({ client_id: "x", client_secret: `${guess}` });
        expect(answer.status).not.toBe(200);
      }
      const right = fixture === added ? secret : CLIENT_SECRET;
      expect((await fixture.requestToken({ ...GOOD, client_secret: right })).status).toBe(200);
    }
  });

  test("logs no secret that came in the field of the name", async () => {
    const fixture = new ApiFixture();
    const secret = await addClient(fixture, "payroll", ["read"]);
    for (const misplaced of [CLIENT_SECRET, secret]) {
      await fixture.requestToken({ client_id: misplaced, client_secret: "payroll" });
    }
    expect(fixture.log.of("token.refused")).toHaveLength(2);
    for (const one of [CLIENT_SECRET, secret]) {
      expect(JSON.stringify(fixture.log.lines)).not.toContain(one);
    }
  });

  test("logs a refusal without the secret", async () => {
    const fixture = new ApiFixture();
    await fixture.requestToken({ ...GOOD, client_secret: "a-guessed-secret" });
    expect(fixture.log.of("token.refused")).toHaveLength(1);
    expect(JSON.stringify(fixture.log.lines)).not.toContain("a-guessed-secret");
  });
});

describe("POST /api/auth/token for a name of its own", () => {
  const OUTSIDE_WHITELIST = tokens({ allowedClients: ["hris_system"] });

  test("takes its own secret alone, whatever the whitelist, and gives its scopes", async () => {
    const fixture = new ApiFixture(OUTSIDE_WHITELIST);
    const secret = await addClient(fixture, "pay.roll", ["read", "write"]);
    const request = (clientSecret: string) =>
      fixture.requestToken({ client_id: "pay.roll", client_secret: clientSecret });
    expect((await request(CLIENT_SECRET)).status).toBe(401);
    const answer = await request(secret);
    expect(answer.json).toMatchObject({ success: true, client_id: "pay.roll" });
    expect(claimsOf(textField(answer.json, "token"))).toMatchObject({ scope: "read write" });
    const other = { client_id: "hris_system", client_secret: secret };
    expect((await fixture.requestToken(other)).status).toBe(401);
  });

  test("answers 403 once it is revoked, to any secret", async () => {
    const fixture = new ApiFixture();
    const secret = await addClient(fixture, "payroll", ["read"]);
    await fixture.storage.revokeClient("payroll", fixture.clock.nowMs());
    for (const clientSecret of [secret, CLIENT_SECRET]) {
      const body = { client_id: "payroll", client_secret: clientSecret };
      const answer = await fixture.requestToken(body);
      expect(answer.status).toBe(403);
      expect(answer.json).toEqual({ error: "Forbidden", message: "Client not authorized" });
    }
  });

  test("answers 403 to a revoked name that only ever used the main secret", async () => {
    const fixture = new ApiFixture(OUTSIDE_WHITELIST);
    await fixture.storage.revokeClient("hris_system", fixture.clock.nowMs());
    expect((await fixture.requestToken(GOOD)).status).toBe(403);
  });

  test("takes the new secret alone after it was revoked and added again", async () => {
    const fixture = new ApiFixture();
    const before = await addClient(fixture, "payroll", ["read"]);
    await fixture.storage.revokeClient("payroll", fixture.clock.nowMs());
    const after = await addClient(fixture, "payroll", ["admin"]);
    const request = (clientSecret: string) =>
      fixture.requestToken({ client_id: "payroll", client_secret: clientSecret });
    expect((await request(before)).status).toBe(401);
    expect((await request(after)).status).toBe(200);
  });

  test("is meant by a number too", async () => {
    const fixture = new ApiFixture();
    const secret = await addClient(fixture, "42", ["read"]);
    const answer = await fixture.requestToken({ client_id: 42, client_secret: secret });
    expect(field(answer.json, "client_id")).toBe(42);
    expect((await fixture.requestToken({ ...GOOD, client_id: 42 })).status).toBe(401);
  });
});
