/**
 * Aim: no two punches of a run are the same to the server (device, user, second), and their times
 * are spelled as terminals spell them.
 */

import { describe, expect, test } from "bun:test";
import { formatWallTime, planPunches } from "#simulator/workload.ts";

const START = Temporal.PlainDateTime.from("2026-12-31T23:59:59");

describe("planPunches()", () => {
  test("planPunches() lets each person punch once, then all again a second later", () => {
    const punchAt = planPunches({ deviceId: "SIM0001", terminalIndex: 0, users: 2, start: START });
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
    const punchAt = planPunches({ deviceId: "SIM0003", terminalIndex: 2, users: 10, start: START });
    expect(punchAt(0).userId).toBe("21");
    expect(punchAt(9).userId).toBe("30");
  });

  test("planPunches() gives the same punch when asked out of order", () => {
    const punchAt = planPunches({ deviceId: "SIM0001", terminalIndex: 0, users: 3, start: START });
    const inOrder = [0, 1, 2, 3, 4, 5, 6].map(punchAt);
    const backward = [6, 5, 4, 3, 2, 1, 0].map(punchAt).reverse();
    expect(backward).toEqual(inOrder);
  });
});

describe("formatWallTime()", () => {
  test("formatWallTime() drops fractions and fills with zeros", () => {
    const time = Temporal.PlainDateTime.from("2026-03-02T08:05:04.987");
    expect(formatWallTime(time)).toBe("20260302080504");
  });
});
