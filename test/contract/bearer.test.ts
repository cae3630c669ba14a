/**
 * Aim: everything that shows a punch, a user or a device, or changes anything, is behind the check
 * of contract 2.2 and the rate limit of 2.3, in the contract's order: header, token, limit, handler.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { expectRow, PRIMARY, type Row, readJson, refusal, SECRET, Site } from "./contract-site.ts";
import { PROTECTED } from "./endpoints.ts";
import { KNOWN_PUNCHES } from "./known-punches.ts";

setDefaultTimeout(30_000);

const ABSENT = refusal("Unauthorized", "Missing or invalid token");
const INVALID = refusal("Unauthorized", "Invalid token");
const CHALLENGE = { "www-authenticate": /^Bearer\b/ };

describe("the bearer check", () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
    await site.punch(...KNOWN_PUNCHES);
  });
  afterAll(() => site[Symbol.asyncDispose]());

  test.each(PROTECTED)(
    "$method $path wants a token before anything else",
    async ({ method, path }) => {
      const ask = `${method} ${path}`;
      // A body that is no JSON: who has no token hears of nothing but the token.
      const body =
        method === "GET" ? {} : { body: "{", headers: { "Content-Type": "application/json" } };
      await expectRow(site, {
        what: "no header",
        ask,
        with: { token: null, ...body },
        status: 401,
        shape: ABSENT,
        headers: CHALLENGE,
      });
      await expectRow(site, {
        what: "a forged token",
        ask,
        with: { token: "forged", ...body },
        status: 401,
        shape: INVALID,
        headers: CHALLENGE,
      });
    },
  );

  const rows: readonly (readonly [what: string, authorization: string, shape: Row["shape"]])[] = [
    ["another scheme", "Basic aHJpczpzZWNyZXQ=", ABSENT],
    ["the scheme alone", "Bearer", ABSENT],
    ["no space", "Bearerabc", ABSENT],
    ["nonsense", "Bearer nonsense", INVALID],
    ["three parts of nonsense", "Bearer a.b.c", INVALID],
    ["the replaced server's form", `Bearer hris_system.1735776931.${"ab".repeat(32)}`, INVALID],
    [
      "a token signed by nobody",
      `Bearer ${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from('{"sub":"hris_system","jti":"1","exp":9999999999,"scope":"admin"}').toString("base64url")}.`,
      INVALID,
    ],
  ];
  test.each(rows)("%s is refused", async (what, authorization, shape) => {
    await expectRow(site, {
      what,
      ask: "GET /api/biometric/logs",
      with: { token: null, headers: { Authorization: authorization } },
      status: 401,
      shape,
      headers: CHALLENGE,
    });
  });

  test("a token of which one character is changed is refused, wherever it is", async () => {
    const token = await site.token();
    for (let index = 0; index < token.length; index += 7) {
      const letter = token[index] === "A" ? "B" : "A";
      const changed = token.slice(0, index) + letter + token.slice(index + 1);
      const answer = await site.call("GET /api/biometric/logs", { token: changed });
      // The last character of a part carries bits that mean nothing.
      if (Buffer.from(changed, "base64url").equals(Buffer.from(token, "base64url"))) continue;
      expect([index, answer.status]).toEqual([index, 401]);
    }
  });

  test.each(["bearer", "BEARER", "bEaReR"])("the scheme is taken as %p too", async (scheme) => {
    const headers = { Authorization: `${scheme} ${await site.token()}` };
    const answer = await site.call("GET /api/biometric/logs", { token: null, headers });
    expect(answer.status).toBe(200);
  });

  test("a refusal tells nothing of punches, users, devices or the secret", async () => {
    for (const { method, path } of PROTECTED) {
      const { text, headers } = await site.call(`${method} ${path}`, { token: null });
      for (const known of [PRIMARY, "A-17", SECRET]) {
        expect(text).not.toContain(known);
        expect(JSON.stringify([...headers])).not.toContain(known);
      }
    }
  });
});

describe("the rate limit", () => {
  const LIMIT = 5;
  const REFUSED: Omit<Row, "ask"> = {
    what: "over the limit",
    status: 429,
    shape: refusal("Rate limit exceeded", "Too many requests"),
    headers: { "retry-after": /^([1-9]|[1-5]\d|60)$/ },
  };

  test("lets N requests of a client through in a window, over all endpoints and tokens together", async () => {
    await using site = await Site.open({ HRIS_RATE_LIMIT_REQUESTS: String(LIMIT) });
    const tokens = [
      await site.requestToken("payroll", SECRET),
      await site.requestToken("payroll", SECRET),
    ] as const;
    const paths = ["/api/biometric/logs", "/api/biometric/status", "/api/biometric/devices"];
    for (let count = 0; count < LIMIT; count += 1) {
      const token = tokens[count % 2] ?? tokens[0];
      const answer = await site.call(`GET ${paths[count % paths.length]}`, { token });
      expect([count, answer.status]).toEqual([count, 200]);
    }
    for (const token of tokens) {
      for (const path of paths)
        await expectRow(site, { ...REFUSED, ask: `GET ${path}`, with: { token } });
    }
    // Not limited: the token endpoint, what is open, and other clients.
    expect((await site.call("GET /api/biometric/logs")).status).toBe(200);
    expect((await site.call("GET /healthz", { token: null })).status).toBe(200);
    await site.requestToken("payroll", SECRET);
    // The check of the token comes first.
    expect((await site.call("GET /api/biometric/logs", { token: null })).status).toBe(401);
  });

  test("counts no refused request, and lets the client in again when the window has passed", async () => {
    await using site = await Site.open({
      HRIS_RATE_LIMIT_REQUESTS: "2",
      HRIS_RATE_LIMIT_WINDOW: "2",
    });
    const token = await site.token();
    const ask = "GET /api/biometric/logs";
    const startedAtMs = performance.now();
    expect((await site.call(ask, { token })).status).toBe(200);
    expect((await site.call(ask, { token })).status).toBe(200);
    let refusals = 0;
    let answer = await site.call(ask, { token });
    // Refused requests go on all the while; were they counted, it would never end.
    while (answer.status === 429 && performance.now() - startedAtMs < 20_000) {
      refusals += 1;
      answer = await site.call(ask, { token });
    }
    expect(answer.status).toBe(200);
    expect(refusals).toBeGreaterThan(2);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(1990);
  });

  test("is the same for a client that waits as long as it is told", async () => {
    await using site = await Site.open({
      HRIS_RATE_LIMIT_REQUESTS: "1",
      HRIS_RATE_LIMIT_WINDOW: "1",
    });
    expect((await site.call("GET /api/biometric/status")).status).toBe(200);
    const refused = await site.call("GET /api/biometric/status");
    expect(readJson<{ error: string }>(refused).error).toBe("Rate limit exceeded");
    await Bun.sleep(Number(refused.headers.get("retry-after")) * 1000);
    expect((await site.call("GET /api/biometric/status")).status).toBe(200);
  });
});
