/**
 * Aim: the summary of logs is what contract 3.2 says of it, over days of the site (D8).
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { expectRow, type Row, readJson, refusal, Site } from "./contract-site.ts";
import { KNOWN_PUNCHES } from "./known-punches.ts";
import { int, matching, type Shape, text } from "./shape.ts";

setDefaultTimeout(30_000);

let site: Site;

beforeAll(async () => {
  site = await Site.open();
  await site.punch(...KNOWN_PUNCHES);
});

afterAll(() => site[Symbol.asyncDispose]());

describe("GET /api/hris/logs/summary", () => {
  const path = "GET /api/hris/logs/summary";
  const SUMMARY: Shape = {
    success: true,
    period: { start_date: text, end_date: text },
    summary: { total_logs: int, unique_users: int, user_stats: (value) => userStatsProblem(value) },
    logs_count: int,
  };
  const rows: readonly Row[] = [
    {
      what: "no dates",
      ask: path,
      status: 400,
      shape: refusal("Bad Request", "start_date and end_date are required"),
    },
    {
      what: "no end",
      ask: `${path}?start_date=2026-03-02`,
      status: 400,
      shape: refusal("Bad Request", "start_date and end_date are required"),
    },
    {
      what: "no start",
      ask: `${path}?end_date=2026-03-02`,
      status: 400,
      shape: refusal("Bad Request", "start_date and end_date are required"),
    },
    {
      what: "a bad date",
      ask: `${path}?start_date=2026-03-02&end_date=soon`,
      status: 400,
      shape: refusal(
        "Bad Request",
        matching(/^Invalid date format\. Use YYYY-MM-DD format\. Error: /),
      ),
    },
    {
      what: "the end before the start",
      ask: `${path}?start_date=2026-03-03&end_date=2026-03-02`,
      status: 400,
      shape: refusal(
        "Bad Request",
        matching(/^Invalid date format\..*End date must be after start date$/),
      ),
    },
    {
      what: "two days",
      ask: `${path}?start_date=2026-03-02&end_date=2026-03-03`,
      status: 200,
      shape: SUMMARY,
    },
    {
      what: "days without punches",
      ask: `${path}?start_date=2025-01-01&end_date=2025-01-02`,
      status: 200,
      shape: SUMMARY,
    },
  ];
  test.each(rows)("$what: $status", async (row) => {
    await expectRow(site, row);
  });

  test("D8: it counts the punches of a Manila day", async () => {
    const answer = await site.call(`${path}?start_date=2026-03-02&end_date=2026-03-02`);
    expect(readJson<unknown>(answer)).toEqual({
      success: true,
      period: { start_date: "2026-03-02", end_date: "2026-03-02" },
      summary: {
        total_logs: 4,
        unique_users: 3,
        user_stats: {
          "7": { total_logs: 2, in_logs: 1, out_logs: 1 },
          "8": { total_logs: 1, in_logs: 1, out_logs: 0 },
          "42": { total_logs: 1, in_logs: 1, out_logs: 0 },
        },
      },
      logs_count: 4,
    });
  });

  test("the period is shown as it was sent", async () => {
    const answer = await site.call(`${path}?start_date=2026-3-2&end_date=2026-3-2`);
    expect(readJson<{ period: unknown }>(answer).period).toEqual({
      start_date: "2026-3-2",
      end_date: "2026-3-2",
    });
  });
});

function userStatsProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "is no object";
  const keys = Object.values(value).map((stats) => Object.keys(stats).sort().join());
  const wrong = keys.filter((names) => names !== "in_logs,out_logs,total_logs");
  return wrong.length === 0 ? undefined : `has other fields: ${wrong.join(" ")}`;
}
