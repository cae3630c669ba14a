/**
 * What every webhook format tells of a punch, in the contract's words (contract 4.2). How the words
 * are put together is for each format to say.
 */

import type { DeviceId } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import type { ExpectedUsers } from "#domain/user.ts";
import { verifyModeLabel, verifyModeNumber } from "#domain/verify-mode.ts";
import type { WaitingDelivery } from "#storage/storage.ts";

/** What a message tells: a punch, when the event was made, and whether it was known already. */
export interface WebhookEvent extends Pick<WaitingDelivery, "type" | "eventAtMs" | "isDuplicate"> {
  readonly punch: Punch;
}

/** What the site decides about the messages. */
export interface FormatOptions {
  /** IANA name of the site's zone. */
  readonly siteTimeZone: string;
  /** The terminal labelled `PRIMARY`. */
  readonly primaryDeviceId: DeviceId;
  /** The users that are expected at one terminal; undefined: anyone. */
  readonly expectedUsers: ExpectedUsers | undefined;
  /** Adds our own fields to those of the contract. */
  readonly extraFields: boolean;
}

/**
 * The words. An undecided direction (a doubtful time) is shown as `IN`, the original's rule for a
 * user without an earlier record.
 */
export function describePunch(punch: Punch, primaryDeviceId: DeviceId) {
  const isOut = punch.direction === "out";
  const verifyMode = verifyModeNumber(punch.verifyModeCode);
  const isPrimary = punch.deviceId === primaryDeviceId;
  return {
    direction: isOut ? "OUT" : "IN",
    ioMode: isOut ? 0 : 1,
    verifyMode,
    verifyLabel: verifyModeLabel(verifyMode),
    isPrimary,
    deviceType: isPrimary ? "PRIMARY" : "SECONDARY",
  };
}
