/**
 * Aim: what was acknowledged is on the disk and not only in the machine's memory: a power cut, which
 * takes everything that was not flushed, loses none of it. Needs gcc for the faulty disk.
 */

import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { KILLS, TIMEOUT_MS, withSeed } from "./crash-run.ts";
import { FaultyDisk, NO_FAULTY_DISK } from "./faulty-disk.ts";
import { countRepeats, expectDelivered, expectKept, expectWholeFeed } from "./survival.ts";
import { type LoadOptions, TerminalLoad, wallTimeAgo } from "./terminal-load.ts";

if (NO_FAULTY_DISK !== undefined) console.log(`power cuts are skipped: ${NO_FAULTY_DISK}`);
const testOnFaultyDisk = test.skipIf(NO_FAULTY_DISK !== undefined);

testOnFaultyDisk(
  `${KILLS} power cuts under load keep every acknowledged punch, once, and deliver it in order`,
  () =>
    withSeed(async (random) => {
      using disk = new FaultyDisk();
      await using receiver = new WebhookReceiver();
      await using server = await startServer({
        settings: { ...receiver.settings, ...disk.settings, DEVICE_ENROLLMENT: "open" },
      });
      await using load = new TerminalLoad(server, {
        prefix: "CUT",
        terminals: 16,
        punches: 1_000_000,
        rate: 1500,
      });
      for (let cut = 0; cut < KILLS; cut += 1) {
        // The log alone must do when it cannot be emptied into the database.
        if (random.chance(40)) disk.begin("fail-checkpoint");
        await Bun.sleep(random.between(50, 1000));
        disk.end("fail-checkpoint");
        await Bun.sleep(random.between(0, 100));
        await disk.cutPower(server);
        // Before the start: a reader beside a running server holds checkpoints up.
        expectKept(server, load.acknowledged());
        await server.start();
      }
      const report = await load.stop();
      await disk.cutPower(server);
      await server.start();
      const acknowledged = load.acknowledged();
      expect(acknowledged.length).toBe(report.acknowledged);
      expect(acknowledged.length).toBeGreaterThan(KILLS);
      expectKept(server, acknowledged);
      // A webhook may tell of no punch that a power cut can take back.
      await expectDelivered(receiver, await expectWholeFeed(server));
      console.log(
        `${KILLS + 1} power cuts: ${report.acknowledged} acknowledged, 0 lost, ` +
          `${report.resent} sent again, ${countRepeats(receiver)} webhooks repeated`,
      );
    }),
  TIMEOUT_MS,
);

/**
 * Registers a terminal, then makes the flush of its next punch fail and the server die: the log ends
 * with a transaction that every reader sees and the disk does not have.
 */
async function dieOverFailedFlush(
  server: RunningServer,
  disk: FaultyDisk,
  start: string,
): Promise<LoadOptions> {
  const terminal = { prefix: "DIES", terminals: 1, punches: 1 };
  await using first = new TerminalLoad(server, { ...terminal, start: wallTimeAgo(3600) });
  await first.finish();
  disk.begin("fail-sync");
  const punch = { ...terminal, start, poll: false };
  await using load = new TerminalLoad(server, punch);
  await eventually("a flush has failed", () => disk.failureCount > 0);
  await server.kill();
  expect((await load.stop()).acknowledged).toBe(0);
  disk.end("fail-sync");
  return punch;
}

testOnFaultyDisk(
  "a punch whose flush failed before the server died is on the disk when its resend is acknowledged",
  async () => {
    using disk = new FaultyDisk();
    await using server = await startServer({
      settings: { ...disk.settings, DEVICE_ENROLLMENT: "open" },
    });
    const punch = await dieOverFailedFlush(server, disk, wallTimeAgo(600));
    await server.start();
    // The punch is found in the log, so its resend writes nothing, and flushes nothing.
    await using resend = new TerminalLoad(server, punch);
    expect((await resend.finish()).unacknowledged).toBe(0);
    await disk.cutPower(server);
    await server.start();
    expectKept(server, resend.acknowledged());
  },
  TIMEOUT_MS,
);

testOnFaultyDisk(
  "punches stored behind a transaction whose flush failed before the server died are on the disk",
  async () => {
    using disk = new FaultyDisk();
    await using server = await startServer({
      settings: { ...disk.settings, DEVICE_ENROLLMENT: "open" },
    });
    await dieOverFailedFlush(server, disk, wallTimeAgo(600));
    await server.start();
    // So few that SQLite does not empty its log into the database meanwhile.
    await using load = new TerminalLoad(server, { prefix: "NEXT", terminals: 4, punches: 10 });
    expect((await load.finish()).unacknowledged).toBe(0);
    await disk.cutPower(server);
    await server.start();
    expectKept(server, load.acknowledged());
  },
  TIMEOUT_MS,
);
