/**
 * Looks into TypeScript sources without a parser: which modules a file names, and its code without
 * comments and texts. Knows as much of the language as that needs.
 */

/** A module that a file names. */
export interface NamedModule {
  readonly specifier: string;
  /** Counts from 1. */
  readonly line: number;
}

/** A source, taken apart. */
export interface SourceText {
  /** The same text with comments, and the insides of strings and regular expressions, blanked. */
  readonly code: string;
  /** Every import, type-only ones, dynamic ones and re-exports included. */
  readonly modules: readonly NamedModule[];
}

/** Takes a source apart. */
export function readSource(text: string): SourceText {
  const { code, strings } = blankOut(text);
  const modules = strings
    .filter(({ start }) => NAMES_MODULE.test(code.slice(Math.max(0, start - 40), start)))
    .map(({ start, value }) => ({ specifier: value, line: lineAt(text, start) }));
  return { code, modules };
}

/** The line of a position, counted from 1. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

/** What stands in front of a module's name. */
const NAMES_MODULE = /\b(?:from|import)\s*$|\b(?:import|require)\s*\(\s*$/;

/**
 * In this order: comments, strings, regular expressions (only where an expression may begin), the
 * pieces of template texts. A template's `${}` stays code.
 */
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`|\$\{|[{}]|(?<=(?:^|[=(,:;!&|?{}[>+\-*%~^]|\breturn|\bcase|\btypeof)\s*)\/(?![/*])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;

interface StringLiteral {
  /** Position of its opening quote. */
  readonly start: number;
  readonly value: string;
}

function blankOut(text: string): {
  readonly code: string;
  readonly strings: readonly StringLiteral[];
} {
  const strings: StringLiteral[] = [];
  // What closes next: a brace of code, or the code inside of a template.
  const open: ("brace" | "template")[] = [];
  let code = "";
  let position = 0;
  TOKEN.lastIndex = 0;
  for (;;) {
    TOKEN.lastIndex = position;
    const found = TOKEN.exec(text);
    if (found === null) return { code: code + text.slice(position), strings };
    const [token] = found;
    code += text.slice(position, found.index);
    position = found.index + token.length;
    if (token === "{") open.push("brace");
    const endsTemplateCode = token === "}" && open.pop() === "template";
    if (token === "`" || endsTemplateCode) {
      const end = endOfTemplatePiece(text, position);
      if (text[end - 1] === "{") open.push("template");
      code += token + blank(text.slice(position, end));
      position = end;
    } else if (token === "{" || token === "}") {
      code += token;
    } else {
      if (token.startsWith('"') || token.startsWith("'")) {
        strings.push({ start: found.index, value: token.slice(1, -1) });
      }
      code += blank(token);
    }
  }
}

/** Behind the closing backtick, or behind the next opening of code. */
function endOfTemplatePiece(text: string, from: number): number {
  const piece = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
  piece.lastIndex = from;
  return piece.test(text) ? piece.lastIndex : text.length;
}

/** Same length, same lines. */
function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
