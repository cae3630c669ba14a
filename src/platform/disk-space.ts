/** How much room a file system has, and from when on that is little. */

import { statfsSync } from "node:fs";

const MEBIBYTE = 1024 * 1024;

/** With less than this, backups and the ledger stop, so that punches have what is left. */
export const LOW_DISK_BYTES = 64 * MEBIBYTE;

/** Bytes that this user can still write where `path`, an existing file or folder, is. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/** Size of the file system where `path` is. */
export function totalBytes(path: string): number {
  const { blocks, bsize } = statfsSync(path);
  return blocks * bsize;
}

/** A size for a person: `3.4 MB`. */
export function shownBytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(bytes < 10 * MEBIBYTE ? 1 : 0)} MB`;
}
