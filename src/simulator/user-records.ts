/**
 * The records of `GET_USER_ID_LIST` (protocol section 10), little-endian. Written from the protocol
 * document alone and never from the server's decoder.
 *
 * | library | offset:size |
 * |---|---|
 * | HS101, HS105 | 0:4 user, 4:1 privilege, 5:1 enabled, 6:2 flags |
 * | HS102, HS103 | 0:16 or 0:32 user as text filled with NUL, 1 privilege, 1 enabled, 2 flags |
 * | HS100, HS200 | 0:1 enabled, 1:1 privilege, 2:1 backup number, 3:1 0, 4:4 user: one per credential |
 *
 * Flags: bit 0 password, 1 card, 2 face, 3-6 count of fingers, 7-12 of veins, 13-14 of palms.
 */

import type { Library } from "./models.ts";
import { PRIVILEGES, type SimulatedUser } from "./simulated-user.ts";

/** A list of users as a terminal gives it. */
export interface UserRecords {
  readonly recordBytes: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Libraries that keep user ids as text. For `M50` the size is taken from HS103. */
const TEXT_ID_BYTES: Readonly<Partial<Record<Library, number>>> = {
  FKDataHS102: 16,
  FKDataHS103: 32,
  M50: 32,
};
const USER_NUMBER_MAX = 0xffff_ffff;
const PASSWORD = 10;
const CARD = 11;
const FACE = 12;
const PALMS = { first: 13, last: 16 };
const VEIN_FIRST = 20;

/** Writes all `users`; undefined for a library whose records are not documented. */
export function encodeUserRecords(
  library: Library,
  users: readonly SimulatedUser[],
): UserRecords | undefined {
  switch (library) {
    case "FKDataHS100":
    case "FKDataHS200":
      return join(users.flatMap(credentialRecords), 8);
    case "FKDataHS101":
    case "FKDataHS105":
      return join(
        users.map((user) => userRecord(user, numberField(user.userId))),
        8,
      );
    case "FKDataHS102":
      return join(
        users.map((user) => userRecord(user, textField(user.userId, 16))),
        20,
      );
    case "FKDataHS103":
      return join(
        users.map((user) => userRecord(user, textField(user.userId, 32))),
        36,
      );
    case "M50":
      return undefined;
  }
}

/** Says whether a terminal with this library can keep a user id: as a 32-bit number, or as text. */
export function canHoldUserId(library: Library, userId: string): boolean {
  const textBytes = TEXT_ID_BYTES[library];
  if (textBytes !== undefined) return userId !== "" && Buffer.byteLength(userId) <= textBytes;
  return /^\d{1,10}$/.test(userId) && Number(userId) <= USER_NUMBER_MAX;
}

/** The one spelling under which a terminal with this library finds a user again. */
export function userKey(library: Library, userId: string): string {
  return TEXT_ID_BYTES[library] === undefined ? userId.replace(/^0+(?=.)/, "") : userId;
}

function join(records: readonly Uint8Array[], recordBytes: number): UserRecords {
  return { recordBytes, count: records.length, bytes: Buffer.concat(records) };
}

function userRecord(user: SimulatedUser, id: Buffer): Buffer {
  const rest = Buffer.alloc(4);
  rest.writeUInt8(privilegeOf(user), 0);
  rest.writeUInt8(user.enabled ? 1 : 0, 1);
  rest.writeUInt16LE(flagsOf(user), 2);
  return Buffer.concat([id, rest]);
}

function credentialRecords(user: SimulatedUser): readonly Buffer[] {
  return user.credentials.map(({ backupNumber }) =>
    Buffer.concat([
      Buffer.from([user.enabled ? 1 : 0, privilegeOf(user), backupNumber, 0]),
      numberField(user.userId),
    ]),
  );
}

function privilegeOf(user: SimulatedUser): number {
  return PRIVILEGES.indexOf(user.privilege);
}

function flagsOf({ credentials }: SimulatedUser): number {
  const has = (wanted: number): number =>
    credentials.some(({ backupNumber }) => backupNumber === wanted) ? 1 : 0;
  const count = (first: number, last: number): number =>
    credentials.filter(({ backupNumber }) => backupNumber >= first && backupNumber <= last).length;
  return (
    has(PASSWORD) |
    (has(CARD) << 1) |
    (has(FACE) << 2) |
    (count(0, PASSWORD - 1) << 3) |
    (count(VEIN_FIRST, Number.POSITIVE_INFINITY) << 7) |
    (count(PALMS.first, PALMS.last) << 13)
  );
}

function numberField(userId: string): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32LE(Number(userId), 0);
  return field;
}

function textField(userId: string, bytes: number): Buffer {
  const field = Buffer.alloc(bytes);
  field.write(userId, "latin1");
  return field;
}
