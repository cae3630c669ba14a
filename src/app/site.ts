/** The site, as the settings describe it to several parts. */

import type { Config } from "#config/config.ts";
import { parseUserRange, type UserRange } from "#domain/user.ts";

/** The site's clock, and what it makes of zeros before a user's number. */
export function siteOf(config: Config) {
  return { siteTimeZone: config.siteTimeZone, leadingZeros: config.userIdLeadingZeros };
}

/** The users that are expected at the primary terminal; undefined: anyone. */
export function primaryUserRange({ primaryDeviceUserRange = "" }: Config): UserRange | undefined {
  return parseUserRange(primaryDeviceUserRange);
}
