/**
 * The records of `GET_LOG_DATA` (protocol section 9), little-endian, one layout per library. Written
 * from the protocol document alone and never from the server's decoder.
 *
 * | library | offset:size |
 * |---|---|
 * | HS100 | 0:1 valid, 1:1 verify bits 0-5 and io 6-7, 2:1 backup, 3:1 second, 4:4 user, 8:4 T' |
 * | HS200 | 0:1 valid, 1:1 second, 2:2 verify bits 0-5 and io 6-10 and backup 11-15, 4:4 user, 8:4 T' |
 * | HS101 | 0:4 user, 4:1 version, 5:1 io, 6:1 verify, 7:1 second, 8:4 T |
 * | HS105 | 0:4 user, 4:1 version, 5:1 0, 6:1 work code, 7:1 second, 8:4 T, 12:4 io, 16:4 verify |
 * | HS102, HS103 | as HS105 with the user as 16 or 32 bytes of text filled with NUL |
 */

import type { Library } from "./models.ts";

/** What of a punch stands in a record. */
export interface LogRecord {
  /** As the live feed spells it; where a record holds a number, that number. */
  readonly userId: string;
  /** 14 digits `YYYYMMDDhhmmss`. */
  readonly wallTime: string;
  readonly ioModeCode: number;
  readonly verifyModeCode: number;
  /** 0 to 255; only some libraries keep it. */
  readonly workCode: number;
}

/** How one library writes records. */
export interface LogRecordFormat {
  readonly recordBytes: number;
  readonly write: (record: LogRecord, into: Buffer) => void;
}

const VALID = 1;
const DATA_VERSION = 1;
/** The years of T count from here; those of T' are absolute. */
const YEAR_BASE = 1900;

/** The layouts that are known. None is documented for `M50`: such a terminal gives no log. */
export const LOG_RECORD_FORMATS: Readonly<Partial<Record<Library, LogRecordFormat>>> = {
  FKDataHS100: { recordBytes: 12, write: writeHs100 },
  FKDataHS101: { recordBytes: 12, write: writeHs101 },
  FKDataHS102: { recordBytes: 32, write: (record, into) => writePacked(record, into, 16) },
  FKDataHS103: { recordBytes: 48, write: (record, into) => writePacked(record, into, 32) },
  FKDataHS105: { recordBytes: 20, write: (record, into) => writePacked(record, into, 0) },
  FKDataHS200: { recordBytes: 12, write: writeHs200 },
};

/** Writes all `records` one behind the other. */
export function encodeLogRecords(
  format: LogRecordFormat,
  records: readonly LogRecord[],
): Uint8Array {
  const bytes = Buffer.alloc(records.length * format.recordBytes);
  records.forEach((record, index) => {
    const start = index * format.recordBytes;
    format.write(record, bytes.subarray(start, start + format.recordBytes));
  });
  return bytes;
}

function writeHs100(record: LogRecord, into: Buffer): void {
  into.writeUInt8(VALID, 0);
  into.writeUInt8((record.verifyModeCode & 0x3f) | ((record.ioModeCode & 3) << 6), 1);
  into.writeUInt8(secondOf(record), 3);
  into.writeUInt32LE(Number(record.userId), 4);
  into.writeUInt32LE(packTime(record, 0), 8);
}

function writeHs200(record: LogRecord, into: Buffer): void {
  into.writeUInt8(VALID, 0);
  into.writeUInt8(secondOf(record), 1);
  into.writeUInt16LE((record.verifyModeCode & 0x3f) | ((record.ioModeCode & 0x1f) << 6), 2);
  into.writeUInt32LE(Number(record.userId), 4);
  into.writeUInt32LE(packTime(record, 0), 8);
}

function writeHs101(record: LogRecord, into: Buffer): void {
  into.writeUInt32LE(Number(record.userId), 0);
  into.writeUInt8(DATA_VERSION, 4);
  into.writeUInt8(record.ioModeCode, 5);
  into.writeUInt8(record.verifyModeCode, 6);
  into.writeUInt8(secondOf(record), 7);
  into.writeUInt32LE(packValidTime(record), 8);
}

/** `userTextBytes` is 0 where the user is a number. */
function writePacked(record: LogRecord, into: Buffer, userTextBytes: number): void {
  const userBytes = userTextBytes === 0 ? 4 : userTextBytes;
  if (userTextBytes === 0) into.writeUInt32LE(Number(record.userId), 0);
  else into.write(record.userId, 0, userTextBytes, "latin1");
  into.writeUInt8(DATA_VERSION, userBytes);
  into.writeUInt8(record.workCode, userBytes + 2);
  into.writeUInt8(secondOf(record), userBytes + 3);
  into.writeUInt32LE(packValidTime(record), userBytes + 4);
  into.writeUInt32LE(record.ioModeCode, userBytes + 8);
  into.writeUInt32LE(record.verifyModeCode, userBytes + 12);
}

/** T: valid in bits 0-1, year from 1900 in 2-11, then as T'. */
function packValidTime(record: LogRecord): number {
  return packTime(record, YEAR_BASE) + VALID;
}

/** T': year in bits 0-11 (for T in 2-11), month 12-15, day 16-20, hour 21-25, minute 26-31. */
function packTime({ wallTime }: LogRecord, yearBase: number): number {
  const field = (start: number, end: number): number => Number(wallTime.slice(start, end));
  const year = (field(0, 4) - yearBase) * (yearBase === 0 ? 1 : 4);
  const bits =
    year | (field(4, 6) << 12) | (field(6, 8) << 16) | (field(8, 10) << 21) | (field(10, 12) << 26);
  return bits >>> 0;
}

function secondOf({ wallTime }: LogRecord): number {
  return Number(wallTime.slice(12, 14));
}
