/** Aim: a clock that is wrong, not trusted, or lost with the power is named with what to do. */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { type ClockView, checkClock } from "#cli/doctor/check-clock.ts";
import { statesOf, troublesOf } from "./judged.ts";

const shown = (change: Readonly<Record<string, string>> = {}) =>
  Object.entries({ LocalRTC: "no", CanNTP: "yes", NTP: "yes", NTPSynchronized: "yes", ...change })
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");

const WELL: ClockView = {
  nowMs: epochMs(Date.UTC(2026, 2, 2, 0, 15, 4)),
  evidence: "synchronized",
  isEvidenceSeen: true,
  isBehindStored: false,
  timedate: shown(),
  hasClockChip: true,
  siteTimeZone: "Asia/Manila",
  hostTimeZone: "UTC",
};

const check = (change: Partial<ClockView>) => troublesOf(checkClock({ ...WELL, ...change }));
const CONFIRM = "compare it with another clock, then: biometric-server clock confirm";

describe("checkClock()", () => {
  test("finds nothing wrong with a clock that NTP keeps, and tells both zones", () => {
    expect(check({})).toEqual({});
    const zone = checkClock(WELL).find(({ check: name }) => name === "clock-zone");
    expect(zone?.found).toBe(
      "terminals are in Asia/Manila (SITE_TIME_ZONE), where it is 2026-03-02 08:15:04; this box itself is in UTC",
    );
  });

  test("names a clock that was never set, and one that went back", () => {
    const set = 'timedatectl set-time "YYYY-MM-DD HH:MM:SS"';
    expect(check({ nowMs: epochMs(Date.UTC(2001, 1, 3)) })).toEqual({
      clock: `fault: ${set}, and let NTP keep it`,
    });
    expect(check({ isBehindStored: true })).toEqual({ clock: `fault: ${set}` });
  });

  test("names a clock that nothing speaks for, by why NTP does not", () => {
    const none = { evidence: undefined };
    const off = shown({ NTP: "no", NTPSynchronized: "no" });
    expect(check({ ...none, timedate: off })).toEqual({
      clock: `fault: timedatectl set-ntp true; or ${CONFIRM}`,
      "clock-ntp": `fault: timedatectl set-ntp true; or ${CONFIRM}`,
    });
    const unreached = shown({ NTPSynchronized: "no" });
    expect(check({ ...none, timedate: unreached })["clock-ntp"]).toContain("timesyncd.conf");
    const missing = shown({ CanNTP: "no", NTP: "no", NTPSynchronized: "no" });
    expect(check({ ...none, timedate: missing })["clock-ntp"]).toContain(
      "apt install systemd-timesyncd",
    );
  });

  test("lets a clock be that is trusted without NTP", () => {
    const off = shown({ NTP: "no", NTPSynchronized: "no" });
    expect(check({ evidence: "terminals", timedate: off })).toEqual({});
    expect(check({ evidence: "confirmed", timedate: undefined })).toEqual({
      "clock-ntp": "skipped: ",
    });
  });

  test("says when only root sees whether it is trusted", () => {
    const off = shown({ NTP: "no", NTPSynchronized: "no" });
    expect(check({ evidence: undefined, isEvidenceSeen: false, timedate: off })).toEqual({
      clock: "skipped: sudo biometric-server doctor",
      "clock-ntp": "skipped: sudo biometric-server doctor",
    });
  });

  test("names a missing clock chip where NTP does not make up for it, and one in local time", () => {
    expect(check({ hasClockChip: false })).toEqual({});
    const off = shown({ NTP: "no", NTPSynchronized: "no" });
    const states = statesOf(
      checkClock({ ...WELL, evidence: "confirmed", hasClockChip: false, timedate: off }),
    );
    expect(states).toEqual({
      clock: "ok",
      "clock-ntp": "ok",
      "clock-zone": "ok",
      "clock-chip": "warning",
    });
    expect(check({ timedate: shown({ LocalRTC: "yes" }) })).toEqual({
      "clock-chip": "warning: timedatectl set-local-rtc 0",
    });
  });
});
