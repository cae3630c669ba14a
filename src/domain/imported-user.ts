/**
 * A row of the replaced server's `enrolled_users`: what some terminal told of a user. The file does
 * not say which terminal it was.
 */

import type { EpochMs } from "#base/epoch.ts";
import { fail, ok, type Result } from "#base/result.ts";
import { USER_ID_LENGTH_MAX } from "./accept-punch.ts";
import type { UserId } from "./identifiers.ts";
import { type ImportRefusal, type OriginalRow, readOriginalUtc } from "./original-row.ts";
import { canonicalUserId, type LeadingZeros } from "./punch-identity.ts";

/** An enrollment of the file. */
export interface ImportedEnrollment {
  readonly userId: UserId;
  readonly privilege: number | undefined;
  /** Undefined where the row says neither. */
  readonly isEnabled: boolean | undefined;
  readonly passwordCount: number;
  readonly cardCount: number;
  readonly faceCount: number;
  readonly fingerprintCount: number;
  readonly veinCount: number;
  /** JSON text, verbatim; may be empty. */
  readonly credentialsText: string;
  readonly updatedAtMs: EpochMs | undefined;
}

/** Reads a row; a count that is no number is 0. */
export function readImportedEnrollment(
  row: OriginalRow,
  leadingZeros: LeadingZeros,
): Result<ImportedEnrollment, ImportRefusal> {
  const userIdText = row.user_id ?? "";
  if (userIdText === "") return fail({ code: "no-user", reason: "Row has no user id" });
  if (userIdText.length > USER_ID_LENGTH_MAX) {
    const reason = `User id has ${userIdText.length} characters: at most ${USER_ID_LENGTH_MAX} are accepted`;
    return fail({ code: "user-too-long", reason });
  }
  const enabled = wholeNumber(row.enabled);
  return ok({
    userId: canonicalUserId(userIdText, leadingZeros),
    privilege: wholeNumber(row.privilege),
    isEnabled: enabled === undefined ? undefined : enabled !== 0,
    passwordCount: wholeNumber(row.password_flag) ?? 0,
    cardCount: wholeNumber(row.card_flag) ?? 0,
    faceCount: wholeNumber(row.face_flag) ?? 0,
    fingerprintCount: wholeNumber(row.fp_count) ?? 0,
    veinCount: wholeNumber(row.vein_count) ?? 0,
    credentialsText: row.enrolled_backups ?? "",
    updatedAtMs: readOriginalUtc(row.updated_at),
  });
}

function wholeNumber(text: string | null | undefined): number | undefined {
  const value = /^\d{1,15}$/.test(text ?? "") ? Number(text) : Number.NaN;
  return Number.isNaN(value) ? undefined : value;
}
