/**
 * Spells records of logs and of lists of users (fkweb.md 9, 10), written from the sheet's tables and
 * never from the decoders.
 */

/** A log record as its parts. */
export interface LogParts {
  readonly user: number | string;
  readonly io: number;
  readonly verify: number;
  readonly workCode?: number;
  /** `YYYYMMDDhhmmss`. */
  readonly time: string;
  /** 1 or 2; 0: not in use. */
  readonly valid?: number;
  /** What the year of HS100 and HS200 counts from: 0 or 1900. */
  readonly yearBase?: number;
}

export type LogLibrary = "HS100" | "HS101" | "HS102" | "HS103" | "HS104" | "HS105" | "HS200";

export function logRecord(library: LogLibrary, parts: LogParts): Buffer {
  const { user, io, verify, workCode = 0, valid = 1, yearBase = 0 } = parts;
  const second = Number(parts.time.slice(12, 14));
  const word = packTime(parts.time, (year) => valid | ((year - 1900) << 2));
  const absoluteWord = packTime(parts.time, (year) => year - yearBase);
  switch (library) {
    case "HS101":
    case "HS104":
      return Buffer.concat([u32(Number(user)), bytes(1, io, verify, second), u32(word)]);
    case "HS100":
      return Buffer.concat([
        bytes(valid, verify | (io << 6), 0, second),
        u32(Number(user)),
        u32(absoluteWord),
      ]);
    case "HS200":
      return Buffer.concat([
        bytes(valid, second),
        u16(verify | (io << 6)),
        u32(Number(user)),
        u32(absoluteWord),
      ]);
    default: {
      const id =
        library === "HS105"
          ? u32(Number(user))
          : padded(String(user), library === "HS102" ? 16 : 32);
      return Buffer.concat([id, bytes(1, 0, workCode, second), u32(word), u32(io), u32(verify)]);
    }
  }
}

/** A user as the parts of its record. */
export interface UserParts {
  readonly user: number | string;
  readonly privilege: number;
  readonly isEnabled: boolean;
  readonly password?: number;
  readonly card?: number;
  readonly face?: number;
  readonly fingers?: number;
  readonly veins?: number;
  readonly palms?: number;
}

/** A record of a list of users; `idBytes` 4 for a number, else 16 or 32. */
export function userRecord(idBytes: 4 | 16 | 32, parts: UserParts): Buffer {
  const { password = 0, card = 0, face = 0, fingers = 0, veins = 0, palms = 0 } = parts;
  const flags =
    password | (card << 1) | (face << 2) | (fingers << 3) | (veins << 7) | (palms << 13);
  const id = idBytes === 4 ? u32(Number(parts.user)) : padded(String(parts.user), idBytes);
  return Buffer.concat([id, bytes(parts.privilege, Number(parts.isEnabled)), u16(flags)]);
}

/** A record of HS100 and HS200: one credential. */
export function credentialRecord(user: number, privilege: number, backupNumber: number): Buffer {
  return Buffer.concat([bytes(1, privilege, backupNumber, 0), u32(user)]);
}

function packTime(time: string, lowBits: (year: number) => number): number {
  const part = (start: number, end: number) => Number(time.slice(start, end));
  const low = lowBits(part(0, 4)) | (part(4, 6) << 12) | (part(6, 8) << 16) | (part(8, 10) << 21);
  return (low | (part(10, 12) << 26)) >>> 0;
}

function padded(text: string, length: number): Buffer {
  const field = Buffer.alloc(length);
  field.write(text);
  return field;
}

function bytes(...values: readonly number[]): Buffer {
  return Buffer.from(values);
}

function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value);
  return buffer;
}

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0);
  return buffer;
}
