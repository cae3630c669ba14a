/**
 * What results with records have in common (fkweb.md 9, 10): a text that counts them, a binary that
 * holds them, and a library that says how one is laid out. What is in a record is known to
 * `log-records.ts` and `user-records.ts`.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { quote } from "#devices/quote.ts";
import type { CommandResult } from "#domain/command.ts";
import { decodeUtf8, parseJson } from "./body.ts";
import { plainText } from "./decode.ts";
import { isJsonObject, type JsonObject } from "./message.ts";

/** A record that is none; never dropped in silence. */
export interface InvalidRecord {
  readonly kind: "invalid";
  /** Its place in the list, from 0. */
  readonly index: number;
  /** For the operator: what is wrong with it. */
  readonly reason: string;
  /** All its bytes. */
  readonly rawHex: string;
}

/** Why a result gives no records. */
export interface RecordError {
  readonly code: "result-unreadable" | "records-missing" | "library-unknown" | "library-unclear";
  readonly reason: string;
}

/** The fields of a result that speak of its records. */
export interface ListFieldNames {
  readonly count: string;
  readonly recordBytes: string;
  readonly array: string;
}

/** The records of a result, not taken apart. */
export interface RecordList {
  /** As many as the terminal says there are; undefined where it does not. */
  readonly announcedCount: number | undefined;
  /** Bytes of one, as it says. */
  readonly recordBytes: number | undefined;
  readonly bytes: Uint8Array;
}

/** How one library lays out a record. */
export interface RecordLayout {
  /** In lower case. */
  readonly libraries: readonly string[];
  readonly recordBytes: number;
  /** Whether a record of this layout can look like this: only then is the layout guessed. */
  isPlausible(record: DataView): boolean;
}

const BINARY_NAME_PATTERN = /^BIN_(\d{1,3})$/;
const NUMBER_PATTERN = /^\d{1,9}$/;
/** Enough to tell two layouts apart. */
const SAMPLE_RECORDS_MAX = 64;

/** Finds the records in a result. A result without text, or that counts none, has none. */
export function readRecordList(
  result: Pick<CommandResult, "text" | "binaries">,
  names: ListFieldNames,
): Result<RecordList, RecordError> {
  const fields = readFields(result.text);
  if (fields === undefined) {
    return fail({ code: "result-unreadable", reason: "The result is not a JSON object" });
  }
  const announcedCount = readCount(fields[names.count]);
  const recordBytes = readCount(fields[names.recordBytes]) || undefined;
  const bytes = findBinary(fields[names.array], result.binaries);
  if (bytes === undefined && (announcedCount ?? 0) > 0) {
    const reason = `${names.count} is ${announcedCount}, and the result has no records`;
    return fail({ code: "records-missing", reason });
  }
  return ok({ announcedCount, recordBytes, bytes: bytes ?? new Uint8Array(0) });
}

/**
 * The layout of records: that of the library's name in any case, unless the size of a record
 * contradicts it; else the one of that size; of several, the one that more of the first records look
 * like. `recordBytes`, where the terminal told it, is never contradicted.
 */
export function chooseLayout<Layout extends RecordLayout>(
  layouts: readonly Layout[],
  codeLibrary: string | undefined,
  { recordBytes, bytes }: RecordList,
): Result<Layout, RecordError> {
  const fits = (layout: Layout) => recordBytes === undefined || layout.recordBytes === recordBytes;
  const name = codeLibrary?.toLowerCase();
  const named = layouts.find(({ libraries }) => name !== undefined && libraries.includes(name));
  if (named !== undefined && fits(named)) return ok(named);
  const candidates = recordBytes === undefined ? [] : layouts.filter(fits);
  const [first, ...others] = candidates;
  if (first === undefined) {
    const seen = `${quote(codeLibrary ?? "")} with records of ${recordBytes ?? "unknown"} bytes`;
    return fail({ code: "library-unknown", reason: `No layout is known of library ${seen}` });
  }
  if (others.length === 0 || bytes.length === 0) return ok(first);
  return chooseByRecords(candidates, bytes);
}

/** The records of a list in order; one that is cut short comes last. */
export function* sliceRecords(
  bytes: Uint8Array,
  recordBytes: number,
): Generator<{ readonly index: number; readonly bytes: Uint8Array }, void, void> {
  for (let index = 0; index * recordBytes < bytes.length; index += 1) {
    const start = index * recordBytes;
    yield { index, bytes: bytes.subarray(start, start + recordBytes) };
  }
}

/** A view of a record's bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Bytes in lower-case hex. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** The text of a field that is padded with NULs; `undefined` where it is not UTF-8. */
export function readPaddedText(
  record: DataView,
  start: number,
  length: number,
): string | undefined {
  const field = new Uint8Array(record.buffer, record.byteOffset + start, length);
  const end = field.indexOf(0);
  return decodeUtf8(end < 0 ? field : field.subarray(0, end));
}

function chooseByRecords<Layout extends RecordLayout>(
  candidates: readonly Layout[],
  bytes: Uint8Array,
): Result<Layout, RecordError> {
  const counted = candidates
    .map((layout) => ({ layout, count: countPlausible(layout, bytes) }))
    .sort((a, b) => b.count - a.count);
  const [best, second] = counted;
  if (best === undefined || best.count === 0 || best.count === second?.count) {
    const reason = "The records look like none of the libraries with their size, or like several";
    return fail({ code: "library-unclear", reason });
  }
  return ok(best.layout);
}

function countPlausible(layout: RecordLayout, bytes: Uint8Array): number {
  let count = 0;
  for (const record of sliceRecords(bytes, layout.recordBytes)) {
    if (record.index >= SAMPLE_RECORDS_MAX || record.bytes.length < layout.recordBytes) break;
    if (layout.isPlausible(viewOf(record.bytes))) count += 1;
  }
  return count;
}

function readFields(text: string): JsonObject | undefined {
  if (text === "") return {};
  const parsed = parseJson(text);
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : undefined;
}

/** A number of records or bytes, also as decimal text (fkweb.md 7). */
function readCount(value: unknown): number | undefined {
  const text = plainText(value) ?? "";
  return NUMBER_PATTERN.test(text) ? Number(text) : undefined;
}

/** The binary that a field names; the only one, where the field is absent. */
function findBinary(value: unknown, binaries: readonly Uint8Array[]): Uint8Array | undefined {
  if (value === undefined || value === null) return binaries[0];
  const match = typeof value === "string" ? BINARY_NAME_PATTERN.exec(value) : null;
  return match === null ? undefined : binaries[Number(match[1]) - 1];
}
