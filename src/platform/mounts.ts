/** Which file system a path is on, from what the kernel shows. */

import { readFileSync, realpathSync } from "node:fs";

/** A mounted file system. */
export interface Mount {
  /** Where it is mounted. */
  readonly point: string;
  /** Such as `ext4`. */
  readonly type: string;
  readonly isReadOnly: boolean;
}

const TABLE = "/proc/self/mountinfo";

/** Undefined where the kernel does not tell. Throws the file system's error for a missing path. */
export function findMount(path: string): Mount | undefined {
  return mountOf(realpathSync(path), readFileSync(TABLE, "utf8"));
}

/**
 * The mount of an absolute path without links, among lines as of proc_pid_mountinfo(5). Of several on
 * one place the last hides the others. Pure.
 */
export function mountOf(path: string, table: string): Mount | undefined {
  let found: Mount | undefined;
  for (const line of table.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , , mountPoint = "", options = ""] = before.split(" ");
    const [type = "", , superOptions = ""] = after.split(" ");
    const point = mountPoint.replace(/\\(\d{3})/g, (_, code) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    const isAbove = path === point || path.startsWith(point.endsWith("/") ? point : `${point}/`);
    if (point === "" || !isAbove || point.length < (found?.point.length ?? 0)) continue;
    const isReadOnly = [options, superOptions].some((text) => text.split(",").includes("ro"));
    found = { point, type, isReadOnly };
  }
  return found;
}
