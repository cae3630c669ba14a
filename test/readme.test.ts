/**
 * Aim: what the README says of settings and commands is what the program has.
 */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { IGNORED_SETTINGS } from "#config/config.ts";
import manifest from "../package.json" with { type: "json" };
import { withPart } from "../scripts/readme-part.ts";
import { SETTINGS_PART } from "../scripts/settings-table.ts";
import { TERMINALS_PART } from "../scripts/terminal-pages.ts";

const readme = await Bun.file(join(import.meta.dir, "../README.md")).text();

for (const part of [SETTINGS_PART, TERMINALS_PART]) {
  test(`the README has the ${part.name} as they are (else run: npx bun scripts/${part.script})`, () => {
    expect(readme).toBe(withPart(readme, part));
  });
}

test("the README names every npm script, and no other", () => {
  const named = [...readme.matchAll(/\bnpm (?:run )?([a-z:-]+)/g)].map(([, name]) => name);
  const known = Object.keys(manifest.scripts);
  expect(known.filter((name) => !named.includes(name))).toEqual([]);
  expect(readme).not.toContain("undefined");
});

test("the README names every setting that has no effect", () => {
  const ours = Object.entries(IGNORED_SETTINGS).filter(([, why]) => !why.includes("the HRIS"));
  expect(ours.map(([name]) => name).filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
