/**
 * Which protocol a connection speaks, judged by its first bytes. Pure: the byte cap and the
 * deadline of the question belong to `connection.ts`.
 */

import type { Driver, SniffAnswer } from "./driver.ts";

/** How many bytes of an unknown head an operator is shown. */
const SHOWN_BYTES_MAX = 32;

/** TLS record type 22 (handshake), then major version 3: RFC 8446 section 5.1. */
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR_VERSION = 0x03;

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

/** Is this a TLS client hello, which a terminal sends when HTTPS is switched on in its menu? */
export function sniffTls(head: Uint8Array): SniffAnswer {
  if (head[0] !== TLS_HANDSHAKE) return "no";
  if (head.length === 1) return "more";
  return head[1] === TLS_MAJOR_VERSION ? "yes" : "no";
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
