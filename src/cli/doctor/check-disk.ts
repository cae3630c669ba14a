/** Whether the disk of the data folder has room, can be written, keeps what it took, and is quick. */

import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#platform/clock.ts";
import { LOW_DISK_BYTES, shownBytes } from "#platform/disk-space.ts";
import { errorCode, fileBytes } from "#platform/files.ts";
import { findMount, type Mount } from "#platform/mounts.ts";
import { BALLAST_BYTES, BALLAST_NAME } from "#storage/disk-guard.ts";
import { backupBytesMax } from "#storage/make-backup.ts";
import { type Finding, fault, fine, skipped, warning } from "./finding.ts";

/** What is known of the disk. */
export interface DiskView {
  readonly folder: string;
  readonly freeBytes: number;
  readonly freeInodes: number;
  /** 0 where the file system has no fixed number of them. */
  readonly inodes: number;
  /** Undefined where the kernel does not tell. */
  readonly mount: Mount | undefined;
  readonly ballastBytes: number;
  /** What the next backup may need. */
  readonly backupBytes: number;
  /** Each flush of a page to the disk in milliseconds, or the system's word why there is none. */
  readonly flushes: readonly number[] | string;
  /** How long the server has run; undefined without one. */
  readonly uptimeMs: number | undefined;
}

/** Below it nothing is taken. */
const FULL_BYTES = 24 * 1024 * 1024;
const LEFT_BY_BACKUP_BYTES = 2 * LOW_DISK_BYTES;
const INODES_MIN = 100;
const INODES_LOW = 2_000;
/** A lone punch waits for one flush; good flash takes 10 ms. */
const SLOW_FLUSH_MS = 100;
const FLUSH_COUNT = 5;
const FLUSH_BYTES = 4096;
/** The server makes its ballast within so long, where there is room. */
const BALLAST_MADE_MS = 60_000;

/** Gone with the power. */
const IN_MEMORY = /^(?:tmpfs|ramfs)$/;
/** Locks and flushes do not mean there what they mean on a disk (https://sqlite.org/wal.html, 1). */
const ON_NETWORK = /^(?:nfs\d?|cifs|smb\d?|smbfs|9p|virtiofs|ceph|glusterfs|afs|davfs|fuse\..*)$/;
/** They know no owners and modes, so everybody reads the secrets. */
const WITHOUT_RIGHTS = /^(?:vfat|msdos|exfat|ntfs3?|fuseblk)$/;

/** Looks at the disk; writes and flushes a small file a few times. Throws the file system's error. */
export function readDisk(folder: string, clock: Clock): Omit<DiskView, "uptimeMs"> {
  const { bavail, bsize, ffree, files } = statfsSync(folder);
  return {
    folder,
    freeBytes: bavail * bsize,
    freeInodes: ffree,
    inodes: files,
    mount: findMount(folder),
    ballastBytes: fileBytes(join(folder, BALLAST_NAME)),
    backupBytes: backupBytesMax(join(folder, "biometric.db")),
    flushes: measureFlushes(folder, clock),
  };
}

/** Pure. */
export function checkDisk(view: DiskView): readonly Finding[] {
  return [
    checkSpace(view),
    checkBallast(view),
    checkInodes(view),
    checkKind(view),
    checkFlush(view),
  ];
}

function checkSpace({ folder, freeBytes, backupBytes }: DiskView): Finding {
  const check = "disk-space";
  const found = `${shownBytes(freeBytes)} free for "${folder}"`;
  const fix = `free space there: look with df -h "${folder}" and du -xh "${folder}"`;
  if (freeBytes < FULL_BYTES) {
    const wanted = `${shownBytes(FULL_BYTES)}: below it no punch is taken`;
    return fault(check, { found, wanted, fix });
  }
  if (freeBytes < LOW_DISK_BYTES) {
    const wanted = `${shownBytes(LOW_DISK_BYTES)}: below it backups and the ledger of deliveries stop`;
    return fault(check, { found, wanted, fix });
  }
  const needed = backupBytes + LEFT_BY_BACKUP_BYTES;
  if (freeBytes < needed) {
    const wanted = `${shownBytes(needed)}: the next backup needs them`;
    return warning(check, { found, wanted, fix });
  }
  return fine(check, found);
}

function checkBallast({ ballastBytes, uptimeMs }: DiskView): Finding {
  const check = "disk-ballast";
  const wanted = shownBytes(BALLAST_BYTES);
  if (ballastBytes >= BALLAST_BYTES) return fine(check, `${wanted} are kept for a full disk`);
  if (uptimeMs === undefined) return skipped(check, "the server makes it when it runs");
  if (uptimeMs < BALLAST_MADE_MS) return fine(check, "the server has just started, and makes it");
  return warning(check, {
    found: `${shownBytes(ballastBytes)} are kept for a full disk`,
    wanted,
    fix: `free ${shownBytes(FULL_BYTES)} there, and the server makes it; else look for disk.no-ballast: journalctl -u biometric-server`,
  });
}

function checkInodes({ folder, freeInodes, inodes }: DiskView): Finding {
  const check = "disk-inodes";
  if (inodes === 0) return fine(check, "this file system has no fixed number of files");
  const found = `${freeInodes} of ${inodes} files can still be made`;
  const fix = `remove folders of many small files: find them with du --inodes -x "${folder}"`;
  if (freeInodes < INODES_MIN) {
    return fault(check, { found, wanted: `${INODES_MIN} or more`, fix });
  }
  if (freeInodes < INODES_LOW) {
    return warning(check, { found, wanted: `${INODES_LOW} or more`, fix });
  }
  return fine(check, found);
}

function checkKind({ mount, folder }: DiskView): Finding {
  const check = "disk-kind";
  if (mount === undefined)
    return skipped(check, "the kernel does not tell which file system it is");
  const { point, type, isReadOnly } = mount;
  const found = `"${folder}" is on ${type}, mounted on "${point}"`;
  const elsewhere = "put DATA_DIR on a local disk with ext4, xfs or btrfs";
  if (isReadOnly) {
    return fault(check, {
      found: `${found}, read-only`,
      wanted: "it can be written: no punch is taken meanwhile",
      fix: `look for the disk's errors with dmesg, then: mount -o remount,rw "${point}"`,
    });
  }
  if (IN_MEMORY.test(type)) {
    return fault(check, {
      found,
      wanted: "a disk: this is memory, gone with the power",
      fix: elsewhere,
    });
  }
  if (ON_NETWORK.test(type)) {
    const wanted = "a local disk: a network cannot promise that a punch is kept";
    return fault(check, { found, wanted, fix: elsewhere });
  }
  if (WITHOUT_RIGHTS.test(type)) {
    const wanted = "a file system with owners and modes: here everybody reads the secrets";
    return fault(check, { found, wanted, fix: elsewhere });
  }
  return fine(check, found);
}

function checkFlush({ flushes, folder }: DiskView): Finding {
  const check = "disk-flush";
  if (typeof flushes === "string") {
    return skipped(check, `"${folder}" cannot be written by this user (${flushes})`);
  }
  const sorted = flushes.toSorted((one, other) => one - other);
  const medianMs = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const found = `a page is on the disk after ${medianMs.toFixed(1)} ms, at worst ${(sorted.at(-1) ?? 0).toFixed(1)} ms`;
  if (medianMs < SLOW_FLUSH_MS) return fine(check, found);
  return warning(check, {
    found,
    wanted: `less than ${SLOW_FLUSH_MS} ms: every terminal waits for it`,
    fix: "look who else writes (iotop, vmstat 1); else put DATA_DIR on a better disk or card",
  });
}

/** In the server's folder under a name of this process. */
function measureFlushes(folder: string, clock: Clock): readonly number[] | string {
  const path = join(folder, `doctor.${process.pid}.tmp`);
  try {
    const file = openSync(path, "wx", 0o600);
    try {
      return Array.from({ length: FLUSH_COUNT }, () => {
        const startedMs = clock.monotonicMs();
        writeSync(file, new Uint8Array(FLUSH_BYTES));
        fsyncSync(file);
        return clock.monotonicMs() - startedMs;
      });
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return code;
  }
}
