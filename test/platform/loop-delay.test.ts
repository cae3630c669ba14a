/** Aim: what holds the loop up is seen, and nothing is counted behind the end. */

import { expect, test } from "bun:test";
import { LoopDelay } from "#platform/loop-delay.ts";
import { FakeClock } from "../support/fake-clock.ts";

/** Runs its timers late. */
class LateClock extends FakeClock {
  lateMs = 0;

  override after(delayMs: number, task: () => void) {
    return super.after(delayMs + this.lateMs, task);
  }
}

test("LoopDelay counts once a second by how much it comes late", async () => {
  const clock = new LateClock();
  const delay = new LoopDelay(clock);
  delay.start();
  await clock.advance(3_500);
  clock.lateMs = 300;
  await clock.advance(2_000);
  const { bounds, counts, sum } = delay.figures;
  expect(bounds[7]).toBe(0.5);
  expect(counts).toEqual([4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
  expect(sum).toBeCloseTo(0.3, 9);
});

test("LoopDelay leaves no timer behind", async () => {
  const clock = new FakeClock();
  const delay = new LoopDelay(clock);
  delay.start();
  await clock.advance(1_000);
  delay.stop();
  expect(clock.plannedCount).toBe(0);
});
