/**
 * How an event is spelled in one line of the log. Pure.
 */

/** Values beside an event. Text from outside is escaped by the log itself. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** How important an event is, the most important first. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** Every level, the most important first. */
export const LOG_LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

/** Longest text of one value, in UTF-16 units; what is cut off is counted behind it. */
const VALUE_LENGTH_MAX = 512;
/** Texts of these letters need no quotes. */
const PLAIN = /^[A-Za-z0-9_./:@%+,*-]+$/;
/**
 * Quote and backslash, and all that a terminal would not print as itself: control and formatting
 * characters, unassigned and private ones, lone surrogates, separators but the plain blank.
 */
const ESCAPED = /["\\]|[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** Severities of RFC 5424, as `sd-daemon(3)` reads them at the beginning of a line. */
const JOURNAL_PRIORITIES: Readonly<Record<LogLevel, number>> = {
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
};
const COLOURS: Readonly<Record<LogLevel, number>> = { error: 31, warn: 33, info: 32, debug: 90 };

/** One event. */
export interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

/** With the priority that the journal takes from the line; the journal adds the time itself. */
export function journalLine({ level, event, fields }: LogLine): string {
  return `<${JOURNAL_PRIORITIES[level]}>${event}${encodeFields(fields)}\n`;
}

/** With the time (UTC, RFC 3339) and the level in words. */
export function plainLine(line: LogLine, time: string, colour: boolean): string {
  const level = line.level.padEnd(5);
  const shown = colour ? `\u001b[${COLOURS[line.level]}m${level}\u001b[0m` : level;
  return `${time} ${shown} ${line.event}${encodeFields(line.fields)}\n`;
}

function encodeFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? encodeText(value) : value}`)
    .join("");
}

function encodeText(text: string): string {
  if (text.length <= VALUE_LENGTH_MAX && PLAIN.test(text)) return text;
  const shown = text.slice(0, VALUE_LENGTH_MAX).replace(ESCAPED, escapeCharacter);
  const cut = text.length - VALUE_LENGTH_MAX;
  return cut > 0 ? `"${shown}"...+${cut}` : `"${shown}"`;
}

function escapeCharacter(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return SHORT_ESCAPES[character] ?? `\\u{${code}}`;
}
