/**
 * Aim: a disk that is full, read-only, slow, out of files, or no disk at all is named with its fix;
 * on real file systems, where this machine lets them be made.
 */

import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkDisk, type DiskView, readDisk } from "#cli/doctor/check-disk.ts";
import { NO_SMALL_DISK, SmallDisk } from "../../crash/small-disk.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { troublesOf } from "./judged.ts";

const MEBIBYTE = 1024 * 1024;
const WELL: DiskView = {
  folder: "/srv/data",
  freeBytes: 4096 * MEBIBYTE,
  freeInodes: 100_000,
  inodes: 200_000,
  mount: { point: "/srv", type: "ext4", isReadOnly: false },
  ballastBytes: 8 * MEBIBYTE,
  backupBytes: 100 * MEBIBYTE,
  flushes: [2, 3, 90],
  uptimeMs: 3_600_000,
};

const check = (change: Partial<DiskView>) => troublesOf(checkDisk({ ...WELL, ...change }));
const ROOM = 'free space there: look with df -h "/srv/data" and du -xh "/srv/data"';
const ELSEWHERE = "fault: put DATA_DIR on a local disk with ext4, xfs or btrfs";

describe("checkDisk()", () => {
  test("finds nothing wrong with a good disk", () => {
    expect(check({})).toEqual({});
    expect(check({ inodes: 0, freeInodes: 0 })).toEqual({});
  });

  test("names a disk that is full, low, or too small for the next backup", () => {
    expect(check({ freeBytes: 23 * MEBIBYTE })).toEqual({ "disk-space": `fault: ${ROOM}` });
    expect(check({ freeBytes: 63 * MEBIBYTE })).toEqual({ "disk-space": `fault: ${ROOM}` });
    expect(check({ freeBytes: 227 * MEBIBYTE })).toEqual({ "disk-space": `warning: ${ROOM}` });
    expect(check({ freeBytes: 228 * MEBIBYTE })).toEqual({});
  });

  test("names a ballast that a running server has not made", () => {
    expect(check({ ballastBytes: MEBIBYTE })["disk-ballast"]).toStartWith("warning: free 24 MB");
    expect(check({ ballastBytes: 0, uptimeMs: 5_000 })).toEqual({});
    expect(check({ ballastBytes: 0, uptimeMs: undefined })).toEqual({
      "disk-ballast": "skipped: ",
    });
  });

  test("names a disk that has no room for further files", () => {
    const fix = 'remove folders of many small files: find them with du --inodes -x "/srv/data"';
    expect(check({ freeInodes: 99 })).toEqual({ "disk-inodes": `fault: ${fix}` });
    expect(check({ freeInodes: 1_999 })).toEqual({ "disk-inodes": `warning: ${fix}` });
  });

  test("names file systems that keep nothing, promise nothing, or hide nothing", () => {
    for (const type of ["tmpfs", "nfs4", "cifs", "9p", "fuse.sshfs", "vfat", "exfat"]) {
      const mount = { point: "/srv", type, isReadOnly: false };
      expect(check({ mount })).toEqual({ "disk-kind": ELSEWHERE });
    }
    for (const type of ["ext4", "xfs", "btrfs", "f2fs", "overlay"]) {
      expect(check({ mount: { point: "/srv", type, isReadOnly: false } })).toEqual({});
    }
  });

  test("names a read-only disk", () => {
    const mount = { point: "/srv", type: "ext4", isReadOnly: true };
    expect(check({ mount })["disk-kind"]).toEndWith('mount -o remount,rw "/srv"');
  });

  test("names a slow disk by its median, and says when it may not be tried", () => {
    expect(check({ flushes: [1, 120, 130] })["disk-flush"]).toStartWith("warning: look who else");
    expect(check({ flushes: "EACCES" })).toEqual({ "disk-flush": "skipped: " });
  });
});

/** A clock on which each look takes as long as told, in turn. */
class SteppingClock extends FakeClock {
  #atMs = 0;
  override monotonicMs(): number {
    this.#atMs += 40;
    return this.#atMs;
  }
}

describe("readDisk()", () => {
  test("measures flushes with the clock it is given, and leaves nothing behind", () => {
    const folder = mkdtempSync(join(tmpdir(), "disk-"));
    try {
      const read = readDisk(folder, new SteppingClock());
      expect(read.flushes).toEqual([40, 40, 40, 40, 40]);
      expect(read.freeBytes).toBeGreaterThan(0);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const testOnSmallDisk = test.skipIf(NO_SMALL_DISK !== undefined);

  testOnSmallDisk("sees memory, too little room, and too few files, on a real mount", () => {
    using disk = new SmallDisk("tmpfs", 32);
    const folder = join(disk.folder, "data");
    mkdirSync(folder);
    const look = () => checkDisk({ ...readDisk(folder, new FakeClock()), uptimeMs: undefined });
    expect(Object.keys(troublesOf(look())).sort()).toEqual([
      "disk-ballast",
      "disk-kind",
      "disk-space",
    ]);
  });

  testOnSmallDisk("sees a real disk whose files are used up, and that it became read-only", () => {
    using disk = new SmallDisk("ext4", 16);
    const look = () => {
      const view = { ...readDisk(disk.folder, new FakeClock()), uptimeMs: undefined };
      return troublesOf(checkDisk(view));
    };
    expect(look()).not.toHaveProperty("disk-inodes");
    expect(look()).not.toHaveProperty("disk-kind");
    const { freeInodes } = readDisk(disk.folder, new FakeClock());
    for (let count = 100; count <= freeInodes; count += 1) {
      writeFileSync(join(disk.folder, `file-${count}`), "");
    }
    expect(look()["disk-inodes"]).toStartWith("fault: ");
    disk.remount("ro");
    expect(look()["disk-kind"]).toContain(`mount -o remount,rw "${disk.folder}"`);
    expect(look()["disk-flush"]).toStartWith("skipped: ");
  });
});
