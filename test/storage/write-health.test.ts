/**
 * Aim: `probe()` tells of a disk that takes nothing, from the failed write until something is
 * written again, and not a moment longer or shorter.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { userId } from "#domain/identifiers.ts";
import { siteDateAt } from "#domain/site-day.ts";
import type { Storage } from "#storage/storage.ts";
import { enrolls, told } from "../support/enrollment-values.ts";
import {
  openTestStorage,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  type TestStorage,
} from "../support/test-storage.ts";

/** Makes the next write fail, as another program can. */
async function failOnce(opened: TestStorage): Promise<void> {
  const other = new Database(opened.path);
  other.run("BEGIN IMMEDIATE");
  const batch = [punchesFrom("A", [rawPunch("1", "20260302081500")])];
  expect(await opened.storage.append(batch)).toEqual([{ kind: "failed" }]);
  other.run("COMMIT");
  other.close();
}

describe("Storage.probe()", () => {
  test("names the failure and its time from a failed write until one succeeds", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punchesFrom("A", [rawPunch("1", "20260302080000")])]);
    await storage.probe();

    await failOnce(opened);
    const failure = {
      code: "storage-write-failed",
      message: "Cannot store anything since 2026-03-02T01:00:00.000Z: SQLITE_BUSY",
      hint: 'Another program holds the database: find it with "fuser" and stop it',
    };
    expect(storage.probe()).rejects.toMatchObject(failure);
    // Nothing is left to do, so this commit is empty.
    expect(await storage.continueBackgroundWork()).toBe(false);
    expect(storage.probe()).rejects.toMatchObject(failure);
    await storage.append([punchesFrom("A", [rawPunch("1", "20260302081500")])]);
    await storage.probe();
  });

  const USER = {
    id: userId("1"),
    name: "Ana",
    department: undefined,
    isEnabled: undefined,
    furtherFields: {},
  };
  const ATTEMPT = {
    atMs: RECEIVED_AT_MS,
    siteDay: siteDateAt(RECEIVED_AT_MS, "Asia/Manila"),
    errorCount: 0,
  };

  test.each([
    ["a sync", (storage: Storage) => storage.syncUsers([USER], ATTEMPT)],
    ["a client", (storage: Storage) => storage.revokeClient("hris_system", RECEIVED_AT_MS)],
    [
      "what a known terminal tells of a user",
      (storage: Storage) => storage.append([enrolls("A", told("1"))]),
    ],
  ])("takes the writing of %s for a proof that the disk works again", async (_what, write) => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punchesFrom("A", [rawPunch("1", "20260302080000")])]);
    await failOnce(opened);
    expect(storage.probe()).rejects.toMatchObject({ code: "storage-write-failed" });
    await write(storage);
    await storage.probe();
  });

  test("does not take a sync of which nothing was stored for one", async () => {
    using opened = openTestStorage();
    await failOnce(opened);
    await opened.storage.syncUsers([], { ...ATTEMPT, errorCount: 1 });
    expect(opened.storage.probe()).rejects.toMatchObject({ code: "storage-write-failed" });
  });
});
