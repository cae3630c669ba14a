/**
 * JSON in the one form that can be rebuilt from its decoded value, so that a receiver may verify a
 * signature over the received bytes or over a re-encoding: Python's `json.dumps(sort_keys=True)`.
 * Writes only; it reads nothing.
 */

import { assert } from "#base/assert.ts";

/** What canonical JSON can spell. Numbers are safe integers. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/**
 * Encodes as ASCII with sorted keys and the separators `", "` and `": "` (contract 4.1).
 *
 * @throws AssertionError on a number that is not a safe integer: its text would differ by language.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return quote(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") {
    assert(Number.isSafeInteger(value), `Number ${value} has no canonical text`);
    // Adding 0 turns -0 into 0, as an integer has no negative zero.
    return String(value + 0);
  }
  if (isArray(value)) return `[${value.map(canonicalJson).join(", ")}]`;
  const members = Object.entries(value)
    .sort(([left], [right]) => compareCodePoints(left, right))
    .map(([key, member]) => `${quote(key)}: ${canonicalJson(member)}`);
  return `{${members.join(", ")}}`;
}

/** `Array.isArray` does not narrow readonly arrays. */
function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function quote(text: string): string {
  return `"${text.replace(/["\\]|[^ -~]/g, escapeUnit)}"`;
}

/** The pattern has no `u` flag: an astral character arrives as its two surrogates, one by one. */
function escapeUnit(unit: string): string {
  const code = unit.charCodeAt(0).toString(16).padStart(4, "0");
  return SHORT_ESCAPES.get(unit) ?? `\\u${code}`;
}

/**
 * Orders as Python sorts `str`. JavaScript compares UTF-16 units, which puts astral characters
 * (surrogates D800-DFFF) before U+E000-U+FFFF.
 */
function compareCodePoints(left: string, right: string): number {
  const rightPoints = right[Symbol.iterator]();
  for (const leftChar of left) {
    const next = rightPoints.next();
    if (next.done === true) return 1;
    const difference = (leftChar.codePointAt(0) ?? 0) - (next.value.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return rightPoints.next().done === true ? 0 : -1;
}
