/**
 * Records of `GET_USER_ID_LIST` (fkweb.md 10): who is on a terminal, and how many credentials of each
 * kind there are. Names and credentials themselves are not in them. Numbers are little-endian.
 *
 * | library | bytes | layout (offset:size) |
 * |---|---|---|
 * | HS101, HS104, HS105 | 8 | 0:4 user, 4:1 privilege, 5:1 enabled, 6:2 flags |
 * | HS102 / HS103 | 20 / 36 | 0:16 / 0:32 user, then as HS101 behind its user |
 * | HS100, HS200 | 8 | 0:1 enabled, 1:1 privilege, 2:1 backup number, 3:1 zero, 4:4 user; one per credential |
 *
 * Flags: bit 0 password, 1 card, 2 face, 3–6 fingers, 7–12 veins, 13–14 palms.
 */

import { ok, type Result } from "#base/result.ts";
import type { CommandResult } from "#domain/command.ts";
import type { CredentialCounts } from "#domain/user.ts";
import { countCredentials } from "./enrollment.ts";
import {
  chooseLayout,
  hexOf,
  type InvalidRecord,
  type RecordError,
  type RecordLayout,
  readPaddedText,
  readRecordList,
  sliceRecords,
  viewOf,
} from "./records.ts";

/** A user in a terminal's list. */
export interface ListedUser extends CredentialCounts {
  /** As the list has it: a number, or text without its padding. */
  readonly userIdText: string;
  /** 0 user, 1 manager; further numbers are the terminal's own. */
  readonly privilege: number;
  readonly isEnabled: boolean;
  readonly palmCount: number;
}

/** A terminal's list. */
export interface UserList {
  /** As many records as the terminal says there are. */
  readonly announcedCount: number | undefined;
  /** Records it sent, one that is cut short included. */
  readonly recordCount: number;
  /** Each once, in the order of the list. */
  readonly users: readonly ListedUser[];
  readonly invalid: readonly InvalidRecord[];
}

interface UserLayout extends RecordLayout {
  /** A record is one credential, and a user has several. */
  readonly isPerCredential: boolean;
  /** `userIdText` undefined where its bytes are no text. */
  read(
    record: DataView,
  ): Omit<ListedUser, "userIdText"> & { readonly userIdText: string | undefined };
}

const FIELD_NAMES = {
  count: "user_id_count",
  recordBytes: "one_user_id_size",
  array: "user_id_array",
};
/** Of the four privileges that have a name. */
const PLAUSIBLE_PRIVILEGE_MAX = 3;
/** Above every backup number (fkweb.md 7). */
const PLAUSIBLE_BACKUP_NUMBER_MAX = 63;
const UNUSED_FLAG = 0x8000;
const PALM_NUMBERS = [13, 14, 15, 16];

const LAYOUTS: readonly UserLayout[] = [
  {
    libraries: ["fkdatahs101", "fkdatahs104", "fkdatahs105"],
    recordBytes: 8,
    isPerCredential: false,
    read: (record) => ({
      ...readFlagged(record, 4),
      userIdText: String(record.getUint32(0, true)),
    }),
    isPlausible: (record) =>
      record.getUint8(4) <= PLAUSIBLE_PRIVILEGE_MAX &&
      record.getUint8(5) <= 1 &&
      (record.getUint16(6, true) & UNUSED_FLAG) === 0,
  },
  {
    libraries: ["fkdatahs100", "fkdatahs200"],
    recordBytes: 8,
    isPerCredential: true,
    read: readCredential,
    isPlausible: (record) =>
      record.getUint8(0) <= 1 &&
      record.getUint8(1) <= PLAUSIBLE_PRIVILEGE_MAX &&
      record.getUint8(2) <= PLAUSIBLE_BACKUP_NUMBER_MAX &&
      record.getUint8(3) === 0,
  },
  textLayout("fkdatahs102", 16),
  textLayout("fkdatahs103", 32),
];

/**
 * Reads a result of `GET_USER_ID_LIST`. `codeLibrary` is what the terminal calls its library. Users
 * without a credential may be missing from it on some models (fkweb.md 7).
 */
export function readUserList(
  result: Pick<CommandResult, "text" | "binaries">,
  codeLibrary: string | undefined,
): Result<UserList, RecordError> {
  const list = readRecordList(result, FIELD_NAMES);
  if (!list.ok) return list;
  const { announcedCount, bytes } = list.value;
  if (bytes.length === 0) return ok({ announcedCount, recordCount: 0, users: [], invalid: [] });
  const chosen = chooseLayout(LAYOUTS, codeLibrary, list.value);
  if (!chosen.ok) return chosen;
  const users = new Map<string, ListedUser>();
  const invalid: InvalidRecord[] = [];
  const layout = chosen.value;
  for (const record of sliceRecords(bytes, layout.recordBytes)) {
    const read = readRecord(record.bytes, layout);
    if (typeof read === "string") {
      const rawHex = hexOf(record.bytes);
      invalid.push({ kind: "invalid", index: record.index, reason: read, rawHex });
    } else {
      const known = layout.isPerCredential ? users.get(read.userIdText) : undefined;
      users.set(read.userIdText, merge(known, read));
    }
  }
  const recordCount = Math.ceil(bytes.length / layout.recordBytes);
  return ok({ announcedCount, recordCount, users: [...users.values()], invalid });
}

/** The user of a record, or why there is none. */
function readRecord(bytes: Uint8Array, layout: UserLayout): ListedUser | string {
  if (bytes.length < layout.recordBytes) {
    return `The record has ${bytes.length} of ${layout.recordBytes} bytes`;
  }
  const { userIdText, ...user } = layout.read(viewOf(bytes));
  if (userIdText === undefined) return "The user id is not UTF-8";
  return userIdText === "" ? "The record has no user id" : { userIdText, ...user };
}

/** One user of several records. */
function merge(known: ListedUser | undefined, user: ListedUser): ListedUser {
  if (known === undefined) return user;
  return {
    ...user,
    passwordCount: known.passwordCount + user.passwordCount,
    cardCount: known.cardCount + user.cardCount,
    faceCount: known.faceCount + user.faceCount,
    fingerprintCount: known.fingerprintCount + user.fingerprintCount,
    veinCount: known.veinCount + user.veinCount,
    palmCount: known.palmCount + user.palmCount,
  };
}

function textLayout(library: string, idBytes: number): UserLayout {
  return {
    libraries: [library],
    recordBytes: idBytes + 4,
    isPerCredential: false,
    read: (record) => ({
      ...readFlagged(record, idBytes),
      userIdText: readPaddedText(record, 0, idBytes),
    }),
    // The only one of its size.
    isPlausible: () => true,
  };
}

function readFlagged(record: DataView, start: number): Omit<ListedUser, "userIdText"> {
  const flags = record.getUint16(start + 2, true);
  return {
    privilege: record.getUint8(start),
    isEnabled: record.getUint8(start + 1) !== 0,
    passwordCount: flags & 0x1,
    cardCount: (flags >>> 1) & 0x1,
    faceCount: (flags >>> 2) & 0x1,
    fingerprintCount: (flags >>> 3) & 0xf,
    veinCount: (flags >>> 7) & 0x3f,
    palmCount: (flags >>> 13) & 0x3,
  };
}

function readCredential(record: DataView): ListedUser {
  const number = record.getUint8(2);
  return {
    userIdText: String(record.getUint32(4, true)),
    privilege: record.getUint8(1),
    isEnabled: record.getUint8(0) !== 0,
    palmCount: PALM_NUMBERS.includes(number) ? 1 : 0,
    ...countCredentials([number]),
  };
}
