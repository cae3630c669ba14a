/**
 * Aim: `GET /api/biometric/performance` has the tree of contract 3.1, and what was constant in the
 * replaced server is measured: defect 17.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { expectRow, Site } from "./contract-site.ts";
import { int, isoTime, positive, type Shape } from "./shape.ts";

setDefaultTimeout(30_000);

const STATS: Shape = {
  sent: int,
  failed: int,
  retried: int,
  rate_limited: int,
  recovered: int,
  persistent_queue_size: int,
};

const PERFORMANCE: Shape = {
  success: true,
  timestamp: isoTime,
  performance: {
    cache: { user_direction_cache_size: int },
    webhooks: STATS,
    system: { uptime_seconds: positive, memory_usage_mb: positive },
  },
};

interface PerformanceAnswer {
  readonly performance: {
    readonly cache: { readonly user_direction_cache_size: number };
    readonly system: { readonly uptime_seconds: number; readonly memory_usage_mb: number };
  };
}

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

afterAll(() => site[Symbol.asyncDispose]());

describe("GET /api/biometric/performance", () => {
  const ask = "GET /api/biometric/performance";

  test("has the contract's tree", async () => {
    await expectRow(site, { what: "full", ask, status: 200, shape: PERFORMANCE });
  });

  test("uptime rises and begins anew with a start, memory is that of the process", async () => {
    await using own = await Site.open();
    const read = () => own.read<PerformanceAnswer>("/api/biometric/performance");
    const first = (await read()).performance.system;
    const memoryMb = residentBytes(own.server.pid) / 1024 / 1024;
    expect(first.memory_usage_mb).toBeGreaterThan(memoryMb / 2);
    expect(first.memory_usage_mb).toBeLessThan(memoryMb * 2);
    await eventually("uptime to rise", async () => {
      return (await read()).performance.system.uptime_seconds > first.uptime_seconds;
    });
    const later = (await read()).performance.system;
    await eventually("a second to pass", async () => {
      return (await read()).performance.system.uptime_seconds > later.uptime_seconds + 0.5;
    });
    const last = (await read()).performance.system;
    await own.server.stop();
    await own.server.start();
    expect((await read()).performance.system.uptime_seconds).toBeLessThan(last.uptime_seconds);
  });
});

/** Of a process of this machine. */
function residentBytes(pid: number): number {
  const status = Bun.spawnSync(["cat", `/proc/${pid}/status`]).stdout.toString();
  return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) * 1024;
}
