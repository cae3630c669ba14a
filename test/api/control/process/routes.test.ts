/** Aim: the control socket tells its process, and marks of settings made with a salt of its own. */

import { afterEach, expect, test } from "bun:test";
import { ask, ControlFixture, cleanUpControl, temporaryPath } from "../control-fixture.ts";

afterEach(cleanUpControl);

test("GET /process tells the process, the salt, and the marks that were made with it", async () => {
  const path = temporaryPath();
  const fixture = new ControlFixture();
  fixture.markSettings = (salt) => ({ WEB_PORT: `mark with ${salt}` });
  await fixture.start(path);
  const { status, json } = await ask(path, "GET", "/process");
  expect([status, json]).toEqual([
    200,
    {
      pid: process.pid,
      salt: expect.stringMatching(/^[0-9a-f]{16}$/),
      setting_marks: { WEB_PORT: expect.stringMatching(/^mark with [0-9a-f]{16}$/) },
    },
  ]);
  expect(await ask(path, "GET", "/process")).toEqual({ status, json });
});

test("GET /process refuses parameters", async () => {
  const path = temporaryPath();
  await new ControlFixture().start(path);
  expect((await ask(path, "GET", "/process?salt=1")).status).toBe(400);
});
