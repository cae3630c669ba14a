/**
 * Reads the body of a manual punch as the original did, which took whatever Python's `int()` takes
 * for a number. Pure; each refusal is the text of the contract where it has one.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { MANUAL_DEVICE_ID } from "#domain/device.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import type { RawPunch } from "#domain/intake.ts";
import { parseWallTime } from "#domain/wall-time.ts";

/** A punch as a person entered it. */
export interface ManualEntry {
  /** The terminal it is meant for. */
  readonly deviceId: DeviceId;
  readonly punch: RawPunch;
}

type Fields = Readonly<Record<string, unknown>>;

/** The whole body as JSON, which is kept with the punch, in UTF-16 code units. */
const RAW_LENGTH_MAX = 8192;
const SHOWN_LENGTH_MAX = 80;
const USER_ID_LENGTH_MAX = 40;
/** The original kept numbers of 64 bits. */
const USER_ID_MAX = 2n ** 63n - 1n;
/** Codes are packed into 32 bits at most. */
const CODE_MAX = 2 ** 32 - 1;
const MISSING = "Missing user_id or device_id";

/** The error is what the client is told. */
export function readManualEntry(body: unknown): Result<ManualEntry, string> {
  if (body === null) return fail("No data");
  if (typeof body !== "object" || Array.isArray(body)) return fail("The body is not a JSON object");
  const fields: Fields = { ...body };
  if (Object.keys(fields).length === 0) return fail("No data");
  const rawText = JSON.stringify(body);
  if (rawText.length > RAW_LENGTH_MAX) {
    const found = `The body has ${rawText.length} characters`;
    return fail(`${found}, at most ${RAW_LENGTH_MAX} are accepted`);
  }
  const user = readUser(fields.user_id);
  if (!user.ok) return user;
  const device = readDevice(fields.device_id);
  if (!device.ok) return device;
  const time = readTime(fields.timestamp);
  if (!time.ok) return time;
  const verifyMode = readCode("verify_mode", fields.verify_mode);
  if (!verifyMode.ok) return verifyMode;
  const ioMode = readCode("io_mode", fields.io_mode);
  if (!ioMode.ok) return ioMode;
  return ok({
    deviceId: device.value,
    punch: {
      userIdText: user.value,
      wallTimeText: time.value,
      directionCode: ioMode.value,
      verifyModeCode: verifyMode.value,
      codeLibrary: undefined,
      workCode: undefined,
      rawText,
    },
  });
}

function readUser(value: unknown): Result<string, string> {
  if (value === undefined || value === null) return fail(MISSING);
  const text = readInteger(value);
  if (text !== undefined) return ok(text);
  const wanted = isWhole(value)
    ? `integer up to ${USER_ID_MAX}, above ${Number.MAX_SAFE_INTEGER} as text`
    : "integer";
  return fail(`Invalid user_id format: ${show(value)} (expected ${wanted})`);
}

/** JSON readers round numbers that are too large, so that nobody knows which was meant. */
function isWhole(value: unknown): boolean {
  return Number.isInteger(value) || (typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value));
}

/**
 * As decimal text: blanks around the number, a plus and underscores between its digits are dropped.
 * Zeros before it stay, since what they mean is for the site to say.
 */
function readInteger(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value !== "string" || value.length > USER_ID_LENGTH_MAX) return undefined;
  const match = /^\s*(?<sign>[+-]?)(?<digits>\d+(?:_\d+)*)\s*$/.exec(value);
  const digits = match?.groups?.digits?.replaceAll("_", "");
  if (digits === undefined || BigInt(digits) > USER_ID_MAX) return undefined;
  return match?.groups?.sign === "-" ? String(-BigInt(digits)) : digits;
}

/** The original wrote a number as text, and took null, an empty text, 0 and false for missing. */
function readDevice(value: unknown): Result<DeviceId, string> {
  if (value === undefined) return ok(MANUAL_DEVICE_ID);
  if (value === null || value === "" || value === 0 || value === false) return fail(MISSING);
  if (typeof value === "string") return ok(deviceId(value));
  if (Number.isSafeInteger(value)) return ok(deviceId(String(value)));
  return fail(`Invalid device_id format: ${show(value)} (expected text)`);
}

/** Undefined for now. */
function readTime(value: unknown): Result<string | undefined, string> {
  if (value === undefined) return ok(undefined);
  const parsed = parseWallTime(typeof value === "string" ? value : undefined);
  if (parsed.ok) return ok(parsed.value);
  if (parsed.error.code === "impossible") {
    return fail(`Invalid timestamp: ${show(value)} is a date or time of day that does not exist`);
  }
  return fail(`Invalid timestamp format: ${show(value)} (expected text YYYYMMDDhhmmss)`);
}

/** What is no number is no code, as for the original; the body as it came is kept. */
function readCode(name: string, value: unknown): Result<string | undefined, string> {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  if (!/^\d+$/.test(text)) return ok(undefined);
  if (Number(text) <= CODE_MAX) return ok(text);
  return fail(`Invalid ${name}: ${show(value)} (expected at most ${CODE_MAX})`);
}

/** Text as it is, anything else as JSON. */
function show(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}...` : text;
}
