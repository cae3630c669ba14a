/**
 * Records of `GET_LOG_DATA` (fkweb.md 9) as punches that meet their live copies: the same user, time
 * and codes. Numbers are little-endian; `T` and `T'` are dates packed into 32 bits:
 *
 * | word | bits |
 * |---|---|
 * | `T` | 0–1 valid (not 0), 2–11 year − 1900, 12–15 month, 16–20 day, 21–25 hour, 26–31 minute |
 * | `T'` | 0–11 year, from 0 or from 1900, whichever gives 2000 to 2099; the rest as in `T` |
 *
 * | library | bytes | layout (offset:size) |
 * |---|---|---|
 * | HS100 | 12 | 0:1 valid (1), 1:1 verify bits 0–5, io bits 6–7, 2:1 backup, 3:1 second, 4:4 user, 8:4 T' |
 * | HS200 | 12 | 0:1 valid (1), 1:1 second, 2:2 verify bits 0–5, io bits 6–10, 4:4 user, 8:4 T' |
 * | HS101, HS104 | 12 | 0:4 user, 4:1 version, 5:1 io, 6:1 verify, 7:1 second, 8:4 T |
 * | HS105 | 20 | 0:4 user, 4:2, 6:1 work code, 7:1 second, 8:4 T, 12:4 io, 16:4 verify |
 * | HS102 / HS103 | 32 / 48 | 0:16 / 0:32 user, then as HS105 behind its user |
 */

import { ok, type Result } from "#base/result.ts";
import type { CommandResult } from "#domain/command.ts";
import type { RawPunch } from "#domain/intake.ts";
import { parseWallTime } from "#domain/wall-time.ts";
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

/** The records of one result, with what is needed to take them apart. */
export interface LogBatch {
  /** The library whose layout they have: as the terminal calls it, else as the sheet does. */
  readonly codeLibrary: string;
  /** As many as the terminal says there are. */
  readonly announcedCount: number | undefined;
  /** Records in `bytes`, one that is cut short included. */
  readonly recordCount: number;
  readonly bytes: Uint8Array;
  readonly layout: LogLayout;
}

/** A record of a terminal's log. */
export type LogRecord =
  | { readonly kind: "punch"; readonly index: number; readonly punch: RawPunch }
  | InvalidRecord;

/** What a record holds; `userId` undefined where its bytes are no text. */
interface LogFields {
  readonly isValid: boolean;
  readonly userId: string | undefined;
  /** 14 digits, of any date; undefined where its year cannot be told. */
  readonly wallTime: string | undefined;
  readonly ioCode: number;
  readonly verifyCode: number;
  readonly workCode: number | undefined;
}

interface LogLayout extends RecordLayout {
  /** As the sheet spells it. */
  readonly name: string;
  read(record: DataView): LogFields;
}

const FIELD_NAMES = { count: "log_count", recordBytes: "one_log_size", array: "log_array" };
/** Years of a record that may decide which library it is of. */
const PLAUSIBLE_YEAR_PATTERN = /^20\d\d/;
const YEAR_BASE = 1900;

const PLAIN = layout(["HS101", "HS104"], 12, readPlain);
/** Those of equal size are told apart by their records; but HS200 only by its name. */
const LAYOUTS: readonly LogLayout[] = [
  PLAIN,
  layout(["HS100"], 12, readHs100),
  layout(["HS105"], 20, (record) => {
    return { ...readPacked(record, 4), userId: String(record.getUint32(0, true)) };
  }),
  layout(["HS102"], 32, (record) => readPackedWithText(record, 16)),
  layout(["HS103"], 48, (record) => readPackedWithText(record, 32)),
  { ...layout(["HS200"], 12, readHs200), isPlausible: () => false },
];

/**
 * Finds the records in a result of `GET_LOG_DATA` and the layout they have. `codeLibrary` is what the
 * terminal calls its library.
 */
export function readLogBatch(
  result: Pick<CommandResult, "text" | "binaries">,
  codeLibrary: string | undefined,
): Result<LogBatch, RecordError> {
  const list = readRecordList(result, FIELD_NAMES);
  if (!list.ok) return list;
  const { announcedCount, bytes } = list.value;
  if (bytes.length === 0) {
    return ok({ ...emptyBatch(codeLibrary), announcedCount });
  }
  const chosen = chooseLayout(LAYOUTS, codeLibrary, list.value);
  if (!chosen.ok) return chosen;
  const { libraries, name, recordBytes } = chosen.value;
  const isNamed = codeLibrary !== undefined && libraries.includes(codeLibrary.toLowerCase());
  return ok({
    codeLibrary: isNamed ? codeLibrary : name,
    announcedCount,
    recordCount: Math.ceil(bytes.length / recordBytes),
    bytes,
    layout: chosen.value,
  });
}

/** The records of a batch one by one, in the terminal's order. Never throws. */
export function* decodeLogRecords(batch: LogBatch): Generator<LogRecord, void, void> {
  const { bytes, codeLibrary, layout } = batch;
  for (const record of sliceRecords(bytes, layout.recordBytes)) {
    yield decodeRecord(record.bytes, { index: record.index, layout, codeLibrary });
  }
}

function decodeRecord(
  bytes: Uint8Array,
  place: { readonly index: number; readonly layout: LogLayout; readonly codeLibrary: string },
): LogRecord {
  const { index, layout, codeLibrary } = place;
  const rawHex = hexOf(bytes);
  const invalid = (reason: string): InvalidRecord => ({ kind: "invalid", index, reason, rawHex });
  if (bytes.length < layout.recordBytes) {
    return invalid(`The record has ${bytes.length} of ${layout.recordBytes} bytes`);
  }
  const { isValid, userId, wallTime, ioCode, verifyCode, workCode } = layout.read(viewOf(bytes));
  if (!isValid) return invalid("The terminal marks the record as not valid");
  if (userId === undefined) return invalid("The user id is not UTF-8");
  if (userId === "") return invalid("The record has no user id");
  if (wallTime === undefined) return invalid("The year is not from 2000 to 2099");
  if (!parseWallTime(wallTime).ok) return invalid(`No such date or time as "${wallTime}"`);
  return {
    kind: "punch",
    index,
    punch: {
      userIdText: userId,
      wallTimeText: wallTime,
      directionCode: String(ioCode),
      verifyModeCode: String(verifyCode),
      codeLibrary,
      workCode: workCode === undefined ? undefined : String(workCode),
      rawText: JSON.stringify({ fk_bin_data_lib: codeLibrary, log_record: rawHex }),
    },
  };
}

function layout(
  names: readonly [string, ...string[]],
  recordBytes: number,
  read: LogLayout["read"],
): LogLayout {
  return {
    name: `FKData${names[0]}`,
    libraries: names.map((name) => `fkdata${name.toLowerCase()}`),
    recordBytes,
    read,
    isPlausible: (record) => {
      const { isValid, wallTime = "" } = read(record);
      return isValid && PLAUSIBLE_YEAR_PATTERN.test(wallTime) && parseWallTime(wallTime).ok;
    },
  };
}

function emptyBatch(codeLibrary: string | undefined): LogBatch {
  return {
    codeLibrary: codeLibrary ?? PLAIN.name,
    announcedCount: 0,
    recordCount: 0,
    bytes: new Uint8Array(0),
    layout: PLAIN,
  };
}

function readPlain(record: DataView): LogFields {
  return {
    ...readTime(record.getUint32(8, true), record.getUint8(7)),
    userId: String(record.getUint32(0, true)),
    ioCode: record.getUint8(5),
    verifyCode: record.getUint8(6),
    workCode: undefined,
  };
}

function readHs100(record: DataView): LogFields {
  const modes = record.getUint8(1);
  return {
    isValid: record.getUint8(0) === 1,
    wallTime: readAbsoluteTime(record.getUint32(8, true), record.getUint8(3)),
    userId: String(record.getUint32(4, true)),
    ioCode: modes >>> 6,
    verifyCode: modes & 0x3f,
    workCode: undefined,
  };
}

function readHs200(record: DataView): LogFields {
  const modes = record.getUint16(2, true);
  return {
    isValid: record.getUint8(0) === 1,
    wallTime: readAbsoluteTime(record.getUint32(8, true), record.getUint8(1)),
    userId: String(record.getUint32(4, true)),
    ioCode: (modes >>> 6) & 0x1f,
    verifyCode: modes & 0x3f,
    workCode: undefined,
  };
}

function readPackedWithText(record: DataView, idBytes: number): LogFields {
  return { ...readPacked(record, idBytes), userId: readPaddedText(record, 0, idBytes) };
}

/** What stands behind the user in HS102, HS103 and HS105. */
function readPacked(record: DataView, start: number): Omit<LogFields, "userId"> {
  return {
    ...readTime(record.getUint32(start + 4, true), record.getUint8(start + 3)),
    ioCode: record.getUint32(start + 8, true),
    verifyCode: record.getUint32(start + 12, true),
    workCode: record.getUint8(start + 2),
  };
}

/** The word `T`. */
function readTime(word: number, second: number): Pick<LogFields, "isValid" | "wallTime"> {
  const year = YEAR_BASE + ((word >>> 2) & 0x3ff);
  return { isValid: (word & 0x3) !== 0, wallTime: spellTime(year, word, second) };
}

/** The word `T'`. */
function readAbsoluteTime(word: number, second: number): string | undefined {
  const field = word & 0xfff;
  const year = [field, YEAR_BASE + field].find((year) => year >= 2000 && year <= 2099);
  return year === undefined ? undefined : spellTime(year, word, second);
}

function spellTime(year: number, word: number, second: number): string {
  const parts = [(word >>> 12) & 0xf, (word >>> 16) & 0x1f, (word >>> 21) & 0x1f, word >>> 26];
  const digits = [...parts, second].map((part) => String(part).padStart(2, "0"));
  return `${year}${digits.join("")}`;
}
