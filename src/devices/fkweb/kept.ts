/**
 * Reads once more what is kept of FKWeb requests. The head is not kept; which request it was stands in
 * the reason (`unreadableIntake`), or in the body itself (D1, D7).
 */

import type { DecoderLimits } from "#devices/driver.ts";
import type { HttpRequestHead } from "#devices/http-request.ts";
import {
  type KeptReader,
  type KeptRequest,
  looseText,
  type Rereading,
  rereadingOf,
  wasPunch,
} from "#devices/kept-request.ts";
import { PREFIX_BYTES, parseJson, readLength, trimmedEnd } from "./body.ts";
import { REALTIME_GLOG } from "./codes.ts";
import { createFkwebDriver, readIntake } from "./driver.ts";
import { openEnvelope } from "./envelope.ts";
import { withoutBinaries } from "./json-binaries.ts";
import { decodeLogRecords, readLogBatch } from "./log-records.ts";
import { type FkwebFrame, isJsonObject, readFrame } from "./message.ts";
import { hexOf } from "./records.ts";

const NAMED_REQUEST_PATTERN = /^([\x21-\x7e]{1,64}): /;
const NO_ADDRESS = "";

/** See `KeptReader`. */
export const fkwebKeptReader: KeptReader = {
  driver: "fkweb",
  reread,
  textOf,
  shownFields: new Set([
    "dev_id",
    "device_id",
    "device_time",
    "enroll_id",
    "fk_bin_data_lib",
    "fk_time",
    "inOut",
    "ioMode",
    "io_mode",
    "io_time",
    "log_record",
    "page_id",
    "request_code",
    "time",
    "userId",
    "user_id",
    "verifyMode",
    "verify_mode",
    "workCode",
    "work_code",
  ]),
};

function reread(kept: KeptRequest, limits: DecoderLimits): Rereading {
  const { deviceIdText } = kept;
  const record = logRecordOf(kept);
  if (record !== undefined) return rereadLogRecord(record, deviceIdText ?? "");
  if (kept.code === "decoder-failed" && deviceIdText === undefined) {
    return rereadWhole(kept.bytes, limits);
  }
  const frame = frameOf(kept, limits.textBytesMax);
  if (kept.code === "rule-failed" && !wasPunch(kept)) return { kind: "no-punch" };
  return rereadingOf(readIntake(frame, limits.textBytesMax));
}

/** Where a driver of ours failed on a connection, head and body are kept as they came. */
function rereadWhole(bytes: Uint8Array, limits: DecoderLimits): Rereading {
  for (const event of createFkwebDriver().open(limits, NO_ADDRESS).push(bytes)) {
    if (event.kind === "exchange") return rereadingOf(event.intake);
  }
  return { kind: "unreadable", code: "request-incomplete", reason: "The request is not whole" };
}

function frameOf(kept: KeptRequest, textBytesMax: number): FkwebFrame {
  const { bytes, deviceIdText, code, reason } = kept;
  const head: HttpRequestHead = {
    method: "POST",
    target: "/",
    version: "1.0",
    // What an envelope is announced as; any other body is none, and stays as it is.
    headers: new Map([["content-type", "application/json"]]),
    contentLength: bytes.length,
  };
  const bare = { ...readFrame(head, bytes), deviceIdText };
  const opened = openEnvelope(bare, head, textBytesMax);
  if (opened.requestCode !== undefined) return opened;
  const requestCode = wasPunch(kept) ? REALTIME_GLOG : NAMED_REQUEST_PATTERN.exec(reason)?.[1];
  return { ...bare, requestCode, isJoined: code === "upload-inconsistent" };
}

/** A record of a terminal's own log, with the library that it is of. */
interface KeptLogRecord {
  readonly bytes: Uint8Array;
  readonly codeLibrary: string | undefined;
}

/** Its bytes are kept where it could not be read, its text (`log-records.ts`) where the rules did not take it. */
function logRecordOf({ code, bytes, codeLibrary }: KeptRequest): KeptLogRecord | undefined {
  if (code === "log-record") return { bytes, codeLibrary };
  const parsed = parseJson(looseText(bytes, 1024));
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;
  const { log_record: hex, fk_bin_data_lib: library } = parsed.value;
  if (typeof hex !== "string" || typeof library !== "string") return undefined;
  if (!/^(?:[0-9a-f]{2})+$/.test(hex)) return undefined;
  return { bytes: Uint8Array.fromHex(hex), codeLibrary: library };
}

function rereadLogRecord({ bytes, codeLibrary }: KeptLogRecord, deviceIdText: string): Rereading {
  const fields = { log_count: 1, one_log_size: bytes.length, log_array: "BIN_1" };
  const result = { text: JSON.stringify(fields), binaries: [bytes] };
  const batch = readLogBatch(result, codeLibrary);
  if (!batch.ok) return { kind: "unreadable", ...batch.error };
  for (const record of decodeLogRecords(batch.value)) {
    if (record.kind === "invalid") {
      return { kind: "unreadable", code: "log-record", reason: record.reason };
    }
    return { kind: "punches", deviceIdText, punches: [record.punch], isOfLog: true };
  }
  return { kind: "unreadable", code: "log-record", reason: "There is no record" };
}

function textOf(kept: KeptRequest, { textBytesMax }: DecoderLimits): string {
  const record = logRecordOf(kept);
  if (record !== undefined) {
    const { bytes, codeLibrary: fk_bin_data_lib } = record;
    return JSON.stringify({ fk_bin_data_lib, log_record: hexOf(bytes) });
  }
  const { bytes } = kept;
  const framedBytes = readLength(bytes, 0) ?? 0;
  const isFramed = framedBytes > 0 && PREFIX_BYTES + framedBytes <= bytes.length;
  const framed = isFramed ? bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + framedBytes) : bytes;
  const text = framed.subarray(0, trimmedEnd(framed));
  return looseText(withoutBinaries(text).text, textBytesMax);
}
