/**
 * Aim: the log goes into the database file in time, what is copied in part is flushed, and what
 * cannot be flushed is told instead of being relied on.
 */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppError } from "#base/app-error.ts";
import { Checkpointer } from "#storage/checkpointer.ts";
import { closeDatabase, type OpenedDatabase, openDatabase } from "#storage/database.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";

/** Beyond 64 MiB. */
const MANY_PAGES = 17_000;

let folder = "";
let opened: OpenedDatabase;
let clock: FakeClock;
let log: RecordingLog;
let flushed: number[];
let lost: AppError[];
let flushFailure: Error | undefined;
let checkpointer: Checkpointer;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "biometric-checkpointer-"));
  opened = openDatabase(join(folder, "biometric.db"), new FakeClock().nowMs());
  opened.writer.run("PRAGMA wal_checkpoint(TRUNCATE)");
  opened.writer.run("CREATE TABLE pages (bytes BLOB)");
  opened.writer.run("INSERT INTO pages VALUES (NULL)");
  clock = new FakeClock();
  log = new RecordingLog();
  flushed = [];
  lost = [];
  flushFailure = undefined;
  checkpointer = new Checkpointer({
    opened,
    clock,
    log,
    onLost: (error) => lost.push(error),
    flush: (descriptor) => {
      if (flushFailure !== undefined) throw flushFailure;
      flushed.push(descriptor);
    },
  });
});

afterEach(() => {
  closeDatabase(opened);
  rmSync(folder, { recursive: true, force: true });
});

/** Adds at least so many pages to the log. */
function write(pages: number): void {
  opened.writer.run("UPDATE pages SET bytes = zeroblob(?)", [pages * 4096]);
}

/** What a commit does, long enough after the one before for a look at the log. */
async function commit(): Promise<void> {
  await clock.advance(10);
  checkpointer.afterCommit();
}

/** Pages in the log that are not in the database file. */
function waiting(): number {
  const [[, pages, copied] = []] = opened.writer.query("PRAGMA wal_checkpoint(NOOP)").values();
  return Number(pages) - Number(copied);
}

/** Another program that reads for long. Gives what ends it. */
function read(): () => void {
  const reader = new Database(opened.path, { readonly: true });
  reader.run("BEGIN");
  reader.query("SELECT count(*) FROM pages").get();
  return () => reader.close();
}

describe("Checkpointer.afterCommit()", () => {
  test("empties a log of 1000 pages, and leaves a shorter one", async () => {
    write(900);
    await commit();
    expect(waiting()).toBeGreaterThan(900);
    write(200);
    await commit();
    expect(waiting()).toBe(0);
    expect(flushed).toEqual([]);
    expect(checkpointer.counts).toEqual({ done: 1, failed: 0 });
  });

  test("flushes the database after a reader held the rest up, then pauses for a second", async () => {
    write(1500);
    const endReading = read();
    write(1200);
    await commit();
    expect(waiting()).toBeGreaterThan(1000);
    expect(flushed).toEqual([opened.descriptor]);
    await commit();
    expect(flushed.length).toBe(1);
    endReading();
    await commit();
    expect(waiting()).toBeGreaterThan(1000);
    await clock.advance(1000);
    await commit();
    expect(waiting()).toBe(0);
    expect(lost).toEqual([]);
  });

  test("tells that it cannot flush, and never copies a page again", async () => {
    write(1500);
    const endReading = read();
    write(1200);
    flushFailure = Object.assign(new Error("input/output error"), { code: "EIO" });
    await commit();
    flushFailure = undefined;
    endReading();
    await clock.advance(60_000);
    await commit();
    expect(waiting()).toBeGreaterThan(1000);
    expect(lost.map(({ code, message }) => [code, message])).toEqual([
      ["storage-lost", `Cannot flush "${opened.path}": EIO`],
    ]);
    expect(checkpointer.isLost).toBe(true);
  });

  test("tells once that the log is large, and again when it has been small", async () => {
    for (const _ of [1, 2]) {
      const endReading = read();
      write(MANY_PAGES);
      await commit();
      await commit();
      endReading();
      await clock.advance(1000);
      await commit();
      write(1);
      await commit();
    }
    expect(log.of("storage.log-large").length).toBe(2);
  });
});
