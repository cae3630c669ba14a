/**
 * Aim: punches that a terminal kept to itself are found in its own log, exactly those, once, and
 * reach the receiver as any others do, also over `kill -9` in between.
 */

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { orderReading, type ShownReading, untilDrained, untilRead } from "./log-reading.ts";
import { RunningSimulation } from "./simulation.ts";

setDefaultTimeout(90_000);

/** Some of these are in the terminal's own log alone. */
const PUNCHES = 60;
const LOSSY = ["--scenario", "lossy-feed", "--punches", String(PUNCHES), "--poll-interval", "1"];
const DEVICE = "SIM0001";
const RECOVERED = "SELECT count(*) AS count FROM punches WHERE origin = 'recovered'";

/** Orders a reading of the whole log and gives it once it is worked on. */
async function readLog(server: RunningServer): Promise<ShownReading> {
  return untilRead(server, await orderReading(server, DEVICE));
}

const report = (knownCount: number, addedCount: number) => ({
  announced_count: PUNCHES,
  read_count: PUNCHES,
  known_count: knownCount,
  added_count: addedCount,
  unreadable_count: 0,
  conflicting_count: 0,
  left_out_count: 0,
  refused_count: 0,
});

test("punches that never came are found in the terminal's log, exactly those, and none twice", async () => {
  await using receiver = new WebhookReceiver();
  await using server = await startServer({
    settings: { ...receiver.settings, DEVICE_ENROLLMENT: "open", LOG_RECOVERY_TIME: "never" },
  });
  expect((await server.run("clock", "confirm")).exitCode).toBe(0);
  await using _terminal = new RunningSimulation(server, ...LOSSY);
  await untilDrained(server, DEVICE);
  const sent = (await server.listPunches()).length;
  expect(sent).toBeGreaterThan(PUNCHES / 2);
  expect(sent).toBeLessThan(PUNCHES);
  await receiver.untilAccepted(sent);
  expect((await readLog(server)).result).toMatchObject(report(sent, PUNCHES - sent));
  await server.kill();
  await server.start();
  expect((await readLog(server)).result).toMatchObject(report(PUNCHES, 0));
  await receiver.untilAccepted(PUNCHES);
  const keys = (await server.listPunches()).map((punch) => `${punch.user_id} ${punch.wall_time}`);
  expect(new Set(keys).size).toBe(PUNCHES);
  expect(keys).toHaveLength(PUNCHES);
  expect(server.logLines("log.recovered")).toHaveLength(2);
  await server.stop();
  using database = new Database(join(server.dataDir, "biometric.db"), { readonly: true });
  expect(database.query(RECOVERED).get()).toEqual({ count: PUNCHES - sent });
});
