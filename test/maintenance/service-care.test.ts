/**
 * Aim: the service manager hears that the server is ready, how it is and that it ends, and gets no
 * sign of life while an intake waits for an outcome that does not come.
 */

import { describe, expect, test } from "bun:test";
import { COMMIT_LIMIT_MS, ServiceCare } from "#maintenance/service-care.ts";
import type { ServiceManager } from "#platform/service-manager.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";

class FakeManager implements ServiceManager {
  readonly watchdogMs: number | undefined;
  readonly told: string[] = [];

  constructor(watchdogMs?: number) {
    this.watchdogMs = watchdogMs;
  }

  async notify(...assignments: readonly string[]): Promise<void> {
    this.told.push(assignments.join(" | "));
  }
}

function makeCare(watchdogMs?: number) {
  const manager = new FakeManager(watchdogMs);
  const [clock, log] = [new FakeClock(), new RecordingLog()];
  const commits = { submitted: 0, settled: 0 };
  const state = { line: "1 terminal in use" };
  const describe = async () => state.line;
  const care = new ServiceCare({ manager, commits: () => commits, describe, clock, log });
  return { care, manager, clock, log, commits, state };
}

const ALIVE = "WATCHDOG=1 | STATUS=1 terminal in use";

describe("ServiceCare", () => {
  test("tells that the server is ready, how it is every 20 s, and that it ends", async () => {
    const { care, manager, clock, state } = makeCare();
    await care.start();
    expect(manager.told).toEqual(["READY=1 | STATUS=1 terminal in use"]);
    state.line = "2 terminals\nin use";
    await clock.advance(20_000);
    expect(manager.told.slice(1)).toEqual(["WATCHDOG=1 | STATUS=2 terminals in use"]);
    await care.stop();
    await clock.advance(60_000);
    expect(manager.told.slice(2)).toEqual(["STOPPING=1 | STATUS=Finishing what is in flight"]);
  });

  test("tells that the settings are read again, and how the server is when that is over", async () => {
    const { care, manager, state } = makeCare();
    await care.start();
    await care.reloading();
    state.line = "1 terminal in use; a restart is needed for SERVER_PORT";
    await care.reloaded();
    expect(manager.told.slice(1)).toEqual([
      "RELOADING=1 | STATUS=Reading the settings again",
      "READY=1 | STATUS=1 terminal in use; a restart is needed for SERVER_PORT",
    ]);
  });

  test("gives four signs of life in the time of a shorter watchdog", async () => {
    const { care, manager, clock } = makeCare(4_000);
    await care.start();
    await clock.advance(4_000);
    expect(manager.told.slice(1)).toEqual([ALIVE, ALIVE, ALIVE, ALIVE]);
  });

  test("waits for a manager that takes its time, and tells it no two things at once", async () => {
    const { care, manager, clock } = makeCare();
    await care.start();
    const taken = Promise.withResolvers<void>();
    manager.notify = async (...assignments) => {
      manager.told.push(assignments.join(" | "));
      await taken.promise;
    };
    await clock.advance(60_000);
    expect(manager.told.slice(1)).toEqual([ALIVE]);
    taken.resolve();
    await clock.advance(20_000);
    expect(manager.told.slice(2)).toEqual([ALIVE]);
  });

  test("gives no sign of life once an intake has waited for a minute, until it has its outcome", async () => {
    const { care, manager, clock, log, commits } = makeCare();
    await care.start();
    commits.submitted = 5;
    commits.settled = 4;
    await clock.advance(20_000 + COMMIT_LIMIT_MS);
    expect(manager.told.slice(1)).toEqual([
      ALIVE,
      ALIVE,
      ALIVE,
      "STATUS=PROBLEM: a commit has not come back for 60 s",
    ]);
    expect(log.of("watchdog.withheld")[0]?.fields).toEqual({ commit_seconds: 60 });
    commits.settled = 5;
    await clock.advance(20_000);
    expect(manager.told.slice(5)).toEqual([ALIVE]);
  });

  test("takes a queue that is never empty for alive as long as its oldest intakes get outcomes", async () => {
    const { care, manager, clock, commits } = makeCare();
    await care.start();
    for (let tick = 0; tick < 10; tick += 1) {
      commits.submitted += 500;
      await clock.advance(20_000);
      commits.settled = commits.submitted - 100;
    }
    expect(new Set(manager.told.slice(1))).toEqual(new Set([ALIVE]));
  });
});
