/** The executable as a file: compared, looked into, put into its place. */

import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { moveFlushed } from "#platform/files.ts";
import { ELF_HEAD_BYTES, readMachine } from "./elf.ts";

/** For which processor the program at `path` was made. Throws the file system's error. */
export function machineOf(path: string): ReturnType<typeof readMachine> {
  const file = openSync(path, "r");
  try {
    const head = new Uint8Array(ELF_HEAD_BYTES);
    return readMachine(head.subarray(0, readSync(file, head)));
  } finally {
    closeSync(file);
  }
}

/** In hexadecimal digits. Reads the whole file. */
export async function sha256Of(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}

/** Whether both are there with the same bytes. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  if (!existsSync(one) || !existsSync(other)) return false;
  if (statSync(one).size !== statSync(other).size) return false;
  return (await sha256Of(one)) === (await sha256Of(other));
}

/** Copies a program into its place in one step, flushed; a running one stays whole. */
export function placeExecutable(from: string, to: string): void {
  moveFlushed(stageExecutable(from, to), to);
}

/** Copies a program beside the place it is for, and returns where it is. */
export function stageExecutable(from: string, to: string): string {
  const staged = `${to}.new`;
  try {
    copyFileSync(from, staged, constants.COPYFILE_FICLONE);
    chmodSync(staged, 0o755);
    return staged;
  } catch (error) {
    rmSync(staged, { force: true });
    throw error;
  }
}
