/**
 * Reads a settings file: the dotenv syntax as far as systemd's `EnvironmentFile` and the replaced
 * server's `.env` agree on it. Our own, because `util.parseEnv` cuts an unquoted value at every `#`
 * and would silently shorten a secret. Pure; expands no variables.
 */

import { fail, ok, type Result } from "#base/result.ts";

/** One assignment of the file. */
export interface FileEntry {
  readonly name: string;
  /** Empty is the same as not set. */
  readonly value: string;
  /** Counts from 1. */
  readonly line: number;
}

/** A line that is no assignment. The line itself is not told: it may hold a secret. */
export interface FileProblem {
  readonly code: "not-an-assignment" | "quote-not-closed" | "text-behind-quote";
  /** Counts from 1. */
  readonly line: number;
}

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;
const DOUBLE_QUOTED = /^"((?:[^"\\]|\\.)*)"(.*)$/;
const SINGLE_QUOTED = /^'([^']*)'(.*)$/;
const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Every assignment in file order (the last of a name counts), or every line that is none. */
export function parseEnvironmentFile(
  content: string,
): Result<readonly FileEntry[], readonly FileProblem[]> {
  const entries: FileEntry[] = [];
  const problems: FileProblem[] = [];
  const lines = content.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  for (const [index, text] of lines.entries()) {
    const trimmed = text.trim();
    // systemd takes `;` for a comment too.
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) continue;
    const parsed = parseLine(trimmed);
    if (parsed.ok) entries.push({ ...parsed.value, line: index + 1 });
    else problems.push({ code: parsed.error, line: index + 1 });
  }
  return problems.length === 0 ? ok(entries) : fail(problems);
}

function parseLine(line: string): Result<Omit<FileEntry, "line">, FileProblem["code"]> {
  const [, name, written] = ASSIGNMENT.exec(line) ?? [];
  if (name === undefined || written === undefined) return fail("not-an-assignment");
  const quote = written[0];
  // As in python-dotenv: without quotes, `#` begins a comment only behind a blank.
  if (quote !== '"' && quote !== "'") {
    return ok({ name, value: written.replace(/(^|\s+)#.*$/, "").trimEnd() });
  }
  const [, inner, rest] = (quote === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED).exec(written) ?? [];
  if (inner === undefined || rest === undefined) return fail("quote-not-closed");
  if (!/^\s*(#.*)?$/.test(rest)) return fail("text-behind-quote");
  return ok({ name, value: quote === '"' ? resolveEscapes(inner) : inner });
}

/** `\n`, `\r` and `\t` are control characters, `\"`, `\\`, `\$` and the like themselves. */
function resolveEscapes(inner: string): string {
  return inner.replace(/\\(.)/g, (both, character: string) => {
    if (/[\\"'$`]/.test(character)) return character;
    return ESCAPED[character] ?? both;
  });
}
