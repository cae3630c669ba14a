/**
 * Aim: a terminal's clock is measured by what it says now and by nothing that waited, told once when
 * it is off, and what it made of punches while it was reset can be read: each stored once, doubted,
 * with the time that was probably meant.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { wallTimeAt } from "#domain/wall-time.ts";
import type { Storage } from "#storage/storage.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  pollFrom,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
} from "../support/test-storage.ts";

const GATE = deviceId("GATE");
const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const after = (seconds: number): EpochMs => epochMs(RECEIVED_AT_MS + seconds * SECOND_MS);
/** What a clock of Manila that is off by `skewMs` shows. */
const clockAt = (atMs: EpochMs, skewMs = 0) => wallTimeAt(epochMs(atMs + skewMs), "Asia/Manila");

async function polls(storage: Storage, skewsMs: readonly number[], from = 0): Promise<void> {
  for (const [index, skewMs] of skewsMs.entries()) {
    const atMs = after(from + 20 * index);
    await storage.append([pollFrom("GATE", clockAt(atMs, skewMs), atMs)]);
  }
}

async function skewOf(storage: Storage): Promise<number | undefined> {
  return (await storage.findDevice(GATE))?.clockSkewMs;
}

describe("the measured skew", () => {
  test("is the median of the last nine reports, so that one late report changes nothing", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [5000, 5000, 5000]);
    await storage.append([pollFrom("GATE", clockAt(after(60), 5000), after(240))]);
    expect(await skewOf(storage)).toBe(5000);
    await storage.append([pollFrom("GATE", clockAt(after(250), 6000), after(250))]);
    expect(await skewOf(storage)).toBe(5000);
    await polls(storage, Array(5).fill(0), 300);
    expect(await skewOf(opened.storage)).toBe(0);
  });

  test("begins anew where the last report is more than a quarter of an hour old", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [5000, 5000, 5000]);
    await storage.append([pollFrom("GATE", clockAt(after(940)), after(940))]);
    expect(await skewOf(storage)).toBe(5000);
    await storage.append([pollFrom("GATE", clockAt(after(1841), 1000), after(1841))]);
    expect(await skewOf(storage)).toBe(1000);
  });

  test("is moved by a live punch, and not by one that waited", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punchesFrom("GATE", [rawPunch("1", clockAt(after(0), -3000))])]);
    expect(await skewOf(storage)).toBe(-3000);
    const old = [1, 2, 3, 4, 5].map((hours) => rawPunch("2", clockAt(after(-hours * 3600))));
    await storage.append([punchesFrom("GATE", old, after(1))]);
    expect(await skewOf(storage)).toBe(-3000);
  });

  test("follows a slow clock's live punches, and not what it had waiting before it was slow", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [-HOUR_MS]);
    const punch = (user: string, skewMs: number) =>
      punchesFrom("GATE", [rawPunch(user, clockAt(after(60), skewMs))], after(60));
    await storage.append([punch("1", 0), punch("2", -HOUR_MS - 90_000)]);
    await storage.append([punch("3", -HOUR_MS - 4000), punch("4", -HOUR_MS - 4000)]);
    expect(await skewOf(storage)).toBe(-HOUR_MS - 4000);
  });

  test("says nothing any more in another time zone, until the terminal reports again", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [HOUR_MS, HOUR_MS, HOUR_MS]);
    await storage.updateDevice(GATE, { timeZone: "Asia/Tokyo" });
    expect(await skewOf(storage)).toBeUndefined();
    await polls(storage, [HOUR_MS], 100);
    expect(await skewOf(storage)).toBe(0);
  });

  test("is a witness for the box's own clock, of terminals in use alone", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    await polls(opened.storage, [7000]);
    expect([...opened.ownClock.terminals]).toEqual([]);
    await opened.storage.approveDevice(GATE);
    await polls(opened.storage, [7000], 20);
    expect([...opened.ownClock.terminals]).toEqual([["GATE", 7000]]);
  });

  test("leaves the arrival of what is stored with the box's own clock, over a restart", async () => {
    using opened = openTestStorage();
    const punch = rawPunch("1", "20260302080000");
    await opened.storage.append([punchesFrom("GATE", [punch], after(50))]);
    expect(opened.ownClock.newestArrivalMs).toBe(after(50));
    opened.ownClock.newestArrivalMs = 0;
    await opened.reopen();
    expect(opened.ownClock.newestArrivalMs).toBe(after(50));
  });
});

describe("a clock that is off", () => {
  test("is told once, and once again when it is right", async () => {
    using opened = openTestStorage();
    const { storage, log } = opened;
    await polls(storage, [60_000, 60_000, 60_000]);
    expect(log.of("device.clock-off")).toEqual([]);
    await polls(storage, Array(9).fill(-95_000), 100);
    await polls(storage, Array(9).fill(-45_000), 400);
    expect(log.of("device.clock-off").map((line) => line.fields.detail)).toEqual([
      "Its clock is 95 s slow",
    ]);
    expect(String(log.of("device.clock-off")[0]?.fields.hint)).toContain("DEVICE_SET_TIME");
    expect(log.of("device.clock-right")).toEqual([]);
    await polls(storage, Array(9).fill(-2000), 700);
    expect(log.of("device.clock-right").map((line) => line.fields)).toEqual([
      { device: "GATE", skewMs: -2000 },
    ]);
    await polls(storage, Array(9).fill(7_200_000), 1000);
    expect(log.of("device.clock-off").at(-1)?.fields.detail).toBe("Its clock is 2 h fast");
  });
});

/** A clock that shows 2000-01-01 00:00:00 as the box receives the first request. */
const RESET_SKEW_MS = Date.UTC(1999, 11, 31, 16) - RECEIVED_AT_MS;

interface Shown {
  readonly wallTime: string;
  readonly revision: number;
  readonly doubtfulTime: string | undefined;
  readonly suggested: string | undefined;
}

async function shown(storage: Storage): Promise<readonly Shown[]> {
  return (await readFeed(storage)).map((punch) => ({
    wallTime: punch.wallTime,
    revision: punch.revision,
    doubtfulTime: punch.doubtfulTime,
    suggested:
      punch.suggestedInstantMs === undefined
        ? undefined
        : wallTimeAt(punch.suggestedInstantMs, "Asia/Manila"),
  }));
}

describe("punches of a clock that lost its power", () => {
  const RESET_PUNCH = rawPunch("7", "20000101000500");

  test("get their suggested times with the first poll behind them, as corrections in the feed", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [0], -3600);
    await storage.append([punchesFrom("GATE", [RESET_PUNCH], after(600))]);
    const doubted = { wallTime: "20000101000500", doubtfulTime: "before-2020" };
    expect(await shown(storage)).toEqual([{ ...doubted, revision: 1, suggested: undefined }]);
    const before = (await readFeed(storage))[0]?.feedPosition ?? 0;
    await storage.append([pollFrom("GATE", clockAt(after(610), RESET_SKEW_MS), after(610))]);
    expect(await shown(storage)).toEqual([
      { ...doubted, revision: 2, suggested: "20260302090500" },
    ]);
    expect((await readFeed(storage))[0]?.feedPosition).toBeGreaterThan(before);
    await storage.append([pollFrom("GATE", clockAt(after(630), RESET_SKEW_MS), after(630))]);
    expect((await shown(storage))[0]?.revision).toBe(2);
  });

  test("get them at once while the reset is measured, and just after it was set right", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [0], -3600);
    await storage.append([pollFrom("GATE", clockAt(after(60), RESET_SKEW_MS), after(60))]);
    await storage.append([punchesFrom("GATE", [RESET_PUNCH], after(300))]);
    await polls(storage, [0, 0, 0], 400);
    const waited = rawPunch("8", "20000101000600");
    await storage.append([punchesFrom("GATE", [waited], after(500))]);
    await polls(storage, Array(9).fill(0), 600);
    const unknown = rawPunch("9", "20000101000600");
    await storage.append([punchesFrom("GATE", [unknown], after(1000))]);
    await polls(storage, [0], 1010);
    expect((await shown(storage)).map((punch) => [punch.revision, punch.suggested])).toEqual([
      [1, "20260302090500"],
      [1, "20260302090600"],
      [1, undefined],
    ]);
  });

  test("keep the measured reset over a restart", async () => {
    using opened = openTestStorage();
    await polls(opened.storage, [0], -3600);
    await opened.storage.append([pollFrom("GATE", clockAt(after(60), RESET_SKEW_MS), after(60))]);
    await opened.reopen();
    await opened.storage.append([punchesFrom("GATE", [RESET_PUNCH], after(601))]);
    expect((await shown(opened.storage))[0]?.suggested).toBe("20260302090500");
  });

  test("get none by a clock of ours that is not trusted, nor by a skew that was never measured", async () => {
    using opened = openTestStorage({}, false);
    const { storage, ownClock } = opened;
    await polls(storage, [0], -3600);
    await storage.append([punchesFrom("GATE", [RESET_PUNCH], after(600))]);
    await storage.append([pollFrom("GATE", clockAt(after(610), RESET_SKEW_MS), after(610))]);
    expect((await shown(storage))[0]?.suggested).toBeUndefined();
    ownClock.trusted = true;
    await storage.append([pollFrom("GATE", clockAt(after(630), RESET_SKEW_MS), after(630))]);
    expect((await shown(storage))[0]?.suggested).toBe("20260302090500");
    await storage.append([punchesFrom("OTHER", [RESET_PUNCH], after(600))]);
    await storage.append([pollFrom("OTHER", clockAt(after(640)), after(640))]);
    expect((await shown(storage)).map((punch) => punch.suggested)).toEqual([
      "20260302090500",
      undefined,
    ]);
  });

  test("get them also while they are held, without a place in the feed", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.append([punchesFrom("GATE", [RESET_PUNCH], after(600))]);
    await storage.append([pollFrom("GATE", clockAt(after(610), RESET_SKEW_MS), after(610))]);
    expect((await storage.figures()).lastFeedPosition as number).toBe(0);
    await storage.approveDevice(GATE);
    await finishBackgroundWork(storage);
    expect(await shown(storage)).toEqual([
      {
        wallTime: "20000101000500",
        doubtfulTime: "before-2020",
        revision: 1,
        suggested: "20260302090500",
      },
    ]);
  });

  test("are given no more than 200 suggested times at once, and all of them in the end", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const many = Array.from({ length: 450 }, (_, user) => rawPunch(String(user), "20000101000500"));
    await storage.append([punchesFrom("GATE", many, after(600))]);
    const counts: number[] = [];
    for (const seconds of [610, 630, 650, 670]) {
      await storage.append([
        pollFrom("GATE", clockAt(after(seconds), RESET_SKEW_MS), after(seconds)),
      ]);
      const punches = await shown(storage);
      counts.push(punches.filter((punch) => punch.suggested !== undefined).length);
    }
    expect(counts).toEqual([200, 400, 450, 450]);
  });

  test("get them with the next poll where the one before came to nothing", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [0], -3600);
    await storage.append([punchesFrom("GATE", [RESET_PUNCH], after(600))]);
    await storage.queueCommands({
      deviceId: GATE,
      commands: [{ kind: "get-status" }],
      requestedBy: "operator",
      nowMs: after(600),
      deadlineMs: after(900),
    });
    const poll = pollFrom("GATE", clockAt(after(610), RESET_SKEW_MS), after(610));
    const refuseCommand = () => {
      throw new Error("A bug of the driver");
    };
    const broken = { ...poll, intake: { ...poll.intake, refuseCommand } };
    expect(await storage.append([broken])).toMatchObject([{ kind: "quarantined" }]);
    expect((await shown(storage))[0]?.suggested).toBeUndefined();
    await storage.append([pollFrom("GATE", clockAt(after(630), RESET_SKEW_MS), after(630))]);
    expect((await shown(storage))[0]?.suggested).toBe("20260302090500");
  });

  test("a punch of the future has one by what the last report measured", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [0, 0, 0, 5 * DAY_MS]);
    const punch = rawPunch("7", clockAt(after(70), 5 * DAY_MS));
    await storage.append([punchesFrom("GATE", [punch], after(70))]);
    expect(await shown(storage)).toEqual([
      {
        wallTime: "20260307090110",
        revision: 1,
        doubtfulTime: "future",
        suggested: "20260302090110",
      },
    ]);
  });
});

describe("the identity of punches of a clock that lost its power", () => {
  const PUNCH = rawPunch("7", "20000101000500");
  const send = (seconds: number) => punchesFrom("GATE", [PUNCH], after(seconds));

  test("a resend behind the poll that shows the reset is the same punch", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [0], -3600);
    await storage.append([send(600)]);
    await storage.append([pollFrom("GATE", clockAt(after(610), RESET_SKEW_MS), after(610))]);
    expect(await storage.append([send(620)])).toEqual([{ kind: "duplicate" }]);
    await polls(storage, [0], 640);
    expect(await storage.append([send(660)])).toEqual([{ kind: "duplicate" }]);
    expect(await readFeed(storage)).toHaveLength(1);
  });

  test("the same second of another reset is another punch", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const day = DAY_MS / SECOND_MS;
    for (const start of [0, 2 * day, 4 * day]) {
      await polls(storage, [0], start);
      expect(await storage.append([send(start + 600)])).toEqual([{ kind: "stored" }]);
      const atMs = after(start + 610);
      const skewMs = RESET_SKEW_MS - start * SECOND_MS;
      await storage.append([pollFrom("GATE", clockAt(atMs, skewMs), atMs)]);
    }
    expect((await shown(storage)).map((punch) => punch.suggested)).toEqual([
      "20260302090500",
      "20260304090500",
      "20260306090500",
    ]);
  });

  test("the same second of another reset is another punch once the terminal has sent a later one", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [0], -3600);
    await storage.append([send(600)]);
    await polls(storage, [0], 640);
    await storage.append([punchesFrom("GATE", [rawPunch("8", clockAt(after(700)))], after(700))]);
    expect(await storage.append([send(1200)])).toEqual([{ kind: "stored" }]);
    // Of this one the acknowledgement was lost.
    await polls(storage, [0], 1240);
    expect(await storage.append([send(1260)])).toEqual([{ kind: "duplicate" }]);
    expect(await readFeed(storage)).toHaveLength(3);
  });

  test("the same, when the reset before was measured only moments ago", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [0], -3600);
    await storage.append([send(600)]);
    await storage.append([pollFrom("GATE", clockAt(after(610), RESET_SKEW_MS), after(610))]);
    await polls(storage, [0], 640);
    await storage.append([punchesFrom("GATE", [rawPunch("8", clockAt(after(700)))], after(700))]);
    expect(await storage.append([send(720)])).toEqual([{ kind: "stored" }]);
  });

  test("one from before, of a fast clock, and one of another terminal are no later ones", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    // Fast by 90 s: its last right punch seems to be later than the one of the reset.
    const fast = rawPunch("8", clockAt(after(590), 90_000));
    await storage.append([punchesFrom("GATE", [fast], after(590))]);
    await storage.append([send(600)]);
    await polls(storage, [0], 640);
    const other = rawPunch("8", clockAt(after(700)));
    await storage.append([punchesFrom("OTHER", [other], after(700))]);
    expect(await storage.append([send(1200)])).toEqual([{ kind: "duplicate" }]);
  });

  test("the same second of a reset that a poll shows first is another punch, however soon", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [0], -3600);
    await storage.append([send(600)]);
    await polls(storage, [0], 700);
    const skewMs = RESET_SKEW_MS - 800_000;
    await storage.append([pollFrom("GATE", clockAt(after(900), skewMs), after(900))]);
    expect(await storage.append([send(1101)])).toEqual([{ kind: "stored" }]);
  });

  test("a terminal that never polls tells its clock by its punches", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const live = (user: string, seconds: number) =>
      punchesFrom("GATE", [rawPunch(user, clockAt(after(seconds)))], after(seconds));
    const day = DAY_MS / SECOND_MS;
    await storage.append([live("1", 0), send(600)]);
    await storage.append([live("1", 700), live("2", 2 * day), send(2 * day + 600)]);
    expect((await readFeed(storage)).map((punch) => punch.wallTime.slice(0, 4))).toEqual([
      "2026",
      "2000",
      "2026",
      "2026",
      "2000",
    ]);
  });

  test("a resend is the same punch also where a reset follows another within minutes", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await polls(storage, [0], -3600);
    await storage.append([pollFrom("GATE", clockAt(after(310), RESET_SKEW_MS), after(310))]);
    await polls(storage, [0], 340);
    // The second loss of power; this is sent before the terminal tells its clock.
    const raw = rawPunch("7", "20000101000020");
    await storage.append([punchesFrom("GATE", [raw], after(420))]);
    const skewMs = RESET_SKEW_MS - 400 * SECOND_MS;
    await storage.append([pollFrom("GATE", clockAt(after(421), skewMs), after(421))]);
    expect(await storage.append([punchesFrom("GATE", [raw], after(422))])).toEqual([
      { kind: "duplicate" },
    ]);
  });

  const clockAtReset = (made: number) => RESET_SKEW_MS + RECEIVED_AT_MS + made * HOUR_MS;
  /** A terminal: each step polls, punches, loses its power, is set right, or sends the last again. */
  const steps = fc.array(fc.constantFrom("poll", "punch", "lost-ack", "reset", "set"), {
    maxLength: 30,
  });

  test("every punch is stored once, whatever the terminal and its clock do", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        using opened = openTestStorage();
        const { storage } = opened;
        let atMs: EpochMs = RECEIVED_AT_MS;
        let skewMs = 0;
        let made = 0;
        await storage.append([pollFrom("GATE", clockAt(atMs), atMs)]);
        for (const step of plan) {
          atMs = epochMs(atMs + 20 * SECOND_MS);
          if (step === "poll")
            await storage.append([pollFrom("GATE", clockAt(atMs, skewMs), atMs)]);
          // An hour later each time, as no two resets come to the same punch in this test.
          if (step === "reset") skewMs = clockAtReset(made) - atMs;
          if (step === "set") skewMs = 0;
          if (step !== "punch" && step !== "lost-ack") continue;
          made += 1;
          const raw = rawPunch("7", clockAt(atMs, skewMs));
          expect(await storage.append([punchesFrom("GATE", [raw], atMs)])).toEqual([
            { kind: "stored" },
          ]);
          if (step === "punch") continue;
          // The terminal did not hear it: it polls, perhaps is set, and sends it again.
          atMs = epochMs(atMs + SECOND_MS);
          await storage.append([pollFrom("GATE", clockAt(atMs, skewMs), atMs)]);
          if (made % 2 === 0) {
            skewMs = 0;
            await storage.append([pollFrom("GATE", clockAt(atMs), atMs)]);
          }
          expect(await storage.append([punchesFrom("GATE", [raw], atMs)])).toEqual([
            { kind: "duplicate" },
          ]);
        }
        expect(await readFeed(storage)).toHaveLength(made);
      }),
      { numRuns: 40 },
    );
  });
});

describe("two terminals with one id", () => {
  const from = (address: string, seconds: number) => ({
    ...pollFrom("GATE", clockAt(after(seconds)), after(seconds)),
    remoteAddress: address,
  });

  test("are told once while it goes on, with what to do", async () => {
    using opened = openTestStorage();
    const { storage, log } = opened;
    for (let turn = 0; turn < 400; turn += 1) {
      await storage.append([from("192.0.2.1", turn * 20), from("192.0.2.2", turn * 20 + 5)]);
    }
    const [line, ...more] = log.of("device.twins");
    expect(more).toEqual([]);
    expect(line?.fields).toEqual({
      device: "GATE",
      address: "192.0.2.2",
      detail:
        "Two terminals use this id, from two addresses in turns: give one of them another id in its menu",
    });
    await storage.append([from("192.0.2.1", 12_000), from("192.0.2.2", 12_005)]);
    await storage.append([from("192.0.2.1", 12_020), from("192.0.2.2", 12_025)]);
    expect(log.of("device.twins")).toHaveLength(2);
  });

  test("are told by their clocks where both come from one address", async () => {
    using opened = openTestStorage();
    await polls(opened.storage, [0, 900_000, 0, 900_000]);
    expect(opened.log.of("device.twins").map((line) => line.fields.detail)).toEqual([
      "Two terminals use this id, their clocks disagree in turns: give one of them another id in its menu",
    ]);
  });

  test("are not seen in one that gets another address", async () => {
    using opened = openTestStorage();
    const { storage, log } = opened;
    await storage.append([from("192.0.2.1", 0), from("192.0.2.1", 20), from("192.0.2.2", 40)]);
    await storage.append([from("192.0.2.2", 60), from("192.0.2.1", 80)]);
    expect(log.of("device.twins")).toEqual([]);
  });
});
