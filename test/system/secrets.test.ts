/**
 * Aim: no answer, page, list or log line of the executable holds a secret, whatever is asked, with
 * a token and without, also by clients that put their secrets in the wrong places.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { field, textField } from "../api/api-fixture.ts";
import { findFreePort, type RunningServer, startServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(60_000);

const MAIN_SECRET = "main-secret-4f1c09";
const WEBHOOK_SECRET = "webhook-secret-77ab12";
const URL_PASSWORD = "url-password-93e5d0";
const URL_KEY = "url-key-1d2e3f";

/** What a secret looks like when somebody digests or encodes it on the way. */
function shapesOf(secret: string): readonly string[] {
  const digest = new Bun.CryptoHasher("sha256").update(secret).digest();
  const bytes = [Buffer.from(secret), digest];
  const encodings = ["hex", "base64", "base64url"] as const;
  return [secret, ...bytes.flatMap((one) => encodings.map((encoding) => one.toString(encoding)))];
}

let server: RunningServer;
/** Everything the executable said, by where. */
const said = new Map<string, string>();
const secrets = new Map<string, string>();
const tokens: string[] = [];

async function ask(path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(`${server.webUrl}${path}`, init);
  const text = await response.text();
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`);
  const key = `${said.size} ${init.method ?? "GET"} ${path}`;
  said.set(key, [response.status, ...headers, text].join("\n"));
  return text;
}

async function requestToken(clientId: string, clientSecret: string): Promise<string> {
  const body = JSON.stringify({ client_id: clientId, client_secret: clientSecret });
  return ask("/api/auth/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
}

async function run(...argv: readonly string[]): Promise<string> {
  const { out, error } = await server.run(...argv);
  said.set(`${said.size} ${argv.join(" ")}`, `${out}\n${error}`);
  return out;
}

/** Every path of the document that is read by GET, with ids that exist in place of names. */
async function readPaths(): Promise<readonly string[]> {
  const document: unknown = JSON.parse(await ask("/swagger/json"));
  const paths = Object.entries(Object(field(document, "paths")))
    .filter(([, item]) => field(item, "get") !== undefined)
    .map(([path]) => path);
  const ids = ["1000001", "SIM0001", "1"];
  return paths.flatMap((path) =>
    path.includes("{") ? ids.map((id) => path.replaceAll(/\{\w+\}/g, id)) : [path],
  );
}

/** Pages for people, and what they load. */
async function pagePaths(): Promise<readonly string[]> {
  const pages = ["/", "/swagger", "/swagger/json", "/swagger.yaml", "/api/docs"];
  const html = (await Promise.all(pages.map((path) => ask(path)))).join("\n");
  const linked = [...html.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path = "/"]) => path);
  return [...pages, ...linked];
}

beforeAll(async () => {
  server = await startServer({
    settings: {
      HRIS_API_SECRET_KEY: MAIN_SECRET,
      BIOMETRIC_WEBHOOK_SECRET: WEBHOOK_SECRET,
      BIOMETRIC_WEBHOOK_URL: `http://site:${URL_PASSWORD}@127.0.0.1:${findFreePort()}/hook?key=${URL_KEY}`,
      LOG_LEVEL: "debug",
    },
  });
  await simulate(server, "--terminals", "2", "--punches", "3");
  const added: unknown = JSON.parse((await server.run("clients", "add", "payroll", "--json")).out);
  secrets.set("the main secret", MAIN_SECRET);
  secrets.set("the webhook secret", WEBHOOK_SECRET);
  secrets.set("the password in the receiver's address", URL_PASSWORD);
  secrets.set("the key in the receiver's address", URL_KEY);
  secrets.set("the signing key", server.secret("token-signing-key"));
  secrets.set("a client's own secret", textField(added, "secret"));
  await collect();
});

afterAll(() => server[Symbol.asyncDispose]());

async function collect(): Promise<void> {
  const own = secrets.get("a client's own secret") ?? "";
  for (const answer of [
    await requestToken("hris_system", MAIN_SECRET),
    await requestToken("payroll", own),
  ]) {
    tokens.push(textField(JSON.parse(answer), "token"));
  }
  const paths = [...(await readPaths()), ...(await pagePaths()), "/nowhere"];
  for (const path of paths) {
    await ask(path);
    for (const token of tokens) await ask(path, { headers: { authorization: `Bearer ${token}` } });
  }
  for (const secret of secrets.values()) {
    await requestToken(secret, "hris_system");
    await requestToken("hris_system", `${secret}!`);
    for (const scheme of ["Bearer", "Basic"]) {
      await ask("/api/biometric/logs", { headers: { authorization: `${scheme} ${secret}` } });
    }
  }
  await run("clients", "list");
  await run("clients", "list", "--json");
  await run("devices", "list", "--json");
  await run("config", "check");
  await run("clients", "revoke", "payroll");
  await run("clients", "list", "--json");
  await server.stop();
  said.set("the log", server.printed);
  for (const [index, token] of tokens.entries()) {
    const [head = "", claims = ""] = token.split(".");
    said.set(`token ${index}`, Buffer.from(head + claims, "base64url").toString());
  }
}

describe("nothing that the executable says", () => {
  test("was asked too little", () => {
    const answered = [...said.values()].filter((text) => text.startsWith("200"));
    expect(answered.length).toBeGreaterThan(20);
    expect(said.get("the log")).toContain("token.refused");
    expect(said.get("the log")).toContain("client.revoked");
  });

  test.each([
    "the main secret",
    "the webhook secret",
    "the password in the receiver's address",
    "the key in the receiver's address",
    "the signing key",
    "a client's own secret",
  ])("holds %s", (name) => {
    const shapes = shapesOf(secrets.get(name) ?? "");
    for (const [place, text] of said) {
      for (const shape of shapes) expect([place, text.includes(shape)]).toEqual([place, false]);
    }
  });

  test("in its log is a token", () => {
    for (const token of tokens) expect(said.get("the log")).not.toContain(token.split(".")[2]);
  });
});
