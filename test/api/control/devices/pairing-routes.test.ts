/** Aim: the control socket opens the pairing window, moves its end, and closes it. */

import { afterEach, expect, test } from "bun:test";
import { ask, ControlFixture, cleanUpControl, temporaryPath } from "../control-fixture.ts";

afterEach(cleanUpControl);

test("POST /pairing opens the window, replaces it, and closes it with 0", async () => {
  const fixture = new ControlFixture();
  const path = temporaryPath();
  await fixture.start(path);
  const pair = async (minutes: number) =>
    (await ask(path, "POST", `/pairing?minutes=${minutes}`)).json;
  expect(await pair(60)).toEqual({ pairing_window_ends_at: "2026-03-02T01:15:04.000Z" });
  expect(await pair(10)).toEqual({ pairing_window_ends_at: "2026-03-02T00:25:04.000Z" });
  expect((await ask(path, "GET", "/devices")).json).toMatchObject({
    pairing_window_ends_at: "2026-03-02T00:25:04.000Z",
  });
  expect(await pair(0)).toEqual({ pairing_window_ends_at: null });
  expect(fixture.log.of("pairing.opened").map((line) => line.fields)).toEqual([
    { minutes: 60 },
    { minutes: 10 },
  ]);
  expect(fixture.log.of("pairing.closed")).toHaveLength(1);
});

test.each(["", "?minutes=", "?minutes=-1", "?minutes=1.5", "?minutes=1441", "?minutes=x", "?m=1"])(
  "POST /pairing%s is refused, and opens nothing",
  async (query) => {
    const fixture = new ControlFixture();
    const path = temporaryPath();
    await fixture.start(path);
    expect((await ask(path, "POST", `/pairing${query}`)).status).toBe(400);
    expect(fixture.storage.pairingWindowEndsAt).toBeUndefined();
    expect(fixture.log.lines).toEqual([]);
  },
);
