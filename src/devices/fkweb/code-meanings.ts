/**
 * What the codes of a punch mean (fkweb.md 8), for whoever reads it. Codes are stored as they were
 * sent; their meaning depends on the library they belong to, so it is looked up on reading and may be
 * nothing: an unknown code stays the number it is.
 *
 * | form | libraries | code |
 * |---|---|---|
 * | plain | HS100, HS101, HS104, HS200 | a small number, in the tables below |
 * | packed | HS102, HS103, HS105, and any code from 0x01000000 up | 32 bits, unsigned |
 * | words | clones, D1 and D6 | `Face`, `["FP","IDCARD"]`, `IN` |
 *
 * Packed verification: nibbles from bit 31 down, up to the first 0. Packed direction: bits 0–23 door
 * event, 24–27 key, 28–31 side of the reader (1 in, 2 out).
 */

import type { Direction } from "#domain/punch.ts";

/** How somebody proved who they are. */
export type VerifyMethod =
  | "fingerprint"
  | "password"
  | "card"
  | "face"
  | "vein"
  | "iris"
  | "palm"
  | "voice"
  | "job-number";

/** What happened to the door. */
export type DoorEvent =
  | "closed"
  | "opened-by-hand"
  | "opened-by-computer"
  | "closed-by-computer"
  | "opened-illegally"
  | "closed-illegally"
  | "cover-opened"
  | "cover-closed"
  | "opened"
  | "opened-under-threat"
  | "forced-open"
  | "forced-closed"
  | "fire";

/** What a direction code says; nothing of it where the code is not known. */
export interface DirectionMeaning {
  /**
   * In or out, as the terminal understands it: a hint. Most terminals send what is set in their menu,
   * whichever way a person goes (8.2).
   */
  readonly direction: Direction | undefined;
  /** The function key, 1 to 15: 1 in, 2 out, 3 and 4 break, 5 and 6 overtime. */
  readonly keyNumber: number | undefined;
  readonly doorEvent: DoorEvent | undefined;
}

/** A code and the library it belongs to, as sent. */
export interface CodeInLibrary {
  readonly code: string | undefined;
  readonly codeLibrary: string | undefined;
}

const PACKED_LIBRARIES: ReadonlySet<string> = new Set([
  "fkdatahs102",
  "fkdatahs103",
  "fkdatahs105",
]);
const PLAIN_LIBRARIES: ReadonlySet<string> = new Set([
  "fkdatahs100",
  "fkdatahs101",
  "fkdatahs104",
  "fkdatahs200",
]);
/** HS101 alone has keys above 1; of HS200 no source tells what its numbers mean (8.1). */
const KEYED_LIBRARY = "fkdatahs101";
const UNTOLD_LIBRARY = "fkdatahs200";
const PACKED_CODE_MIN = 0x0100_0000;
const CODE_MAX = 0xffff_ffff;
const SIGNED_CODE_MIN = -0x8000_0000;
const NUMBER_PATTERN = /^-?\d{1,10}$/;
const WORDS_LENGTH_MAX = 100;
/** Keys of 8.1 and 8.2 come in pairs: odd is in, even is out. */
const PAIRED_KEY_MAX = 8;
const NO_METHODS: readonly VerifyMethod[] = [];
const NO_MEANING: DirectionMeaning = {
  direction: undefined,
  keyNumber: undefined,
  doorEvent: undefined,
};

/** 8.1. Of 41 to 47 the sheet says only that they are palm and something else. */
const PLAIN_METHODS: ReadonlyMap<number, readonly VerifyMethod[]> = new Map([
  [1, ["fingerprint"]],
  [2, ["password"]],
  [3, ["card"]],
  [4, ["fingerprint", "password"]],
  [5, ["fingerprint", "card"]],
  [6, ["password", "fingerprint"]],
  [7, ["card", "fingerprint"]],
  [8, ["job-number"]],
  [9, ["card", "password"]],
  [20, ["face"]],
  [21, ["face", "card"]],
  [22, ["face", "password"]],
  [23, ["card", "face"]],
  [24, ["password", "face"]],
  [25, ["face", "fingerprint"]],
  [26, ["fingerprint", "face"]],
  [30, ["vein"]],
  [31, ["vein", "card"]],
  [32, ["vein", "password"]],
  [33, ["card", "vein"]],
  [34, ["password", "vein"]],
  [40, ["palm"]],
  [0x89, ["password", "card"]],
]);

/** 8.2: the kinds of a nibble, from 1. */
const PACKED_METHODS: readonly VerifyMethod[] = [
  "fingerprint",
  "password",
  "card",
  "face",
  "vein",
  "iris",
  "palm",
  "voice",
];

/** 8.2: the door events, from 1. */
const DOOR_EVENTS: readonly DoorEvent[] = [
  "closed",
  "opened-by-hand",
  "opened-by-computer",
  "closed-by-computer",
  "opened-illegally",
  "closed-illegally",
  "cover-opened",
  "cover-closed",
  "opened",
  "opened-under-threat",
  "forced-open",
  "forced-closed",
  "fire",
];

const METHOD_WORDS: ReadonlyMap<string, VerifyMethod> = new Map([
  ["FP", "fingerprint"],
  ["FINGER", "fingerprint"],
  ["FINGERPRINT", "fingerprint"],
  ["PWD", "password"],
  ["PASSWORD", "password"],
  ["CARD", "card"],
  ["IDCARD", "card"],
  ["FACE", "face"],
  ["VEIN", "vein"],
  ["IRIS", "iris"],
  ["PALM", "palm"],
  ["VOICE", "voice"],
]);

const DIRECTION_WORDS: ReadonlyMap<string, Direction> = new Map([
  ["IN", "in"],
  ["OUT", "out"],
]);

/** The methods of a verification code, in the order in which they were used; empty: unknown. */
export function readVerifyMethods({ code, codeLibrary }: CodeInLibrary): readonly VerifyMethod[] {
  const number = readNumber(code);
  if (number === undefined) return readMethodWords(code ?? "");
  switch (formOf(number, codeLibrary)) {
    case "packed":
      return readNibbles(number);
    case "plain":
      return PLAIN_METHODS.get(number) ?? NO_METHODS;
    default:
      return NO_METHODS;
  }
}

/** What a direction code says. */
export function readDirectionMeaning({ code, codeLibrary }: CodeInLibrary): DirectionMeaning {
  const number = readNumber(code);
  if (number === undefined) {
    return { ...NO_MEANING, direction: DIRECTION_WORDS.get(code?.trim().toUpperCase() ?? "") };
  }
  switch (formOf(number, codeLibrary)) {
    case "packed":
      return readPackedDirection(number);
    case "plain":
      return readPlainDirection(number, codeLibrary?.toLowerCase());
    default:
      return NO_MEANING;
  }
}

/** The safe classifier of 8.3. */
function formOf(code: number, codeLibrary: string | undefined): "packed" | "plain" | "unknown" {
  const library = codeLibrary?.toLowerCase() ?? "";
  if (PACKED_LIBRARIES.has(library) || code >= PACKED_CODE_MIN) return "packed";
  return PLAIN_LIBRARIES.has(library) ? "plain" : "unknown";
}

/** A 32-bit number, unsigned even where a terminal wrote it with a sign; undefined for any other text. */
function readNumber(code: string | undefined): number | undefined {
  if (code === undefined || !NUMBER_PATTERN.test(code)) return undefined;
  const number = Number(code);
  if (number < SIGNED_CODE_MIN || number > CODE_MAX) return undefined;
  return number < 0 ? number + CODE_MAX + 1 : number;
}

function readNibbles(code: number): readonly VerifyMethod[] {
  const methods: VerifyMethod[] = [];
  for (let shift = 28; shift >= 0; shift -= 4) {
    const kind = (code >>> shift) & 0xf;
    if (kind === 0) break;
    const method = PACKED_METHODS[kind - 1];
    if (method === undefined) return NO_METHODS;
    methods.push(method);
  }
  return methods;
}

/** `Face`, `Card+Face`, `["FP","IDCARD"]`; one word that is not known makes the whole unknown. */
function readMethodWords(text: string): readonly VerifyMethod[] {
  if (text.length > WORDS_LENGTH_MAX) return NO_METHODS;
  const words = text.toUpperCase().match(/[A-Z]+|[^A-Z[\]",+&\s]+/g) ?? [];
  const methods: VerifyMethod[] = [];
  for (const word of words) {
    const method = METHOD_WORDS.get(word);
    if (method === undefined) return NO_METHODS;
    methods.push(method);
  }
  return methods;
}

function readPackedDirection(code: number): DirectionMeaning {
  const keyNumber = (code >>> 24) & 0xf || undefined;
  return {
    direction: readSide(code >>> 28) ?? readKey(keyNumber, 6),
    keyNumber,
    doorEvent: DOOR_EVENTS[(code & 0x00ff_ffff) - 1],
  };
}

function readPlainDirection(code: number, library: string | undefined): DirectionMeaning {
  // 0 is OUT to some, and no direction at all to others (8.1).
  if (library === UNTOLD_LIBRARY || code === 0) return NO_MEANING;
  const keyMax = library === KEYED_LIBRARY ? PAIRED_KEY_MAX : 1;
  const direction = readKey(code, keyMax);
  return { ...NO_MEANING, direction, keyNumber: direction === undefined ? undefined : code };
}

function readSide(side: number): Direction | undefined {
  if (side === 1) return "in";
  return side === 2 ? "out" : undefined;
}

function readKey(key: number | undefined, keyMax: number): Direction | undefined {
  if (key === undefined || key > keyMax) return undefined;
  return key % 2 === 1 ? "in" : "out";
}
