/** The part of `Storage` that lets go of what was stored. */

import type { EpochMs } from "#base/epoch.ts";
import type { UserId } from "#domain/identifiers.ts";
import type { Clock } from "#platform/clock.ts";
import type { PurgeStep, UserPurge } from "./purge.ts";

/** Who wants a user to be forgotten. */
export interface UserPurgeOrder {
  /** As `AuditEntry` has it. */
  readonly actor: string;
  readonly clock: Clock;
}

export interface PurgeStorage {
  /**
   * One step, in a transaction of its own, towards a feed without punches whose time and arrival are
   * before a date. `waits`: nothing goes as long as receivers have not had what is old. A punch of
   * which a message waits or is parked stays.
   */
  purgePunches(beforeMs: EpochMs): Promise<PurgeStep>;
  /**
   * Forgets a user: punches, messages about them, what terminals and the HRIS told, and finished
   * commands, as far as stored before; what comes later is stored again. Overwrites what it deletes,
   * and writes who asked into the audit, before and behind. Asked again, it goes on.
   */
  purgeUser(userId: UserId, order: UserPurgeOrder): Promise<UserPurge>;
}
