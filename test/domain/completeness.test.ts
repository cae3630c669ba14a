/**
 * Aim: what is told to be complete never goes back, never lies beyond what a terminal shows, and
 * whatever comes before it is late.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import {
  deviceThrough,
  holdReason,
  lateAgainst,
  provedThrough,
  type ShownThrough,
  siteThrough,
  slowClockAt,
} from "#domain/completeness.ts";

const AT_MS = epochMs(Date.UTC(2026, 2, 2, 0, 15, 4, 750));
const MANILA = "Asia/Manila";

describe("provedThrough()", () => {
  const proved = (skewMs: number | undefined, receivedAtMs = AT_MS, timeZone = MANILA) =>
    provedThrough({ receivedAtMs, skewMs, timeZone, lagMs: 0 });

  test("gives the second that the terminal's clock shows, where it is not ahead of ours", () => {
    expect(proved(-750)).toBe(epochMs(Date.UTC(2026, 2, 2, 0, 15, 4)));
    expect(proved(-600_750)).toBe(epochMs(Date.UTC(2026, 2, 2, 0, 5, 4)));
  });

  test("is capped at our own clock, where the terminal's is fast", () => {
    expect(proved(86_400_000)).toBe(epochMs(Date.UTC(2026, 2, 2, 0, 15, 4)));
  });

  test("counts back by the time since the terminal looked, where its clock is not as fast", () => {
    const lagging = (skewMs: number) =>
      provedThrough({ receivedAtMs: AT_MS, skewMs, timeZone: MANILA, lagMs: 5000 });
    expect(lagging(-750)).toBe(epochMs(Date.UTC(2026, 2, 2, 0, 14, 59)));
    expect(lagging(2250)).toBe(epochMs(Date.UTC(2026, 2, 2, 0, 15, 2)));
    expect(lagging(60_000)).toBe(epochMs(Date.UTC(2026, 2, 2, 0, 15, 4)));
  });

  test("proves nothing with a clock that is unknown, or was reset", () => {
    expect(proved(undefined)).toBeUndefined();
    expect(proved(Date.UTC(2019, 11, 31) - AT_MS)).toBeUndefined();
    expect(proved(-200_000 * 86_400_000)).toBeUndefined();
  });

  test("proves nothing in an hour that the zone passes twice, and all just before and behind it", () => {
    const london = (hour: number, minute: number) =>
      proved(0, epochMs(Date.UTC(2026, 9, 25, hour, minute)), "Europe/London");
    expect(london(0, 0)).toBeUndefined();
    expect(london(1, 59)).toBeUndefined();
    expect(london(2, 0)).toBe(epochMs(Date.UTC(2026, 9, 25, 2, 0)));
    expect(proved(0, epochMs(Date.UTC(2026, 9, 24, 23, 59)), "Europe/London")).toBeDefined();
  });
});

test("slowClockAt() counts back only where a clock is slow", () => {
  expect(slowClockAt(AT_MS, -5000)).toBe(epochMs(AT_MS - 5000));
  expect(slowClockAt(AT_MS, 5000)).toBe(AT_MS);
  expect(slowClockAt(AT_MS, undefined)).toBe(AT_MS);
});

test("deviceThrough() is the later of queue and log", () => {
  const through = (receivedThroughMs: number | null, logReadThroughMs: number | null) =>
    deviceThrough({ receivedThroughMs, logReadThroughMs });
  expect(through(null, null)).toBeUndefined();
  expect(through(5, null)).toBe(epochMs(5));
  expect(through(null, 6)).toBe(epochMs(6));
  expect(through(7, 6)).toBe(epochMs(7));
});

describe("siteThrough()", () => {
  const shown = (id: string, throughMs?: number, isBeingReleased = false): ShownThrough => ({
    id,
    throughMs: throughMs === undefined ? undefined : epochMs(throughMs),
    isBeingReleased,
  });
  const site = (devices: readonly ShownThrough[], toldMs?: number, nowMs = 1000) => {
    const told = toldMs === undefined ? undefined : epochMs(toldMs);
    const { throughMs, least } = siteThrough(devices, told, epochMs(nowMs));
    return [throughMs as number | undefined, least?.id];
  };

  test("is the least of all terminals, and names whose it is", () => {
    expect(site([shown("A", 30), shown("B", 10), shown("C", 20)])).toEqual([10, "B"]);
  });

  test("is nothing, or what was told, while one shows nothing or is being released", () => {
    expect(site([shown("A", 30), shown("B")])).toEqual([undefined, "B"]);
    expect(site([shown("A", 30), shown("B")], 20)).toEqual([20, "B"]);
    expect(site([shown("A", 30), shown("B", 40, true)], 20)).toEqual([20, "B"]);
    expect(site([shown("C"), shown("B")])).toEqual([undefined, "B"]);
  });

  test("without a terminal nothing moves", () => {
    expect(site([])).toEqual([undefined, undefined]);
    expect(site([], 20)).toEqual([20, undefined]);
  });

  test("is not moved by what a clock showed that has been set back since", () => {
    expect(site([shown("A", 2000), shown("B", 10)])).toEqual([undefined, "A"]);
    expect(site([shown("A", 2000)], 1500)).toEqual([1500, "A"]);
    expect(site([shown("A", 1000)], 500)).toEqual([1000, "A"]);
  });

  test("over any history it never goes back, and never moves beyond any terminal's evidence", () => {
    const evidence = fc.option(fc.nat(1000), { nil: undefined });
    const device = fc.record({ id: fc.constantFrom("A", "B", "C"), evidence, held: fc.boolean() });
    const moment = fc.record({
      devices: fc.uniqueArray(device, { selector: ({ id }) => id }),
      nowMs: fc.nat(1000),
    });
    fc.assert(
      fc.property(fc.array(moment), (history) => {
        let told: EpochMs | undefined;
        for (const { devices, nowMs } of history) {
          const list = devices.map(({ id, evidence: ms, held }) => shown(id, ms, held));
          const { throughMs } = siteThrough(list, told, epochMs(nowMs));
          if (throughMs !== told) {
            expect(throughMs).toBeGreaterThan(told ?? -1);
            expect(throughMs).toBeLessThanOrEqual(nowMs);
            expect(list.length).toBeGreaterThan(0);
            for (const { throughMs: ms, isBeingReleased } of list) {
              expect(isBeingReleased).toBe(false);
              expect(throughMs).toBeLessThanOrEqual(ms ?? -1);
            }
          }
          told = throughMs;
        }
      }),
    );
  });
});

describe("lateAgainst()", () => {
  const late = (instantMs: number, device?: number, siteMs?: number) =>
    lateAgainst(
      { instantMs, landedAtMs: 100, isHistoric: false, isDoubtful: false },
      [device, siteMs].map((ms) => (ms === undefined ? undefined : epochMs(ms))),
    ) as number | undefined;

  test("measures a punch against the later of its terminal and the site", () => {
    expect(late(9, 10)).toBe(10);
    expect(late(9, undefined, 10)).toBe(10);
    expect(late(9, 12, 10)).toBe(12);
    expect(late(9)).toBeUndefined();
  });

  test("is not measured against a time to come", () => {
    expect(late(9, 10, 101)).toBe(10);
    expect(late(9, 101)).toBeUndefined();
  });

  test("a punch of that very instant is not late", () => {
    expect(late(10, 10, 10)).toBeUndefined();
  });

  test("one of before its terminal's start, or whose time is doubted, has no part in it", () => {
    const punch = { instantMs: 9, landedAtMs: 100, isHistoric: false, isDoubtful: false };
    expect(lateAgainst({ ...punch, isHistoric: true }, [epochMs(10)])).toBeUndefined();
    expect(lateAgainst({ ...punch, isDoubtful: true }, [epochMs(10)])).toBeUndefined();
  });
});

test("holdReason() names what stands in the way first", () => {
  const well = {
    isOwnClockTrusted: true,
    heldCount: 0,
    waitsFor: undefined,
    driver: "fkweb",
    isOnline: true,
    lastPoll: "proved",
  } as const;
  expect(holdReason(well)).toBe("least");
  expect(holdReason({ ...well, lastPoll: "sent-again" })).toBe("sent-again");
  expect(holdReason({ ...well, lastPoll: undefined })).toBe("no-poll");
  expect(holdReason({ ...well, isOnline: false })).toBe("no-contact");
  expect(holdReason({ ...well, isOnline: false, driver: "rtlog" })).toBe("never-shown");
  expect(holdReason({ ...well, waitsFor: "log" })).toBe("restored");
  expect(holdReason({ ...well, waitsFor: "log", isOnline: false })).toBe("no-contact");
  const raw = { ...well, waitsFor: "operator", isOnline: false, driver: "rtlog" } as const;
  expect(holdReason(raw)).toBe("restored");
  expect(holdReason({ ...well, heldCount: 1, isOnline: false })).toBe("being-released");
  expect(holdReason({ ...well, isOwnClockTrusted: false, heldCount: 1 })).toBe(
    "own-clock-untrusted",
  );
});
