/**
 * Aim: over a real database every list of logs, and the summary, answers what a list in memory
 * would, whatever is stored and asked for; and a long answer is whole and holds nobody up while
 * punches arrive and are corrected.
 */

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { createWebApi } from "#api/server.ts";
import { deviceId } from "#domain/identifiers.ts";
import {
  inLogOrder,
  type TestRow,
  testRows,
  USERS,
  writeRows,
  ZONES,
} from "../../../support/stored-rows.ts";
import {
  openTestStorage,
  punchesFrom,
  rawPunch,
  type TestStorage,
} from "../../../support/test-storage.ts";
import { ApiFixture, field, listField, textField } from "../../api-fixture.ts";

setDefaultTimeout(60_000);

const PRIMARY = "MANILA";

/** A query as a client means it; what is undefined or makes no sense counts as absent. */
interface Query {
  readonly limit: number | string | undefined;
  readonly offset: number | undefined;
  readonly user_id: string | undefined;
  readonly device_id: string | undefined;
  readonly primary_only: string | undefined;
  readonly start_date: string | undefined;
  readonly end_date: string | undefined;
}

const optional = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 });

const dates = fc.constantFrom(
  ...["2026-03-06", "2026-03-08", "2026-3-9", "2026-03-28", "2026-03-29", "2026-4-1"],
  ...["0001-01-01", "9999-12-31"],
);

const queries: fc.Arbitrary<Query> = fc
  .record({
    limit: optional(fc.oneof(fc.integer({ min: -2, max: 120 }), fc.constantFrom("x", "1e9"))),
    offset: optional(fc.integer({ min: -2, max: 130 })),
    user_id: optional(fc.constantFrom(...USERS, "0", "abc", "42")),
    device_id: optional(fc.constantFrom(...Object.keys(ZONES), "NONE", "")),
    primary_only: optional(fc.constantFrom("true", "1", "YES", "false", "0", "")),
    start_date: optional(dates),
    end_date: optional(dates),
  })
  .map((query) => {
    const { start_date: start, end_date: end } = query;
    const isReversed = start !== undefined && end !== undefined && dayOf(end) < dayOf(start);
    return isReversed ? { ...query, start_date: end, end_date: start } : query;
  });

function dayOf(date: string): string {
  const [year = "", month = "", day = ""] = date.split("-");
  return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}

/** What a clock of the zone shows, as the original wrote it. */
function shownTime(instantMs: number, timeZone: string): string {
  const instant = Temporal.Instant.fromEpochMilliseconds(instantMs);
  const local = instant.toZonedDateTimeISO(timeZone).toPlainDateTime();
  return local.toString({ smallestUnit: "second" }).replace("T", " ");
}

function expectedRows(rows: readonly TestRow[], query: Query, zone: string): readonly TestRow[] {
  const isPrimaryOnly = ["true", "1", "YES"].includes(query.primary_only ?? "");
  const device = isPrimaryOnly ? PRIMARY : (query.device_id ?? "");
  // Text that is no number, and zero, mean everybody; a number loses its zeros.
  const user = String(Number(query.user_id ?? "0"));
  const [from, to] = [query.start_date, query.end_date].map((date) =>
    date === undefined ? undefined : Temporal.PlainDate.from(dayOf(date)),
  );
  return inLogOrder(rows).filter((row) => {
    const instant = Temporal.Instant.fromEpochMilliseconds(row.instantMs);
    const day = instant.toZonedDateTimeISO(zone).toPlainDate();
    return (
      (device === "" || row.deviceId === device) &&
      (["0", "NaN"].includes(user) || row.userId === user) &&
      (from === undefined || Temporal.PlainDate.compare(day, from) >= 0) &&
      (to === undefined || Temporal.PlainDate.compare(day, to) <= 0)
    );
  });
}

function cut(rows: readonly TestRow[], { limit, offset = 0 }: Query): readonly TestRow[] {
  const start = Math.max(0, offset);
  const isLimited = typeof limit === "number" && limit > 0;
  return rows.slice(start, isLimited ? start + limit : undefined);
}

function userOf(row: TestRow): number | string {
  return ["007", "E-7"].includes(row.userId) ? row.userId : Number(row.userId);
}

function biometricRecord(row: TestRow): Record<string, unknown> {
  return {
    id: row.id,
    user_id: userOf(row),
    device_id: row.deviceId,
    is_primary: row.deviceId === PRIMARY,
    timestamp: row.wallTime,
    datetime: shownTime(row.instantMs, row.timeZone),
    datetime_utc: shownTime(row.instantMs, "UTC"),
    timezone: row.timeZone,
    direction: row.direction ?? "in",
    verification_method: "ID Card",
  };
}

function rawRecord(row: TestRow): Record<string, unknown> {
  return {
    id: row.id,
    user_id: userOf(row),
    device_id: row.deviceId,
    io_mode: row.direction === "out" ? 0 : 1,
    timestamp: row.wallTime,
    datetime: shownTime(row.instantMs, "UTC"),
    datetime_local: shownTime(row.instantMs, row.timeZone),
  };
}

function withParameters(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return `${path}?${parameters}`;
}

/** A storage that holds these rows. */
async function storageOf(rows: readonly TestRow[]): Promise<TestStorage> {
  const opened = openTestStorage();
  using file = new Database(opened.path, { strict: true });
  writeRows(file, rows);
  const released = inLogOrder(rows).length;
  file.run(
    `UPDATE counters SET last_punch_id = 2000000, last_feed_position = 1000000,
       punch_count = ${released}, held_count = ${rows.length - released}`,
  );
  await opened.reopen();
  return opened;
}

describe("over a real database", () => {
  test("every list and the summary answer what a list in memory would", async () => {
    await fc.assert(
      fc.asyncProperty(
        testRows(150),
        fc.array(queries, { minLength: 5, maxLength: 5 }),
        fc.constantFrom("Asia/Manila", "America/New_York", "Pacific/Apia"),
        async (rows, asked, siteTimeZone) => {
          using opened = await storageOf(rows);
          const primaryDeviceId = deviceId(PRIMARY);
          const { storage } = opened;
          const fixture = new ApiFixture({ storage, siteTimeZone, primaryDeviceId });
          for (const query of asked) await expectAnswers(fixture, { rows, query, siteTimeZone });
        },
      ),
      { numRuns: 20 },
    );
  });

  async function expectAnswers(
    fixture: ApiFixture,
    site: { rows: readonly TestRow[]; query: Query; siteTimeZone: string },
  ): Promise<void> {
    const { rows, query, siteTimeZone } = site;
    const noDays = { start_date: undefined, end_date: undefined };
    const lists = [
      { path: "/api/biometric/logs", known: query, spell: biometricRecord },
      { path: "/api/hris/logs", known: { ...query, primary_only: "" }, spell: rawRecord },
      {
        path: "/api/logs",
        known: { ...query, ...noDays, primary_only: "", user_id: undefined },
        spell: rawRecord,
      },
    ];
    for (const { path, known, spell } of lists) {
      const answer = await fixture.get(withParameters(path, query));
      const filtered = expectedRows(rows, known, siteTimeZone);
      const wanted = cut(filtered, query);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.json).toMatchObject({
        total: inLogOrder(rows).length,
        total_filtered: filtered.length,
        returned: wanted.length,
      });
      expect(listField(answer.json, "logs")).toMatchObject(wanted.map(spell));
    }
    if (query.start_date === undefined || query.end_date === undefined) return;
    const answer = await fixture.get(withParameters("/api/hris/logs/summary", query));
    const days = { ...query, user_id: undefined, device_id: undefined, primary_only: undefined };
    const byUser = Map.groupBy(expectedRows(rows, days, siteTimeZone), (row) => row.userId);
    const stats = [...byUser].map(([user, own]) => {
      const out = own.filter((row) => row.direction === "out").length;
      return [user, { total_logs: own.length, in_logs: own.length - out, out_logs: out }];
    });
    expect(field(answer.json, "summary", "user_stats")).toEqual(Object.fromEntries(stats));
  }
});

/** 2026-03-02 08:00:00 in Manila and `second` seconds. */
function wallTimeOf(second: number): string {
  const iso = new Date(Date.UTC(2026, 2, 2, 8) + second * 1000).toISOString();
  return iso.replaceAll(/\D/g, "").slice(0, 14);
}

describe("a long answer over a real database", () => {
  const PUNCHES = 950;

  /** One user's punch a second, so that a late one corrects what is behind it. */
  async function filled(): Promise<TestStorage> {
    const opened = openTestStorage();
    const seconds = Array.from({ length: PUNCHES }, (_, second) => second);
    await opened.storage.append([
      punchesFrom(
        "GATE1",
        seconds.map((second) => rawPunch("7", wallTimeOf(2 * second))),
      ),
    ]);
    return opened;
  }

  async function open(opened: TestStorage) {
    const fixture = new ApiFixture({ storage: opened.storage });
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const request = new Request("http://localhost/api/biometric/logs", { headers });
    const response = await createWebApi(fixture.options).handle(request);
    const reader = response.body?.getReader();
    if (reader === undefined) throw new Error("No body");
    return reader;
  }

  test("tells every punch of its beginning once, while others come late and correct", async () => {
    using opened = await filled();
    const before = await opened.storage.listLogs(
      {},
      { limit: 2_000, offset: 0, before: undefined },
    );
    const reader = await open(opened);
    const decoder = new TextDecoder();
    let text = "";
    for (let chunk = 0; ; chunk += 1) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      // Newer than everything, and late: behind the place that is read, and before it.
      const late = [5_000 + chunk, 2 * PUNCHES - 1 - 40 * chunk, 1 + 40 * chunk];
      await opened.storage.append(
        late.map((second) => punchesFrom("GATE2", [rawPunch("7", wallTimeOf(second))])),
      );
    }
    const answer: unknown = JSON.parse(text);
    const logs = listField(answer, "logs");
    expect(field(answer, "returned")).toBe(logs.length);
    const ids = logs.map((log) => field(log, "id"));
    expect(new Set(ids).size).toBe(ids.length);
    expect(before.map((punch) => punch.id as number).filter((id) => !ids.includes(id))).toEqual([]);
    const order = logs.map((log) => `${textField(log, "timestamp")} ${field(log, "id")}`);
    expect(order).toEqual(order.toSorted().reverse());
    const corrected = await opened.storage.listLogs(
      {},
      { limit: 2_000, offset: 0, before: undefined },
    );
    expect(corrected.some((punch) => punch.revision > 1)).toBe(true);
  });

  test("keeps no read open while its client does not read: the log can be emptied", async () => {
    using opened = await filled();
    const reader = await open(opened);
    await reader.read();
    await opened.storage.append([punchesFrom("GATE2", [rawPunch("8", wallTimeOf(1))])]);
    using file = new Database(opened.path);
    const state = file.query<{ busy: number; log: number }, []>("PRAGMA wal_checkpoint(TRUNCATE)");
    expect(state.get()).toMatchObject({ busy: 0, log: 0 });
    await reader.cancel();
  });
});
