/** Sees what is wrong with the box itself, for people and receivers to be told. */

import type { Sighting } from "#domain/condition-book.ts";
import { shownBytes } from "#platform/disk-space.ts";
import type { DiskGuard } from "#storage/disk-guard.ts";
import type { Backups } from "./backups.ts";

/** Makes a look: the disk, and the last try of a backup. */
export function watchBox({
  disk,
  backups,
}: {
  readonly disk: Pick<DiskGuard, "state">;
  readonly backups: Pick<Backups, "state">;
}): () => Promise<readonly Sighting[]> {
  return async () => {
    const sightings: Sighting[] = [];
    const { kind, freeBytes } = disk.state;
    if (kind !== "enough") {
      const means =
        kind === "full"
          ? "nothing is taken, and terminals keep their punches"
          : "backups and the ledger of deliveries have stopped";
      const detail = `${shownBytes(freeBytes)} are free: ${means}`;
      sightings.push({ type: "disk-low", subject: "disk", detail });
    }
    const { state } = backups;
    if (state.kind === "failed") {
      sightings.push({ type: "backup-failed", subject: "backup", detail: state.reason });
    }
    return sightings;
  };
}
