/**
 * Aim: what an operator says of API clients is in force at once and for good on the executable:
 * over restarts, kills and changed settings.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { field, textField } from "../api/api-fixture.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";

setDefaultTimeout(30_000);

const MAIN_SECRET = "the main secret of this site";
const PATH = "/api/biometric/logs";

let server: RunningServer;

beforeAll(async () => {
  server = await startServer({ settings: { HRIS_API_SECRET_KEY: MAIN_SECRET } });
});

afterAll(() => server[Symbol.asyncDispose]());

interface TokenAnswer {
  readonly status: number;
  readonly json: unknown;
}

async function requestToken(clientId: string, clientSecret: string): Promise<TokenAnswer> {
  const response = await fetch(`${server.webUrl}/api/auth/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_id: clientId, client_secret: clientSecret }),
  });
  return { status: response.status, json: await response.json() };
}

async function tokenFor(clientId: string, clientSecret: string): Promise<string> {
  return textField((await requestToken(clientId, clientSecret)).json, "token");
}

async function statusWith(token: string, path = PATH, method = "GET"): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const init = method === "GET" ? { headers } : { method, headers, body: "{}" };
  const response = await fetch(`${server.webUrl}${path}`, init);
  await response.bytes();
  return response.status;
}

async function addClient(name: string, ...options: readonly string[]): Promise<string> {
  const { exitCode, out } = await server.run("clients", "add", name, ...options);
  expect(exitCode).toBe(0);
  return out.trim();
}

async function revoke(name: string): Promise<void> {
  expect((await server.run("clients", "revoke", name)).exitCode).toBe(0);
}

/** Operations of the OpenAPI document that change something, behind a token. */
async function writeOperations(): Promise<readonly { method: string; path: string }[]> {
  const document: unknown = await (await fetch(`${server.webUrl}/swagger/json`)).json();
  const operations: { method: string; path: string }[] = [];
  for (const [path, item] of Object.entries(Object(field(document, "paths")))) {
    for (const [method, operation] of Object.entries(Object(item))) {
      const needsToken = field(operation, "security", 0) !== undefined;
      if (method === "get" || !needsToken) continue;
      operations.push({ method: method.toUpperCase(), path: path.replaceAll(/\{\w+\}/g, "1") });
    }
  }
  return operations;
}

describe("a client with a secret of its own", () => {
  test("reads with it, and changes nothing without the scope", async () => {
    const reader = await tokenFor("reader", await addClient("reader"));
    expect(await statusWith(reader)).toBe(200);
    const operations = await writeOperations();
    expect(operations.length).toBeGreaterThan(4);
    for (const { method, path } of operations) {
      expect([method, path, await statusWith(reader, path, method)]).toEqual([method, path, 403]);
    }
  });

  test("is refused with the main secret, and others with its own", async () => {
    const secret = await addClient("a.b");
    expect((await requestToken("a.b", MAIN_SECRET)).status).toBe(401);
    expect((await requestToken("hris_system", secret)).status).toBe(401);
    expect((await requestToken("a.b", secret)).status).toBe(200);
  });

  test("is out at once when it is revoked, also after a kill, and old tokens stay dead", async () => {
    const secret = await addClient("payroll", "--scope", "read,write");
    const token = await tokenFor("payroll", secret);
    expect(await statusWith(token)).toBe(200);
    await revoke("payroll");
    expect(await statusWith(token)).toBe(401);
    await server.kill();
    await server.start();
    expect(await statusWith(token)).toBe(401);
    expect(await requestToken("payroll", secret)).toEqual({
      status: 403,
      json: { error: "Forbidden", message: "Client not authorized" },
    });
    const anew = await addClient("payroll", "--scope", "read");
    expect(anew).not.toBe(secret);
    expect((await requestToken("payroll", secret)).status).toBe(401);
    expect(await statusWith(await tokenFor("payroll", anew))).toBe(200);
    expect(await statusWith(token)).toBe(401);
  });
});

describe("a client with the main secret", () => {
  test("is out when it is revoked, and the others stay", async () => {
    const [gone, other] = [
      await tokenFor("old_hris", MAIN_SECRET),
      await tokenFor("hris_system", MAIN_SECRET),
    ];
    await revoke("old_hris");
    expect((await requestToken("old_hris", MAIN_SECRET)).status).toBe(403);
    expect([await statusWith(gone), await statusWith(other)]).toEqual([401, 200]);
  });

  test("keeps its token over a restart, and loses it with the secret or its place", async () => {
    const main = await tokenFor("hris_system", MAIN_SECRET);
    const own = await tokenFor("own", await addClient("own"));
    const statuses = async () => [await statusWith(main), await statusWith(own)];
    const restart = async (change: Record<string, string>) => {
      await server.stop();
      await server.start(change);
    };
    await restart({ HRIS_ALLOWED_CLIENTS: "other, hris_system" });
    expect(await statuses()).toEqual([200, 200]);
    await restart({ HRIS_ALLOWED_CLIENTS: "other" });
    expect(await statuses()).toEqual([401, 200]);
    await restart({ HRIS_ALLOWED_CLIENTS: "", HRIS_API_SECRET_KEY: "another main secret" });
    expect(await statuses()).toEqual([401, 200]);
    await restart({ HRIS_API_SECRET_KEY: MAIN_SECRET });
    expect(await statuses()).toEqual([200, 200]);
  });
});
