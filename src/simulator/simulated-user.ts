/**
 * A person as a fake terminal keeps them: identity, rights, and credentials by backup number.
 */

/** One template, card or password. */
export interface SimulatedCredential {
  /** 0-9 fingers, 10 password, 11 card, 12 face, 13-16 palm, 20 and more vein (section 7). */
  readonly backupNumber: number;
  readonly data: Uint8Array;
}

/** The privileges in the order of the protocol document (section 6.3), which is taken for their numbers. */
export const PRIVILEGES = ["USER", "MANAGER", "OPERATOR", "REGISTER"] as const;

/** One of `PRIVILEGES`. */
export type SimulatedPrivilege = (typeof PRIVILEGES)[number];

/** One enrolled person. */
export interface SimulatedUser {
  readonly userId: string;
  readonly name: string;
  readonly privilege: SimulatedPrivilege;
  readonly enabled: boolean;
  readonly credentials: readonly SimulatedCredential[];
  readonly photo: Uint8Array | undefined;
}
