/**
 * Aim: an enrolled user of the replaced server keeps what the row tells, and nothing is made up.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { userId } from "#domain/identifiers.ts";
import { readImportedEnrollment } from "#domain/imported-user.ts";
import type { OriginalRow } from "#domain/original-row.ts";

const ROW: OriginalRow = {
  id: "7",
  user_id: "7",
  privilege: "1",
  enabled: "1",
  password_flag: "1",
  card_flag: "0",
  face_flag: "1",
  fp_count: "2",
  vein_count: "0",
  enrolled_backups: "[0, 1, 50]",
  updated_at: "2025-01-02 00:15:30",
};

describe("readImportedEnrollment()", () => {
  test("reads a row", () => {
    expect(readImportedEnrollment(ROW, "drop")).toEqual({
      ok: true,
      value: {
        userId: userId("7"),
        privilege: 1,
        isEnabled: true,
        passwordCount: 1,
        cardCount: 0,
        faceCount: 1,
        fingerprintCount: 2,
        veinCount: 0,
        credentialsText: "[0, 1, 50]",
        updatedAtMs: epochMs(Date.UTC(2025, 0, 2, 0, 15, 30)),
      },
    });
  });

  test("takes what is missing or odd as unknown, and a count as 0", () => {
    const odd = { privilege: "boss", enabled: null, fp_count: "-1", enrolled_backups: null };
    const read = readImportedEnrollment({ ...ROW, ...odd, updated_at: "" }, "drop");
    expect(read.ok && read.value).toMatchObject({ fingerprintCount: 0, credentialsText: "" });
    expect(read.ok && [read.value.privilege, read.value.isEnabled]).toEqual([undefined, undefined]);
    expect(read.ok && read.value.updatedAtMs).toBeUndefined();
  });

  test("refuses a row without a user, and one whose id is too long", () => {
    const missing = readImportedEnrollment({ ...ROW, user_id: null }, "drop");
    expect(!missing.ok && missing.error.code).toBe("no-user");
    const long = readImportedEnrollment({ ...ROW, user_id: "9".repeat(65) }, "drop");
    expect(!long.ok && long.error.code).toBe("user-too-long");
  });
});
