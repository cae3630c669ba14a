/**
 * Writes the table of settings into the README, between its two marks. The README's test says when
 * that is due.
 */

import { join } from "node:path";
import { SETTING_GROUPS } from "#config/config.ts";
import type { Setting } from "#config/setting.ts";

const README = join(import.meta.dir, "..", "README.md");
const BEGIN = "<!-- settings: written by scripts/settings-table.ts -->";
const END = "<!-- settings: end -->";

/** The README with its table as the settings are. @throws Error when a mark is missing. */
export function withSettingsTable(readme: string): string {
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`Cannot find "${BEGIN}" and "${END}" in the README`);
  }
  return `${before}${BEGIN}\n${settingsTable()}${END}${after}`;
}

function settingsTable(): string {
  return SETTING_GROUPS.map(({ heading, settings }) => {
    const rows = settings.map((setting) => `${row(setting)}\n`).join("");
    return `\n### ${heading}\n\n| Name | Default | Value | Meaning |\n|---|---|---|---|\n${rows}`;
  }).join("");
}

function row({ name, fallbackText, wanted, meaning }: Setting<unknown>): string {
  const fallback = fallbackText === "" ? "" : `\`${fallbackText}\``;
  return `| ${[`\`${name}\``, fallback, wanted, meaning].join(" | ")} |`;
}

if (import.meta.main) {
  await Bun.write(README, withSettingsTable(await Bun.file(README).text()));
}
