/** The parts of the README that are written by a script, each between two marks. */

import { join } from "node:path";

const README = join(import.meta.dir, "..", "README.md");

/** A part: its mark's name, the script that writes it, and what it should say. */
export interface ReadmePart {
  readonly name: string;
  readonly script: string;
  /** Ends with a line end. */
  readonly text: () => string;
}

/** The README with this part as it should be. @throws Error when a mark is missing. */
export function withPart(readme: string, { name, script, text }: ReadmePart): string {
  const begin = `<!-- ${name}: written by scripts/${script} -->`;
  const end = `<!-- ${name}: end -->`;
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`Cannot find "${begin}" and "${end}" in the README`);
  }
  return `${before}${begin}\n${text()}${end}${after}`;
}

/** Writes the part into the README. */
export async function writePart(part: ReadmePart): Promise<void> {
  await Bun.write(README, withPart(await Bun.file(README).text(), part));
}
