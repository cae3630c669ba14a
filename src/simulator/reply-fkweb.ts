/**
 * Reads the server's FKWeb reply as strictly as the least tolerant terminal: what such a terminal
 * would not take as an acknowledgement is none here either. Pure; holds no socket.
 */

import type { ServerCommand, TerminalReply } from "./dialect.ts";

/** A complete reply, and the transaction that it names. */
export interface FkwebReply extends TerminalReply {
  /** Value of `trans_id` or `cmd_id`; empty when there is none. */
  readonly transaction: string;
}

const HEAD_END = "\r\n\r\n";
/** Case counts: firmware exists that does not know `Response_code` (section 0.3). */
const RESPONSE_CODE = /\r\nresponse_code:[ \t]*([^\r]*)\r\n/;
const COMMAND_CODE = /\r\ncmd_code:[ \t]*([^\r]*)\r\n/;
const TRANSACTIONS = {
  trans_id: /\r\ntrans_id:[ \t]*([^\r]*)\r\n/,
  cmd_id: /\r\ncmd_id:[ \t]*([^\r]*)\r\n/,
};
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*(\d+)\r\n/i;
const CONNECTION = /\r\nconnection:[ \t]*([^\r]*)\r\n/i;

/**
 * Reads the bytes received so far, as Latin-1 text. `ended` says that the server closed its side.
 * Returns undefined while more is needed; at the end also for a reply that was cut off.
 * `transactionHeader` is the one name that this terminal knows.
 */
export function readReply(
  received: string,
  ended: boolean,
  transactionHeader: "trans_id" | "cmd_id" = "trans_id",
): FkwebReply | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = received.slice(0, headEnd + 2);
  const bodyStart = headEnd + HEAD_END.length;
  const length = CONTENT_LENGTH.exec(head)?.[1];
  // A body without a length ends where the connection ends.
  const bodyEnd = length === undefined ? received.length : bodyStart + Number(length);
  if (length === undefined ? !ended : received.length < bodyEnd) return undefined;
  const connection = CONNECTION.exec(head)?.[1]?.toLowerCase();
  const keepsOpenByDefault = head.startsWith("HTTP/1.1");
  const responseCode = RESPONSE_CODE.exec(head)?.[1];
  const transaction = TRANSACTIONS[transactionHeader].exec(head)?.[1] ?? "";
  const acknowledges = responseCode === "OK";
  const commandCode = COMMAND_CODE.exec(head)?.[1] ?? "";
  const command: ServerCommand | undefined =
    acknowledges && commandCode !== ""
      ? {
          id: transaction,
          code: commandCode,
          body: Buffer.from(received.slice(bodyStart, bodyEnd), "latin1"),
        }
      : undefined;
  return {
    acknowledges,
    reboots: responseCode === "RESET_FK",
    command,
    transaction,
    keepsOpen:
      !ended && (keepsOpenByDefault ? connection !== "close" : connection === "keep-alive"),
  };
}
