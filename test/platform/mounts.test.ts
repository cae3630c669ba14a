/** Aim: the file system of a path is the one mounted last on the longest way to it. */

import { describe, expect, test } from "bun:test";
import { findMount, mountOf } from "#platform/mounts.ts";

/** Fields as in proc_pid_mountinfo(5). */
const TABLE = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 8:2 / /var rw,relatime shared:2 master:1 - xfs /dev/sda2 rw
31 30 0:40 / /var/lib/data rw,relatime - nfs4 10.0.0.1:/srv rw,vers=4.2
32 22 8:3 / /media/my\\040disk ro,relatime - ext4 /dev/sdb1 rw
33 22 8:4 / /srv rw,relatime - ext4 /dev/sdc1 ro,errors=remount-ro
34 22 8:5 / /over rw - ext4 /dev/sdd1 rw
35 34 0:41 / /over rw - tmpfs tmpfs rw
`;

describe("mountOf()", () => {
  test("takes the longest way, by whole names", () => {
    expect(mountOf("/home/x", TABLE)).toEqual({ point: "/", type: "ext4", isReadOnly: false });
    expect(mountOf("/var/lib/database", TABLE)?.type).toBe("xfs");
    expect(mountOf("/var/lib/data", TABLE)?.type).toBe("nfs4");
    expect(mountOf("/var/lib/data/biometric", TABLE)?.point).toBe("/var/lib/data");
  });

  test("takes the last of several on one place", () => {
    expect(mountOf("/over/x", TABLE)?.type).toBe("tmpfs");
  });

  test("sees a disk that is read-only as a whole, or in this place, and a name with a blank", () => {
    expect(mountOf("/media/my disk/x", TABLE)).toEqual({
      point: "/media/my disk",
      type: "ext4",
      isReadOnly: true,
    });
    expect(mountOf("/srv/x", TABLE)?.isReadOnly).toBe(true);
  });

  test("finds nothing in a table without the way", () => {
    expect(mountOf("/x", "")).toBeUndefined();
  });
});

test("findMount() finds the kernel's own file system of processes", () => {
  expect(findMount("/proc/self/status")).toMatchObject({ point: "/proc", type: "proc" });
});
