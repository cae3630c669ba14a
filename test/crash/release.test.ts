/**
 * Aim: a release of held punches that is killed again and again releases each of them once, in the
 * order in which they came, together with those that come meanwhile.
 */

import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { KILLS, TIMEOUT_MS, withSeed } from "./crash-run.ts";
import { readCount } from "./stored-punches.ts";
import { expectDelivered, expectKept, expectWholeFeed } from "./survival.ts";
import { TerminalLoad, wallTimeAgo } from "./terminal-load.ts";

const HELD = 3000;
const COUNT_RELEASED = "SELECT count(*) FROM punches WHERE feed_position IS NOT NULL";

test(
  `${KILLS} times kill -9 during the release of ${HELD} held punches releases each once, in order`,
  () =>
    withSeed(async (random) => {
      await using receiver = new WebhookReceiver();
      await using server = await startServer({
        settings: { ...receiver.settings, PAIRING_WINDOW_MINUTES: "0" },
      });
      const terminal = { prefix: "HELD", terminals: 1 };
      await using backlog = new TerminalLoad(server, {
        ...terminal,
        punches: HELD,
        start: wallTimeAgo(3600),
      });
      expect((await backlog.finish()).unacknowledged).toBe(0);
      expect(await server.listPunches()).toEqual([]);

      await using live = new TerminalLoad(server, {
        ...terminal,
        punches: 300,
        rate: 100,
        start: wallTimeAgo(1800),
      });
      expect((await server.run("devices", "approve", "HELD0001")).exitCode).toBe(0);
      for (let kill = 0; kill < KILLS; kill += 1) {
        const wanted = Math.floor((HELD * (kill + random.between(0.1, 0.9))) / KILLS);
        await eventually(`${wanted} punches are released`, () => {
          return readCount(server, COUNT_RELEASED) >= wanted;
        });
        await server.kill();
        await server.start();
        expectKept(server, [...backlog.acknowledged(), ...live.acknowledged()]);
      }
      expect((await live.finish()).unacknowledged).toBe(0);
      await eventually("everything is released", () => {
        return readCount(server, COUNT_RELEASED) === HELD + 300;
      });
      expectKept(server, [...backlog.acknowledged(), ...live.acknowledged()]);
      const stored = await expectWholeFeed(server);
      const positions = stored.map((punch) => Number(punch.feedPosition));
      expect(positions).toEqual(positions.toSorted((one, other) => one - other));
      await expectDelivered(receiver, stored);
    }),
  TIMEOUT_MS,
);
