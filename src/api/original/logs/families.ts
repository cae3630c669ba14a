/**
 * The three lists of logs that the original offered. They are read in the same way and differ in
 * their paths, in the parameters they know and in how they spell what they found.
 */

import type { DeviceId } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import { type ExpectedUsers, isOfUnexpectedUser } from "#domain/user.ts";
import {
  type LogAnswer,
  LogQuery,
  type LogRecord,
  type PlainLogAnswer,
  PlainLogQuery,
  type RawLog,
  type RawLogAnswer,
  RawLogQuery,
} from "./model.ts";
import { spellLog, spellRawLog } from "./spell-log.ts";

/** How many records there are. */
export interface LogCounts {
  /** All, whatever the filters. */
  readonly total: number;
  /** Those that the filters let through. */
  readonly total_filtered: number;
}

/** What an answer says before its records. */
type Opening<Answer> = Omit<Answer, "logs" | "returned">;

/** One list. */
export interface LogFamily {
  readonly path: string;
  /** The parameters it knows; it passes over the others. */
  readonly parameters: readonly string[];
  readonly spellCounts: (
    counts: LogCounts,
  ) => Opening<LogAnswer> | Opening<RawLogAnswer> | Opening<PlainLogAnswer>;
  readonly spell: (punch: Punch) => LogRecord | RawLog;
}

export const BIOMETRIC_LOGS_PATH = "/api/biometric/logs";
export const HRIS_LOGS_PATH = "/api/hris/logs";
export const PLAIN_LOGS_PATH = "/api/logs";

/** The list with what is derived, for the HRIS (contract.md 3.1). */
export function biometricLogs(
  primaryDeviceId: DeviceId,
  expectedUsers: ExpectedUsers | undefined,
): LogFamily {
  return {
    path: BIOMETRIC_LOGS_PATH,
    parameters: Object.keys(LogQuery.properties),
    spellCounts: (counts) => ({ success: true, ...counts, primary_device: primaryDeviceId }),
    spell: (punch) => ({
      ...spellLog(punch, primaryDeviceId),
      ...(expectedUsers === undefined
        ? {}
        : { outside_user_range: isOfUnexpectedUser(punch, expectedUsers) }),
    }),
  };
}

/** The older list of rows, for the HRIS (contract.md 3.2). */
export const HRIS_LOGS: LogFamily = {
  path: HRIS_LOGS_PATH,
  parameters: Object.keys(RawLogQuery.properties),
  spellCounts: (counts) => ({ success: true, ...counts }),
  spell: spellRawLog,
};

/** The list of rows of the original's own page (contract.md 3.3). */
export const PLAIN_LOGS: LogFamily = {
  path: PLAIN_LOGS_PATH,
  parameters: Object.keys(PlainLogQuery.properties),
  spellCounts: (counts) => ({ ...counts }),
  spell: spellRawLog,
};
