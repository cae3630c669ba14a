/**
 * Message to intake: FKWeb's words end here. Nothing is corrected on the way; a code is kept as the
 * number it is beside the library it belongs to (fkweb.md 8).
 */

import { assertNever } from "#base/assert.ts";
import type { CommandResult } from "#domain/command.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { DeviceReport, Intake, UnreadableIntake } from "#domain/intake.ts";
import type { Enrollment } from "#domain/user.ts";
import { parseJson } from "./body.ts";
import { isDocumentedNotice, REALTIME_ENROLL_DATA, SEND_COMMAND_RESULT } from "./codes.ts";
import { type DecodeError, jsonText, plainText } from "./decode.ts";
import { readEnrollment } from "./enrollment.ts";
import {
  type FkwebFrame,
  type FkwebMessage,
  isDeviceId,
  isJsonObject,
  type JsonObject,
} from "./message.ts";

/** The bound of `DeviceReport.detailsText`. */
const DETAILS_BYTES_MAX = 8 * 1024;
/** A longer name, version or clock is not one. */
const REPORT_TEXT_LENGTH_MAX = 128;
const NO_FIELDS: JsonObject = {};
const NO_BYTES = new Uint8Array(0);
/** Requests of which not even the text is kept: it may name cards and passwords (fkweb.md 6.3). */
const WITH_CREDENTIALS: ReadonlySet<string> = new Set([REALTIME_ENROLL_DATA, SEND_COMMAND_RESULT]);

/** What a message means to the project. */
export function interpretMessage(message: FkwebMessage): Intake {
  const { raw } = message;
  const device = deviceId(message.deviceIdText);
  switch (message.kind) {
    case "poll":
      return { kind: "poll", deviceId: device, report: readReport(message.fields), raw };
    case "punch": {
      const punch = {
        userIdText: message.user_id,
        wallTimeText: message.io_time,
        directionCode: message.io_mode,
        verifyModeCode: message.verify_mode,
        codeLibrary: message.fk_bin_data_lib,
        workCode: message.work_code,
        rawText: message.text,
      };
      return { kind: "punches", deviceId: device, punches: [punch], raw };
    }
    case "notice": {
      const { requestCode: code, text, enrolment } = message;
      const enrollment = enrolment === undefined ? undefined : readEnrollment(enrolment);
      return {
        kind: "notice",
        deviceId: device,
        code,
        known: isDocumentedNotice(code),
        text,
        raw,
        ...(enrollment === undefined ? {} : { enrollment }),
      };
    }
    case "result": {
      const enrollment = readEnrolledUser(message.result);
      const result = { ...message.result, ...(enrollment === undefined ? {} : { enrollment }) };
      return { kind: "command-result", deviceId: device, result, raw };
    }
    default:
      return assertNever(message);
  }
}

/** The user that a result tells of: that of `GET_USER_INFO` is written as an enrolment is. */
function readEnrolledUser({ text }: CommandResult): Enrollment | undefined {
  const parsed = text === "" ? undefined : parseJson(text);
  const fields = parsed?.ok === true ? parsed.value : undefined;
  return isJsonObject(fields) ? readEnrollment(fields) : undefined;
}

/**
 * The intake of a frame that gave no message: kept whole, under its device if that is known. What
 * kind of request it was stands in the head, which is not kept, so the reason tells it.
 */
export function unreadableIntake(frame: FkwebFrame, error: DecodeError): UnreadableIntake {
  const { deviceIdText, requestCode, body } = frame;
  const isKnown = deviceIdText !== undefined && isDeviceId(deviceIdText);
  const hasCode = requestCode !== undefined && error.code !== "bad-request-code";
  return {
    kind: "unreadable",
    deviceId: isKnown ? deviceId(deviceIdText) : undefined,
    code: error.code,
    reason: hasCode ? `${requestCode}: ${error.reason}` : error.reason,
    raw: requestCode !== undefined && WITH_CREDENTIALS.has(requestCode) ? NO_BYTES : body,
  };
}

/** Fields of `receive_cmd` (fkweb.md 6.1). Any of them may be missing, or of any type. */
function readReport(fields: JsonObject): DeviceReport {
  const { fk_time, time, fk_name, fk_info, ...others } = fields;
  const { firmware, fk_bin_data_lib, ...info } = isJsonObject(fk_info) ? fk_info : NO_FIELDS;
  const details = Object.keys(info).length > 0 ? { ...others, fk_info: info } : others;
  return {
    // D6 may send nothing but its `time`.
    ...optional("clockText", reportText(fk_time ?? time)),
    ...optional("name", reportText(fk_name)),
    ...optional("firmware", reportText(firmware)),
    ...optional("codeLibrary", reportText(fk_bin_data_lib)),
    ...optional("detailsText", boundedJsonText(details)),
  };
}

/** An empty text is none: it would erase what is known. Nor is one that is not Unicode. */
function reportText(value: unknown): string | undefined {
  const text = plainText(value);
  if (text === undefined || text === "" || text.length > REPORT_TEXT_LENGTH_MAX) return undefined;
  return text.isWellFormed() ? text : undefined;
}

/** A field of a report, or none: `undefined` is no value of an optional field. */
function optional(key: keyof DeviceReport, text: string | undefined): DeviceReport {
  return text === undefined ? {} : { [key]: text };
}

/** JSON text within the bound of details, else `undefined`: cut JSON would be none. */
function boundedJsonText(fields: JsonObject): string | undefined {
  if (Object.keys(fields).length === 0) return undefined;
  const text = jsonText(fields);
  return text !== undefined && Buffer.byteLength(text) <= DETAILS_BYTES_MAX ? text : undefined;
}
