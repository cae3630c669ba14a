/**
 * Aim: no two punches of a run are the same to the server (device, user, second), and their times
 * are spelled as terminals spell them.
 */

import { describe, expect, test } from "bun:test";
import { MODELS } from "#simulator/models.ts";
import { formatWallTime, planLosses, planPunches, planUsers } from "#simulator/workload.ts";

const START = Temporal.PlainDateTime.from("2026-12-31T23:59:59");
const OPTIONS = {
  deviceId: "SIM0001",
  terminalIndex: 0,
  users: 10,
  start: START,
  model: MODELS.f80,
  photoBytes: 0,
};

describe("planPunches()", () => {
  test("planPunches() lets each person punch once, then all again a second later", () => {
    const punchAt = planPunches({ ...OPTIONS, users: 2 });
    const seen = [0, 1, 2, 3, 4].map((index) => {
      const { deviceId, userId, wallTime } = punchAt(index);
      return `${deviceId} ${userId} ${wallTime}`;
    });
    expect(seen).toEqual([
      "SIM0001 1 20261231235959",
      "SIM0001 2 20261231235959",
      "SIM0001 1 20270101000000",
      "SIM0001 2 20270101000000",
      "SIM0001 1 20270101000001",
    ]);
  });

  test("planPunches() gives each terminal people of its own", () => {
    const punchAt = planPunches({ ...OPTIONS, terminalIndex: 2, users: 10 });
    expect(punchAt(0).userId).toBe("21");
    expect(punchAt(9).userId).toBe("30");
  });

  test("planPunches() gives the same punch when asked out of order", () => {
    const punchAt = planPunches({ ...OPTIONS, users: 3 });
    const inOrder = [0, 1, 2, 3, 4, 5, 6].map(punchAt);
    const backward = [6, 5, 4, 3, 2, 1, 0].map(punchAt).reverse();
    expect(backward).toEqual(inOrder);
  });
});

describe("planPunches() over months", () => {
  const spread = { punches: 100, seconds: 180 * 86_400, seed: 3 };

  test("planPunches() spreads punches in order, none of one user in the same second", () => {
    const punchAt = planPunches({ ...OPTIONS, spread });
    const punches = Array.from({ length: 100 }, (_, index) => punchAt(index));
    const times = punches.map(({ wallTime }) => wallTime);
    expect(times).toEqual([...times].sort());
    expect(times[0]?.slice(0, 6)).toMatch(/^20(2612|2701)$/);
    expect(times.at(-1)?.slice(0, 6)).toBe("202706");
    const keys = punches.map(({ userId, wallTime }) => `${userId} ${wallTime}`);
    expect(new Set(keys).size).toBe(100);
  });

  test("planPunches() gives photos that begin and end as a JPEG, another for each punch", () => {
    const punchAt = planPunches({ ...OPTIONS, photoBytes: 40 });
    const [first, second] = [punchAt(0).photo, punchAt(1).photo].map((photo) =>
      Buffer.from(photo ?? []).toString("hex"),
    );
    expect(first).toMatch(/^ffd8ffe0.{68}ffd9$/);
    expect(second).not.toBe(first);
  });
});

describe("planLosses()", () => {
  const lossesOf = (seed: number, terminalIndex = 0): readonly number[] => {
    const isLost = planLosses({ lost: 7, of: 200, seed, terminalIndex });
    return Array.from({ length: 400 }, (_, index) => index).filter(isLost);
  };

  test("planLosses() loses exactly as many of each so many, as the seed says", () => {
    const lost = lossesOf(1);
    expect(lost.filter((index) => index < 200).length).toBe(7);
    expect(lost.length).toBe(14);
    expect(lossesOf(1)).toEqual(lost);
    expect(lossesOf(2)).not.toEqual(lost);
    expect(lossesOf(1, 1)).not.toEqual(lost);
  });

  test("planLosses() of none loses none", () => {
    expect(planLosses({ lost: 0, of: 1, seed: 1, terminalIndex: 0 })(0)).toBe(false);
  });
});

describe("planUsers()", () => {
  test("planUsers() enrolls the people who punch, a manager first, the last without credentials", () => {
    const users = planUsers({ terminalIndex: 2, users: 3, model: MODELS.ws535, seed: 1 });
    expect(
      users.map(({ userId, privilege, credentials }) => [
        userId,
        privilege,
        ...credentials.map(({ backupNumber }) => backupNumber),
      ]),
    ).toEqual([
      ["00000007", "MANAGER", 0, 10, 11, 12],
      ["00000008", "USER", 0, 10, 11],
      ["00000009", "USER"],
    ]);
  });
});

describe("formatWallTime()", () => {
  test("formatWallTime() drops fractions and fills with zeros", () => {
    const time = Temporal.PlainDateTime.from("2026-03-02T08:05:04.987");
    expect(formatWallTime(time)).toBe("20260302080504");
  });
});
