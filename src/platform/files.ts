/**
 * Files that survive a power cut: written beside their place, flushed, then linked into it.
 */

import {
  chownSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/**
 * Makes the folder and those above it, for the owner only. Leaves an existing one as it is. Returns the
 * uppermost one that it made; undefined for none.
 */
export function makePrivateFolder(path: string): string | undefined {
  return mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** Deletes a file that was not finished, where there is one and it can be. For use behind a failure. */
export function dropUnfinished(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its name or its place cannot be: that is what failed, and is told.
  }
}

/**
 * Makes a file, for the owner only, whole and on disk before its name appears. Changes nothing when
 * the name is taken. Blocks. Throws the file system's error.
 */
export function createPrivateFile(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  try {
    writeFlushed(temporary, content);
    linkSync(temporary, path);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  flushFolder(dirname(path));
}

/** The same, in place of a file of that name. */
export function replacePrivateFile(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  try {
    writeFlushed(temporary, content);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  flushFolder(dirname(path));
}

/**
 * Puts a finished file in its place, in one step and on disk. What is in that place is replaced.
 * Blocks. Throws the file system's error.
 */
export function moveFlushed(from: string, to: string): void {
  const file = openSync(from, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(from, to);
  flushFolder(dirname(to));
}

/**
 * Gives what root made to the owner of `folder`: a verb of root works in the server's folder, and
 * the server is another user. Does nothing for anybody else.
 */
export function giveToOwnerOf(folder: string, ...paths: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  for (const path of paths) chownSync(path, uid, gid);
}

/** The file system's word for a failure (`ENOENT`), if it is one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function writeFlushed(path: string, content: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Writes all of it behind what was written to the open file: one call may write a part. */
export function writeWhole(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(file, bytes, written, bytes.length - written);
  }
}

/** 0 for a file that is not there. */
export function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** A new name is on disk only when its folder is. */
export function flushFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
