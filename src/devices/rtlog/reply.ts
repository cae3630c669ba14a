/**
 * How an outcome is spelled to a terminal. The text of an answer is
 * `{"log_id":<as sent>,"result":"OK","mode":"nothing"}`; `mode` could open a door, and never does.
 * It goes in the spelling in which the record came, n being its bytes and a NUL. Not confirmed on
 * hardware.
 *
 * | record | answer |
 * |---|---|
 * | `RTLOG002`, `RTLOG003` | the same 8 bytes, u32le n + 4, u32le n, text, NUL |
 * | `RTLOG001` | the same 8 bytes, u32le n, text, NUL |
 * | bare JSON | text |
 */

import { assertNever } from "#base/assert.ts";
import { CLOSE_SILENTLY, type Reply } from "#devices/driver.ts";
import type { Outcome } from "#domain/intake.ts";
import type { FrameForm } from "./frame.ts";

/** What an answer depends on. */
export interface AnswerTo {
  readonly form: FrameForm;
  /**
   * The JSON text of `log_id`; undefined where none can be read. The answer then names none: the
   * record is kept, and a terminal that can take such an answer at all goes on to its next record,
   * where silence would make it send this one for ever.
   */
  readonly logIdToken: string | undefined;
  /** Whether the connection ends with this answer. */
  readonly close: boolean;
}

/** Spells what became of a record: kept, or silence. */
export function encodeOutcome(outcome: Outcome, answer: AnswerTo): Reply {
  switch (outcome.kind) {
    case "stored":
    case "duplicate":
    case "quarantined":
      return { bytes: encodeAnswer(answer), close: answer.close };
    case "refused":
    case "failed":
      return CLOSE_SILENTLY;
    default:
      return assertNever(outcome);
  }
}

function encodeAnswer({ form, logIdToken }: AnswerTo): Uint8Array {
  const number = logIdToken === undefined ? "" : `"log_id":${logIdToken},`;
  const text = `{${number}"result":"OK","mode":"nothing"}`;
  if (form === "bare") return Buffer.from(text);
  const body = Buffer.from(`${text}\0`);
  const lengths = form === "RTLOG001" ? [body.length] : [body.length + 4, body.length];
  return Buffer.concat([Buffer.from(form), ...lengths.map(u32), body]);
}

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
