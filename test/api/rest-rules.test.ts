/**
 * Aim: the rules of contract.md 2 hold for every route that is mounted, whoever wrote it: statuses,
 * `Allow`, `HEAD`, JSON errors, content types; and whatever is answered is as the document says. A
 * new route is held to them without a change here.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type RunningWebServer, startWebServer } from "#api/server.ts";
import { TcpPeer } from "../devices/tcp-peer.ts";
import { type Answer, ApiFixture, readAnswer } from "./api-fixture.ts";
import { answerProblems, listOperations } from "./documented.ts";
import { sampleCommand, sampleDevice, sampleKept, samplePunch } from "./fake-storage.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/** Where the original answered 500 to a body that is none (contract.md 3.1), 400 is wanted. */
const ALWAYS_400 = [
  "/api/biometric/sync",
  "/api/biometric/manual-log",
  "/api/biometric/webhook/retry",
];
/** Paths of the browser's, which the document leaves out. */
const PAGES = ["/", "/swagger", "/swagger/json", "/swagger/ui.js", "/swagger/ui.css"];
/** What a path cannot be read without. */
const QUERIES: Readonly<Record<string, string>> = {
  "/api/hris/logs/summary": "?start_date=2026-03-01&end_date=2026-03-31",
};
/** What is no JSON. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  "/swagger.yaml": "application/yaml",
  "/metrics": "text/plain; version=0.0.4; charset=utf-8",
};
const VALUES: Readonly<Record<string, string>> = {
  id: "1",
  device_id: "2401058352",
  number: "1",
  webhook_id: "1",
  delivery_id: "1",
  quarantine_id: "1",
};

const fixture = new ApiFixture({ rateLimit: { requests: 1_000_000, windowSeconds: 60 } });
fixture.storage.punches.push(samplePunch(1));
fixture.storage.devices.push(sampleDevice("2401058352"));
fixture.storage.commands.push(sampleCommand(1));
fixture.storage.quarantined.push(sampleKept(1));

const OPERATIONS = (await listOperations()).map((operation) => ({
  ...operation,
  path: operation.template.replaceAll(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? "x"),
}));
const PATHS = [...new Set(OPERATIONS.map(({ path }) => path))];
const READABLE = OPERATIONS.filter(({ method }) => method === "GET").map(
  ({ path }) => path + (QUERIES[path] ?? ""),
);

let server: RunningWebServer;
let token: string;

beforeAll(async () => {
  token = await fixture.token();
  server = startWebServer({ ...fixture.options, hostname: "127.0.0.1", port: 0 });
});

afterAll(() => server.stop());

async function call(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = new Headers(init.headers);
  if (!headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
  const url = `http://127.0.0.1:${server.port}${path}`;
  const answer = await readAnswer(await fetch(url, { ...init, method, headers }));
  const [bare] = path.split("?");
  const operation = OPERATIONS.find((one) => one.method === method && one.path === bare);
  if (operation !== undefined) {
    const problems = answerProblems(operation, answer);
    expect([method, path, answer.text, ...problems]).toEqual([method, path, answer.text]);
  }
  return answer;
}

function methodsOf(path: string): string[] {
  const own = OPERATIONS.filter((one) => one.path === path).map((one) => one.method);
  return PAGES.includes(path) ? ["GET"] : own;
}

function allowOf(path: string): string {
  const own = methodsOf(path);
  return [...own, ...(own.includes("GET") ? ["HEAD"] : []), "OPTIONS"].sort().join(", ");
}

function expectJsonError(path: string, answer: Answer, status: number): void {
  expect([path, answer.status]).toEqual([path, status]);
  expect([path, answer.headers.get("content-type")]).toEqual([path, errorType(path)]);
  const wanted = path.startsWith("/v1/")
    ? { code: expect.any(String), title: expect.any(String), detail: expect.any(String), status }
    : { error: expect.any(String), message: expect.any(String) };
  expect(answer.json).toMatchObject(wanted);
}

function errorType(path: string): string {
  return path.startsWith("/v1/") ? "application/problem+json" : "application/json";
}

test("there are routes to hold to the rules", () => {
  expect(PATHS.length).toBeGreaterThan(8);
  expect(OPERATIONS.some(({ takesBody }) => takesBody)).toBe(true);
});

describe("every path", () => {
  test.each([...PATHS, ...PAGES])(
    "%s answers OPTIONS with its methods and nothing else",
    async (path) => {
      const answer = await call("OPTIONS", path, { headers: { authorization: "none" } });
      expect([answer.status, answer.text]).toEqual([200, ""]);
      expect(answer.headers.get("allow")).toBe(allowOf(path));
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    },
  );

  test.each([...PATHS, ...PAGES])("%s answers 405 with Allow to other methods", async (path) => {
    const others = METHODS.filter((method) => !methodsOf(path).includes(method));
    for (const method of others) {
      const answer = await call(method, path);
      expectJsonError(path, answer, 405);
      expect(answer.headers.get("allow")).toBe(allowOf(path));
    }
    if (methodsOf(path).includes("GET")) return;
    const head = await call("HEAD", path);
    expect([head.status, head.text]).toEqual([405, ""]);
  });

  test.each([...PATHS, ...PAGES.slice(1)])(
    "%s answers 404 with a slash behind it",
    async (path) => {
      for (const method of [...METHODS, "OPTIONS"]) {
        expectJsonError(`${path}/`, await call(method, `${path}/`), 404);
      }
      const head = await call("HEAD", `${path}/`);
      expect([head.status, head.text]).toEqual([404, ""]);
    },
  );
});

describe("every path that can be read", () => {
  test.each([...READABLE, ...PAGES])("%s answers HEAD as GET, without its body", async (path) => {
    const [get, head] = [await call("GET", path), await call("HEAD", path)];
    expect([get.status, head.status, head.text]).toEqual([200, 200, ""]);
    const comparable = ({ headers }: Answer) => {
      const names = ["date", "content-length", "transfer-encoding", "connection"];
      return Object.fromEntries([...headers].filter(([name]) => !names.includes(name)));
    };
    expect(comparable(head)).toEqual(comparable(get));
  });

  test.each(READABLE)("%s is JSON without a charset, or what the document says", async (path) => {
    const get = await call("GET", path);
    const type = get.headers.get("content-type");
    expect(type).toBe(OTHER_TYPES[path] ?? "application/json");
    expect([...get.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("every path behind a token", () => {
  const guarded = OPERATIONS.filter(({ needsToken }) => needsToken);

  test.each(guarded)("$method $path says 401 before it looks at anything else", async (one) => {
    const bodies: RequestInit[] = one.takesBody
      ? [{}, { body: "{", headers: { "content-type": "application/json" } }, { body: "x" }]
      : [{}];
    for (const init of bodies) {
      for (const authorization of ["", "Basic eDp5", "Bearer x"]) {
        // Where the box itself needs no token, what a proxy passes on does.
        const headers = { ...init.headers, authorization, via: "1.1 proxy" };
        const answer = await call(one.method, `${one.path}?limit=x&start_date=x`, {
          ...init,
          headers,
        });
        expectJsonError(one.path, answer, 401);
        expect(answer.headers.get("www-authenticate")).toStartWith("Bearer");
      }
    }
  });
});

describe("every path that takes a body", () => {
  const taking = OPERATIONS.filter(({ takesBody }) => takesBody);

  test.each(taking)("$method $path refuses a body without a JSON content type", async (one) => {
    for (const init of [
      {},
      { body: "{}" },
      { body: "{}", headers: { "content-type": "text/plain" } },
    ]) {
      const status = ALWAYS_400.includes(one.path) ? 400 : 415;
      expect((await call(one.method, one.path, init)).status).toBe(status);
    }
  });

  test.each(taking)("$method $path answers 400 to malformed JSON", async (one) => {
    for (const body of ["", "{", "{'a':1}", "[1,", "\0", "[".repeat(50_000)]) {
      const headers = { "content-type": "application/json" };
      const answer = await call(one.method, one.path, { body, headers });
      expect([body.slice(0, 10), answer.status]).toEqual([body.slice(0, 10), 400]);
      expect(Object.keys(Object(answer.json))).toContain(errorField(one.path));
    }
  });

  test.each(taking)("$method $path answers 413 to more than it takes", async (one) => {
    const body = `"${"x".repeat(10 * 1024 * 1024)}"`;
    const headers = { "content-type": "application/json" };
    const answer = await call(one.method, one.path, { body, headers });
    expect(answer.status).toBe(413);
    expect(answer.headers.get("content-type")).toBe(errorType(one.path));
    expect(Object.keys(Object(answer.json))).toContain(errorField(one.path));
  });
});

/** The field by which programs know what was wrong. */
function errorField(path: string): string {
  return path.startsWith("/v1/") ? "code" : "error";
}

describe("a head that is none", () => {
  const TOO_LONG = "a".repeat(100_000);

  test.each([
    ["a header of 100 kB", `GET /healthz HTTP/1.1\r\nHost: box\r\nX: ${TOO_LONG}\r\n\r\n`, 431],
    ["an address of 100 kB", `GET /healthz?${TOO_LONG} HTTP/1.1\r\nHost: box\r\n\r\n`, 431],
    ["no host", "GET /healthz HTTP/1.1\r\n\r\n", 400],
    ["an empty host", "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 400],
    ["no number for a port", "GET /healthz HTTP/1.1\r\nHost: a:b\r\n\r\n", 400],
    ["half an address", "GET /v1/punches HTTP/1.1\r\nHost: [\r\n\r\n", 400],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      400,
    ],
    ["no HTTP", "hello\r\n\r\n", 400],
    ["a short name of the box", "GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n", 200],
  ])("is answered with its status: %s", async (_what, head, status) => {
    const client = await TcpPeer.connect(server.port);
    client.send(head);
    const wanted = `HTTP/1.1 ${status} `;
    expect(await client.receive(wanted)).toStartWith(wanted);
    client.reset();
    expect((await call("GET", "/healthz")).status).toBe(200);
  });
});
