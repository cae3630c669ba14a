/**
 * Aim: directions follow punch time and not arrival, also for punches that come late: the rows
 * behind one are corrected, get a new revision and move in the feed, in bounded steps.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { feedPosition } from "#domain/identifiers.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
} from "../support/test-storage.ts";

setDefaultTimeout(30_000);

const DAY_MS = 86_400_000;

/** A wall time in Manila, `seconds` after 2026-03-01 00:00:00. */
function wallTimeAt(seconds: number): string {
  return new Date(Date.UTC(2026, 2, 1) + seconds * 1000)
    .toISOString()
    .replace(/\D/g, "")
    .slice(0, 14);
}

describe("append() of a late punch", () => {
  test("corrects the rows behind it, which move in the feed with a new revision", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([
      punchesFrom("GATE1", [rawPunch("7", "20260302080000")]),
      punchesFrom("GATE1", [rawPunch("7", "20260302170000")]),
    ]);
    const before = await readFeed(storage);
    expect(before.map((punch) => punch.direction)).toEqual(["in", "out"]);
    await storage.append([punchesFrom("GATE2", [rawPunch("7", "20260302120000")])]);
    const feed = await readFeed(storage);
    expect(
      feed.map((punch) => [
        punch.wallTime as string,
        punch.direction,
        punch.revision,
        punch.feedPosition as number,
      ]),
    ).toEqual([
      ["20260302080000", "in", 1, 1],
      ["20260302120000", "out", 1, 3],
      ["20260302170000", "in", 2, 4],
    ]);
    const changed = await storage.listPunchesAfter(feedPosition(2), 10, {});
    expect(changed.punches).toHaveLength(2);
  });

  test("corrects nobody else", async () => {
    using opened = openTestStorage();
    await opened.storage.append([
      punchesFrom("GATE1", [rawPunch("7", "20260302080000")]),
      punchesFrom("GATE1", [rawPunch("8", "20260302081000")]),
      punchesFrom("GATE1", [rawPunch("9", "20260302070000")]),
    ]);
    expect((await readFeed(opened.storage)).map((punch) => punch.revision)).toEqual([1, 1, 1]);
  });

  test("leaves rows alone when it lies before the correction window", async () => {
    using opened = openTestStorage({ correctionWindowMs: DAY_MS });
    await opened.storage.append([
      punchesFrom("GATE1", [rawPunch("7", "20260302080000")]),
      punchesFrom("GATE1", [rawPunch("7", "20260228200000")]),
    ]);
    expect(
      (await readFeed(opened.storage)).map((punch) => [punch.direction, punch.revision]),
    ).toEqual([
      ["in", 1],
      ["in", 1],
    ]);
  });

  test("corrects from the start of the window when it lies before it", async () => {
    using opened = openTestStorage({
      correctionWindowMs: DAY_MS,
      direction: { maxShiftMs: 0, minimumGapMs: 0 },
    });
    await opened.storage.append([
      punchesFrom("GATE1", [rawPunch("7", "20260227080000")]),
      punchesFrom("GATE1", [rawPunch("7", "20260302080000")]),
      punchesFrom("GATE1", [rawPunch("7", "20260228200000")]),
    ]);
    const feed = await readFeed(opened.storage);
    expect(feed.map((punch) => `${punch.wallTime} ${punch.direction} ${punch.revision}`)).toEqual([
      "20260227080000 in 1",
      "20260228200000 out 1",
      "20260302080000 in 2",
    ]);
  });

  test("corrects 200 rows at once and the rest in the background", async () => {
    using opened = openTestStorage({ direction: { maxShiftMs: 0, minimumGapMs: 0 } });
    const { storage } = opened;
    const times = Array.from({ length: 450 }, (_, index) => wallTimeAt(1000 + index * 60));
    await storage.append([
      punchesFrom(
        "GATE1",
        times.map((time) => rawPunch("7", time)),
      ),
    ]);
    await storage.append([punchesFrom("GATE1", [rawPunch("7", wallTimeAt(500))])]);
    const corrected = async () =>
      (await readFeed(storage)).filter((punch) => punch.revision === 2).length;
    expect(await corrected()).toBe(200);
    await opened.reopen({ direction: { maxShiftMs: 0, minimumGapMs: 0 } });
    expect(await finishBackgroundWork(opened.storage)).toBeGreaterThan(1);
    const feed = await readFeed(opened.storage);
    const inOrder = [...feed].sort((a, b) => a.instantMs - b.instantMs);
    expect(inOrder.map((punch) => punch.direction)).toEqual(
      inOrder.map((_, index) => (index % 2 === 0 ? "in" : "out")),
    );
    expect(new Set(feed.map((punch) => punch.feedPosition)).size).toBe(451);
  });

  test("ends at the directions of punches that came in order, whatever the order", async () => {
    const rule = { maxShiftMs: 4 * 3_600_000, minimumGapMs: 30_000 };
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 80_000 }), { minLength: 1, maxLength: 25 }),
        fc.infiniteStream(fc.nat()),
        async (seconds, keys) => {
          const shuffled = seconds
            .map((second) => ({ second, key: keys.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map((entry) => entry.second);
          const sorted = [...seconds].sort((a, b) => a - b);
          expect(await directionsAfter(shuffled, rule)).toEqual(
            await directionsAfter(sorted, rule),
          );
        },
      ),
      { numRuns: 25 },
    );
  });
});

async function directionsAfter(
  seconds: readonly number[],
  direction: { readonly maxShiftMs: number; readonly minimumGapMs: number },
): Promise<readonly string[]> {
  using opened = openTestStorage({ direction });
  for (const second of seconds) {
    const raw = rawPunch("7", wallTimeAt(second));
    await opened.storage.append([punchesFrom("GATE1", [raw], epochMs(RECEIVED_AT_MS))]);
  }
  await finishBackgroundWork(opened.storage);
  return [...(await readFeed(opened.storage))]
    .sort((a, b) => a.instantMs - b.instantMs)
    .map((punch) => `${punch.wallTime} ${punch.direction} ${punch.isRepeat}`);
}
