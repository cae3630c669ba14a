/**
 * What a terminal's own direction codes say: in, out, or nothing. The same number means other things
 * to other libraries and brands (fkweb.md 8), so an operator may say for one terminal how its codes
 * are to be read; "unknown" is a legal reading. Pure, over the codes' decimal text.
 */

import { fail, ok, type Result } from "#base/result.ts";
import type { Direction } from "./punch.ts";

/**
 * A table by name. `older`: 0 is out, 1 is in (the first HS100, HS101 and HS104). `newer`: odd is in,
 * even is out, 0 says nothing. `packed`: the key in bits 24 to 27, odd in and even out up to 6; where
 * no key was pressed, the reader's direction in bits 28 to 31.
 */
const PRESETS = ["older", "newer", "packed"] as const;
type Preset = (typeof PRESETS)[number];

/** How the codes of one terminal are read. */
export interface DirectionCodes {
  /** As kept and shown: a table's name, or `0=out,1=in` in the order of the codes. */
  readonly text: string;
  readonly reading: Preset | ReadonlyMap<number, Direction | undefined>;
}

/** Why a text says nothing of codes, for whoever wrote it. */
export interface DirectionCodesError {
  readonly code: "malformed" | "repeated" | "too-many";
  readonly reason: string;
}

/** A code of a punch, as the terminal sent it. */
export interface ToldCode {
  readonly code: string | undefined;
  /** The table it belongs to, by the vendor's name (`FKDataHS101`). */
  readonly library: string | undefined;
}

const ENTRIES_MAX = 64;
const CODE_MAX = 0xffff_ffff;
/** What no plain code reaches, and every packed one that names a key or a reader (fkweb.md 8.3). */
const PACKED_MIN = 0x0100_0000;
const KEYS_MAX = 6;
const QUOTED_LENGTH_MAX = 60;

/** Reads `older`, `newer`, `packed`, or a list such as `1=in,2=out,0=unknown`. */
export function parseDirectionCodes(text: string): Result<DirectionCodes, DirectionCodesError> {
  const trimmed = text.trim().toLowerCase();
  const preset = PRESETS.find((name) => name === trimmed);
  if (preset !== undefined) return ok({ text: preset, reading: preset });
  const entries = trimmed.split(",").map((entry) => entry.trim());
  if (entries.length > ENTRIES_MAX) {
    const reason = `${entries.length} codes are given, at most ${ENTRIES_MAX} are accepted`;
    return fail({ code: "too-many", reason });
  }
  const meanings = new Map<number, Direction | undefined>();
  for (const entry of entries) {
    const [, digits = "", word = ""] = /^(\d{1,10})\s*=\s*(in|out|unknown)$/.exec(entry) ?? [];
    const code = Number(digits);
    if (word === "" || code > CODE_MAX) return fail(malformed(entry));
    if (meanings.has(code)) {
      return fail({ code: "repeated", reason: `Code ${code} is given more than once` });
    }
    meanings.set(code, word === "in" || word === "out" ? word : undefined);
  }
  const sorted = [...meanings].sort(([left], [right]) => left - right);
  const shown = sorted.map(([code, meaning]) => `${code}=${meaning ?? "unknown"}`).join(",");
  return ok({ text: shown, reading: new Map(sorted) });
}

/**
 * The direction that a terminal told, or undefined where its code says none or nobody knows what it
 * says. Without `codes` the library decides, and 0 of a plain library says nothing, since it is out
 * to some and no direction to others (fkweb.md 8.1). A list names a code as it was sent, or, of a
 * packed one, the number of its key.
 */
export function toldDirection(
  told: ToldCode,
  codes: DirectionCodes | undefined,
): Direction | undefined {
  const value = readCode(told.code);
  if (value === undefined) return undefined;
  const form = formOf(value, told.library);
  const reading = codes?.reading ?? (form === "plain" ? "newer" : form);
  switch (reading) {
    case "older":
      return value === 0 ? "out" : value === 1 ? "in" : undefined;
    case "newer":
      return byParity(value);
    case "packed":
      return readPacked(value);
    case "low-byte":
      return byParity(keyOf(value, "low-byte"));
    case "unknown":
      return undefined;
    default: {
      const key = keyOf(value, form);
      return reading.has(value) || key === undefined ? reading.get(value) : reading.get(key);
    }
  }
}

/** How a code is laid out: RealSvr's has its key in the low byte (fkweb.md 8.2). */
type CodeForm = "plain" | "packed" | "low-byte" | "unknown";

function formOf(value: number, library: string | undefined): CodeForm {
  const name = (library ?? "").toUpperCase();
  if (name === "RTLOG") return "low-byte";
  if (value >= PACKED_MIN || /HS10[235]$/.test(name)) return "packed";
  return /HS10[014]$/.test(name) ? "plain" : "unknown";
}

function keyOf(value: number, form: CodeForm): number | undefined {
  if (form === "packed") return (value >>> 24) & 0xf;
  return form === "low-byte" ? value & 0xff : undefined;
}

function readPacked(value: number): Direction | undefined {
  const key = (value >>> 24) & 0xf;
  if (key !== 0) return key <= KEYS_MAX ? byParity(key) : undefined;
  const reader = value >>> 28;
  return reader === 1 ? "in" : reader === 2 ? "out" : undefined;
}

function byParity(number: number | undefined): Direction | undefined {
  if (number === undefined || number === 0) return undefined;
  return number % 2 === 1 ? "in" : "out";
}

function readCode(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= CODE_MAX ? value : undefined;
}

function malformed(entry: string): DirectionCodesError {
  const shown = JSON.stringify(entry.slice(0, QUOTED_LENGTH_MAX));
  const wanted = `a list such as 1=in,2=out,0=unknown, or one of ${PRESETS.join(", ")}`;
  return { code: "malformed", reason: `${shown} says nothing of a code: wanted is ${wanted}` };
}
