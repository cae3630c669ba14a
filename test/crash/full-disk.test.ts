/**
 * Aim: on a full disk no punch is acknowledged and none that was is lost; people can still look; with
 * room again the server goes on by itself, also after it was killed. Needs root to mount small disks.
 */

import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { IS_LONG, TIMEOUT_MS } from "./crash-run.ts";
import { NO_SMALL_DISK, SmallDisk, type SmallDiskKind } from "./small-disk.ts";
import {
  expectKept,
  expectReadableNotReady,
  expectReady,
  expectWholeFeed,
  untilUnanswered,
} from "./survival.ts";
import { TerminalLoad } from "./terminal-load.ts";

if (NO_SMALL_DISK !== undefined) console.log(`full disks are skipped: ${NO_SMALL_DISK}`);
const testOnSmallDisk = test.skipIf(NO_SMALL_DISK !== undefined);

const MEGABYTES = 128;
/** Less than is needed to go on. */
const ROOM_BYTES = 6 * 1024 * 1024;
const BALLAST_BYTES = 8 * 1024 * 1024;
const TERMINALS = 8;
const KINDS: readonly SmallDiskKind[] = IS_LONG ? ["tmpfs", "ext4"] : ["tmpfs"];

function startOn(disk: SmallDisk): Promise<RunningServer> {
  return startServer({ settings: { DATA_DIR: disk.folder, DEVICE_ENROLLMENT: "open" } });
}

/** What the server says when it cannot start. */
async function findStartFailure(server: RunningServer): Promise<string> {
  try {
    await server.start();
    return "";
  } catch (error) {
    return String(error);
  } finally {
    await server.kill();
  }
}

/** Fails unless the operator is told that the disk is full. */
async function expectFullTold(server: RunningServer): Promise<void> {
  const { exitCode, out } = await server.run("status");
  expect(exitCode).toBe(3);
  expect(out).toMatch(/^disk +FULL, /m);
  expect(server.logLines("disk.full").length).toBeGreaterThan(0);
}

function startLoad(server: RunningServer): TerminalLoad {
  return new TerminalLoad(server, { prefix: "FULL", terminals: TERMINALS, punches: 1_000_000 });
}

testOnSmallDisk.each(KINDS)(
  "a full %s loses nothing, acknowledges nothing, and goes on when there is room",
  async (kind) => {
    using disk = new SmallDisk(kind, MEGABYTES);
    await using server = await startOn(disk);
    await eventually("the ballast is there", () => disk.bytesOf("ballast") === BALLAST_BYTES);
    disk.fill(ROOM_BYTES);
    await using load = startLoad(server);
    await eventually("the disk is full", () => server.logLines("storage.failed").length > 0);
    await untilUnanswered(load);
    const acknowledgedBefore = load.acknowledged().length;
    await expectReadableNotReady(server, "SQLITE_FULL");
    expectKept(server, load.acknowledged());
    expect(server.printed).toContain("SQLITE_FULL");
    await expectFullTold(server);
    // What the ballast gave up is no reason to go on.
    expect(disk.freeBytes).toBeGreaterThan(6 * 1024 * 1024);
    await Bun.sleep(7_000);
    expect(load.acknowledged().length).toBe(acknowledgedBefore);

    disk.free();
    await eventually("punches are acknowledged again", () => {
      return load.acknowledged().length > acknowledgedBefore + 100;
    });
    await expectReady(server);
    expect(disk.bytesOf("ballast")).toBe(BALLAST_BYTES);
    expectKept(server, load.acknowledged());

    disk.fill(0);
    await untilUnanswered(load);
    // What was given up is taken, too.
    disk.fill(0);
    await server.kill();
    await server.startUnready();
    await expectFullTold(server);
    expect(await server.stop()).toBe(0);
    await server.startUnready();
    expectKept(server, load.acknowledged());
    const acknowledgedThen = load.acknowledged().length;
    disk.free();
    await eventually("the new process goes on", () => {
      return load.acknowledged().length > acknowledgedThen + 100;
    });
    await eventually("receivers can be told that it is over", async () => {
      const told = await (await server.get("/v1/events?type=disk.low")).text();
      return told.includes('"raised"') && told.includes('"cleared"');
    });
    const report = await load.stop();
    expect(await server.stop()).toBe(0);
    await server.start();
    expect(report.wrongReplies).toBe(0);
    expect(report.closedWithoutReply).toBeGreaterThan(0);
    expectKept(server, load.acknowledged());
    const stored = await expectWholeFeed(server);
    expect(stored.length - load.acknowledged().length).toBeLessThanOrEqual(TERMINALS);
    console.log(
      `${kind}: ${report.acknowledged} acknowledged, 0 lost, ${report.closedWithoutReply} closed ` +
        "without reply",
    );
  },
  TIMEOUT_MS,
);

testOnSmallDisk(
  "on a disk mounted read-only the server does not start, and mounted for writing it does",
  async () => {
    using disk = new SmallDisk("tmpfs", MEGABYTES);
    await using server = await startOn(disk);
    await using load = new TerminalLoad(server, { prefix: "RO", terminals: 4, punches: 50 });
    expect((await load.finish()).unacknowledged).toBe(0);
    await server.kill();
    disk.remount("ro");
    expect(await findStartFailure(server)).toMatch(
      /^error: Cannot lock "[^"]+": .*read-only file system.*\nhint: /m,
    );
    disk.remount("rw");
    await server.start();
    expectKept(server, load.acknowledged());
    expect((await expectWholeFeed(server)).length).toBe(200);
  },
  TIMEOUT_MS,
);
