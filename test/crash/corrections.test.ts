/**
 * Aim: corrections of directions that are killed in the middle end as if nothing had happened: every
 * direction is what one walk over the user's whole time line gives.
 */

import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startServer } from "../support/running-server.ts";
import { KILLS, TIMEOUT_MS, withSeed } from "./crash-run.ts";
import { lookInto, readCount, readStored, type StoredPunch } from "./stored-punches.ts";
import { expectKept, expectWholeFeed } from "./survival.ts";
import { TerminalLoad, wallTimeAgo } from "./terminal-load.ts";

/** Of one user at each of two terminals: far more than one transaction corrects. */
const PUNCHES = 1500;
const COUNT_PUT_OFF = "SELECT count(*) FROM direction_corrections";

test(
  `${KILLS} times kill -9 while late punches flip thousands of directions leaves them right`,
  () =>
    withSeed(async (random) => {
      await using server = await startServer({
        // No shift ever ends, so that a late punch flips everything behind it.
        settings: { DEVICE_ENROLLMENT: "open", ATTENDANCE_MAX_SHIFT_HOURS: "0" },
      });
      const onePerson = { terminals: 1, users: 1 };
      await using one = new TerminalLoad(server, {
        ...onePerson,
        prefix: "ONE",
        punches: PUNCHES,
        start: wallTimeAgo(3600),
      });
      await using two = new TerminalLoad(server, {
        ...onePerson,
        prefix: "TWO",
        punches: PUNCHES,
        start: wallTimeAgo(3600),
      });
      await Promise.all([one.finish(), two.finish()]);
      expect(directionsOf(readStored(server))).toEqual(alternated(readStored(server)));

      let unfinished = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        await using late = new TerminalLoad(server, {
          ...onePerson,
          prefix: `LATE${kill}X`,
          punches: 1,
          start: wallTimeAgo(Math.floor(random.between(3000, 4200))),
        });
        await late.finish();
        if (random.chance(50)) {
          // In the middle of the steps, which begin up to a second after the commit.
          const before = readPlaces(server);
          await eventually("a correction goes on", () => {
            return before === "[]" || readPlaces(server) !== before;
          });
        } else {
          await Bun.sleep(random.between(0, 1100));
        }
        await server.kill();
        unfinished += Math.sign(readCount(server, COUNT_PUT_OFF));
        await server.start();
        expectKept(server, late.acknowledged());
      }
      await eventually("the corrections are done", () => readCount(server, COUNT_PUT_OFF) === 0);
      const stored = await expectWholeFeed(server);
      expect(stored.length).toBe(2 * PUNCHES + KILLS);
      expect(directionsOf(stored)).toEqual(alternated(stored));
      expectKept(server, [...one.acknowledged(), ...two.acknowledged()]);
      console.log(`${KILLS} kills, ${unfinished} of them before the corrections were done`);
    }),
  TIMEOUT_MS,
);

/** Where the corrections that were put off stand, as one text. */
function readPlaces(server: Parameters<typeof readStored>[0]): string {
  return lookInto(server, (database) =>
    JSON.stringify(database.query("SELECT * FROM direction_corrections").all()),
  );
}

function directionsOf(stored: readonly StoredPunch[]): ReadonlyMap<number, string | null> {
  return new Map(inTimeOrder(stored).map((punch) => [punch.id, punch.direction]));
}

/** In, out, in, … over instant, device and id: all these punches are one user's. */
function alternated(stored: readonly StoredPunch[]): ReadonlyMap<number, string | null> {
  return new Map(
    inTimeOrder(stored).map((punch, index) => [punch.id, index % 2 === 0 ? "in" : "out"]),
  );
}

function inTimeOrder(stored: readonly StoredPunch[]): readonly StoredPunch[] {
  return stored.toSorted(
    (one, other) =>
      one.instantMs - other.instantMs ||
      (one.deviceId < other.deviceId ? -1 : Number(one.deviceId > other.deviceId)) ||
      one.id - other.id,
  );
}
