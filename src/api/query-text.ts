/**
 * Query parameters read from their text. The framework hands every parameter over as text and
 * checks nothing, because its own checks of numbers are lost in some builds of the executable;
 * what a parameter is documented as is said beside its schema with `documentedAs`.
 */

import { t } from "elysia";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { ApiFailure } from "./errors.ts";

/** What the OpenAPI document says of a parameter, in the words of JSON Schema. */
type DocumentedSchema = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** An optional query parameter: received as text, documented as `documentedAs`. */
export function queryParameter(description: string, documentedAs: DocumentedSchema) {
  return t.Optional(t.String({ description, documentedAs }));
}

/**
 * A whole number as the original server read one: signs and spaces around it pass, and what does
 * not parse counts as absent, which is null here and below, as `URLSearchParams` has it.
 */
export function lenientInteger(text: string | null): bigint | undefined {
  if (text === null || text.length > 40 || !/^\s*[+-]?\d+\s*$/.test(text)) return undefined;
  return BigInt(text.trim().replace(/^\+/, ""));
}

/** `true`, `1` or `yes`, in any case. */
export function lenientFlag(text: string | null): boolean {
  return /^(true|1|yes)$/i.test(text ?? "");
}

/** An empty parameter is an absent one, as for the original server. */
export function nonEmpty(text: string | null): string | undefined {
  return text === null || text === "" ? undefined : text;
}

/**
 * The parameters of a request to `/v1/`, each given at most once, never empty, and all of them
 * among `known`.
 * @throws ApiFailure `parameter-unknown` or `parameter-invalid`, naming them.
 */
export function strictParameters<Name extends string>(
  requestUrl: string,
  known: readonly Name[],
): ReadonlyMap<Name, string> {
  const given = new Map<Name, string>();
  const unknown = new Set<string>();
  for (const [name, text] of new URL(requestUrl).searchParams) {
    const knownName = known.find((candidate) => candidate === name);
    if (knownName === undefined) unknown.add(name.slice(0, 100));
    else if (text === "" || given.has(knownName)) throw invalid(knownName, "is empty or repeated");
    else given.set(knownName, text);
  }
  if (unknown.size === 0) return given;
  const names = [...unknown].slice(0, 20);
  const list = names.map((name) => `"${name}"`).join(", ");
  throw new ApiFailure("parameter-unknown", `Unknown query parameters: ${list}`, {
    parameters: names,
  });
}

/**
 * A whole number between `range.min` and `range.max`; `range.fallback` when absent.
 * @throws ApiFailure `parameter-invalid`.
 */
export function strictInteger(
  name: string,
  text: string | undefined,
  range: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  if (text === undefined) return range.fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw invalid(name, `is not a whole number from ${range.min} to ${range.max}`);
}

/** In a query a `+` means a space, so an offset that was not escaped arrives with one. */
const RFC3339 = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+ -]\d\d:\d\d)$/i;

/**
 * An RFC 3339 time with an offset; undefined when absent. Fractions below a millisecond are dropped.
 * @throws ApiFailure `parameter-invalid`.
 */
export function strictInstant(name: string, text: string | undefined): EpochMs | undefined {
  if (text === undefined) return undefined;
  const instantMs = parseInstant(text);
  if (instantMs !== undefined) return instantMs;
  throw invalid(name, "is not an RFC 3339 time with an offset, such as 2026-03-02T08:15:04+08:00");
}

/** The same of a text that is no parameter; undefined where it is no such time. */
export function parseInstant(text: string): EpochMs | undefined {
  const [, date = "", time = "", offset = ""] = RFC3339.exec(text) ?? [];
  const instantMs = Date.parse(`${date}T${time}${offset.replace(" ", "+").toUpperCase()}`);
  const isTime = date !== "" && !Number.isNaN(instantMs) && dayExists(date);
  return isTime ? epochMs(instantMs) : undefined;
}

/**
 * One of a few words; undefined when absent.
 * @throws ApiFailure `parameter-invalid`.
 */
export function strictWord<Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly Word[],
): Word | undefined {
  if (text === undefined) return undefined;
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw invalid(name, `is not one of ${words.join(", ")}`);
}

/**
 * Some of a few words, with commas between them; undefined when absent.
 * @throws ApiFailure `parameter-invalid`.
 */
export function strictWords<Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly Word[],
): readonly Word[] | undefined {
  return text?.split(",").flatMap((word) => strictWord(name, word, words) ?? []);
}

/** `Date.parse` takes 31 February for 3 March. */
function dayExists(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}

function invalid(name: string, problem: string): ApiFailure {
  return new ApiFailure("parameter-invalid", `Query parameter "${name}" ${problem}`, {
    parameters: [name],
  });
}
