/**
 * Aim: the status endpoints of contract 3.1 to 3.3 have the contract's trees, and what they tell is
 * measured: counts of the site's own day, uptime, memory, terminals in contact, settings (defects
 * 16 and 17).
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  awayFromMidnight,
  expectRow,
  PRIMARY,
  readJson,
  SECONDARY,
  SITE_OFFSET_MS,
  Site,
  siteDay,
} from "./contract-site.ts";
import { KNOWN_PUNCHES } from "./known-punches.ts";
import { anyOf, flag, int, isoTime, type Shape, text, timeText, words } from "./shape.ts";

setDefaultTimeout(60_000);

const USER = anyOf(int, text);
const TODAY_PRIMARY = 2;
const TODAY_SECONDARY = 1;

const STATUS: Shape = {
  success: true,
  connection: {
    status: anyOf("connected", "disconnected"),
    api_url: words,
    last_test: isoTime,
  },
  devices: anyOf(null, [
    {
      id: text,
      name: words,
      status: anyOf("allowed", "blocked"),
      last_seen: anyOf(null, timeText),
      connection_status: anyOf("connected", "disconnected"),
      is_primary: flag,
      device_type: anyOf("PRIMARY", "SECONDARY"),
    },
  ]),
  // As in the newest revision; the older one's comes with its range of users.
  alignment: {
    primary_device_id: text,
    primary_device_name: words,
    total_primary_users: int,
    primary_device_users: [USER],
    alignment_status: "DYNAMIC",
  },
  connections: {
    total_active_employees: int,
    employees_with_biometric_id: int,
    connection_rate_percent: (value) => (typeof value === "number" ? undefined : "is no number"),
    duplicate_biometric_ids_count: int,
    duplicate_biometric_ids: [USER],
  },
  sync: {
    enabled: flag,
    attendance_interval: 15,
    user_interval: 60,
    auto_create_records: flag,
    statistics: {
      last_sync_attempt: anyOf(null, isoTime, timeText),
      last_successful_sync: anyOf(null, isoTime, timeText),
      total_synced_today: int,
      sync_errors_today: int,
      primary_device_logs_today: int,
    },
  },
  config: {
    client_id: text,
    token_expiry_hours: int,
    rate_limit_requests: int,
    rate_limit_window: int,
    primary_device_id: text,
  },
  webhook: {
    enabled: flag,
    url: text,
    mode: anyOf("sync", "async"),
    rate_limit: int,
    timeout: int,
    retry_enabled: flag,
  },
};

const HRIS_STATUS: Shape = {
  status: "online",
  timestamp: isoTime,
  stats: { total_logs: int, total_users: int, total_devices: int, connected_devices: int },
};

interface StatusAnswer {
  readonly connection: {
    readonly status: string;
    readonly api_url: string;
    readonly last_test: string;
  };
  readonly devices: readonly { readonly id: string; readonly last_seen: string }[] | null;
  readonly sync: { readonly statistics: Readonly<Record<string, unknown>> };
}

let site: Site;
/** When the terminals were last heard, and before. */
let heardMs: { readonly from: number; readonly to: number };

beforeAll(async () => {
  await awayFromMidnight();
  site = await Site.open({
    HRIS_TOKEN_EXPIRY_HOURS: "48",
    HRIS_RATE_LIMIT_REQUESTS: "5000",
    HRIS_RATE_LIMIT_WINDOW: "30",
    WEB_HOST: "gate.example.com",
  });
  const day = siteDay().replaceAll("-", "");
  const from = Date.now();
  await site.punch(
    ...KNOWN_PUNCHES,
    // The first second of the site's day, which in UTC is the day before.
    { device: PRIMARY, user: "7", time: `${day}000001` },
    { device: PRIMARY, user: "8", time: `${day}000002` },
    { device: SECONDARY, user: "7", time: `${day}000003` },
    // A resend is no further punch.
    { device: SECONDARY, user: "7", time: `${day}000003` },
  );
  heardMs = { from, to: Date.now() };
});

afterAll(() => site[Symbol.asyncDispose]());

describe("GET /api/biometric/status", () => {
  const ask = "GET /api/biometric/status";

  test("has the contract's tree", async () => {
    await expectRow(site, { what: "full", ask, status: 200, shape: STATUS });
  });

  test("tells the settings, the users and the counts of the site's day", async () => {
    expect(await site.read<unknown>("/api/biometric/status")).toMatchObject({
      connection: { status: "connected" },
      alignment: {
        primary_device_id: PRIMARY,
        total_primary_users: 3,
        primary_device_users: expect.arrayContaining([7, 8, 42]),
      },
      connections: { duplicate_biometric_ids_count: 0, duplicate_biometric_ids: [] },
      sync: {
        statistics: {
          total_synced_today: TODAY_PRIMARY + TODAY_SECONDARY,
          sync_errors_today: 0,
          primary_device_logs_today: TODAY_PRIMARY,
        },
      },
      config: {
        client_id: "hris_system",
        token_expiry_hours: 48,
        rate_limit_requests: 5000,
        rate_limit_window: 30,
        primary_device_id: PRIMARY,
      },
      webhook: { enabled: false, mode: "sync" },
    });
    const { connection } = await site.read<StatusAnswer>("/api/biometric/status");
    expect(connection.api_url).toBe(`http://gate.example.com:${site.server.webPort}`);
  });

  test("client_id is the client that asks", async () => {
    const token = await site.requestToken("payroll", "contract-client-secret");
    const answer = await site.call(ask, { token });
    expect(readJson<unknown>(answer)).toMatchObject({ config: { client_id: "payroll" } });
  });

  test("last_test is now in UTC, last_seen the last contact in the site's time", async () => {
    const { connection, devices } = await site.read<StatusAnswer>("/api/biometric/status");
    expect(connection.last_test).toEndWith("Z");
    expect(Math.abs(Date.now() - Date.parse(connection.last_test))).toBeLessThan(60_000);
    expect(devices?.map(({ id }) => id).sort()).toEqual([SECONDARY, PRIMARY]);
    for (const { last_seen: lastSeen } of devices ?? []) {
      const seenMs = Date.parse(`${lastSeen.replace(" ", "T")}Z`) - SITE_OFFSET_MS;
      expect(seenMs).toBeGreaterThanOrEqual(heardMs.from - 1000);
      expect(seenMs).toBeLessThanOrEqual(heardMs.to);
    }
  });

  test("tells when the HRIS last synced, and which tries of today failed", async () => {
    await using own = await Site.open();
    const read = async () =>
      (await own.read<StatusAnswer>("/api/biometric/status")).sync.statistics;
    const from = Date.now();
    const users = [{ user_id: 7, name: "José" }];
    expect((await own.call("POST /api/biometric/sync", { json: { users } })).status).toBe(200);
    const first = await read();
    expect(first).toMatchObject({ sync_errors_today: 0 });
    const successAtMs = Date.parse(String(first.last_successful_sync));
    expect(successAtMs).toBeGreaterThanOrEqual(from - 1000);
    expect(successAtMs).toBeLessThanOrEqual(Date.now());
    await own.call("POST /api/biometric/sync", { json: { users: "all" } });
    const second = await read();
    expect(second).toMatchObject({
      last_successful_sync: first.last_successful_sync,
      sync_errors_today: 1,
    });
    expect(Date.parse(String(second.last_sync_attempt))).toBeGreaterThanOrEqual(successAtMs);
  });

  test("devices is null where there is none, and nothing is connected", async () => {
    await using empty = await Site.open();
    const row = { what: "empty", ask, status: 200, shape: STATUS };
    const body = readJson<StatusAnswer>(await expectRow(empty, row));
    expect(body.devices).toBeNull();
    expect(body.connection.status).toBe("disconnected");
    expect(body.sync.statistics).toMatchObject({
      total_synced_today: 0,
      primary_device_logs_today: 0,
    });
  });
});

describe("GET /api/hris/status", () => {
  test("has the contract's tree and true counts", async () => {
    const row = { what: "full", ask: "GET /api/hris/status", status: 200, shape: HRIS_STATUS };
    const body = readJson<{ timestamp: string; stats: unknown }>(await expectRow(site, row));
    expect(body.stats).toMatchObject({
      total_logs: KNOWN_PUNCHES.length + TODAY_PRIMARY + TODAY_SECONDARY,
      total_devices: 2,
      connected_devices: 2,
    });
  });
});

describe("GET /api/status", () => {
  test("has the contract's tree and true counts", async () => {
    const device: Shape = {
      device_id: text,
      device_name: anyOf(null, text),
      status: anyOf("allowed", "blocked"),
      last_seen: anyOf(null, timeText),
      created_at: timeText,
      connection_status: anyOf("connected", "recent", "offline", "never"),
    };
    const shape = { total_logs: int, total_devices: int, devices: [device] } as const;
    const row = { what: "full", ask: "GET /api/status", status: 200, shape };
    expect(readJson<unknown>(await expectRow(site, row))).toMatchObject({
      total_logs: KNOWN_PUNCHES.length + TODAY_PRIMARY + TODAY_SECONDARY,
      total_devices: 2,
    });
  });
});
