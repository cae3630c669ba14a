/**
 * Aim: `kill -9` at any moment loses no acknowledged punch, stores none twice and keeps every punch
 * from the webhook receiver none. `CRASH_KILLS` says how often.
 */

import { expect, test } from "bun:test";
import { startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { KILLS, TIMEOUT_MS, withSeed } from "./crash-run.ts";
import { countRepeats, expectDelivered, expectKept, expectWholeFeed } from "./survival.ts";
import { TerminalLoad } from "./terminal-load.ts";

const TERMINALS = 16;

test(
  `${KILLS} times kill -9 under load keeps every acknowledged punch, once, and delivers it in order`,
  () =>
    withSeed(async (random) => {
      await using receiver = new WebhookReceiver();
      await using server = await startServer({
        settings: { ...receiver.settings, DEVICE_ENROLLMENT: "open" },
      });
      await using load = new TerminalLoad(server, {
        prefix: "KILL",
        terminals: TERMINALS,
        punches: 1_000_000,
        rate: 1500,
        duplicates: 5,
      });
      for (let kill = 0; kill < KILLS; kill += 1) {
        await Bun.sleep(random.between(50, 1000));
        await server.kill();
        // Some starts are killed as well: in the middle of recovery.
        if (random.chance(30)) {
          const interrupted = server.start().catch(() => {});
          await Bun.sleep(random.between(0, 120));
          await server.kill();
          await interrupted;
        }
        await server.start();
        expectKept(server, load.acknowledged());
      }
      await Bun.sleep(200);
      const report = await load.stop();
      const acknowledged = load.acknowledged();
      expect(acknowledged.length).toBe(report.acknowledged);
      expect(acknowledged.length).toBeGreaterThan(KILLS);
      // What was on its way when the terminals were switched off is finished.
      expect(await server.stop()).toBe(0);
      await server.start();
      expectKept(server, acknowledged);
      const stored = await expectWholeFeed(server);
      // What is stored beyond that is a punch whose acknowledgement was on its way.
      expect(stored.length - acknowledged.length).toBeLessThanOrEqual(TERMINALS);
      await expectDelivered(receiver, stored);
      console.log(
        `${KILLS} kills: ${report.acknowledged} acknowledged, 0 lost, ${report.resent} sent again, ` +
          `${report.duplicatesSent} duplicates, ${countRepeats(receiver)} webhooks repeated`,
      );
    }),
  TIMEOUT_MS,
);
