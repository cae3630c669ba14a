/**
 * Which protocol a connection speaks, judged by its first bytes. Pure: the byte cap and the
 * deadline of the question belong to `connection.ts`.
 */

import type { Driver } from "./driver.ts";

/** How many bytes of an unknown head an operator is shown. */
const SHOWN_BYTES_MAX = 32;

/** What terminals are known to speak that no driver does. */
export type ForeignProtocol = "tls" | "binary-realsvr";

/** How each begins. */
const FOREIGN_HEADS: readonly (readonly [ForeignProtocol, readonly [number, number]])[] = [
  // TLS record type 22 (handshake), then major version 3: RFC 8446 section 5.1.
  ["tls", [0x16, 0x03]],
  // A record of RealSvr before its JSON: a head of 16 bytes, then 52. As its vendor's receiver has it.
  ["binary-realsvr", [0x33, 0x99]],
];

/**
 * Returns the driver whose protocol `head` (at least one byte) begins, `more` while that is open,
 * or `none`. A driver is only chosen once all before it in the list have said no, so the answer
 * does not depend on how the bytes were cut into chunks.
 */
export function sniffDriver(
  drivers: readonly Driver[],
  head: Uint8Array,
): Driver | "more" | "none" {
  for (const driver of drivers) {
    const answer = driver.sniff(head);
    if (answer === "yes") return driver;
    if (answer === "more") return "more";
  }
  return "none";
}

/** Which foreign protocol `head` (at least one byte) begins, `more` while that is open, or `none`. */
export function sniffForeign(head: Uint8Array): ForeignProtocol | "more" | "none" {
  for (const [protocol, [first, second]] of FOREIGN_HEADS) {
    if (head[0] !== first) continue;
    if (head.length === 1) return "more";
    if (head[1] === second) return protocol;
  }
  return "none";
}

/** The first 32 bytes of a head for the log: in hex, and as ASCII with a dot for all other bytes. */
export function describeHead(head: Uint8Array): { readonly hex: string; readonly text: string } {
  const shown = head.subarray(0, SHOWN_BYTES_MAX);
  let hex = "";
  let text = "";
  for (const byte of shown) {
    hex += byte.toString(16).padStart(2, "0");
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  }
  return { hex, text };
}
