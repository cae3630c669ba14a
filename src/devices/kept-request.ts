/**
 * The seam between what is kept raw and the protocols: a reader is what a driver makes of bytes that
 * it, or an earlier version of it, did not understand. It holds no database and decides nothing.
 */

import type { Intake, RawPunch } from "#domain/intake.ts";
import type { DecoderLimits } from "./driver.ts";

/** What is kept of a request, or of one record, with what is known of it. */
export interface KeptRequest {
  /** Undefined where even the sender is unknown. */
  readonly deviceIdText: string | undefined;
  /** Why it is kept, and for the operator. */
  readonly code: string;
  readonly reason: string;
  readonly bytes: Uint8Array;
  /** As the terminal calls its library; undefined while unknown. */
  readonly codeLibrary: string | undefined;
}

/** What the bytes say to the driver as it is. `no-punch`: they can be read, and are something else. */
export type Rereading =
  | {
      readonly kind: "punches";
      readonly deviceIdText: string;
      /** At least one. */
      readonly punches: readonly RawPunch[];
      /** Whether they are records of the terminal's own log. */
      readonly isOfLog: boolean;
    }
  | { readonly kind: "no-punch" }
  | { readonly kind: "unreadable"; readonly code: string; readonly reason: string };

export interface KeptReader {
  /** Name of the driver. */
  readonly driver: string;
  /** Reads the bytes once more. Pure; never throws. */
  reread(kept: KeptRequest, limits: DecoderLimits): Rereading;
  /** The record as text without its binaries, as far as it is text; at most `textBytesMax` bytes. */
  textOf(kept: KeptRequest, limits: DecoderLimits): string;
  /**
   * Names of fields that tell who, when and how, and never hold a template, a photo, a card or a
   * password: their short values may be shown.
   */
  readonly shownFields: ReadonlySet<string>;
}

/** Codes of the rules, which only ever look at a punch that was read. */
const OF_PUNCHES: ReadonlySet<string> = new Set([
  "no-user",
  "user-too-long",
  "no-time",
  "bad-time",
  "same-second",
]);

/** Whether the bytes were read as a punch, and the rules did not take it. */
export function wasPunch({ code, reason }: Pick<KeptRequest, "code" | "reason">): boolean {
  return OF_PUNCHES.has(code) || (code === "rule-failed" && reason.startsWith("punches: "));
}

/** The same of an intake: whatever it is, a rereading takes punches out of it and nothing else. */
export function rereadingOf(intake: Intake): Rereading {
  if (intake.kind === "unreadable") {
    const { code, reason } = intake;
    return { kind: "unreadable", code, reason };
  }
  if (intake.kind !== "punches" || intake.punches.length === 0) return { kind: "no-punch" };
  const { deviceId: deviceIdText, punches } = intake;
  return { kind: "punches", deviceIdText, punches, isOfLog: false };
}

const utf8 = new TextDecoder();

/** Bytes as text; what is no UTF-8 is marked. */
export function looseText(bytes: Uint8Array, bytesMax: number): string {
  return utf8.decode(bytes.subarray(0, bytesMax));
}
