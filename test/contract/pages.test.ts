/**
 * Aim: the open endpoints of contract 3.3 that describe the server, its time and its documents,
 * need no token and tell nothing secret.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { parse } from "yaml";
import { expectRow, readJson, SECRET, Site, siteWallTime } from "./contract-site.ts";
import {
  atLeast,
  flag,
  isoTime,
  mapOf,
  matching,
  type Shape,
  text,
  timeText,
  words,
} from "./shape.ts";

setDefaultTimeout(30_000);

const WEBHOOK_SECRET = "contract-webhook-secret";
const OPEN = { token: null } as const;

let site: Site;

beforeAll(async () => {
  site = await Site.open({
    HRIS_RATE_LIMIT_REQUESTS: "123",
    HRIS_RATE_LIMIT_WINDOW: "45",
    BIOMETRIC_WEBHOOK_SECRET: WEBHOOK_SECRET,
  });
});

afterAll(() => site[Symbol.asyncDispose]());

describe("GET /api/server/time", () => {
  test("tells the time of the server and of the site", async () => {
    const shape: Shape = {
      success: true,
      server_timezone: "UTC",
      display_timezone: "Asia/Manila",
      current_time: {
        utc: timeText,
        local: timeText,
        utc_iso: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}(\+00:00|Z)$/),
        local_iso: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}\+08:00$/),
      },
      timezone_offset: { utc_to_local_hours: 8, description: words },
      timestamp: isoTime,
    };
    const from = siteWallTime();
    const answer = await expectRow(site, {
      what: "",
      ask: "GET /api/server/time",
      with: OPEN,
      status: 200,
      shape,
    });
    const { current_time: now } = readJson<{
      current_time: { utc: string; local: string; utc_iso: string; local_iso: string };
    }>(answer);
    const local = now.local.replace(/\D/g, "");
    expect(local >= from && local <= siteWallTime()).toBe(true);
    expect(Date.parse(`${now.utc.replace(" ", "T")}Z`)).toBe(
      Math.floor(Date.parse(now.utc_iso) / 1000) * 1000,
    );
    expect(Date.parse(now.local_iso)).toBe(Date.parse(now.utc_iso));
  });

  test("goes by the zone of the site", async () => {
    await using own = await Site.open({ SITE_TIME_ZONE: "America/St_Johns" });
    const answer = readJson<{
      current_time: { utc_iso: string; local_iso: string };
      timezone_offset: { utc_to_local_hours: number };
    }>(await own.call("GET /api/server/time", OPEN));
    expect(answer).toMatchObject({ display_timezone: "America/St_Johns" });
    const offset = /([+-])(\d\d):(\d\d)$/.exec(answer.current_time.local_iso) ?? [];
    const hours = (Number(offset[2]) + Number(offset[3]) / 60) * (offset[1] === "-" ? -1 : 1);
    expect(answer.timezone_offset.utc_to_local_hours).toBe(hours);
    expect([-3.5, -2.5]).toContain(hours);
  });
});

describe("GET /api/docs", () => {
  test("describes the token and the endpoints, with the limits that are set", async () => {
    const shape: Shape = {
      title: words,
      version: words,
      description: words,
      authentication: atLeast({}),
      rate_limiting: { requests_per_window: 123, window_seconds: 45 },
      endpoints: mapOf({ description: words, auth_required: flag, "parameters?": mapOf(text) }),
    };
    const answer = await expectRow(site, {
      what: "",
      ask: "GET /api/docs",
      with: OPEN,
      status: 200,
      shape,
    });
    const { endpoints } = readJson<{ endpoints: Record<string, { auth_required: boolean }> }>(
      answer,
    );
    expect(endpoints["POST /api/auth/token"]?.auth_required).toBe(false);
    for (const name of ["status", "logs", "logs/summary", "users", "devices"]) {
      expect([name, endpoints[`GET /api/hris/${name}`]?.auth_required]).toEqual([name, true]);
    }
    for (const name of Object.keys(endpoints))
      expect(name).toMatch(/^(GET|POST|PUT|PATCH|DELETE) \//);
  });
});

describe("the OpenAPI document", () => {
  test("GET /swagger.yaml is the document of /swagger/json", async () => {
    const yaml = await site.call("GET /swagger.yaml", OPEN);
    expect(yaml.status).toBe(200);
    expect(yaml.headers.get("content-type")).toMatch(/^application\/yaml/);
    const document: { openapi: string; paths: Record<string, unknown> } = parse(yaml.text);
    expect(document.openapi).toMatch(/^3\./);
    const json = await site.call("GET /swagger/json", OPEN);
    expect(readJson<unknown>(json)).toEqual(document);
    for (const path of [
      "/api/auth/token",
      "/api/biometric/logs",
      "/api/server/time",
      "/api/docs",
    ]) {
      expect(Object.keys(document.paths)).toContain(path);
    }
  });

  test("GET /swagger is a page that names nothing from elsewhere", async () => {
    const page = await site.call("GET /swagger", OPEN);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
    expect(page.text).not.toMatch(/(?:https?:)?\/\/[a-z]/i);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  });
});

test("nothing open tells a secret", async () => {
  const paths = [
    "/",
    "/api/docs",
    "/api/server/time",
    "/api/webhook-receiver/status",
    "/swagger",
    "/swagger.yaml",
    "/swagger/json",
    "/healthz",
    "/readyz",
    "/nothing",
  ];
  for (const path of paths) {
    const { text: body, headers } = await site.call(`GET ${path}`, OPEN);
    for (const secret of [SECRET, WEBHOOK_SECRET, site.server.secret("token-signing-key")]) {
      expect(body).not.toContain(secret);
      expect(JSON.stringify([...headers])).not.toContain(secret);
    }
  }
});
