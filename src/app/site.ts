/** The site, as the settings describe it to several parts. */

import type { Config } from "#config/config.ts";
import { deviceId } from "#domain/identifiers.ts";
import {
  type ExpectedUsers,
  expectedUsersOf,
  parseUserRange,
  type UserRange,
} from "#domain/user.ts";

/** The site's clock, and what it makes of zeros before a user's number. */
export function siteOf(config: Config) {
  return { siteTimeZone: config.siteTimeZone, leadingZeros: config.userIdLeadingZeros };
}

/** The users that are expected at the primary terminal; undefined: anyone. */
export function primaryUserRange({ primaryDeviceUserRange = "" }: Config): UserRange | undefined {
  return parseUserRange(primaryDeviceUserRange);
}

/** Who is expected at the primary terminal, and which one that is; undefined: anyone. */
export function expectedUsersOfSite(config: Config): ExpectedUsers | undefined {
  return expectedUsersOf(deviceId(config.primaryDeviceId), primaryUserRange(config));
}
