/**
 * What may be shown of a record that could not be understood: the short values of fields that tell
 * who, when and how; of all others the name and how long they are. Templates, photos, cards and
 * passwords stand in neither. Pure.
 */

/** Of more fields nothing is told. */
const FIELDS_MAX = 60;
const VALUE_LENGTH_MAX = 128;
/** A field of JSON, whole or not: its name, and a string (perhaps cut off), a word, or a list. */
const JSON_FIELD =
  /"([\w.-]{1,40})"\s*:\s*(?:"((?:[^"\\]|\\.)*)"?|(-?\d[\w.+-]*|true|false|null)|(\[))/gs;
/** A field of a form, or of what stands in braces inside it. */
const FORM_FIELD = /(?:^|[&{,])([A-Za-z_][\w.-]{0,39})[=:]([^&{},]*)(?=[&,}]|$)/g;
/** All that does not print as itself. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** A line for each field, in their order; a line that says so where none can be told. */
export function previewText(text: string, shownFields: ReadonlySet<string>): string {
  const found = [...fieldsOf(text)];
  if (found.length === 0) return "No field can be told in it";
  const lines = found
    .slice(0, FIELDS_MAX)
    .map(({ name, value }) => `${name}: ${shownValue(value, shownFields.has(name))}`);
  const more = found.length - FIELDS_MAX;
  return [...lines, ...(more > 0 ? [`(${more} more fields, not shown)`] : [])].join("\n");
}

interface Field {
  readonly name: string;
  /** Undefined for a list. */
  readonly value: string | undefined;
}

function* fieldsOf(text: string): Generator<Field, void, void> {
  let isJson = false;
  for (const [, name = "", string, word] of text.matchAll(JSON_FIELD)) {
    isJson = true;
    yield { name, value: string ?? word };
  }
  if (isJson) return;
  for (const [, name = "", value] of text.matchAll(FORM_FIELD)) yield { name, value };
}

function shownValue(value: string | undefined, isShown: boolean): string {
  if (value === undefined) return "(a list, not shown)";
  if (!isShown || value.length > VALUE_LENGTH_MAX) {
    return `(${value.length} characters, not shown)`;
  }
  return value.replace(HIDDEN, (hidden) => `\\u{${(hidden.codePointAt(0) ?? 0).toString(16)}}`);
}
