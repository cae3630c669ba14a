/**
 * Aim: the token endpoint answers every case of contract 2.1 and 2.4, and what it gives is a token
 * over restarts (D7), also for clients whose names the replaced server could not serve.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type CallOptions,
  expectRow,
  type Row,
  readJson,
  refusal,
  SECRET,
  Site,
} from "./contract-site.ts";
import { matching, type Shape, words } from "./shape.ts";

setDefaultTimeout(30_000);

const TOKEN = matching(/^\S{20,}$/);
const MISSING = refusal("Bad Request", "client_id and client_secret required");
const ASK = "POST /api/auth/token";

function given(json: unknown): CallOptions {
  return { token: null, json };
}

function issued(clientId: string | number): Shape {
  return { success: true, token: TOKEN, expires_in: "24 hours", client_id: clientId };
}

const ROWS: readonly Row[] = [
  {
    what: "good",
    ask: ASK,
    with: given({ client_id: "hris_system", client_secret: SECRET }),
    status: 200,
    shape: issued("hris_system"),
  },
  {
    what: "any other client",
    ask: ASK,
    with: given({ client_id: "payroll", client_secret: SECRET }),
    status: 200,
    shape: issued("payroll"),
  },
  {
    what: "further fields",
    ask: ASK,
    with: given({ client_id: "hris_system", client_secret: SECRET, grant: "x" }),
    status: 200,
    shape: issued("hris_system"),
  },
  {
    what: "a numeric client_id",
    ask: ASK,
    with: given({ client_id: 17, client_secret: SECRET }),
    status: 200,
    shape: issued(17),
  },
  {
    what: "a client_id with dots",
    ask: ASK,
    with: given({ client_id: "hr.example.com", client_secret: SECRET }),
    status: 200,
    shape: issued("hr.example.com"),
  },
  {
    what: "JSON with a charset",
    ask: ASK,
    with: {
      token: null,
      headers: { "Content-Type": "application/json; charset=utf-8" },
      body: JSON.stringify({ client_id: "hris_system", client_secret: SECRET }),
    },
    status: 200,
    shape: issued("hris_system"),
  },
  {
    what: "no client_secret",
    ask: ASK,
    with: given({ client_id: "hris_system" }),
    status: 400,
    shape: MISSING,
  },
  {
    what: "no client_id",
    ask: ASK,
    with: given({ client_secret: SECRET }),
    status: 400,
    shape: MISSING,
  },
  {
    what: "an empty client_id",
    ask: ASK,
    with: given({ client_id: "", client_secret: SECRET }),
    status: 400,
    shape: MISSING,
  },
  {
    what: "an empty client_secret",
    ask: ASK,
    with: given({ client_id: "hris_system", client_secret: "" }),
    status: 400,
    shape: MISSING,
  },
  { what: "null", ask: ASK, with: given(null), status: 400, shape: MISSING },
  { what: "{}", ask: ASK, with: given({}), status: 400, shape: MISSING },
  {
    what: "a wrong secret",
    ask: ASK,
    with: given({ client_id: "hris_system", client_secret: `${SECRET}x` }),
    status: 401,
    shape: refusal("Unauthorized", "Invalid credentials"),
  },
  {
    what: "malformed JSON",
    ask: ASK,
    with: { token: null, headers: { "Content-Type": "application/json" }, body: '{"client_id":' },
    status: 400,
    shape: refusal("Bad Request", words),
  },
  {
    what: "no content type",
    ask: ASK,
    with: { token: null, body: new TextEncoder().encode("{}") },
    status: 415,
    shape: refusal("Unsupported Media Type", words),
  },
  {
    what: "no body and no content type",
    ask: ASK,
    with: { token: null },
    status: 415,
    shape: refusal("Unsupported Media Type", words),
  },
  {
    what: "another content type",
    ask: ASK,
    with: {
      token: null,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: "client_id=a&client_secret=b",
    },
    status: 415,
    shape: refusal("Unsupported Media Type", words),
  },
  // 500 in the original.
  {
    what: "a JSON list",
    ask: ASK,
    with: given([]),
    status: 400,
    shape: refusal("Bad Request", words),
  },
  {
    what: "a JSON text",
    ask: ASK,
    with: given("hris_system"),
    status: 400,
    shape: refusal("Bad Request", words),
  },
  {
    what: "a JSON number",
    ask: ASK,
    with: given(7),
    status: 400,
    shape: refusal("Bad Request", words),
  },
  {
    what: "a secret that is no text",
    ask: ASK,
    with: given({ client_id: "hris_system", client_secret: { $ne: 1 } }),
    status: 400,
    shape: refusal("Bad Request", words),
  },
];

describe("POST /api/auth/token", () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site[Symbol.asyncDispose]());

  test.each(ROWS)("$what: $status", async (row) => {
    await expectRow(site, row);
  });

  test.each(["hris_system", 17, "hr.example.com"])(
    "the token of client %p is accepted",
    async (client) => {
      const answer = await site.call(ASK, given({ client_id: client, client_secret: SECRET }));
      const { token } = readJson<{ token: string }>(answer);
      const read = await site.call("GET /api/biometric/logs", { token });
      expect(read.status).toBe(200);
    },
  );

  test("many tokens of a client live at once", async () => {
    const tokens = [];
    for (let count = 0; count < 3; count += 1)
      tokens.push(await site.requestToken("payroll", SECRET));
    expect(new Set(tokens).size).toBe(3);
    for (const token of tokens) {
      expect((await site.call("GET /api/biometric/logs", { token })).status).toBe(200);
    }
  });

  test("D7: a token outlives a restart and a kill", async () => {
    const token = await site.requestToken("hris_system", SECRET);
    expect(await site.server.stop()).toBe(0);
    await site.server.start();
    expect((await site.call("GET /api/biometric/logs", { token })).status).toBe(200);
    await site.server.kill();
    await site.server.start();
    expect((await site.call("GET /api/biometric/logs", { token })).status).toBe(200);
  });
});

describe("the whitelist", () => {
  test("is trimmed, comes before the secret, and is asked again when a token is used", async () => {
    await using site = await Site.open({ HRIS_ALLOWED_CLIENTS: " hris_system , payroll,," });
    const payroll = await site.requestToken("payroll", SECRET);
    expect((await site.call("GET /api/biometric/logs", { token: payroll })).status).toBe(200);
    const forbidden = refusal("Forbidden", "Client not authorized");
    for (const secret of [SECRET, "wrong"]) {
      const json = { client_id: "stranger", client_secret: secret };
      await expectRow(site, {
        what: "",
        ask: ASK,
        with: given(json),
        status: 403,
        shape: forbidden,
      });
    }

    await site.server.stop();
    await site.server.start({ HRIS_ALLOWED_CLIENTS: "hris_system" });
    expect((await site.call("GET /api/biometric/logs", { token: payroll })).status).toBe(401);
    expect((await site.call("GET /api/biometric/logs")).status).toBe(200);
  });
});

describe("guessing the secret", () => {
  test("is limited by address, and the refusal says for how long", async () => {
    await using site = await Site.open();
    let answer = await site.call(ASK, given({ client_id: "guesser-0", client_secret: "0" }));
    for (let guess = 1; guess < 100 && answer.status === 401; guess += 1) {
      // Another name for each guess helps nothing.
      const json = { client_id: `guesser-${guess}`, client_secret: String(guess) };
      answer = await site.call(ASK, given(json));
    }
    expect(answer.status).toBe(429);
    expect(readJson<unknown>(answer)).toEqual({
      error: "Rate limit exceeded",
      message: "Too many requests",
    });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});
