/**
 * Aim: an event is under suspicion after 15 min of failures, and fails alone only where another was
 * delivered between two of them.
 */

import { describe, expect, test } from "bun:test";
import {
  type Failing,
  type Failure,
  failedAgain,
  failsAlone,
  isSuspect,
} from "#webhooks/failing.ts";

const MINUTE_MS = 60_000;

const failure = (minutes: number, deliveredCount = 0, deliveryId = 1): Failure => ({
  deliveryId,
  nowMs: minutes * MINUTE_MS,
  deliveredCount,
  asksToWait: false,
  isFresh: true,
});

const afterAll = (...failures: readonly Failure[]): Failing | undefined =>
  failures.reduce<Failing | undefined>(failedAgain, undefined);

describe("isSuspect()", () => {
  test("isSuspect() is true 15 min after the first failure in a row", () => {
    const failing = afterAll(failure(0), failure(10));
    expect(isSuspect(failing, 1, 15 * MINUTE_MS - 1)).toBe(false);
    expect(isSuspect(failing, 1, 15 * MINUTE_MS)).toBe(true);
  });

  test("isSuspect() begins anew with another event", () => {
    const failing = afterAll(failure(0), failure(10, 0, 2));
    expect(isSuspect(failing, 1, 60 * MINUTE_MS)).toBe(false);
    expect(isSuspect(failing, 2, 15 * MINUTE_MS)).toBe(false);
    expect(isSuspect(failing, 2, 25 * MINUTE_MS)).toBe(true);
  });

  test("isSuspect() knows nothing of a lane without failures or without a head", () => {
    expect(isSuspect(undefined, 1, 60 * MINUTE_MS)).toBe(false);
    expect(isSuspect(afterAll(failure(0)), undefined, 60 * MINUTE_MS)).toBe(false);
  });
});

describe("failsAlone()", () => {
  test("failsAlone() needs another event to be delivered since the failure before", () => {
    const failing = afterAll(failure(0, 5), failure(15, 6));
    expect(failsAlone(failing, failure(16, 6))).toBe(false);
    expect(failsAlone(failing, failure(16, 7))).toBe(true);
  });

  test("failsAlone() needs 15 min and three tries", () => {
    expect(failsAlone(afterAll(failure(0), failure(1)), failure(14, 1))).toBe(false);
    expect(failsAlone(afterAll(failure(0)), failure(20, 1))).toBe(false);
    expect(failsAlone(undefined, failure(20, 1))).toBe(false);
  });

  test("failsAlone() is about one event", () => {
    const failing = afterAll(failure(0), failure(15));
    expect(failsAlone(failing, failure(16, 1, 2))).toBe(false);
  });
});
