/**
 * Ids and names of terminals as a person writes them. What a terminal calls itself is taken as it
 * comes; these bounds are for people, whose slips would otherwise make terminals that never come.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { type DeviceId, deviceId } from "./identifiers.ts";

/** Why a text is refused, for whoever wrote it. */
export interface DeviceTextError {
  readonly code: "empty" | "too-long" | "control-character";
  readonly reason: string;
}

/** The longest id, in UTF-16 code units; vendors' own databases hold 16 (fkweb.md 7). */
export const DEVICE_ID_LENGTH_MAX = 64;
/** The longest name, in UTF-16 code units. */
export const DEVICE_NAME_LENGTH_MAX = 100;

/** Control characters, line separators, and halves of characters, none of which a screen shows. */
const UNSHOWN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Reads the id of a terminal that is to be known before it comes: as written, blanks and all. */
export function parseDeviceId(text: string): Result<DeviceId, DeviceTextError> {
  const error = findFault("Terminal id", text, DEVICE_ID_LENGTH_MAX);
  return error === undefined ? ok(deviceId(text)) : fail(error);
}

/** Reads a name; blanks around it are dropped. */
export function parseDeviceName(text: string): Result<string, DeviceTextError> {
  const name = text.trim();
  const error = findFault("Name", name, DEVICE_NAME_LENGTH_MAX);
  return error === undefined ? ok(name) : fail(error);
}

function findFault(what: string, text: string, lengthMax: number): DeviceTextError | undefined {
  if (text.trim() === "") return { code: "empty", reason: `${what} is empty` };
  if (text.length > lengthMax) {
    const reason = `${what} has ${text.length} characters, at most ${lengthMax} are accepted`;
    return { code: "too-long", reason };
  }
  if (!UNSHOWN.test(text)) return undefined;
  return { code: "control-character", reason: `${what} holds control characters` };
}
