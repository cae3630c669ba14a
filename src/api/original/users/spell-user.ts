/**
 * Writes a known user in the original's two shapes. Of several terminals the one that told last has
 * the word; credentials are those of all of them together.
 */

import { utcText } from "#domain/time-text.ts";
import type { CredentialCounts, KnownEnrollment, KnownUser } from "#domain/user.ts";
import { userNumber } from "#domain/user-number.ts";
import type { HrisUserRecord, UserRecord } from "./model.ts";

/** As `GET /api/biometric/users` shows a user. */
export function spellUser(user: KnownUser): UserRecord {
  const { id, synced, enrollments } = user;
  return {
    user_id: userNumber(id),
    name: synced?.name ?? lastTold(enrollments, "name") ?? `User ${id}`,
    privilege: lastTold(enrollments, "privilege") ?? 0,
    enabled: isEnabled(user),
    biometric_enabled: user.hasPunched || enrollments.some(hasCredential),
    updated_at: updatedAt(user),
    department: synced?.department ?? null,
    further_fields: JSON.parse(synced?.furtherFieldsText ?? "{}"),
  };
}

/** As `GET /api/hris/users` shows a user. */
export function spellHrisUser(user: KnownUser): HrisUserRecord {
  const { id, enrollments } = user;
  return {
    user_id: userNumber(id),
    privilege: lastTold(enrollments, "privilege") ?? 0,
    enabled: Number(isEnabled(user)),
    password_flag: Number(most(enrollments, "passwordCount") > 0),
    card_flag: Number(most(enrollments, "cardCount") > 0),
    face_flag: Number(most(enrollments, "faceCount") > 0),
    fp_count: most(enrollments, "fingerprintCount"),
    vein_count: most(enrollments, "veinCount"),
    enrolled_backups: [...new Set(enrollments.flatMap(credentialsOf))],
    updated_at: updatedAt(user),
  };
}

function isEnabled({ synced, enrollments }: KnownUser): boolean {
  return synced?.isEnabled ?? lastTold(enrollments, "isEnabled") ?? true;
}

function updatedAt({ synced, enrollments }: KnownUser): string {
  const told = enrollments.map((enrollment) => enrollment.updatedAtMs);
  const [last] = [...told, ...(synced === undefined ? [] : [synced.updatedAtMs])].sort(
    (left, right) => right - left,
  );
  return last === undefined ? "" : utcText(last);
}

/** What the terminal said that spoke last of those that said anything of it. */
function lastTold<Field extends "name" | "privilege" | "isEnabled">(
  enrollments: readonly KnownEnrollment[],
  field: Field,
): KnownEnrollment[Field] {
  return enrollments.find((enrollment) => enrollment[field] !== undefined)?.[field];
}

function most(enrollments: readonly KnownEnrollment[], kind: keyof CredentialCounts): number {
  return Math.max(0, ...enrollments.map((enrollment) => enrollment[kind]));
}

function hasCredential(enrollment: KnownEnrollment): boolean {
  const { passwordCount, cardCount, faceCount, fingerprintCount, veinCount } = enrollment;
  const counted = passwordCount + cardCount + faceCount + fingerprintCount + veinCount;
  return counted > 0 || credentialsOf(enrollment).length > 0;
}

/** An imported list is whatever the replaced server kept: only numbers and texts count. */
function credentialsOf({ credentialsText }: KnownEnrollment): (number | string)[] {
  const list = parseJson(credentialsText);
  if (!Array.isArray(list)) return [];
  return list.filter((item) => Number.isSafeInteger(item) || typeof item === "string");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
