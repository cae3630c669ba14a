/** Parts of a box for tests that have no use for them: no backups, and room on the disk. */

import type { Backups } from "#maintenance/backups.ts";
import type { DiskGuard } from "#storage/disk-guard.ts";

export const NO_BACKUPS: Pick<Backups, "start" | "state" | "findNewest" | "clearOutgoing"> = {
  start: () => undefined,
  state: { kind: "none" },
  findNewest: () => undefined,
  clearOutgoing: () => undefined,
};

export const ROOMY_DISK: Pick<DiskGuard, "state"> = {
  state: { kind: "enough", freeBytes: 10 * 1024 ** 3 },
};
