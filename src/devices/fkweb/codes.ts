/**
 * FKWeb's own words: request codes and response codes (fkweb.md 3, 6, 7.1), and which of them answer
 * which. Values are spelled as on the wire, vendor misspellings included.
 */

import type { FkwebDialect } from "./message.ts";

/** The idle poll, and the only request that is answered with a command (fkweb.md 6.1). */
export const RECEIVE_COMMAND = "receive_cmd";
/** One punch (6.2). */
export const REALTIME_GLOG = "realtime_glog";
/** A user's templates and name (6.3). */
export const REALTIME_ENROLL_DATA = "realtime_enroll_data";
/** The door opened or closed (6.4). */
export const REALTIME_DOOR_STATUS = "realtime_door_status";
/** The result of a command (6.5). */
export const SEND_COMMAND_RESULT = "send_cmd_result";
/** A batch of punches in a layout that no source documents (6.6). */
export const SEND_GLOG_DATA = "send_glog_data";

/** What a terminal may be told of a request. Only `OK` takes a record off its queue (fkweb.md 0.4). */
export type ResponseCode = "OK" | "ERROR_NO_CMD" | "ERROR_INVLAID_REQUEST_CODE";

/** The vendor server takes `[A-Za-z0-9_]{1,32}`; longer and other printable codes are kept too. */
const REQUEST_CODE_PATTERN = /^[\x21-\x7e]{1,64}$/;
const DOCUMENTED_NOTICES: ReadonlySet<string> = new Set([
  REALTIME_ENROLL_DATA,
  REALTIME_DOOR_STATUS,
  SEND_COMMAND_RESULT,
]);

/** Whether `code` has the form of a request code: 1 to 64 printable ASCII characters. */
export function isRequestCode(code: string): boolean {
  return REQUEST_CODE_PATTERN.test(code);
}

/**
 * Whether section 6 documents a request that carries no punch. `realtime_barcode` and others, of
 * which only the name is known (16.3), are not: what they carry is worth keeping until it is known.
 */
export function isDocumentedNotice(code: string): boolean {
  return DOCUMENTED_NOTICES.has(code);
}

/** Whether section 6 says what the body of a request is. */
export function isDocumented(code: string | undefined): boolean {
  if (code === undefined) return false;
  return code === REALTIME_GLOG || code === RECEIVE_COMMAND || DOCUMENTED_NOTICES.has(code);
}

/**
 * The response code of a request that was kept (fkweb.md 6.7). A poll is answered as a poll even
 * when its sender is unknown, or it would skip its pause. A request without a code is told `OK`, the
 * one word that ends a retry; so is any other page of a form (D1), whose names nobody documented.
 */
export function responseCodeFor(
  requestCode: string | undefined,
  dialect: FkwebDialect,
): ResponseCode {
  if (requestCode === RECEIVE_COMMAND) return "ERROR_NO_CMD";
  if (requestCode === undefined || dialect === "form") return "OK";
  const isRecord = requestCode.startsWith("realtime_") || requestCode.startsWith("send_");
  return isRecord ? "OK" : "ERROR_INVLAID_REQUEST_CODE";
}
