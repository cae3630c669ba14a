/**
 * Writes the table of settings into the README, between its two marks. The README's test says when
 * that is due.
 */

import { SETTING_GROUPS } from "#config/config.ts";
import type { Setting } from "#config/setting.ts";
import { type ReadmePart, writePart } from "./readme-part.ts";

/** All settings, group by group. */
export const SETTINGS_PART: ReadmePart = {
  name: "settings",
  script: "settings-table.ts",
  text: settingsTable,
};

function settingsTable(): string {
  return SETTING_GROUPS.map(({ heading, settings }) => {
    const rows = settings.map((setting) => `${row(setting)}\n`).join("");
    return `\n### ${heading}\n\n| Name | Default | Value | Meaning |\n|---|---|---|---|\n${rows}`;
  }).join("");
}

function row({
  name,
  fallbackText,
  wanted,
  meaning: ownMeaning,
  needsRestart,
}: Setting<unknown>): string {
  const meaning = needsRestart ? `${ownMeaning} Needs a restart.` : ownMeaning;
  const fallback = fallbackText === "" ? "" : `\`${fallbackText}\``;
  return `| ${[`\`${name}\``, fallback, wanted, meaning].join(" | ")} |`;
}

if (import.meta.main) await writePart(SETTINGS_PART);
