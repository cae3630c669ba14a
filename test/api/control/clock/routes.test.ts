/** Aim: the control socket shows whether the box's clock is believed, and takes an operator's word. */

import { afterEach, expect, test } from "bun:test";
import { ask, ControlFixture, cleanUpControl, temporaryPath } from "../control-fixture.ts";

afterEach(cleanUpControl);

const CLOCK = {
  now: "2026-03-02T00:15:04.000Z",
  site_time_zone: "Asia/Manila",
  measured_count: 3,
  agreeing_count: 1,
  behind_stored: false,
};

test("GET /clock shows the clock, and POST /clock/confirm takes it for right", async () => {
  const fixture = new ControlFixture();
  const path = temporaryPath();
  await fixture.start(path);
  const untrusted = { ...CLOCK, trusted: false, evidence: null };
  expect((await ask(path, "GET", "/clock")).json).toEqual(untrusted);
  const trusted = { ...CLOCK, trusted: true, evidence: "confirmed" };
  expect((await ask(path, "POST", "/clock/confirm")).json).toEqual(trusted);
  expect((await ask(path, "GET", "/clock")).json).toEqual(trusted);
  expect(fixture.log.of("clock.confirmed")).toHaveLength(1);
});

test("a parameter is refused, and confirms nothing", async () => {
  const fixture = new ControlFixture();
  const path = temporaryPath();
  await fixture.start(path);
  expect((await ask(path, "POST", "/clock/confirm?now=1")).status).toBe(400);
  expect((await ask(path, "GET", "/clock?now=1")).status).toBe(400);
  expect(fixture.ownClock.look().evidence).toBeUndefined();
});
