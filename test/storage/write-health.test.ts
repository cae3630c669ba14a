/**
 * Aim: `probe()` tells of a disk that takes nothing, from the failed write until something is
 * written again, and not a moment longer or shorter.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { openTestStorage, punchesFrom, rawPunch } from "../support/test-storage.ts";

describe("Storage.probe()", () => {
  test("names the failure and its time from a failed write until one succeeds", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punchesFrom("A", [rawPunch("1", "20260302080000")])]);
    await storage.probe();

    const other = new Database(opened.path);
    other.run("BEGIN IMMEDIATE");
    const batch = [punchesFrom("A", [rawPunch("1", "20260302081500")])];
    expect(await storage.append(batch)).toEqual([{ kind: "failed" }]);
    other.run("COMMIT");
    other.close();
    const failure = {
      code: "storage-write-failed",
      message: "Cannot store anything since 2026-03-02T01:00:00.000Z: SQLITE_BUSY",
      hint: 'Another program holds the database: find it with "fuser" and stop it',
    };
    expect(storage.probe()).rejects.toMatchObject(failure);
    // Nothing is left to do, so this commit is empty.
    expect(await storage.continueBackgroundWork()).toBe(false);
    expect(storage.probe()).rejects.toMatchObject(failure);
    await storage.append(batch);
    await storage.probe();
  });
});
