/**
 * Aim: GET /api/hris/logs/summary counts every user's punches on days of the site, in the
 * contract's shape (3.2), and refuses what the original refused.
 */

import { describe, expect, test } from "bun:test";
import { userId } from "#domain/identifiers.ts";
import { ApiFixture } from "../../api-fixture.ts";
import { samplePunch } from "../../fake-storage.ts";

const PATH = "/api/hris/logs/summary";
const DAY = "start_date=2026-03-02&end_date=2026-03-02";

/** Of user 6 one punch the evening before, one in, one out and one undecided on the day. */
function filled(): ApiFixture {
  const fixture = new ApiFixture();
  const user = (id: string) => ({ userId: userId(id) });
  fixture.storage.punches.push(
    samplePunch(1, { wallTimeText: "20260301235959" }),
    samplePunch(2, { wallTimeText: "20260302000000" }),
    samplePunch(3, { wallTimeText: "20260302120000", direction: "out" }),
    samplePunch(4, { wallTimeText: "20260302235959", direction: undefined }),
    samplePunch(5, { ...user("E-7"), wallTimeText: "20260302130000" }),
    samplePunch(6, { ...user("__proto__"), wallTimeText: "20260302140000", direction: "out" }),
    samplePunch(7, { wallTimeText: "20260303000000" }),
    samplePunch(8, { wallTimeText: "20260302110000", feedPosition: undefined }),
  );
  return fixture;
}

describe("GET /api/hris/logs/summary", () => {
  test("counts by user id, and what is undecided as in", async () => {
    const answer = await filled().get(`${PATH}?${DAY}`);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('"__proto__":{"total_logs":1,"in_logs":0,"out_logs":1}');
    const { __proto__: _, ...others } = Object(answer.json).summary.user_stats;
    expect(others).toEqual({
      "6": { total_logs: 3, in_logs: 2, out_logs: 1 },
      "E-7": { total_logs: 1, in_logs: 1, out_logs: 0 },
    });
    expect(answer.json).toMatchObject({
      success: true,
      period: { start_date: "2026-03-02", end_date: "2026-03-02" },
      summary: { total_logs: 5, unique_users: 3 },
      logs_count: 5,
    });
  });

  test("shows the dates as they were sent, and nobody on days without a punch", async () => {
    const answer = await filled().get(`${PATH}?start_date=2025-1-2&end_date=2025-01-3`);
    expect(answer.json).toEqual({
      success: true,
      period: { start_date: "2025-1-2", end_date: "2025-01-3" },
      summary: { total_logs: 0, unique_users: 0, user_stats: {} },
      logs_count: 0,
    });
  });

  test("passes over other parameters, and takes the first of a repeated one", async () => {
    const answer = await filled().get(`${PATH}?user_id=7&limit=1&${DAY}&start_date=x&end_date=y`);
    expect(answer.json).toMatchObject({ logs_count: 5 });
  });

  test.each([
    ["", "start_date and end_date are required"],
    ["start_date=2026-03-02", "start_date and end_date are required"],
    ["end_date=nonsense", "start_date and end_date are required"],
    ["start_date=&end_date=2026-03-02", "start_date and end_date are required"],
    [
      "start_date=02-03-2026&end_date=2026-03-02",
      "Invalid date format. Use YYYY-MM-DD format. " +
        "Error: time data '02-03-2026' does not match format '%Y-%m-%d'",
    ],
    [
      "start_date=2026-03-03&end_date=2026-03-02",
      "Invalid date format. Use YYYY-MM-DD format. Error: End date must be after start date",
    ],
  ])("refuses ?%s", async (query, message) => {
    const answer = await filled().get(`${PATH}?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ error: "Bad Request", message });
  });

  test("needs a token", async () => {
    expect((await filled().call(`${PATH}?${DAY}`)).status).toBe(401);
  });
});
