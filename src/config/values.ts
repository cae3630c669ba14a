/**
 * The forms of single values that are more than a number or a word. Pure; every function gives the
 * value in its final spelling, or undefined when the text has not the wanted form.
 */

import { parseIpAddress } from "#domain/ip-address.ts";
import { isOneLine } from "./setting.ts";

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62}))*\.?$/i;

/** A path, relative ones included. */
export function parsePath(text: string): string | undefined {
  return isOneLine(text) ? text : undefined;
}

/** An address to listen on. `*` is every one. */
export function parseAddress(text: string): string | undefined {
  return text === "*" ? "0.0.0.0" : parseHostName(text);
}

/** A host name, or an IP address without brackets. */
export function parseHostName(text: string): string | undefined {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (parseIpAddress(bare) !== undefined) return bare;
  // Four numbers that are no address are a typing error, not a name.
  return bare === text && HOST_NAME.test(text) && !/^[\d.]+$/.test(text) ? text : undefined;
}

/** Text of a device id: no blanks at its ends, nothing unprintable. */
export function parseLabel(text: string): string | undefined {
  return text.length <= 64 && isOneLine(text) ? text : undefined;
}

/** An IANA zone name, in its usual letters; `+08:00` is not one, since it cannot know its history. */
export function parseTimeZone(text: string): string | undefined {
  if (!/^[A-Za-z]/.test(text)) return undefined;
  try {
    return new Temporal.ZonedDateTime(0n, text).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A time of day as `HH:MM`, or `never`. */
export function parseDailyTime(text: string): string | undefined {
  const lower = text.toLowerCase();
  return lower === NEVER || /^([01]\d|2[0-3]):[0-5]\d$/.test(lower) ? lower : undefined;
}

/** The `HH:MM` of what `parseDailyTime` gave; undefined for never. */
export function timeOfDay(dailyTime: string): string | undefined {
  return dailyTime === NEVER ? undefined : dailyTime;
}

/** In place of a time of day. */
const NEVER = "never";
