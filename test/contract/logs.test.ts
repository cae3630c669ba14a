/**
 * Aim: the three ways to read logs are what contract 3.1 to 3.3 say of them, with true times,
 * filters before paging, and days of the site (D1, D4, D5, D8).
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  expectRow,
  PRIMARY,
  readJson,
  refusal,
  SECONDARY,
  Site,
  spelled,
} from "./contract-site.ts";
import { KNOWN_PUNCHES, type KnownPunch, LATEST_FIRST } from "./known-punches.ts";
import { anyOf, flag, int, matching, type Shape, text, timeText, wallTime } from "./shape.ts";

setDefaultTimeout(30_000);

const TOTAL = KNOWN_PUNCHES.length;
const DEVICE_TYPE = anyOf("PRIMARY", "SECONDARY");
const USER = anyOf(int, text);

const HRIS_LOG: Shape = {
  id: int,
  user_id: USER,
  device_id: text,
  device_type: DEVICE_TYPE,
  is_primary: flag,
  timestamp: wallTime,
  datetime: timeText,
  datetime_utc: timeText,
  datetime_local: timeText,
  timezone: "Asia/Manila",
  direction: anyOf("in", "out"),
  verification_method: text,
  created_at: timeText,
};

const RAW_LOG: Shape = {
  id: int,
  device_id: text,
  user_id: USER,
  io_mode: anyOf(0, 1),
  io_mode_str: anyOf("OUT", "IN"),
  verify_mode: int,
  verify_mode_str: text,
  timestamp: wallTime,
  datetime: timeText,
  datetime_utc: timeText,
  datetime_local: timeText,
  timezone: "Asia/Manila",
  created_at: timeText,
};

// `total_filtered` is the addition of the defects' repair: contract 9.10.
const HRIS_LOGS: Shape = {
  success: true,
  total: TOTAL,
  "total_filtered?": int,
  returned: int,
  primary_device: PRIMARY,
  logs: [HRIS_LOG],
};
const RAW_LOGS: Shape = {
  success: true,
  total: TOTAL,
  "total_filtered?": int,
  returned: int,
  logs: [RAW_LOG],
};
const OPEN_LOGS: Shape = { total: TOTAL, "total_filtered?": int, returned: int, logs: [RAW_LOG] };

const FAMILIES = [
  { path: "/api/biometric/logs", shape: HRIS_LOGS },
  { path: "/api/hris/logs", shape: RAW_LOGS },
] as const;

interface LogsAnswer {
  readonly total: number;
  readonly total_filtered?: number;
  readonly returned: number;
  readonly logs: readonly {
    readonly id: number;
    readonly user_id: number | string;
    readonly timestamp: string;
  }[];
}

let site: Site;

beforeAll(async () => {
  site = await Site.open();
  await site.punch(...KNOWN_PUNCHES);
});

afterAll(() => site[Symbol.asyncDispose]());

/** Which of the known punches a query gives, and in which order. */
const SELECTIONS: readonly (readonly [query: string, wanted: readonly KnownPunch[]])[] = [
  ["", LATEST_FIRST],
  ["?limit=2", LATEST_FIRST.slice(0, 2)],
  ["?limit=2&offset=1", LATEST_FIRST.slice(1, 3)],
  // Defect 10: in the original `offset` meant nothing alone.
  ["?offset=4", LATEST_FIRST.slice(4)],
  ["?offset=400", []],
  ["?limit=0", LATEST_FIRST],
  ["?limit=-5", LATEST_FIRST],
  ["?limit=abc", LATEST_FIRST],
  ["?limit=1e1", LATEST_FIRST],
  ["?limit=", LATEST_FIRST],
  ["?limit=99999999999999999999999", LATEST_FIRST],
  ["?limit=2&offset=-3", LATEST_FIRST.slice(0, 2)],
  ["?limit=2&offset=abc", LATEST_FIRST.slice(0, 2)],
  ["?unknown=1", LATEST_FIRST],
  ["?user_id=7", LATEST_FIRST.filter(({ shownUser }) => shownUser === 7)],
  ["?user_id=0", LATEST_FIRST],
  ["?user_id=abc", LATEST_FIRST],
  ["?user_id=12345", []],
  [`?device_id=${SECONDARY}`, LATEST_FIRST.filter(({ device }) => device === SECONDARY)],
  ["?device_id=NOBODY", []],
  // Defect 10: filters come before the page.
  ["?user_id=7&limit=1", LATEST_FIRST.filter(({ shownUser }) => shownUser === 7).slice(0, 1)],
  ["?user_id=7&limit=1&offset=2", LATEST_FIRST.filter(({ shownUser }) => shownUser === 7).slice(2)],
  [
    `?device_id=${PRIMARY}&limit=1&offset=1`,
    LATEST_FIRST.filter(({ device }) => device === PRIMARY).slice(1, 2),
  ],
  ["?start_date=2026-03-02&end_date=2026-03-02", days("20260302")],
  ["?start_date=2026-03-02&end_date=2026-03-02&limit=1&offset=3", days("20260302").slice(3)],
  ["?start_date=2026-03-03", days("20260303")],
  ["?end_date=2026-03-02", days("20260302")],
  ["?end_date=2026-03-01", []],
  ["?start_date=2026-3-2&end_date=2026-3-2", days("20260302")],
  ["?start_date=&end_date=", LATEST_FIRST],
];

/** Of `/api/biometric/logs` alone. */
const PRIMARY_SELECTIONS: readonly (readonly [query: string, wanted: readonly KnownPunch[]])[] = [
  ["?primary_only=true", LATEST_FIRST.filter(({ device }) => device === PRIMARY)],
  ["?primary_only=1", LATEST_FIRST.filter(({ device }) => device === PRIMARY)],
  [
    `?primary_only=true&device_id=${SECONDARY}`,
    LATEST_FIRST.filter(({ device }) => device === PRIMARY),
  ],
  // Defect 12: any text was true.
  ["?primary_only=false", LATEST_FIRST],
  ["?primary_only=0", LATEST_FIRST],
  ["?primary_only=", LATEST_FIRST],
];

const BAD_DATES: readonly (readonly [query: string, message: RegExp])[] = [
  ["?start_date=yesterday", /^Invalid date format\. Use YYYY-MM-DD format\. Error: /],
  ["?end_date=2026-02-30", /^Invalid date format\. Use YYYY-MM-DD format\. Error: /],
  ["?start_date=20260302", /^Invalid date format\. Use YYYY-MM-DD format\. Error: /],
  ["?start_date=2026-03-02T00:00:00", /^Invalid date format\. Use YYYY-MM-DD format\. Error: /],
  [
    "?start_date=2026-03-03&end_date=2026-03-02",
    /^Invalid date format\. Use YYYY-MM-DD format\. Error: .*End date must be after start date$/,
  ],
];

describe.each(FAMILIES)("GET $path", ({ path, shape }) => {
  test.each(SELECTIONS)("%p gives what it asks for", async (query, wanted) => {
    const answer = await expectSelection(`GET ${path}${query}`, shape, wanted);
    expect(answer.total).toBe(TOTAL);
  });

  test.each(BAD_DATES)("%p is refused", async (query, message) => {
    await expectRow(site, {
      what: query,
      ask: `GET ${path}${query}`,
      status: 400,
      shape: refusal("Bad Request", matching(message)),
    });
  });

  test("total_filtered counts what the filters let through, total everything", async () => {
    const answer = await site.read<LogsAnswer>(`${path}?user_id=7&limit=1`);
    expect(answer).toMatchObject({ total: TOTAL, total_filtered: 3, returned: 1 });
  });
});

describe("GET /api/biometric/logs", () => {
  test.each(PRIMARY_SELECTIONS)("%p gives what it asks for", async (query, wanted) => {
    await expectSelection(`GET /api/biometric/logs${query}`, HRIS_LOGS, wanted);
  });

  test("D1: it is served", async () => {
    await expectRow(site, {
      what: "logs",
      ask: "GET /api/biometric/logs",
      status: 200,
      shape: HRIS_LOGS,
    });
  });

  test("D4: each record has the fields of both descriptions, and datetime is local", async () => {
    const { logs } = await site.read<LogsAnswer>("/api/biometric/logs");
    expect(logs.map((log) => ({ ...log, id: 0, created_at: "" }))).toEqual(
      LATEST_FIRST.map((punch) => ({
        id: 0,
        user_id: punch.shownUser,
        device_id: punch.device,
        device_type: punch.device === PRIMARY ? "PRIMARY" : "SECONDARY",
        is_primary: punch.device === PRIMARY,
        timestamp: punch.time,
        datetime: spelled(punch.time),
        datetime_utc: punch.utc,
        datetime_local: spelled(punch.time),
        timezone: "Asia/Manila",
        direction: punch.direction,
        verification_method: punch.method,
        created_at: "",
      })),
    );
  });

  test("D5: a user beyond 1 to 8 at the primary terminal is taken like any other", async () => {
    const { logs } = await site.read<LogsAnswer>(
      "/api/biometric/logs?primary_only=true&user_id=42",
    );
    expect(logs).toMatchObject([{ user_id: 42, device_id: PRIMARY, direction: "in" }]);
  });

  test("D8: days are those of Manila, also from 00:00 to 07:59", async () => {
    const path = "/api/biometric/logs?start_date=2026-03-02&end_date=2026-03-02";
    const { logs } = await site.read<LogsAnswer>(path);
    expect(logs.map(({ timestamp }) => timestamp)).toEqual([
      "20260302235959",
      "20260302080000",
      "20260302075959",
      "20260302000000",
    ]);
  });

  test("created_at is the arrival in UTC", async () => {
    const { logs } = await site.read<{ logs: { created_at: string }[] }>("/api/biometric/logs");
    for (const { created_at: createdAt } of logs) {
      const ageMs = Date.now() - Date.parse(`${createdAt.replace(" ", "T")}Z`);
      expect(ageMs).toBeGreaterThanOrEqual(0);
      expect(ageMs).toBeLessThan(300_000);
    }
  });
});

describe.each(["/api/hris/logs", "/api/logs"])("raw rows of GET %s", (path) => {
  // With `device_id` and `limit` the original left the local time out: defect 11.
  const queries = ["", "?limit=100", `?limit=100&device_id=${SECONDARY}`, `?device_id=${PRIMARY}`];
  test.each(queries)("D4: %p shows true times, and datetime is UTC", async (query) => {
    const { logs } = await site.read<LogsAnswer>(path + query);
    const device = /device_id=(\w+)/.exec(query)?.[1];
    const wanted = LATEST_FIRST.filter((punch) => (device ?? punch.device) === punch.device);
    expect(logs.map((log) => ({ ...log, id: 0, created_at: "" }))).toEqual(
      wanted.map((punch) => ({
        id: 0,
        device_id: punch.device,
        user_id: punch.shownUser,
        io_mode: punch.direction === "in" ? 1 : 0,
        io_mode_str: punch.direction === "in" ? "IN" : "OUT",
        verify_mode: punch.verify ?? 1,
        verify_mode_str: punch.method,
        timestamp: punch.time,
        datetime: punch.utc,
        datetime_utc: punch.utc,
        datetime_local: spelled(punch.time),
        timezone: "Asia/Manila",
        created_at: "",
      })),
    );
  });
});

describe("GET /api/logs", () => {
  const selections: readonly (readonly [query: string, wanted: readonly KnownPunch[]])[] = [
    ["", LATEST_FIRST],
    ["?limit=2", LATEST_FIRST.slice(0, 2)],
    ["?limit=2&offset=1", LATEST_FIRST.slice(1, 3)],
    ["?offset=4", LATEST_FIRST.slice(4)],
    ["?limit=abc", LATEST_FIRST],
    [`?device_id=${SECONDARY}`, LATEST_FIRST.filter(({ device }) => device === SECONDARY)],
    [
      `?device_id=${SECONDARY}&limit=1&offset=1`,
      LATEST_FIRST.filter(({ device }) => device === SECONDARY).slice(1, 2),
    ],
  ];
  test.each(selections)("%p gives what it asks for", async (query, wanted) => {
    await expectSelection(`GET /api/logs${query}`, OPEN_LOGS, wanted);
  });
});

async function expectSelection(
  ask: string,
  shape: Shape,
  wanted: readonly KnownPunch[],
): Promise<LogsAnswer> {
  const answer = await expectRow(site, { what: ask, ask, status: 200, shape });
  const body = readJson<LogsAnswer>(answer);
  expect(body.logs.map(({ timestamp }) => timestamp)).toEqual(wanted.map(({ time }) => time));
  expect(body.returned).toBe(wanted.length);
  return body;
}

/** Those of a day, latest first. */
function days(day: string): readonly KnownPunch[] {
  return LATEST_FIRST.filter(({ time }) => time.startsWith(day));
}
