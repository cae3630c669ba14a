/**
 * Aim: terminals that come back after an outage, all at once and with everything that waited in them,
 * are served to the last punch: each is acknowledged at its first try and stored once.
 * `FLEET_LONG=1` makes it 50 terminals with 1,600 punches each.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { findDamage } from "../crash/stored-punches.ts";
import { expectWholeFeed } from "../crash/survival.ts";
import { startServer } from "../support/running-server.ts";
import { readAcknowledged, simulate } from "./simulation.ts";

setDefaultTimeout(120_000);

const SIZE =
  process.env.FLEET_LONG === "1"
    ? { terminals: 50, punches: 1600 }
    : { terminals: 20, punches: 100 };
const TOTAL = SIZE.terminals * SIZE.punches;

test(`${SIZE.terminals} terminals with ${SIZE.punches} waiting punches each: all stored once, none refused`, async () => {
  await using server = await startServer({ settings: { DEVICE_ENROLLMENT: "open" } });
  const acks = join(server.folder, "acknowledged");
  const size = ["--terminals", String(SIZE.terminals), "--punches", String(SIZE.punches)];
  expect(await simulate(server, "--scenario", "reconnect", ...size, "--acks", acks)).toMatchObject({
    punches: TOTAL,
    sent: TOTAL,
    acknowledged: TOTAL,
    resent: 0,
    connectionErrors: 0,
    closedWithoutReply: 0,
    timeouts: 0,
    wrongReplies: 0,
  });

  const stored = (await expectWholeFeed(server)).map(({ key }) => key.replaceAll("\t", " "));
  expect(stored).toHaveLength(TOTAL);
  const acknowledged = readAcknowledged(acks);
  const ofTerminal = (keys: readonly string[]) =>
    Map.groupBy(keys, (key) => key.slice(0, key.indexOf(" ")));
  // Of each terminal the same, and in the same order: oldest first.
  const sent = ofTerminal(acknowledged);
  expect(sent.size).toBe(SIZE.terminals);
  expect(ofTerminal(stored)).toEqual(sent);
  expect(findDamage(server)).toEqual([]);
});
