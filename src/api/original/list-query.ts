/** Parameters that the original's lists have in common, read as leniently as it did. */

import type { UserId } from "#domain/identifiers.ts";
import { canonicalUserId, type LeadingZeros } from "#domain/punch-identity.ts";
import { lenientInteger } from "../query-text.ts";

/** A number, with its zeros in front: a site that keeps them has users who differ in nothing else. */
export function readUserId(text: string | null, leadingZeros: LeadingZeros): UserId | undefined {
  const value = lenientInteger(text);
  if (text === null || value === undefined || value === 0n) return undefined;
  return canonicalUserId(text.trim().replace(/^\+/, ""), leadingZeros);
}

/** A positive number of records; undefined for anything else. */
export function readCount(text: string | null): number | undefined {
  const value = lenientInteger(text);
  if (value === undefined || value <= 0n) return undefined;
  return Number(value < BigInt(Number.MAX_SAFE_INTEGER) ? value : Number.MAX_SAFE_INTEGER);
}
