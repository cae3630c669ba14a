/**
 * Aim: the lists of users of every library tell who is on a terminal and what there is of each, and no
 * record is lost or makes the decoder throw.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readUserList, type UserList } from "#devices/fkweb/user-records.ts";
import { FUZZ_RUNS, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";
import { credentialRecord, userRecord } from "./record-bytes.ts";
import { hex } from "./requests.ts";

const NONE = {
  passwordCount: 0,
  cardCount: 0,
  faceCount: 0,
  fingerprintCount: 0,
  veinCount: 0,
  palmCount: 0,
};

function read(bytes: Uint8Array, codeLibrary?: string, recordBytes?: number): UserList {
  const fields = recordBytes === undefined ? {} : { one_user_id_size: String(recordBytes) };
  const text = JSON.stringify({ user_id_count: 1, user_id_array: "BIN_1", ...fields });
  const list = readUserList({ text, binaries: [bytes] }, codeLibrary);
  if (!list.ok) throw new Error(list.error.code);
  return list.value;
}

describe("readUserList()", () => {
  test("reads example E9 of HS101, and the other way round", () => {
    const bytes = hex("1b00000000011100");
    const parts = { user: 27, privilege: 0, isEnabled: true, password: 1, fingers: 2 };
    expect(userRecord(4, parts).equals(bytes)).toBe(true);
    expect(read(bytes, "FKDATAHS101").users).toEqual([
      {
        ...NONE,
        userIdText: "27",
        privilege: 0,
        isEnabled: true,
        passwordCount: 1,
        fingerprintCount: 2,
      },
    ]);
  });

  test("reads example E9 of HS102, and the other way round", () => {
    const bytes = hex(`452d30303432${"00".repeat(10)}01010c00`);
    const parts = { user: "E-0042", privilege: 1, isEnabled: true, face: 1, fingers: 1 };
    expect(userRecord(16, parts).equals(bytes)).toBe(true);
    const user = {
      ...NONE,
      userIdText: "E-0042",
      privilege: 1,
      isEnabled: true,
      faceCount: 1,
      fingerprintCount: 1,
    };
    expect(read(bytes, "FKDataHS102").users).toEqual([user]);
    expect(read(userRecord(32, parts), "FKDataHS103").users).toEqual([user]);
  });

  test("reads every flag", () => {
    const bytes = userRecord(4, {
      user: 4_294_967_295,
      privilege: 3,
      isEnabled: false,
      card: 1,
      fingers: 10,
      veins: 63,
      palms: 3,
    });
    expect(read(bytes, "FKDataHS105").users).toEqual([
      {
        ...NONE,
        userIdText: "4294967295",
        privilege: 3,
        isEnabled: false,
        cardCount: 1,
        fingerprintCount: 10,
        veinCount: 63,
        palmCount: 3,
      },
    ]);
  });

  test("adds up the credentials of HS100 and HS200, one record each", () => {
    const numbers = [0, 9, 10, 11, 12, 14, 20];
    const records = [credentialRecord(8, 1, 0), ...numbers.map((n) => credentialRecord(27, 0, n))];
    const { users } = read(Buffer.concat(records), "FKDataHS200");
    expect(users).toEqual([
      { ...NONE, userIdText: "8", privilege: 1, isEnabled: true, fingerprintCount: 1 },
      {
        userIdText: "27",
        privilege: 0,
        isEnabled: true,
        passwordCount: 1,
        cardCount: 1,
        faceCount: 1,
        fingerprintCount: 2,
        veinCount: 1,
        palmCount: 1,
      },
    ]);
  });

  test("knows the library by the size, and 8 bytes by what they look like", () => {
    const plain = userRecord(4, { user: 27, privilege: 0, isEnabled: true, fingers: 2 });
    expect(read(plain, "M50", 8).users[0]).toMatchObject({ userIdText: "27", fingerprintCount: 2 });
    const credential = credentialRecord(270, 0, 1);
    expect(read(credential, undefined, 8).users[0]).toMatchObject({ userIdText: "270" });
    const text = userRecord(32, { user: "E-1", privilege: 0, isEnabled: true });
    expect(read(text, undefined, 36).users[0]).toMatchObject({ userIdText: "E-1" });
  });

  test("tells records without a user, cut short, or whose user is no text", () => {
    const good = userRecord(16, { user: "A", privilege: 0, isEnabled: true });
    const noText = Buffer.from(good).fill(0xff, 0, 1);
    const bytes = Buffer.concat([Buffer.alloc(20), noText, good, good.subarray(0, 5)]);
    const { users, invalid } = read(bytes, "FKDataHS102");
    expect(users.map((user) => user.userIdText)).toEqual(["A"]);
    expect(invalid).toMatchObject([
      { index: 0, reason: "The record has no user id", rawHex: "00".repeat(20) },
      { index: 1, reason: "The user id is not UTF-8" },
      { index: 3, reason: "The record has 5 of 20 bytes", rawHex: "4100000000" },
    ]);
  });

  test("tells a count without records", () => {
    const list = readUserList({ text: '{"user_id_count":"3"}', binaries: [] }, "FKDataHS101");
    expect(list).toMatchObject({ ok: false, error: { code: "records-missing" } });
    expect(readUserList({ text: '{"user_id_count":0}', binaries: [] }, undefined)).toEqual({
      ok: true,
      value: { announcedCount: 0, recordCount: 0, users: [], invalid: [] },
    });
  });

  test(
    "never throws, and counts every record",
    () => {
      const library = fc.constantFrom("FKDataHS100", "FKDataHS101", "FKDataHS102", "FKDataHS103");
      fc.assert(
        fc.property(library, fc.uint8Array({ minLength: 1, maxLength: 200 }), (name, bytes) => {
          const { users, invalid } = read(bytes, name);
          expect(users.length + invalid.length).toBeGreaterThan(0);
        }),
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});
