/**
 * A small language for the form of a JSON value, exact in its keys: what a table of the contract
 * says of an answer is written down as it stands there. `{ total: int, "results?": [text] }` is an
 * object with `total`, perhaps `results`, and nothing else.
 */

/** Says what is wrong with a value, or undefined. */
export type Check = (value: unknown) => string | undefined;

/**
 * A check, a fixed value, an object with exactly these fields (`?` behind a name: may be absent), a
 * list of one shape (`[shape]`).
 */
export type Shape =
  | Check
  | string
  | number
  | boolean
  | null
  | readonly [Shape]
  | { readonly [field: string]: Shape };

/** Everything that is wrong with `value`, each with its place; empty when it has the shape. */
export function findMismatches(value: unknown, shape: Shape, place = "$"): readonly string[] {
  if (typeof shape === "function") {
    const problem = shape(value);
    return problem === undefined ? [] : [`${place} ${problem}`];
  }
  if (isList(shape)) return findListMismatches(value, shape[0], place);
  if (typeof shape === "object" && shape !== null) {
    return findObjectMismatches(value, shape, place);
  }
  return value === shape ? [] : [`${place} is ${show(value)}, not ${show(shape)}`];
}

/** A whole number that JSON readers take exactly. */
export const int: Check = (value) =>
  Number.isSafeInteger(value) ? undefined : `is ${show(value)}, not a whole number`;

/** A number above zero. */
export const positive: Check = (value) =>
  typeof value === "number" && value > 0 ? undefined : `is ${show(value)}, not above zero`;

/** A text, perhaps empty. */
export const text: Check = (value) =>
  typeof value === "string" ? undefined : `is ${show(value)}, not a text`;

/** A text that says something. */
export const words: Check = (value) =>
  typeof value === "string" && value.trim() !== ""
    ? undefined
    : `is ${show(value)}, not a text that says something`;

/** true or false. */
export const flag: Check = (value) =>
  typeof value === "boolean" ? undefined : `is ${show(value)}, neither true nor false`;

/** A text of this form. */
export function matching(pattern: RegExp): Check {
  return (value) =>
    typeof value === "string" && pattern.test(value)
      ? undefined
      : `is ${show(value)}, not like ${pattern}`;
}

/** Any of these shapes. */
export function anyOf(...shapes: readonly Shape[]): Check {
  return (value) => {
    const problems = shapes.map((shape) => findMismatches(value, shape, ""));
    if (problems.some((found) => found.length === 0)) return undefined;
    return `fits none: ${problems.map((found) => found.join(", ")).join(" | ")}`;
  };
}

/** An object whose every value has this shape, whatever the keys. */
export function mapOf(shape: Shape): Check {
  return (value) => {
    if (!isObject(value)) return `is ${show(value)}, not an object`;
    const problems = Object.entries(value).flatMap(([name, field]) =>
      findMismatches(field, shape, `.${name}`),
    );
    return problems.length === 0 ? undefined : problems.join(", ");
  };
}

/** An object with at least these fields. */
export function atLeast(fields: { readonly [field: string]: Shape }): Check {
  return (value) => {
    if (!isObject(value)) return `is ${show(value)}, not an object`;
    const named = new Set(Object.keys(fields).map(nameOf));
    const known = Object.fromEntries(Object.entries(value).filter(([name]) => named.has(name)));
    const problems = findObjectMismatches(known, fields, "");
    return problems.length === 0 ? undefined : problems.join(", ");
  };
}

/** `YYYY-MM-DD HH:MM:SS`. */
export const timeText = matching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
/** 14 digits, as a terminal sends its time. */
export const wallTime = matching(/^\d{14}$/);
/** `YYYY-MM-DDTHH:MM:SS`, perhaps with a fraction and an offset. */
export const isoTime = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?$/);

function findListMismatches(value: unknown, shape: Shape, place: string): readonly string[] {
  if (!Array.isArray(value)) return [`${place} is ${show(value)}, not a list`];
  return value.flatMap((element, index) => findMismatches(element, shape, `${place}[${index}]`));
}

function findObjectMismatches(
  value: unknown,
  fields: { readonly [field: string]: Shape },
  place: string,
): readonly string[] {
  if (!isObject(value)) return [`${place} is ${show(value)}, not an object`];
  const named = new Set(Object.keys(fields).map(nameOf));
  const extra = Object.keys(value).filter((name) => !named.has(name));
  const problems = extra.map((name) => `${place}.${name} is there, and should not be`);
  for (const [spelled, shape] of Object.entries(fields)) {
    const name = nameOf(spelled);
    if (name in value) problems.push(...findMismatches(value[name], shape, `${place}.${name}`));
    else if (name === spelled) problems.push(`${place}.${name} is missing`);
  }
  return problems;
}

function nameOf(spelled: string): string {
  return spelled.replace(/\?$/, "");
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 200) ?? String(value);
}
