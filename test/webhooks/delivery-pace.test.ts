/**
 * Aim: while terminals punch, deliveries to all endpoints together keep a pause between tries, in the
 * order in which they asked; else nothing holds them up.
 */

import { expect, test } from "bun:test";
import { deviceId } from "#domain/identifiers.ts";
import type { Intake, ReceivedIntake } from "#domain/intake.ts";
import { DeliveryPace } from "#webhooks/delivery-pace.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { punchesFrom, rawPunch } from "../support/test-storage.ts";
import { build } from "./dispatcher-fixture.ts";

const PUNCH = punchesFrom("GATE1", [rawPunch("7", "20260302080000")]);

function hearing(pace: DeliveryPace): (received: ReceivedIntake) => Promise<unknown> {
  return pace.following(async () => ({ kind: "stored" }));
}

test("turn() holds nothing up while no punch came, or the last one came a second ago", async () => {
  const clock = new FakeClock();
  const pace = new DeliveryPace(clock);
  expect([pace.turn(), pace.turn()]).toEqual([undefined, undefined]);
  await hearing(pace)(PUNCH);
  await clock.advance(1_000);
  expect([pace.turn(), pace.turn()]).toEqual([undefined, undefined]);
});

test("turn() is not held up by a poll", async () => {
  const pace = new DeliveryPace(new FakeClock());
  const poll: Intake = {
    kind: "poll",
    deviceId: deviceId("GATE1"),
    report: {},
    raw: new Uint8Array(),
  };
  await hearing(pace)({ ...PUNCH, intake: poll });
  expect([pace.turn(), pace.turn()]).toEqual([undefined, undefined]);
});

test("turn() gives a try every 8 ms while punches come, first come, first served", async () => {
  const clock = new FakeClock();
  const pace = new DeliveryPace(clock);
  await hearing(pace)(PUNCH);
  const order: string[] = [];
  expect(pace.turn()).toBeUndefined();
  for (const name of ["a", "b", "c"]) void pace.turn()?.then(() => order.push(name));
  await clock.advance(8);
  expect(order).toEqual(["a"]);
  await clock.advance(16);
  expect(order).toEqual(["a", "b", "c"]);
});

test("Dispatcher keeps the pace while terminals punch, and goes at full speed after it", async () => {
  const { outbox, clock, pace, receiver, dispatcher } = build();
  for (let count = 0; count < 2_000; count += 1) outbox.add(`D${count % 10}`);
  await hearing(pace)(PUNCH);
  dispatcher.start();
  await clock.advance(400);
  expect(receiver.tries.length).toBeGreaterThan(45);
  expect(receiver.tries.length).toBeLessThanOrEqual(51);
  await clock.advance(1_600);
  expect(receiver.tries).toHaveLength(2_000);
  await dispatcher.stop();
});
