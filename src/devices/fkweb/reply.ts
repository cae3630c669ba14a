/**
 * How an outcome is spelled to a terminal, byte for byte as example E1 of fkweb.md 14: protocol
 * header names in exact lower case (0.3), the acknowledgement in `response_code` (0.2), and no
 * bytes at all where the terminal has to keep its record (0.6). D1 looks for it in the body, so a
 * small one stands there as well.
 */

import { assertNever } from "#base/assert.ts";
import { CLOSE_SILENTLY, type Reply } from "#devices/driver.ts";
import { type HttpRequestHead, wantsKeepAlive } from "#devices/http-request.ts";
import type { Outcome } from "#domain/intake.ts";
import { type ResponseCode, responseCodeFor, SEND_COMMAND_RESULT } from "./codes.ts";
import type { FkwebFrame, TransactionHeader } from "./message.ts";

/** What becomes of the connection; kept open, it is answered in the client's version of HTTP. */
export type Persistence = "close" | "keep-1.0" | "keep-1.1";

/** A reply before it is spelled. */
export interface ReplyParts {
  /** `response_code`. */
  readonly code: ResponseCode;
  /** Whole lines behind it. */
  readonly headers?: readonly string[];
  readonly body?: Uint8Array;
  readonly persistence: Persistence;
}

/** The replies that depend on nothing in the request: nearly all that are ever sent. */
interface FixedReplies {
  readonly ok: Reply;
  readonly unknownRequestCode: Reply;
  readonly idle: Readonly<Record<TransactionHeader["name"], Reply>>;
}

/** The vendor's own database holds ids of 16 characters (fkweb.md 7). */
const ECHOED_PATTERN = /^[\x20-\x7e]{1,64}$/;
const FIXED_REPLIES: Readonly<Record<Persistence, FixedReplies>> = {
  close: fixedReplies("close"),
  "keep-1.0": fixedReplies("keep-1.0"),
  "keep-1.1": fixedReplies("keep-1.1"),
};

/** The answer to any other method than POST, by which terminals never send a record (fkweb.md 2). */
export const PROBE_REPLY: Reply = {
  bytes: Buffer.from("HTTP/1.0 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
  close: true,
};

/** Terminals close after each request; load generators and later firmware may ask to stay. */
export function persistenceOf(head: HttpRequestHead): Persistence {
  if (!wantsKeepAlive(head)) return "close";
  return head.version === "1.1" ? "keep-1.1" : "keep-1.0";
}

/** Spells what became of a request (fkweb.md 6.7). */
export function encodeOutcome(
  outcome: Outcome,
  frame: FkwebFrame,
  persistence: Persistence,
): Reply {
  switch (outcome.kind) {
    case "stored":
    case "duplicate":
    case "quarantined":
      return acknowledge(frame, persistence);
    case "refused":
    case "failed":
      return CLOSE_SILENTLY;
    default:
      return assertNever(outcome);
  }
}

/** The answer to a block that is not the last (fkweb.md 5): go on; nothing is stored. */
export function encodeBlockReply(frame: FkwebFrame, persistence: Persistence): Reply {
  return encodeReply("OK", frame.transaction, persistence);
}

/** Spells a reply with its headers in the order of examples E1 and E6. */
export function spellReply({ code, headers = [], body, persistence }: ReplyParts): Reply {
  const close = persistence === "close";
  const lines = [
    persistence === "keep-1.1" ? "HTTP/1.1 200 OK" : "HTTP/1.0 200 OK",
    "Content-Type: application/octet-stream",
    `response_code: ${code}`,
    ...headers,
    `Content-Length: ${body?.length ?? 0}`,
    close ? "Connection: close" : "Connection: keep-alive",
  ];
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return { bytes: body === undefined ? head : Buffer.concat([head, body]), close };
}

function acknowledge(frame: FkwebFrame, persistence: Persistence): Reply {
  const fixed = FIXED_REPLIES[persistence];
  const code = responseCodeFor(frame.requestCode, frame.dialect);
  if (frame.dialect === "form") return encodeFormReply(code, persistence);
  switch (code) {
    case "OK":
      // On `realtime_*` a transaction header would start a command on D6 (fkweb.md 6.2).
      return frame.requestCode === SEND_COMMAND_RESULT
        ? encodeReply("OK", frame.transaction, persistence)
        : fixed.ok;
    case "ERROR_NO_CMD":
      return fixed.idle[frame.transaction.name];
    case "ERROR_INVLAID_REQUEST_CODE":
      return fixed.unknownRequestCode;
    default:
      return assertNever(code);
  }
}

function fixedReplies(persistence: Persistence): FixedReplies {
  return {
    ok: encodeReply("OK", undefined, persistence),
    unknownRequestCode: encodeReply("ERROR_INVLAID_REQUEST_CODE", undefined, persistence),
    idle: {
      trans_id: encodeReply("ERROR_NO_CMD", { name: "trans_id", value: "" }, persistence),
      cmd_id: encodeReply("ERROR_NO_CMD", { name: "cmd_id", value: "" }, persistence),
    },
  };
}

/** With a transaction header goes a `cmd_code`, which is empty as long as no command is handed out. */
function encodeReply(
  code: ResponseCode,
  transaction: TransactionHeader | undefined,
  persistence: Persistence,
): Reply {
  if (transaction === undefined) return spellReply({ code, persistence });
  const value = ECHOED_PATTERN.test(transaction.value) ? transaction.value : "";
  return spellReply({
    code,
    headers: [`${transaction.name}: ${value}`, "cmd_code: "],
    persistence,
  });
}

/**
 * D1 reads the value of `result` in all that it got, 4096 bytes at most. It writes its own objects as
 * `{name:value}` (S10), and servers in the field answer `result=OK` (S13): both stand here, so that
 * whichever it looks for is there.
 */
function encodeFormReply(code: ResponseCode, persistence: Persistence): Reply {
  const body = Buffer.from(`{result:${code}}\r\nresult=${code}`);
  return spellReply({ code, body, persistence });
}
