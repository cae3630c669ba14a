/**
 * The makes of terminals that can be simulated, as data: how each speaks, spells and misbehaves. The
 * traits are those that the protocol document reports; which of them meet in one make is not.
 */

import type { Terminator } from "./framed-body.ts";
import type { HeadStyle } from "./request-head.ts";

/** The protocol variants of section 1 that can be simulated. */
export const DIALECTS = ["D2", "D3", "D4", "D6", "R"] as const;

/** One of `DIALECTS`. */
export type DialectName = (typeof DIALECTS)[number];

/** The libraries that name the forms of codes and records (sections 8 to 10). */
export type Library =
  | "FKDataHS100"
  | "FKDataHS101"
  | "FKDataHS102"
  | "FKDataHS103"
  | "FKDataHS105"
  | "FKDataHS200"
  | "M50";

/** How a terminal spells what it sends. */
export type Wire =
  | {
      readonly protocol: "framed";
      readonly style: HeadStyle;
      readonly terminator: Terminator;
      /** `own`: user first. `m50`: as D4, with privileges as numbers. */
      readonly keyOrder: "alphabetical" | "own" | "m50";
      /** A longer body is sent in blocks of this size (section 5). */
      readonly blockBytesMax: number;
    }
  | { readonly protocol: "aidata"; readonly style: HeadStyle }
  | { readonly protocol: "rtlog"; readonly frame: RtlogFrame };

/** The three frames of the raw TCP protocol, and one JSON object without any. */
export type RtlogFrame = "RTLOG001" | "RTLOG002" | "RTLOG003" | "bare";

/** What a terminal does with commands beside what it should (section 7). */
export interface CommandQuirks {
  /** `log_count` and `one_log_size` are strings. */
  readonly logNumbersAsText: boolean;
  /** A deleted user is answered with `Error`. */
  readonly deleteAnswersError: boolean;
  /** An unknown command has no result at all; else it is answered as not supported. */
  readonly ignoresUnknown: boolean;
  /** The user list leaves out who has no credential. */
  readonly listsOnlyEnrolled: boolean;
  /** Users are pushed again, other ones too, after one was set. */
  readonly reindexesAfterSet: boolean;
  /** A longer name is cut. */
  readonly nameCharsMax: number;
}

/** One make of terminal. */
export interface TerminalModel {
  readonly dialect: DialectName;
  readonly library: Library;
  readonly wire: Wire;
  /** Codes of an ordinary punch, a card at an entrance, in the form of the library (section 8). */
  readonly ioModeCode: number;
  readonly verifyModeCode: number;
  /** How the live feed spells a user's number; the records spell the number itself. */
  readonly spellUserId: (userNumber: number) => string;
  readonly quirks: CommandQuirks;
}

const PLAIN_CODES = { ioModeCode: 1, verifyModeCode: 3 };
/** Status index 1 and one nibble for the card (section 8.2). */
const PACKED_CODES = { ioModeCode: 0x01000000, verifyModeCode: 0x30000000 };
const USUAL_BLOCK_BYTES = 8192;

const USUAL_STYLE: HeadStyle = {
  path: "/",
  transactionHeader: "trans_id",
  spaceAfterColon: true,
  deviceModel: undefined,
};
const USUAL_WIRE: Wire & { readonly protocol: "framed" } = {
  protocol: "framed",
  style: USUAL_STYLE,
  terminator: "\n\0",
  keyOrder: "alphabetical",
  blockBytesMax: USUAL_BLOCK_BYTES,
};
const NO_QUIRKS: CommandQuirks = {
  logNumbersAsText: false,
  deleteAnswersError: false,
  ignoresUnknown: false,
  listsOnlyEnrolled: false,
  reindexesAfterSet: false,
  nameCharsMax: 15,
};
const F80: TerminalModel = {
  dialect: "D2",
  library: "FKDataHS101",
  wire: USUAL_WIRE,
  ...PLAIN_CODES,
  spellUserId: String,
  quirks: NO_QUIRKS,
};

/** Every make by name. */
export const MODELS = {
  f80: F80,
  ws535: {
    ...F80,
    wire: {
      ...USUAL_WIRE,
      style: { ...USUAL_STYLE, path: "//", spaceAfterColon: false },
      terminator: "\0",
      keyOrder: "own",
    },
    // The live feed fills with zeros what the record holds as a number.
    spellUserId: (userNumber: number) => String(userNumber).padStart(8, "0"),
    quirks: {
      ...NO_QUIRKS,
      logNumbersAsText: true,
      deleteAnswersError: true,
      listsOnlyEnrolled: true,
      nameCharsMax: 8,
    },
  },
  revo: {
    ...F80,
    library: "FKDataHS103",
    ...PACKED_CODES,
    spellUserId: (userNumber: number) => `E-${String(userNumber).padStart(4, "0")}`,
    quirks: { ...NO_QUIRKS, ignoresUnknown: true, reindexesAfterSet: true },
  },
  hs105: { ...F80, library: "FKDataHS105", ...PACKED_CODES },
  hs100: { ...F80, library: "FKDataHS100" },
  hs200: { ...F80, library: "FKDataHS200" },
  bm70w: {
    ...F80,
    dialect: "D3",
    library: "FKDataHS102",
    wire: {
      ...USUAL_WIRE,
      style: { ...USUAL_STYLE, path: "/hdata.aspx", transactionHeader: "cmd_id" },
    },
    ...PACKED_CODES,
  },
  m82: {
    ...F80,
    dialect: "D4",
    library: "M50",
    wire: {
      ...USUAL_WIRE,
      style: { ...USUAL_STYLE, path: "absolute" },
      terminator: "",
      keyOrder: "m50",
    },
    spellUserId: (userNumber: number) => String(userNumber).padStart(8, "0"),
  },
  r6: {
    ...F80,
    dialect: "D6",
    wire: {
      protocol: "aidata",
      style: { ...USUAL_STYLE, path: "/AIData.aspx", deviceModel: "R6" },
    },
  },
  realsvr: { ...F80, dialect: "R", wire: { protocol: "rtlog", frame: "RTLOG001" } },
  realsvr2: { ...F80, dialect: "R", wire: { protocol: "rtlog", frame: "RTLOG002" } },
  realsvr3: { ...F80, dialect: "R", wire: { protocol: "rtlog", frame: "RTLOG003" } },
  realsvr0: { ...F80, dialect: "R", wire: { protocol: "rtlog", frame: "bare" } },
} as const satisfies Readonly<Record<string, TerminalModel>>;

/** The name of a make. */
export type ModelName = keyof typeof MODELS;

/** The make that stands for a dialect where nothing else is asked for. */
export const DIALECT_MODELS: Readonly<Record<DialectName, ModelName>> = {
  D2: "f80",
  D3: "bm70w",
  D4: "m82",
  D6: "r6",
  R: "realsvr",
};
