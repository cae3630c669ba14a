/**
 * How much of a code the records of a terminal's log keep: their fields are narrower than the live
 * feed's (fkweb.md 9). Of 0x89, password and card, a record of HS100 has the low 6 bits alone. Pure.
 */

import type { CodeBits } from "./punch-identity.ts";

const WHOLE: CodeBits = {};
const BYTES: CodeBits = { directionCode: 8, verifyModeCode: 8 };
const PACKED: CodeBits = { workCode: 8 };
const BITS: ReadonlyMap<string, CodeBits> = new Map([
  ["fkdatahs100", { directionCode: 2, verifyModeCode: 6 }],
  ["fkdatahs200", { directionCode: 5, verifyModeCode: 6 }],
  ["fkdatahs101", BYTES],
  ["fkdatahs104", BYTES],
  ["fkdatahs102", PACKED],
  ["fkdatahs103", PACKED],
  ["fkdatahs105", PACKED],
]);

/** What a record keeps by the library that it names. */
export function recordCodeBits(codeLibrary: string | undefined): CodeBits {
  return BITS.get(codeLibrary?.toLowerCase() ?? "") ?? WHOLE;
}
