/**
 * What a terminal's own direction codes say: in, out, or nothing. The same number means other things
 * to other libraries and brands (fkweb.md 8), so an operator may say for one terminal how its codes
 * are to be read; "unknown" is a legal reading. Pure, over the codes' decimal text.
 */

import { fail, ok, type Result } from "#base/result.ts";
import type { Direction } from "./punch.ts";

/**
 * A table by name. `older`: 0 is out, 1 is in (the first HS100, HS101 and HS104). `newer`: odd is in,
 * even is out up to 8, 0 says nothing. `packed`: the side of the reader in bits 28 to 31; where it
 * tells none, the key in bits 24 to 27, odd in and even out up to 6.
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
const PLAIN_KEY_MAX = 8;
const PACKED_KEY_MAX = 6;
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
 * says. Without `codes` the library decides: 0 of a plain one says nothing, since it is out to some
 * and no direction to others, and HS101 alone has more than 1 (fkweb.md 8.1). A list names a code as it was sent, or, of a
 * packed one, the number of its key.
 */
export function toldDirection(
  told: ToldCode,
  codes: DirectionCodes | undefined,
): Direction | undefined {
  const value = readCode(told.code);
  if (value === undefined) return readWord(told.code);
  const form = formOf(value, told.library);
  const reading = codes?.reading ?? form;
  switch (reading) {
    case "older":
      return value === 0 ? "out" : value === 1 ? "in" : undefined;
    case "plain":
      return value === 1 ? "in" : undefined;
    case "newer":
    case "keyed":
      return byParity(value, PLAIN_KEY_MAX);
    case "packed":
      return readPacked(value);
    case "low-byte":
      return byParity(value & 0xff, PACKED_KEY_MAX);
    case "unknown":
      return undefined;
    default: {
      const key = keyOf(value, form);
      return reading.has(value) || key === undefined ? reading.get(value) : reading.get(key);
    }
  }
}

/**
 * How a code is laid out. `keyed`: plain, with keys above 1. RealSvr has its key in the low byte
 * (fkweb.md 8.2). `unknown`: nobody says what the numbers of this library mean.
 */
type CodeForm = "plain" | "keyed" | "packed" | "low-byte" | "unknown";

function formOf(value: number, library: string | undefined): CodeForm {
  const name = (library ?? "").toUpperCase();
  if (name === "RTLOG") return "low-byte";
  if (value >= PACKED_MIN || /HS10[235]$/.test(name)) return "packed";
  if (name.endsWith("HS101")) return "keyed";
  return /HS10[04]$/.test(name) ? "plain" : "unknown";
}

function keyOf(value: number, form: CodeForm): number | undefined {
  if (form === "packed") return (value >>> 24) & 0xf;
  return form === "low-byte" ? value & 0xff : undefined;
}

function readPacked(value: number): Direction | undefined {
  const side = value >>> 28;
  if (side === 1) return "in";
  return side === 2 ? "out" : byParity((value >>> 24) & 0xf, PACKED_KEY_MAX);
}

function byParity(key: number, keyMax: number): Direction | undefined {
  if (key === 0 || key > keyMax) return undefined;
  return key % 2 === 1 ? "in" : "out";
}

/** A 32-bit number, unsigned even where a terminal wrote it with a sign. */
function readCode(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  if (value < -(2 ** 31) || value > CODE_MAX) return undefined;
  return value < 0 ? value + CODE_MAX + 1 : value;
}

/** Clones write the direction as a word. */
function readWord(text: string | undefined): Direction | undefined {
  const word = text?.trim().toLowerCase();
  return word === "in" || word === "out" ? word : undefined;
}

function malformed(entry: string): DirectionCodesError {
  const shown = JSON.stringify(entry.slice(0, QUOTED_LENGTH_MAX));
  const wanted = `a list such as 1=in,2=out,0=unknown, or one of ${PRESETS.join(", ")}`;
  return { code: "malformed", reason: `${shown} says nothing of a code: wanted is ${wanted}` };
}
