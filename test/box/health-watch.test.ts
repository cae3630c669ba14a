/** Aim: a new executable counts as failed when it ends or cannot store, and not for a hiccup. */

import { describe, expect, test } from "bun:test";
import { type HealthLook, HealthWatch } from "#box/health-watch.ts";

const UP: HealthLook = {
  unit: { activeState: "active", mainPid: 10, restartCount: 0, result: "success", exitStatus: 0 },
  problem: undefined,
};
const look = (unit: Partial<HealthLook["unit"]>, problem?: string): HealthLook => ({
  unit: { ...UP.unit, ...unit },
  problem,
});

describe("HealthWatch", () => {
  test("takes a service that runs on for well", () => {
    const health = new HealthWatch(UP);
    for (let second = 0; second < 60; second += 1) expect(health.judge(UP)).toBeUndefined();
  });

  test("sees that it ended, and that it was started again meanwhile", () => {
    const crashed = { activeState: "activating", result: "exit-code", exitStatus: 7, mainPid: 0 };
    expect(new HealthWatch(UP).judge(look(crashed))).toBe(
      "it ended by itself (exit-code, status 7)",
    );
    expect(new HealthWatch(UP).judge(look({ mainPid: 11 }))).toBe("it ended by itself");
    expect(new HealthWatch(UP).judge(look({ restartCount: 1 }))).toBe("it ended by itself");
  });

  test("lets a problem pass that is gone within five looks, and no longer one", () => {
    const health = new HealthWatch(UP);
    for (let second = 0; second < 4; second += 1) {
      expect(health.judge(look({}, "Cannot reach the server"))).toBeUndefined();
    }
    expect(health.judge(UP)).toBeUndefined();
    const verdicts = Array.from({ length: 5 }, () => health.judge(look({}, "SQLITE_FULL")));
    expect(verdicts).toEqual([undefined, undefined, undefined, undefined, "SQLITE_FULL"]);
  });
});
