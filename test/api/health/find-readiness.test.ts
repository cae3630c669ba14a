/** Aim: each reason why nothing can be taken is named with its figures, and so is what to look at. */

import { describe, expect, test } from "bun:test";
import { findReadiness, type ReadinessParts } from "#api/health/find-readiness.ts";
import { AppError } from "#base/app-error.ts";
import { BucketCounts } from "#base/bucket-counts.ts";
import { FakeOwnClock } from "../../support/fake-own-clock.ts";
import { ROOMY_DISK } from "../../support/idle-box.ts";
import { FakeStorage } from "../fake-storage.ts";

const MEBIBYTE = 1024 ** 2;
const COMMITS = {
  depth: 0,
  waitingBytes: 0,
  depthMax: 8192,
  bytesMax: 64 * MEBIBYTE,
  refusedCount: 0,
  failedBatchCount: 0,
  batchSizes: new BucketCounts([1]).figures,
  durations: new BucketCounts([1]).figures,
};

async function find(change: Partial<ReadinessParts> = {}) {
  const { problems, notes } = await findReadiness({
    storage: new FakeStorage(),
    disk: ROOMY_DISK,
    ownClock: new FakeOwnClock(true),
    commits: () => COMMITS,
    ...change,
  });
  const tell = (found: typeof problems) => found.map(({ code, message }) => `${code}: ${message}`);
  return { problems: tell(problems), notes: tell(notes) };
}

const disk = (kind: "low" | "full", freeBytes: number) => ({
  disk: { state: { kind, freeBytes } },
});

/** A storage whose last write failed. */
function failing(code: string, hint: string): FakeStorage {
  const storage = new FakeStorage();
  storage.probe = async () => {
    throw new AppError("storage-write-failed", `Cannot store anything: ${code}`, { hint });
  };
  return storage;
}

describe("findReadiness()", () => {
  test("finds nothing where all is well", async () => {
    expect(await find()).toEqual({ problems: [], notes: [] });
    expect(await find({ commits: () => undefined })).toEqual({ problems: [], notes: [] });
  });

  test("names a full disk with what is free, beside what the database says", async () => {
    const { problems } = await find({
      ...disk("full", 3 * MEBIBYTE),
      storage: failing("SQLITE_FULL", "The disk is full"),
    });
    expect(problems).toEqual([
      expect.stringMatching(/^disk-full: The disk is full, 3\.0 MB are free: .* until 24 MB are/),
      "storage-write-failed: Cannot store anything: SQLITE_FULL. The disk is full",
    ]);
  });

  test("names a database that cannot be written, with what to do", async () => {
    const { problems, notes } = await find({
      storage: failing("SQLITE_READONLY", "The disk is read-only"),
    });
    expect(problems).toEqual([
      "storage-write-failed: Cannot store anything: SQLITE_READONLY. The disk is read-only",
    ]);
    expect(notes).toEqual([]);
  });

  test.each([
    ["its depth", { depth: 8192, waitingBytes: MEBIBYTE }, "8192 of 8192 requests"],
    ["its bytes", { depth: 7, waitingBytes: 64 * MEBIBYTE }, "64 MB of 64 MB"],
  ])("names a queue that is full by %s", async (_, full, told) => {
    const { problems } = await find({ commits: () => ({ ...COMMITS, ...full }) });
    expect(problems).toEqual([expect.stringMatching(/^commit-queue-full: /)]);
    expect(problems[0]).toContain(told);
    const almost = { depth: full.depth - 1, waitingBytes: full.waitingBytes - 1 };
    expect((await find({ commits: () => ({ ...COMMITS, ...almost }) })).problems).toEqual([]);
  });

  test("notes a clock that nothing speaks for, a low disk, and a quarantine that fills up", async () => {
    const storage = new FakeStorage();
    const figures = await storage.figures();
    storage.figures = async () => ({
      ...figures,
      quarantineBytes: 240 * MEBIBYTE,
      quarantineBytesMax: 256 * MEBIBYTE,
    });
    const { problems, notes } = await find({
      ...disk("low", 50 * MEBIBYTE),
      storage,
      ownClock: new FakeOwnClock(false),
    });
    expect(problems).toEqual([]);
    expect(notes).toEqual([
      expect.stringMatching(/^own-clock-untrusted: /),
      expect.stringMatching(/^disk-low: The disk has 50 MB left/),
      expect.stringMatching(/^quarantine-filling: .* 240 MB of 256 MB/),
    ]);
  });
});
