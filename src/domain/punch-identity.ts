/**
 * What makes two records the same punch: the key (device, canonical user id, wall time), and the
 * content that tells a resend from a second event in the same second.
 */

import { type UserId, userId } from "./identifiers.ts";
import type { RawPunch } from "./intake.ts";

/** What becomes of the leading zeros of a digits-only user id. */
export type LeadingZeros = "drop" | "keep";

const DIGITS = /^\d+$/;

/** The codes of a punch that are compared once the keys are equal. */
export type PunchContent = Pick<RawPunch, "directionCode" | "verifyModeCode" | "workCode">;

/** How many low bits of each code are compared; of one that is absent, all. */
export type CodeBits = Readonly<Partial<Record<keyof PunchContent, number>>>;

/**
 * The user id under which punches of one person meet, however a terminal or its log pads it: with
 * `drop` a digits-only id loses its leading zeros (`"00000033"` is `"33"`, `"000"` is `"0"`). Any
 * other text is taken verbatim, so `"E-0042"`, `" 33"` and `"e-0042"` are three other people.
 */
export function canonicalUserId(text: string, leadingZeros: LeadingZeros): UserId {
  return userId(leadingZeros === "drop" ? withoutLeadingZeros(text) : text);
}

/**
 * Whether nothing in two records with the same key contradicts their being one punch. Digits
 * compare by value (`"3"` and `"03"`), other text verbatim. A code that is absent or empty on
 * either side contradicts nothing: a terminal's log leaves out the work code, and imported rows
 * never had a direction code, yet each is one row with the live punch (design, Identity of a
 * punch). Nor do bits that one of them has no room for: `bits` says how many low ones are compared.
 */
export function hasSameContent(
  stored: PunchContent,
  incoming: PunchContent,
  bits: CodeBits = {},
): boolean {
  return CODES.every((code) => isCompatible(stored[code], incoming[code], bits[code]));
}

const CODES = ["directionCode", "verifyModeCode", "workCode"] as const;

function isCompatible(
  stored: string | undefined,
  incoming: string | undefined,
  bits: number | undefined,
): boolean {
  if (stored === undefined || incoming === undefined) return true;
  if (stored === "" || incoming === "") return true;
  if (withoutLeadingZeros(stored) === withoutLeadingZeros(incoming)) return true;
  if (bits === undefined || !DIGITS.test(stored) || !DIGITS.test(incoming)) return false;
  return BigInt.asUintN(bits, BigInt(stored)) === BigInt.asUintN(bits, BigInt(incoming));
}

function withoutLeadingZeros(text: string): string {
  return DIGITS.test(text) ? text.replace(/^0+(?=\d)/, "") : text;
}
