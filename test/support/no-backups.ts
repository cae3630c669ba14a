/** Backups for tests that make none. */

import type { Backups } from "#maintenance/backups.ts";

export const NO_BACKUPS: Pick<Backups, "start" | "state" | "findNewest" | "clearOutgoing"> = {
  start: () => undefined,
  state: { kind: "none" },
  findNewest: () => undefined,
  clearOutgoing: () => undefined,
};
