/** Aim: a disk without room and a backup that failed are seen, and nothing else. */

import { expect, test } from "bun:test";
import type { BackupState } from "#maintenance/backups.ts";
import { watchBox } from "#maintenance/box-watch.ts";
import type { DiskState } from "#storage/disk-guard.ts";

const MEBIBYTE = 1024 * 1024;

function look(disk: DiskState["kind"], state: BackupState = { kind: "none" }) {
  return watchBox({
    disk: { state: { kind: disk, freeBytes: 48 * MEBIBYTE } },
    backups: { state },
  })();
}

test("a box that is well shows nothing", async () => {
  expect(await look("enough")).toEqual([]);
  expect(await look("enough", { kind: "made", id: 1, path: "/b", bytes: 1 })).toEqual([]);
});

test("a low disk and a full one are told by what has stopped", async () => {
  const low = "48 MB are free: backups and the ledger of deliveries have stopped";
  expect(await look("low")).toEqual([{ type: "disk-low", subject: "disk", detail: low }]);
  const full = "48 MB are free: nothing is taken, and terminals keep their punches";
  expect(await look("full")).toEqual([{ type: "disk-low", subject: "disk", detail: full }]);
});

test("a backup that failed is told with its reason", async () => {
  expect(await look("enough", { kind: "failed", id: 2, reason: "no room" })).toEqual([
    { type: "backup-failed", subject: "backup", detail: "no room" },
  ]);
});
