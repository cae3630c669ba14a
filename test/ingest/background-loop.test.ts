/**
 * Aim: put-off work is looked for after commits, done step by step when there is some, and tried
 * again after a failure.
 */

import { describe, expect, test } from "bun:test";
import { BackgroundLoop } from "#ingest/background-loop.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";

function makeLoop(answers: readonly (boolean | Error)[]) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const stepsAtMs: number[] = [];
  const loop = new BackgroundLoop({
    step: async () => {
      const answer = answers[stepsAtMs.length] ?? false;
      stepsAtMs.push(clock.monotonicMs());
      if (answer instanceof Error) throw answer;
      return answer;
    },
    clock,
    log,
  });
  return { loop, clock, log, stepsAtMs };
}

describe("BackgroundLoop", () => {
  test("looks once a second at most, however many commits there are", async () => {
    const { loop, clock, stepsAtMs } = makeLoop([]);
    for (let commit = 0; commit < 50; commit += 1) loop.noteCommit();
    await clock.advance(999);
    expect(stepsAtMs).toEqual([]);
    await clock.advance(5_000);
    expect(stepsAtMs).toEqual([1_000]);
  });

  test("goes on, with pauses, while there is more", async () => {
    const { loop, clock, stepsAtMs } = makeLoop([true, true, false]);
    loop.wake();
    await clock.advance(1_000);
    expect(stepsAtMs).toEqual([0, 5, 10]);
  });

  test("looks at once when woken, although a later look was planned", async () => {
    const { loop, clock, stepsAtMs } = makeLoop([]);
    loop.noteCommit();
    loop.wake();
    await clock.advance(2_000);
    expect(stepsAtMs).toEqual([0]);
  });

  test("tells a failure and tries again later", async () => {
    const { loop, clock, log, stepsAtMs } = makeLoop([new Error("disk full"), false]);
    loop.wake();
    await clock.advance(10_000);
    expect(stepsAtMs).toEqual([0, 5_000]);
    expect(log.of("background.failed")).toHaveLength(1);
  });

  test("does nothing more after stop()", async () => {
    const { loop, clock, stepsAtMs } = makeLoop([true, true]);
    loop.wake();
    await loop.stop();
    loop.wake();
    await clock.advance(1_000);
    expect(stepsAtMs).toEqual([]);
  });
});
