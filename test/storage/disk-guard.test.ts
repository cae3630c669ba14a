/**
 * Aim: a full disk gives the ballast up and is full until there is room for it again and more, over
 * restarts, too; nothing is stored meanwhile, and it goes on by itself; a low disk is told before.
 */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statfsSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskGuard } from "#storage/disk-guard.ts";
import { openStorage } from "#storage/sqlite-storage.ts";
import type { Storage } from "#storage/storage.ts";
import { eventually } from "../support/eventually.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeOwnClock } from "../support/fake-own-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import {
  endedTry,
  MANILA_RULES,
  outboxOf,
  punchesFrom,
  rawPunch,
} from "../support/test-storage.ts";
import { deliver, park, storeMessages } from "./ledger-fixture.ts";

const MEBIBYTE = 1024 * 1024;
const WHOLE_BYTES = 8 * MEBIBYTE;
const LOOK_MS = 5_000;
const FULL = Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });

let folder: string;
let path: string;
let clock: FakeClock;
let log: RecordingLog;
/** What is free without the ballast. */
let roomBytes: number;
const guards: DiskGuard[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "disk-guard-"));
  path = join(folder, "ballast");
  clock = new FakeClock();
  log = new RecordingLog();
  roomBytes = 1024 * MEBIBYTE;
});

afterEach(async () => {
  for (const guard of guards.splice(0)) await guard.stop();
  rmSync(folder, { recursive: true });
});

function ballastBytes(): number {
  return existsSync(path) ? statSync(path).size : 0;
}

function open(afterLook: () => Promise<void> = async () => undefined): DiskGuard {
  const guard = new DiskGuard({
    folder,
    clock,
    log,
    readFreeBytes: () => roomBytes - ballastBytes(),
  });
  guard.start(afterLook);
  guards.push(guard);
  return guard;
}

/** Real files take their real time. */
async function look(until: () => boolean): Promise<void> {
  await eventually("a look at the disk has come to it", async () => {
    await clock.advance(LOOK_MS);
    return until();
  });
}

async function openWithBallast(): Promise<DiskGuard> {
  const guard = open();
  await look(() => ballastBytes() === WHOLE_BYTES);
  return guard;
}

test("the ballast is made of real bytes, for nobody else to read, soon after the start", async () => {
  const guard = open();
  expect(ballastBytes()).toBe(0);
  expect(guard.state.kind).toBe("enough");
  await look(() => ballastBytes() === WHOLE_BYTES);
  const { blocks, mode } = statSync(path);
  expect(blocks * 512).toBeGreaterThanOrEqual(WHOLE_BYTES);
  expect(mode & 0o777).toBe(0o600);
  const { kind, freeBytes, totalBytes, hasBallast } = guard.figures;
  expect([kind, freeBytes, hasBallast]).toEqual(["enough", roomBytes - WHOLE_BYTES, true]);
  const { blocks: allBlocks, bsize } = statfsSync(folder);
  expect(totalBytes).toBe(allBlocks * bsize);
});

test("where the engine finds the disk full, most of the ballast is given up, once", async () => {
  const guard = await openWithBallast();
  guard.noteFailure(Object.assign(new Error("io"), { code: "SQLITE_IOERR_WRITE" }));
  expect(guard.state.kind).toBe("enough");
  guard.assertRoom();
  roomBytes = WHOLE_BYTES;
  guard.noteFailure(FULL);
  guard.noteFailure(FULL);
  expect(ballastBytes()).toBe(MEBIBYTE);
  expect(guard.state).toEqual({ kind: "full", freeBytes: 7 * MEBIBYTE });
  expect(guard.figures.hasBallast).toBe(false);
  expect(guard.isLow).toBe(true);
  expect(() => guard.assertRoom()).toThrow("The disk is full");
  expect(log.of("disk.full")).toHaveLength(1);
});

test("the full state ends only with the ballast in place and 16 MiB beside it", async () => {
  const guard = await openWithBallast();
  guard.noteFailure(FULL);
  roomBytes = WHOLE_BYTES + 16 * MEBIBYTE - 1;
  await clock.advance(10 * LOOK_MS);
  expect(guard.state.kind).toBe("full");
  expect(ballastBytes()).toBe(MEBIBYTE);
  roomBytes += 1;
  await look(() => guard.state.kind !== "full");
  expect(ballastBytes()).toBe(WHOLE_BYTES);
  expect(log.of("disk.has-room")).toHaveLength(1);
  guard.assertRoom();
});

test("a start on a full disk gives up all of it, and one without it in place stays full", async () => {
  await (await openWithBallast()).stop();
  roomBytes = WHOLE_BYTES + MEBIBYTE;
  const guard = open();
  expect(guard.state.kind).toBe("full");
  expect(existsSync(path)).toBe(false);
  await guard.stop();
  roomBytes = WHOLE_BYTES + 16 * MEBIBYTE - 1;
  expect(open().state.kind).toBe("full");
  roomBytes += 1;
  expect(open().state.kind).toBe("low");
});

test("a start with less room than that, but the ballast in place, goes on", async () => {
  await (await openWithBallast()).stop();
  roomBytes = WHOLE_BYTES + 2 * MEBIBYTE;
  expect(open().state.kind).toBe("low");
  truncateSync(path, MEBIBYTE);
  expect(open().state.kind).toBe("full");
});

test("a low disk is told once when it begins, and once when it is over", async () => {
  const guard = await openWithBallast();
  for (const [megabytes, kind] of [
    [72, "enough"],
    [71, "low"],
    [85, "low"],
    [88, "enough"],
  ] as const) {
    roomBytes = megabytes * MEBIBYTE;
    await clock.advance(LOOK_MS);
    expect(guard.state.kind).toBe(kind);
  }
  expect(log.of("disk.low")).toHaveLength(1);
  expect(log.of("disk.enough")).toHaveLength(1);
});

function openOn(disk: DiskGuard): Storage {
  return openStorage({
    path: join(folder, "biometric.db"),
    rules: MANILA_RULES,
    ownClock: new FakeOwnClock(true),
    clock,
    log,
    disk,
    onLost: (error) => {
      throw error;
    },
  });
}

const punch = (user: string) => punchesFrom("GATE1", [rawPunch(user, "20260302081504")]);

test("nothing is stored while the disk is full, and afterwards it is known without any terminal", async () => {
  let storage: Storage | undefined;
  const guard = open(async () => storage?.proveStoring());
  await look(() => ballastBytes() === WHOLE_BYTES);
  storage = openOn(guard);
  expect(await storage.append([punch("1")])).toEqual([{ kind: "stored" }]);
  guard.noteFailure(FULL);
  expect(await storage.append([punch("2")])).toEqual([{ kind: "failed" }]);
  expect(storage.probe()).rejects.toThrow(/^Cannot store anything since .*: SQLITE_FULL$/);
  await look(() => guard.state.kind === "enough");
  await clock.advance(LOOK_MS);
  await storage.probe();
  expect(await storage.append([punch("2")])).toEqual([{ kind: "stored" }]);
  await storage.close();
});

test("a start on a full disk says that nothing can be stored before anybody tried", async () => {
  await openOn(open()).close();
  roomBytes = MEBIBYTE;
  const storage = openOn(open());
  expect(storage.probe()).rejects.toThrow("SQLITE_FULL");
  expect(await storage.append([punch("1")])).toEqual([{ kind: "failed" }]);
  await storage.close();
});

test("on a low disk punches and deliveries go on, and the ledger keeps no tries and bodies", async () => {
  const kept = async (device: string) => {
    const [id = 0] = await storeMessages(storage, 1, device);
    await deliver(storage, [id]);
    const { status, attempts, bodyText } = (await outboxOf(storage).findDelivery(id)) ?? {};
    expect(status).toBe("delivered");
    return { tries: attempts?.length, hasBody: bodyText !== undefined };
  };
  const storage = openOn(open());
  expect(await kept("GATE1")).toEqual({ tries: 1, hasBody: true });
  roomBytes = 50 * MEBIBYTE;
  await clock.advance(LOOK_MS);
  expect(await kept("GATE2")).toEqual({ tries: 0, hasBody: false });
  await storage.close();
});

test("on a low disk a message that is tried again keeps the body that was sent", async () => {
  const storage = openOn(open());
  const [failed = 0, parked = 0] = await storeMessages(storage, 2);
  roomBytes = 50 * MEBIBYTE;
  await clock.advance(LOOK_MS);
  const outbox = outboxOf(storage);
  await outbox.recordAttempts([{ kind: "failed", ...endedTry(failed) }]);
  await park(storage, [parked]);
  for (const id of [failed, parked]) {
    expect((await outbox.findDelivery(id))?.bodyText).toBe(`{"delivery": ${id}}`);
  }
  await storage.close();
});
