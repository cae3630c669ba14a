/** Aim: what the API's document says of the messages of `/ws` is what they are. */

import { expect, test } from "bun:test";
import {
  deviceMessage,
  LIVE_DESCRIPTION,
  newLogMessage,
  PONG,
  statusMessage,
} from "#api/live/messages.ts";
import { spellRawLog } from "#api/original/logs/spell-log.ts";
import { deviceId } from "#domain/identifiers.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { ApiFixture, field } from "../api-fixture.ts";
import { samplePunch } from "../fake-storage.ts";

const GATE = deviceId("GATE-1");
const SITE = { clock: new FakeClock(), siteTimeZone: "Asia/Manila" };

/** The field names of a message's data. */
function dataNames(text: string): string[] {
  return Object.keys(Object(field(JSON.parse(text), "data")));
}

test.each([
  statusMessage(0, [], SITE),
  deviceMessage(GATE, { type: "device_status_changed", status: "blocked" }),
  deviceMessage(GATE, { type: "device_updated" }),
  deviceMessage(GATE, { type: "device_deleted" }),
])("LIVE_DESCRIPTION names the type and the fields of %s", (text) => {
  const names = [field(JSON.parse(text), "type"), ...dataNames(text)];
  for (const name of names) expect(LIVE_DESCRIPTION).toContain(`\`${name}\``);
});

test("LIVE_DESCRIPTION tells in what a message of a punch differs from a row", () => {
  const punch = samplePunch(1);
  const row = Object.keys(spellRawLog(punch));
  const told = dataNames(newLogMessage(punch, GATE));
  const dropped = row.filter((name) => !told.includes(name));
  const added = told.filter((name) => !row.includes(name));
  expect(dropped).toEqual(["id", "datetime", "created_at"]);
  expect(added).toEqual(["device_type", "is_primary", "is_duplicate"]);
  for (const name of ["new_log", ...dropped, ...added]) {
    expect(LIVE_DESCRIPTION).toContain(`\`${name}\``);
  }
  expect(LIVE_DESCRIPTION).toContain(PONG);
});

test.each(["/swagger/json", "/api/docs"])("%s holds LIVE_DESCRIPTION", async (path) => {
  const { json } = await new ApiFixture().call(path);
  const description = field(json, "info", "description") ?? field(json, "description");
  expect(description).toEqual(expect.stringContaining(LIVE_DESCRIPTION));
});
