/** Aim: a silence is odd by the terminal's own habit, and never before there is one. */

import { expect, test } from "bun:test";
import {
  type ContactPace,
  oddSilenceMs,
  usualIntervalMs,
  withContactAt,
} from "#domain/condition-contact.ts";

const MINUTE_MS = 60_000;

function polls(...atMs: readonly number[]): ContactPace {
  let pace: ContactPace | undefined;
  for (const at of atMs) pace = withContactAt(pace, at, true);
  if (pace === undefined) throw new Error("No poll was given");
  return pace;
}

test("a terminal that polls every 11 s is odd after 10 minutes", () => {
  const pace = polls(0, 11_000, 22_000, 33_000);
  expect(usualIntervalMs(pace)).toBe(11_000);
  expect(oddSilenceMs(pace, 33_000 + 10 * MINUTE_MS)).toBeUndefined();
  expect(oddSilenceMs(pace, 33_001 + 10 * MINUTE_MS)).toBe(10 * MINUTE_MS + 1);
});

test("one that polls every 2 minutes is odd after 20, whatever pause there was before", () => {
  const minutes = [0, 2, 4, 300, 302, 304].map((minute) => minute * MINUTE_MS);
  const pace = polls(...minutes);
  expect(usualIntervalMs(pace)).toBe(2 * MINUTE_MS);
  expect(oddSilenceMs(pace, 324 * MINUTE_MS)).toBeUndefined();
  expect(oddSilenceMs(pace, 324 * MINUTE_MS + 1)).toBe(20 * MINUTE_MS + 1);
});

test("one that polled three times, or only punches, has no habit", () => {
  expect(oddSilenceMs(polls(0, 11_000, 22_000), 10_000 * MINUTE_MS)).toBeUndefined();
  let pace: ContactPace | undefined;
  for (let count = 0; count < 10; count += 1) pace = withContactAt(pace, count, false);
  expect(pace && oddSilenceMs(pace, 10_000 * MINUTE_MS)).toBeUndefined();
});

test("a punch ends a silence", () => {
  const pace = withContactAt(polls(0, 11_000, 22_000, 33_000), 9 * MINUTE_MS, false);
  expect(oddSilenceMs(pace, 15 * MINUTE_MS)).toBeUndefined();
});

test("the habit is that of the last ten polls", () => {
  const quick = Array.from({ length: 30 }, (_, index) => index * 10_000);
  const slow = Array.from({ length: 9 }, (_, index) => 290_000 + (index + 1) * 60_000);
  expect(usualIntervalMs(polls(...quick, ...slow))).toBe(60_000);
});
