/**
 * Aim: punches that a terminal kept to itself are found in its own log, exactly those, once, and
 * reach the receiver as any others do, also over `kill -9` in between.
 */

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { orderReading, type ShownReading, untilRead } from "./log-reading.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(90_000);

/** 10 punches a second, and what is left of the time for the readings. */
const FAST = ["--rate", "500", "--poll-interval", "1", "--duration", "32"];
const DEVICE = "SIM0001";
const RECOVERED = "SELECT count(*) AS count FROM punches WHERE origin = 'recovered'";

/** Orders a reading of the whole log and gives it once it is worked on. */
async function readLog(server: RunningServer): Promise<ShownReading> {
  return untilRead(server, await orderReading(server, DEVICE));
}

const report = (knownCount: number, addedCount: number) => ({
  announced_count: 200,
  read_count: 200,
  known_count: knownCount,
  added_count: addedCount,
  unreadable_count: 0,
  conflicting_count: 0,
  left_out_count: 0,
  refused_count: 0,
});

test("of 200 punches the 7 that never came are found in the terminal's log, and none twice", async () => {
  await using receiver = new WebhookReceiver();
  await using server = await startServer({
    settings: { ...receiver.settings, DEVICE_ENROLLMENT: "open", LOG_RECOVERY_TIME: "never" },
  });
  const running = simulate(server, "--scenario", "lossy-feed", ...FAST);
  await receiver.untilAccepted(100);
  await receiver.untilAccepted(193);
  expect(await server.listPunches()).toHaveLength(193);
  expect((await readLog(server)).result).toMatchObject(report(193, 7));
  await server.kill();
  await server.start();
  expect((await readLog(server)).result).toMatchObject(report(200, 0));
  await receiver.untilAccepted(200);
  const keys = (await server.listPunches()).map((punch) => `${punch.user_id} ${punch.wall_time}`);
  expect(new Set(keys).size).toBe(200);
  expect(keys).toHaveLength(200);
  expect(server.logLines("log.recovered")).toHaveLength(2);
  await running;
  await server.stop();
  using database = new Database(join(server.dataDir, "biometric.db"), { readonly: true });
  expect(database.query(RECOVERED).get()).toEqual({ count: 7 });
});
