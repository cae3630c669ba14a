/**
 * The members of a JSON object as they are spelled: numbers keep all their digits, strings their
 * escapes, and of a name that is given twice both values are told.
 */

/** A member of an object. */
export interface Member {
  /** Decoded. */
  readonly name: string;
  /** The value's own JSON text. */
  readonly token: string;
}

const BACKSLASH = "\\";

/**
 * Lists the members of `text` in their order, those of inner objects left out. `text` must be a JSON
 * object as `JSON.parse` accepts it, and nothing else.
 */
export function listMembers(text: string): readonly Member[] {
  const members: Member[] = [];
  let index = text.indexOf("{") + 1;
  for (;;) {
    index = skipTo(text, index, /["}]/g);
    if (text[index] !== '"') return members;
    const nameEnd = stringEnd(text, index);
    const start = skipTo(text, text.indexOf(":", nameEnd) + 1, /[^ \t\r\n]/g);
    const end = valueEnd(text, start);
    const name: unknown = JSON.parse(text.slice(index, nameEnd));
    members.push({ name: String(name), token: text.slice(start, end) });
    index = end;
  }
}

/** Where the next character of a set is; the end of the text when there is none. */
function skipTo(text: string, from: number, characters: RegExp): number {
  characters.lastIndex = from;
  return characters.exec(text)?.index ?? text.length;
}

/** Where a value ends that begins at `start`. */
function valueEnd(text: string, start: number): number {
  switch (text[start]) {
    case '"':
      return stringEnd(text, start);
    case "{":
    case "[":
      return containerEnd(text, start);
    default:
      return skipTo(text, start, /[,} \t\r\n]/g);
  }
}

function stringEnd(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === BACKSLASH ? 2 : 1;
  return index + 1;
}

/** Objects and lists close in the order in which they open, so one depth counts both. */
function containerEnd(text: string, start: number): number {
  let depth = 0;
  let index = start;
  while (index < text.length) {
    const character = text[index];
    if (character === '"') {
      index = stringEnd(text, index);
      continue;
    }
    if (character === "{" || character === "[") depth += 1;
    if (character === "}" || character === "]") depth -= 1;
    index += 1;
    if (depth === 0) return index;
  }
  return index;
}
