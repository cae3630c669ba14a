/**
 * A file system of its own for one server, small enough to be filled. Needs root and `mount`.
 */

import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why there can be no small disk on this machine; undefined when there can. */
export const NO_SMALL_DISK =
  process.getuid?.() === 0 ? undefined : "only root may mount a small file system";

/** What is mounted: memory, or ext4 in a file, whose write-ahead log is a real one. */
export type SmallDiskKind = "tmpfs" | "ext4";

const FILL_CHUNK_BYTES = 64 * 1024;

/** One mounted disk; `using` unmounts and removes it, whatever still runs on it. */
export class SmallDisk implements Disposable {
  /** The root of the file system. */
  readonly folder: string;
  readonly #image: string;
  readonly #holder = mkdtempSync(join(tmpdir(), "biometric-small-"));

  constructor(kind: SmallDiskKind, megabytes: number) {
    this.folder = join(this.#holder, "disk");
    this.#image = join(this.#holder, "image");
    mkdirSync(this.folder);
    if (kind === "tmpfs") {
      run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", this.folder);
    } else {
      run("truncate", "-s", `${megabytes}M`, this.#image);
      run("mkfs.ext4", "-q", "-m", "0", this.#image);
      run("mount", "-o", "loop", this.#image, this.folder);
    }
  }

  /** Bytes that can still be written. */
  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Bytes of a file in its root; 0 where there is none. */
  bytesOf(name: string): number {
    return statSync(join(this.folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Fills all but about `leftBytes`, with real bytes. */
  fill(leftBytes: number): void {
    const file = openSync(join(this.folder, "filler"), "a");
    const chunk = Buffer.alloc(FILL_CHUNK_BYTES, 1);
    try {
      while (this.freeBytes > leftBytes) writeSync(file, chunk);
    } catch (error) {
      // Full is what was asked for.
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives the room of `fill` back. */
  free(): void {
    rmSync(join(this.folder, "filler"));
  }

  /** Mounts it anew with or without the right to write. Nobody may hold a file open for writing. */
  remount(mode: "ro" | "rw"): void {
    run("mount", "-o", `remount,${mode}`, this.folder);
  }

  [Symbol.dispose](): void {
    run("umount", "--lazy", this.folder);
    rmSync(this.#holder, { recursive: true, force: true });
  }
}

function run(...command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}
