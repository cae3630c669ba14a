/**
 * Message to intake: the vendor's words end here. Nothing is corrected on the way.
 */

import { deviceId } from "#domain/identifiers.ts";
import type { Intake } from "#domain/intake.ts";
import type { RtlogFrame } from "./frame.ts";
import type { RtlogMessage } from "./message.ts";

/**
 * The name of the one table that `io_mode` and `verify_mode` of this protocol belong to; terminals
 * send none. It is needed to read them: in `io_mode` the low byte is the direction and the upper 24
 * bits are the door, the other way round than in FKWeb (fkweb.md 8.2).
 */
const CODE_LIBRARY = "RTLOG";

/**
 * What a frame means to the project. `log_id` is the terminal's own number of the record; a record that is
 * marked `emergency` is a punch like any other.
 */
export function interpretMessage({ record }: RtlogMessage, { raw }: RtlogFrame): Intake {
  if (!record.ok) {
    const { code, reason, deviceIdText } = record.error;
    const device = deviceIdText === undefined ? undefined : deviceId(deviceIdText);
    return { kind: "unreadable", deviceId: device, code, reason, raw };
  }
  const { deviceIdText, text, log_id, user_id, io_time, io_mode, verify_mode, SerialNo } =
    record.value;
  const punch = {
    userIdText: user_id,
    wallTimeText: io_time,
    directionCode: io_mode,
    verifyModeCode: verify_mode,
    codeLibrary: CODE_LIBRARY,
    workCode: undefined,
    rawText: text,
    recordNumberText: log_id,
  };
  const id = deviceId(deviceIdText);
  return { kind: "punches", deviceId: id, punches: [punch], serialText: SerialNo, raw };
}
