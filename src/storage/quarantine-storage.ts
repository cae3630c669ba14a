/** The part of `Storage` that is about what could not be understood. */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type {
  Decision,
  DiscardOutcome,
  KeptEntry,
  QuarantineEntry,
  QuarantineRelease,
  QuarantineStatus,
  ReleaseOutcome,
} from "#domain/quarantine.ts";

/** Which entries a reader wants, newest first. Absent means any. */
export interface QuarantineFilter {
  readonly deviceId?: DeviceId | undefined;
  readonly code?: string | undefined;
  readonly status?: QuarantineStatus | undefined;
  /** Only older ones than this. */
  readonly beforeId?: number | undefined;
}

/** Perhaps fewer entries than asked for, or none, before the end: a bounded part is looked through. */
export interface QuarantinePage {
  readonly entries: readonly QuarantineEntry[];
  /** Where to go on; undefined at the end. */
  readonly nextBeforeId: number | undefined;
}

export interface QuarantineStorage {
  listQuarantine(filter: QuarantineFilter, limit: number): Promise<QuarantinePage>;
  /**
   * Ids of what waits behind `afterId`, oldest first: at most `limit`, perhaps fewer or none before
   * the end. `nextAfterId` undefined: that is all.
   */
  listWaitingQuarantine(
    filter: Pick<QuarantineFilter, "deviceId" | "code">,
    afterId: number,
    limit: number,
  ): Promise<{ readonly ids: readonly number[]; readonly nextAfterId: number | undefined }>;
  /** With all its bytes, which may be 16 MiB, or with the first `bytesMax` of them. */
  findQuarantined(id: number, bytesMax?: number): Promise<KeptEntry | undefined>;
  /**
   * Makes punches of an entry by the rules that hold now, in one transaction with the decision, or
   * changes nothing. Of several records those that cannot be read wait as entries of their own. Of a
   * punch that is stored already nothing is stored again.
   */
  releaseQuarantined(release: QuarantineRelease): Promise<ReleaseOutcome>;
  /** The bytes stay until `trimQuarantine` takes them. */
  discardQuarantined(decision: Decision): Promise<DiscardOutcome>;
  /**
   * Deletes some of the entries that were decided before an instant; returns whether there are more.
   * What waits never goes.
   */
  trimQuarantine(beforeMs: EpochMs): Promise<boolean>;
}
