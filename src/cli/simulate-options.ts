/**
 * Turns the words behind `simulate` into checked values. Every refusal names the option, the value
 * and what is wanted.
 */

import { AppError } from "#base/app-error.ts";
import { DIALECTS, type DialectName } from "#simulator/models.ts";
import { SCENARIOS, type ScenarioName } from "#simulator/scenarios.ts";

/** A whole number from the command line: its option, bounds included, and unit in the message. */
export interface NumberRange {
  readonly option: string;
  readonly min: number;
  readonly max: number;
}

/** Returns a parser for a number in `range`, fractions allowed. The parser throws `usage`. */
export function parseNumberIn(range: NumberRange): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= range.min && value <= range.max) return value;
    throw refusal(range.option, text, `a number from ${range.min} to ${range.max}`);
  };
}

/** Returns a parser for a whole number in `range`. The parser throws `usage`. */
export function parseWholeNumberIn(range: NumberRange): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= range.min && value <= range.max) return value;
    throw refusal(range.option, text, `a whole number from ${range.min} to ${range.max}`);
  };
}

/** Parses 14 digits `YYYYMMDDhhmmss` that exist on a calendar. @throws AppError `usage`. */
export function parseStart(text: string): Temporal.PlainDateTime {
  const digits = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text);
  try {
    if (digits === null) throw new RangeError("Not 14 digits");
    const [, year, month, day, hour, minute, second] = digits;
    return Temporal.PlainDateTime.from(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
  } catch (cause) {
    const wanted = "14 digits YYYYMMDDhhmmss, as 20260302081504";
    throw new AppError("usage", `Cannot use --start "${text}": must be ${wanted}`, { cause });
  }
}

/** Parses the name of a time zone. @throws AppError `usage`. */
export function parseZone(text: string): string {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId;
  } catch (cause) {
    const wanted = "an IANA name, as Asia/Manila";
    throw new AppError("usage", `Cannot use --zone "${text}": must be ${wanted}`, { cause });
  }
}

/**
 * Parses the beginning of device ids: the protocol allows 18 of `[A-Za-z0-9_]` (section 3), of which
 * 5 are for the number. @throws AppError `usage`.
 */
export function parseDevicePrefix(text: string): string {
  if (/^\w{1,13}$/.test(text)) return text;
  throw refusal("--device-prefix", text, "1 to 13 letters, digits or underscores");
}

/** Parses the name of a dialect. @throws AppError `usage`. */
export function parseDialect(text: string): DialectName {
  const dialect = DIALECTS.find((name) => name === text);
  if (dialect !== undefined) return dialect;
  throw refusal("--dialect", text, `one of ${DIALECTS.join(", ")}`);
}

/** Parses the name of a scenario, or the word `help`. @throws AppError `usage`. */
export function parseScenario(text: string): ScenarioName | "help" {
  if (text === "help" || isScenarioName(text)) return text;
  throw refusal("--scenario", text, `one of ${Object.keys(SCENARIOS).join(", ")}, or help`);
}

function isScenarioName(text: string): text is ScenarioName {
  return Object.hasOwn(SCENARIOS, text);
}

function refusal(option: string, text: string, wanted: string): AppError {
  return new AppError("usage", `Cannot use ${option} "${text}": must be ${wanted}`);
}
