/**
 * Aim: what the contract says of time holds as time passes: how long a token lives (2.1), the window
 * of the rate limit (2.3), when a terminal is connected, recent or offline (3.2), what today is, and
 * how long the server has been up (defects 13, 16, 17).
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Settings } from "../support/running-server.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { PRIMARY, readJson, SECONDARY, SECRET, Site } from "./contract-site.ts";

setDefaultTimeout(60_000);

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
/** 2 March 2026, 22:00 in Manila, 14:00 UTC. */
const START_MS = Date.UTC(2026, 2, 2, 14);

let build: SteeredBuild;

beforeAll(async () => {
  build = await SteeredBuild.make();
});

afterAll(() => build[Symbol.dispose]());

class SteeredSite extends Site {
  readonly clock: SteeredServer;

  constructor(clock: SteeredServer) {
    super(clock);
    this.clock = clock;
  }
}

async function openSite(change: Settings = {}): Promise<SteeredSite> {
  const settings = {
    HRIS_API_SECRET_KEY: SECRET,
    PRIMARY_DEVICE_ID: PRIMARY,
    DEVICE_ENROLLMENT: "open",
    HRIS_TOKEN_EXPIRY_HOURS: "1000",
    ...change,
  };
  const server = new SteeredServer(build, { atMs: START_MS, settings });
  await server.start();
  return new SteeredSite(server);
}

describe("a token", () => {
  test.each([24, 2])("lives for %p hours and no longer, also over a restart", async (hours) => {
    await using site = await openSite({ HRIS_TOKEN_EXPIRY_HOURS: String(hours) });
    const token = await site.requestToken("hris_system", SECRET);
    const read = () => site.call("GET /api/biometric/logs", { token });
    site.clock.advance(hours * HOUR_MS - 10 * SECOND_MS);
    expect((await read()).status).toBe(200);
    await site.server.stop();
    await site.server.start();
    expect((await read()).status).toBe(200);
    site.clock.advance(20 * SECOND_MS);
    const expired = await read();
    expect(expired.status).toBe(401);
    expect(readJson<unknown>(expired)).toEqual({
      error: "Unauthorized",
      message: "Invalid token",
    });
  });
});

describe("the rate limit", () => {
  test("is a sliding log: at most N accepted in any window, refused ones not counted", async () => {
    await using site = await openSite({ HRIS_RATE_LIMIT_REQUESTS: "3" });
    const token = await site.token();
    const ask = async () => (await site.call("GET /api/devices", { token })).status;
    // At 0 s, 30 s and 50 s one each, and at 50 s a dozen that are refused.
    expect(await ask()).toBe(200);
    site.clock.advance(30 * SECOND_MS);
    expect(await ask()).toBe(200);
    site.clock.advance(20 * SECOND_MS);
    expect(await ask()).toBe(200);
    for (let count = 0; count < 12; count += 1) expect(await ask()).toBe(429);
    // Past 60 s the first has left the window, and only that one.
    site.clock.advance(12 * SECOND_MS);
    expect([await ask(), await ask()]).toEqual([200, 429]);
    site.clock.advance(30 * SECOND_MS);
    expect([await ask(), await ask()]).toEqual([200, 429]);
  });

  test("Retry-After says when the next request is let through", async () => {
    await using site = await openSite({ HRIS_RATE_LIMIT_REQUESTS: "1" });
    const ask = () => site.call("GET /api/devices");
    expect((await ask()).status).toBe(200);
    site.clock.advance(20 * SECOND_MS);
    const refused = await ask();
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get("retry-after"));
    expect(seconds).toBeGreaterThanOrEqual(30);
    expect(seconds).toBeLessThanOrEqual(40);
    site.clock.advance(seconds * SECOND_MS);
    expect((await ask()).status).toBe(200);
  });
});

describe("a terminal", () => {
  test("is connected for 2 minutes, recent for 30, then offline", async () => {
    await using site = await openSite();
    site.clock.setTime(START_MS + 10 * SECOND_MS);
    await site.poll(SECONDARY);
    const lastSeen = expect.stringMatching(/^2026-03-02 22:00:1\d$/);
    const states: readonly (readonly [passSeconds: number, state: string, connection: string])[] = [
      [0, "connected", "connected"],
      [110, "connected", "connected"],
      [15, "recent", "disconnected"],
      [1660, "recent", "disconnected"],
      [20, "offline", "disconnected"],
      [86_400, "offline", "disconnected"],
    ];
    for (const [passSeconds, state, connection] of states) {
      site.clock.advance(passSeconds * SECOND_MS);
      for (const path of ["/api/biometric/devices", "/api/hris/devices", "/api/devices"]) {
        expect(await site.read<unknown>(path)).toMatchObject({
          devices: [{ connection_status: state, last_seen: lastSeen }],
        });
      }
      expect(await site.read<unknown>("/api/biometric/status")).toMatchObject({
        connection: { status: connection },
        devices: [{ connection_status: connection }],
      });
      expect(await site.read<unknown>("/api/hris/status")).toMatchObject({
        stats: { total_devices: 1, connected_devices: connection === "connected" ? 1 : 0 },
      });
    }
    await site.poll(SECONDARY);
    expect(await site.read<unknown>("/api/devices")).toMatchObject({
      devices: [{ connection_status: "connected" }],
    });
  });
});

describe("today", () => {
  test("is the site's day: it begins at midnight in Manila, not in UTC", async () => {
    await using site = await openSite();
    const today = async () => {
      const { sync } = await site.read<{
        sync: { statistics: Readonly<Record<string, unknown>> };
      }>("/api/biometric/status");
      const { total_synced_today: all, primary_device_logs_today: primary } = sync.statistics;
      return [all, primary];
    };
    await site.punch(
      { device: PRIMARY, user: "7", time: "20260301235959" },
      { device: PRIMARY, user: "7", time: "20260302000000" },
      { device: SECONDARY, user: "7", time: "20260302215959" },
    );
    expect(await today()).toEqual([2, 1]);
    // 07:30 in Manila: in UTC it is still the day before.
    site.clock.advance(9.5 * HOUR_MS);
    expect(await today()).toEqual([0, 0]);
    await site.punch({ device: SECONDARY, user: "7", time: "20260303073000" });
    expect(await today()).toEqual([1, 0]);
    // 08:30: midnight in UTC has passed, and nothing has changed.
    site.clock.advance(HOUR_MS);
    expect(await today()).toEqual([1, 0]);
  });
});

describe("uptime", () => {
  test("is the time since the start", async () => {
    await using site = await openSite();
    const uptime = async () => {
      const { performance } = await site.read<{
        performance: { system: { uptime_seconds: number } };
      }>("/api/biometric/performance");
      return performance.system.uptime_seconds;
    };
    expect(await uptime()).toBeLessThan(60);
    site.clock.advance(100 * HOUR_MS);
    const later = await uptime();
    expect(later).toBeGreaterThanOrEqual(100 * 3600);
    expect(later).toBeLessThan(100 * 3600 + 60);
  });
});
