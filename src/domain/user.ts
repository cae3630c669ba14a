/**
 * People, as the HRIS names them and as terminals tell of them. A punch needs none of this: who is
 * unknown punches like everybody else.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId, UserId } from "./identifiers.ts";

/** What the HRIS says of a user: undefined leaves what is known, null says that there is nothing. */
export interface SyncedUser {
  readonly id: UserId;
  readonly name: string | null | undefined;
  readonly department: string | null | undefined;
  readonly isEnabled: boolean | null | undefined;
  /** Everything else, by name, as JSON has it; null takes away what is known under a name. */
  readonly furtherFields: Readonly<Record<string, unknown>>;
}

/** What is known from the HRIS of a user; undefined is what it never said, or took back. */
export interface UserStatement {
  readonly name: string | undefined;
  readonly department: string | undefined;
  readonly isEnabled: boolean | undefined;
  /** Everything else, as the text of a JSON object that is not empty. */
  readonly furtherFieldsText: string | undefined;
}

/**
 * What became of a synced user. `full`: too many are known, and this one was not. `too-long`: with
 * those that are known its further fields would be too many; nothing of it is stored.
 */
export type SyncOutcome = "stored" | "unchanged" | "full" | "too-long";

/** Further fields of one user, as JSON text in UTF-8. */
export const FURTHER_FIELDS_BYTES_MAX = 4096;

/** What is known of a user once the HRIS has said more; undefined for more than may be kept. */
export function withSaid(known: UserStatement, said: SyncedUser): UserStatement | undefined {
  const further = { ...parseFields(known.furtherFieldsText), ...said.furtherFields };
  const kept = Object.entries(further).filter(([, value]) => value !== null);
  const furtherFieldsText =
    kept.length === 0 ? undefined : JSON.stringify(Object.fromEntries(kept));
  const bytes = new TextEncoder().encode(furtherFieldsText).length;
  if (bytes > FURTHER_FIELDS_BYTES_MAX) return undefined;
  return {
    name: afterSaid(known.name, said.name),
    department: afterSaid(known.department, said.department),
    isEnabled: afterSaid(known.isEnabled, said.isEnabled),
    furtherFieldsText,
  };
}

function afterSaid<Value>(
  known: Value | undefined,
  said: Value | null | undefined,
): Value | undefined {
  return said === undefined ? known : (said ?? undefined);
}

function parseFields(text: string | undefined): object {
  const fields: unknown = JSON.parse(text ?? "{}");
  return typeof fields === "object" && fields !== null ? fields : {};
}

/** How many credentials of each kind a user has on a terminal. */
export interface CredentialCounts {
  readonly passwordCount: number;
  readonly cardCount: number;
  readonly faceCount: number;
  readonly fingerprintCount: number;
  readonly veinCount: number;
}

/**
 * A user on a terminal, as the terminal tells of it: which credentials there are, and nothing of
 * what they are. What it leaves out stays as it was.
 */
export interface Enrollment extends CredentialCounts {
  /** As sent. */
  readonly userIdText: string;
  readonly name: string | undefined;
  /** 0 user, 1 manager; further numbers are the terminal's own. */
  readonly privilege: number | undefined;
  readonly isEnabled: boolean | undefined;
  /** The terminal's own numbers of the credentials, ascending, each once; undefined: not told. */
  readonly credentials: readonly number[] | undefined;
}

/** An enrollment as it is stored. */
export interface KnownEnrollment extends CredentialCounts {
  readonly name: string | undefined;
  readonly privilege: number | undefined;
  readonly isEnabled: boolean | undefined;
  /** The list of credentials as JSON text; empty where an imported one was. */
  readonly credentialsText: string;
  readonly updatedAtMs: EpochMs;
}

/** A user that the HRIS or a terminal in use told of. */
export interface KnownUser {
  readonly id: UserId;
  /** What the HRIS said; undefined when only terminals told of the user. */
  readonly synced: (UserStatement & { readonly updatedAtMs: EpochMs }) | undefined;
  /** One per terminal in use, the one told of last first. */
  readonly enrollments: readonly KnownEnrollment[];
  /** Whether a punch of the user is in the feed. */
  readonly hasPunched: boolean;
}

/** User ids from one number to another, both included. */
export interface UserRange {
  readonly from: number;
  readonly to: number;
}

/** The only users that a site expects at one of its terminals. */
export interface ExpectedUsers {
  readonly deviceId: DeviceId;
  readonly range: UserRange;
}

/** Who is expected at a terminal; undefined without a range: anyone. */
export function expectedUsersOf(
  deviceId: DeviceId,
  range: UserRange | undefined,
): ExpectedUsers | undefined {
  return range === undefined ? undefined : { deviceId, range };
}

/** A wider range is no list that anybody reads. */
const RANGE_USERS_MAX = 10_000;

/** Reads `1-8`; undefined for any other form, an end before the start, and more than 10,000 users. */
export function parseUserRange(text: string): UserRange | undefined {
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(text);
  if (match === null) return undefined;
  const range = { from: Number(match[1]), to: Number(match[2]) };
  const userCount = range.to - range.from + 1;
  return userCount >= 1 && userCount <= RANGE_USERS_MAX ? range : undefined;
}

/**
 * Whether a punch is of somebody whom the site does not expect there. It counts like any other; told
 * when it is read, so that another range says something else of the same punch.
 */
export function isOfUnexpectedUser(
  punch: { readonly deviceId: DeviceId; readonly userId: UserId },
  expected: ExpectedUsers | undefined,
): boolean {
  if (expected === undefined || punch.deviceId !== expected.deviceId) return false;
  return !isInUserRange(punch.userId, expected.range);
}

/** Whether a user id is a number of the range; zeros in front of it do not count. */
export function isInUserRange(id: UserId, range: UserRange): boolean {
  if (!/^\d+$/.test(id)) return false;
  const value = Number(id);
  return value >= range.from && value <= range.to;
}
