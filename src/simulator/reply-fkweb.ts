/**
 * Reads the server's FKWeb reply as strictly as the least tolerant terminal: what such a terminal
 * would not take as an acknowledgement is none here either. Pure; holds no socket.
 */

/** A complete reply. */
export interface FkwebReply {
  /** True only for the exact, lower-case header `response_code` with the value `OK` (section 0). */
  readonly acknowledges: boolean;
  /** True when the server keeps the connection open for another request. */
  readonly keepsOpen: boolean;
}

const HEAD_END = "\r\n\r\n";
/** Case counts: firmware exists that does not know `Response_code` (section 0.3). */
const RESPONSE_CODE = /\r\nresponse_code:[ \t]*([^\r]*)\r\n/;
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*(\d+)\r\n/i;
const CONNECTION = /\r\nconnection:[ \t]*([^\r]*)\r\n/i;

/**
 * Reads the bytes received so far, as Latin-1 text. `ended` says that the server closed its side.
 * Returns undefined while more is needed; at the end also for a reply that was cut off.
 */
export function readReply(received: string, ended: boolean): FkwebReply | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = received.slice(0, headEnd + 2);
  const bodyBytes = CONTENT_LENGTH.exec(head)?.[1];
  if (bodyBytes === undefined) {
    // A body without a length ends where the connection ends.
    if (!ended) return undefined;
  } else if (received.length < headEnd + HEAD_END.length + Number(bodyBytes)) {
    return undefined;
  }
  const connection = CONNECTION.exec(head)?.[1]?.toLowerCase();
  const keepsOpenByDefault = head.startsWith("HTTP/1.1");
  return {
    acknowledges: RESPONSE_CODE.exec(head)?.[1] === "OK",
    keepsOpen:
      !ended && (keepsOpenByDefault ? connection !== "close" : connection === "keep-alive"),
  };
}
