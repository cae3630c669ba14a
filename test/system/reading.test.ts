/**
 * Aim: what the executable stored can be read from it: page by page, by the paths of the replaced
 * server, and with the documentation that it carries inside.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { punchKey, simulate } from "./simulation.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(30_000);

const TERMINALS = 5;
const PUNCHES_EACH = 50;
const PUNCHES = TERMINALS * PUNCHES_EACH;

let server: RunningServer;

beforeAll(async () => {
  server = await startServer();
  const fleet = ["--terminals", String(TERMINALS), "--punches", String(PUNCHES_EACH)];
  const report = await simulate(server, ...fleet, "--duplicates", "10");
  expect(report).toMatchObject({ acknowledged: PUNCHES, unacknowledged: 0 });
});

afterAll(() => server[Symbol.asyncDispose]());

describe("reading from the executable", () => {
  test("a walk along the cursor sees the same punches in the same order, whatever the page", async () => {
    const whole = await server.listPunches(1000);
    expect(new Set(whole.map(punchKey)).size).toBe(PUNCHES);
    for (const pageSize of [1, 7, PUNCHES]) {
      expect(await server.listPunches(pageSize)).toEqual([...whole]);
    }
    const logs = await server.listLogs();
    expect(logs.map(({ id }) => id).sort()).toEqual(whole.map(({ id }) => id).sort());
  });

  test("a cursor from the end finds later punches only", async () => {
    const before = await server.get("/v1/punches?limit=1000");
    const { next }: { next: string } = JSON.parse(await before.text());
    const readOn = async (): Promise<readonly string[]> => {
      const response = await server.get(`/v1/punches?after=${encodeURIComponent(next)}`);
      const page: { punches: { device_id: string }[] } = JSON.parse(await response.text());
      return page.punches.map(({ device_id: device }) => device);
    };
    expect(await readOn()).toEqual([]);
    await server.kill();
    await server.start();
    const later = { device: "LATER", user: "nobody-else", wallTime: "20260302081504" };
    expect(await sendWhole(server.terminalPort, punchRequest(later))).toBe(ACKNOWLEDGEMENT);
    expect(await readOn()).toEqual(["LATER"]);
  });

  test("nothing is told without a token, or with a changed one", async () => {
    const token = await server.token();
    const [body = ""] = token.split(".", 1);
    const forged = token.replace(body, body.split("").reverse().join(""));
    for (const path of ["/v1/punches", "/api/biometric/logs", "/api/biometric/status"]) {
      const bare = await fetch(`${server.webUrl}${path}`);
      expect([path, bare.status]).toEqual([path, 401]);
      const headers = { Authorization: `Bearer ${forged}` };
      const wrong = await fetch(`${server.webUrl}${path}`, { headers });
      expect([path, wrong.status]).toEqual([path, 401]);
      for (const response of [bare, wrong]) expect(await response.text()).not.toContain("SIM0001");
    }
  });

  test("HEAD is answered as GET without a body, OPTIONS with what is allowed", async () => {
    const headers = { Authorization: `Bearer ${await server.token()}` };
    for (const path of ["/api/biometric/logs", "/v1/punches", "/healthz"]) {
      const head = await fetch(`${server.webUrl}${path}`, { method: "HEAD", headers });
      expect([path, head.status, await head.text()]).toEqual([path, 200, ""]);
      const options = await fetch(`${server.webUrl}${path}`, { method: "OPTIONS" });
      expect([path, options.status, await options.text()]).toEqual([path, 200, ""]);
      expect(options.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
    }
    const wrong = await fetch(`${server.webUrl}/api/auth/token`, { method: "DELETE" });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("OPTIONS, POST");
    expect((await fetch(`${server.webUrl}/nothing-here`)).status).toBe(404);
  });
});

describe("the documentation in the executable", () => {
  test("the page and all it names are answered, and nothing is named from elsewhere", async () => {
    const page = await fetch(`${server.webUrl}/swagger`);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toContain("text/html");
    const html = await page.text();
    expect(html).not.toMatch(/(?:https?:)?\/\/[a-z]/i);
    const named = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path = ""]) => path);
    expect(named.length).toBeGreaterThan(0);
    for (const path of named) {
      const asset = await fetch(`${server.webUrl}${path}`);
      expect([path, asset.status]).toEqual([path, 200]);
      expect((await asset.text()).length).toBeGreaterThan(50);
    }
  });

  test("the document describes the paths that are answered", async () => {
    const response = await fetch(`${server.webUrl}/swagger/json`);
    expect(response.status).toBe(200);
    const document: { openapi: string; paths: Record<string, unknown> } = JSON.parse(
      await response.text(),
    );
    expect(document.openapi).toMatch(/^3\./);
    const wanted = ["/api/auth/token", "/api/biometric/logs", "/v1/punches", "/readyz"];
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(wanted));
  });
});
