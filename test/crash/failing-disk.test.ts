/**
 * Aim: while the disk answers with errors no terminal is acknowledged and none is answered wrongly;
 * afterwards the server goes on by itself, with ids and totals in memory that agree with the disk.
 * Needs gcc for the faulty disk.
 */

import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { IS_LONG, TIMEOUT_MS } from "./crash-run.ts";
import { type DiskFault, FaultyDisk, NO_FAULTY_DISK } from "./faulty-disk.ts";
import {
  expectDelivered,
  expectKept,
  expectReadableNotReady,
  expectReady,
  expectWholeFeed,
  untilUnanswered,
} from "./survival.ts";
import { TerminalLoad } from "./terminal-load.ts";

if (NO_FAULTY_DISK !== undefined) console.log(`disk errors are skipped: ${NO_FAULTY_DISK}`);
const testOnFaultyDisk = test.skipIf(NO_FAULTY_DISK !== undefined);

const TERMINALS = 8;
const FAULTS: readonly (readonly [string, DiskFault])[] = [
  ["flushes fail", "fail-sync"],
  ["writes fail", "fail-write"],
  // To SQLite much the same as the one before.
  ...(IS_LONG ? [["the disk is read-only", "read-only"] as const] : []),
];

describe.each(FAULTS)("while %s", (_, fault) => {
  testOnFaultyDisk(
    "nothing is acknowledged, and afterwards everything is, without a restart",
    async () => {
      using disk = new FaultyDisk();
      await using receiver = new WebhookReceiver();
      await using server = await startServer({
        settings: { ...receiver.settings, ...disk.settings, DEVICE_ENROLLMENT: "open" },
      });
      await using load = new TerminalLoad(server, {
        prefix: "EIO",
        terminals: TERMINALS,
        punches: 100_000,
        rate: 500,
      });
      await eventually("punches are acknowledged", () => load.acknowledged().length > 100);

      disk.begin(fault);
      await using newcomers = new TerminalLoad(server, { prefix: "NEW", terminals: 4, punches: 5 });
      await untilUnanswered(load);
      const failuresBefore = disk.failureCount;
      const acknowledgedBefore = load.acknowledged().length;
      await eventually("terminals go on asking", () => disk.failureCount > failuresBefore + 10);
      expect(load.acknowledged().length).toBe(acknowledgedBefore);
      expect(newcomers.acknowledged()).toEqual([]);
      await expectReadableNotReady(server, "SQLITE_IOERR");
      expectKept(server, load.acknowledged());

      disk.end(fault);
      await eventually("punches are acknowledged again", () => {
        return load.acknowledged().length > acknowledgedBefore + 100;
      });
      await expectReady(server);
      expectKept(server, load.acknowledged());
      await disk.cutPower(server);
      await server.start();
      expectKept(server, load.acknowledged());
      await eventually("the new process goes on", () => {
        return load.acknowledged().length > acknowledgedBefore + 300;
      });

      expect((await newcomers.finish()).unacknowledged).toBe(0);
      const report = await load.stop();
      expect(await server.stop()).toBe(0);
      await server.start();
      expect(report.wrongReplies).toBe(0);
      expect(report.closedWithoutReply).toBeGreaterThanOrEqual(TERMINALS);
      expectKept(server, [...load.acknowledged(), ...newcomers.acknowledged()]);
      await expectDelivered(receiver, await expectWholeFeed(server));
      console.log(
        `${fault}: ${report.acknowledged} acknowledged, 0 lost, ` +
          `${report.closedWithoutReply} closed without reply`,
      );
    },
    TIMEOUT_MS,
  );

  testOnFaultyDisk(
    "a killed server comes back when the disk does, with ids and totals that agree with it",
    async () => {
      using disk = new FaultyDisk();
      await using server = await startServer({
        settings: { ...disk.settings, DEVICE_ENROLLMENT: "open" },
      });
      await using load = new TerminalLoad(server, {
        prefix: "EIO",
        terminals: TERMINALS,
        punches: 100_000,
        rate: 500,
      });
      await eventually("punches are acknowledged", () => load.acknowledged().length > 100);
      disk.begin(fault);
      await eventually("something has failed", () => disk.failureCount > 0);
      await server.kill();
      disk.end(fault);
      await server.start();
      // A transaction whose flush failed may be in the log: its punches are stored, and told of
      // nowhere, until the terminals send them again.
      const acknowledgedBefore = load.acknowledged().length;
      expectKept(server, load.acknowledged());
      await eventually("punches are acknowledged again", () => {
        return load.acknowledged().length > acknowledgedBefore + 100;
      });
      await load.stop();
      expect(await server.stop()).toBe(0);
      await server.start();
      expectKept(server, load.acknowledged());
      const stored = await expectWholeFeed(server);
      expect(stored.length - load.acknowledged().length).toBeLessThanOrEqual(TERMINALS);
    },
    TIMEOUT_MS,
  );
});

testOnFaultyDisk(
  "on a disk that takes 10 ms for a flush many punches share one",
  async () => {
    using disk = new FaultyDisk();
    await using server = await startServer({
      settings: { ...disk.settings, DEVICE_ENROLLMENT: "open" },
    });
    disk.begin("slow-sync");
    const flushesBefore = disk.flushCount;
    await using load = new TerminalLoad(server, { prefix: "SLOW", terminals: 100, punches: 20 });
    expect((await load.finish()).unacknowledged).toBe(0);
    const flushes = disk.flushCount - flushesBefore;
    console.log(`slow disk: 2000 punches and 100 polls in ${flushes} flushes`);
    // 100 terminals ask together: a tenth of what they could share is still a group.
    expect(2000 / flushes).toBeGreaterThan(10);
    expectKept(server, load.acknowledged());
  },
  TIMEOUT_MS,
);
