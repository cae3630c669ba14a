/** Aim: the pace of delivery is that of the last minute, and of nothing before. */

import { expect, test } from "bun:test";
import { DeliveryRate } from "#webhooks/delivery-rate.ts";

test("DeliveryRate is the average since the beginning, at first", () => {
  const rate = new DeliveryRate(7_000);
  expect(rate.perSecond(7_000)).toBe(0);
  for (let n = 0; n < 40; n += 1) rate.note(8_000 + n);
  expect(rate.perSecond(11_000)).toBe(10);
  expect(rate.perSecond(47_000)).toBe(1);
});

test("DeliveryRate forgets what is more than a minute ago", () => {
  const rate = new DeliveryRate(0);
  for (let second = 0; second < 120; second += 1) rate.note(second * 1_000);
  expect(rate.perSecond(120_000 - 1)).toBeCloseTo(1, 2);
  expect(rate.perSecond(145_000)).toBeCloseTo(30 / 55, 2);
  expect(rate.perSecond(180_000)).toBe(0);
  expect(rate.perSecond(1_000_000)).toBe(0);
  rate.note(1_000_000);
  expect(rate.perSecond(1_000_000)).toBeGreaterThan(0);
});
