/** Aim: `GET /api/server/time` has the contract's names, types and forms (3.3), in every zone. */

import { describe, expect, test } from "bun:test";
import { ApiFixture, field } from "../../api-fixture.ts";

const PATH = "/api/server/time";

describe("GET /api/server/time", () => {
  test("tells the clock in UTC and in the site's zone, without a token", async () => {
    const fixture = new ApiFixture();
    fixture.clock.stepWallClock(250);
    const answer = await fixture.call(PATH);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      server_timezone: "Asia/Tokyo",
      display_timezone: "Asia/Manila",
      current_time: {
        utc: "2026-03-02 00:15:04",
        local: "2026-03-02 08:15:04",
        utc_iso: "2026-03-02T00:15:04.250000+00:00",
        local_iso: "2026-03-02T08:15:04.250000+08:00",
      },
      timezone_offset: {
        utc_to_local_hours: 8,
        description: "Asia/Manila is UTC+08:00 at this time",
      },
      timestamp: "2026-03-02T00:15:04.250000+00:00",
    });
  });

  test.each([
    ["Asia/Kathmandu", 5.75, "2026-03-02T06:00:04.000000+05:45"],
    ["America/St_Johns", -3.5, "2026-03-01T20:45:04.000000-03:30"],
    ["UTC", 0, "2026-03-02T00:15:04.000000+00:00"],
  ])("is true in %s", async (siteTimeZone, hours, localIso) => {
    const answer = await new ApiFixture({ siteTimeZone }).call(PATH);
    expect(field(answer.json, "timezone_offset", "utc_to_local_hours")).toBe(hours);
    expect(field(answer.json, "current_time", "local_iso")).toBe(localIso);
    expect(field(answer.json, "timezone_offset", "description")).toBe(
      `${siteTimeZone} is UTC${localIso.slice(-6)} at this time`,
    );
  });

  test("follows the zone's summer time", async () => {
    const fixture = new ApiFixture({ siteTimeZone: "Europe/Berlin" });
    const hours = async () =>
      field((await fixture.call(PATH)).json, "timezone_offset", "utc_to_local_hours");
    expect(await hours()).toBe(1);
    fixture.clock.stepWallClock(100 * 24 * 3600 * 1000);
    expect(await hours()).toBe(2);
  });
});
