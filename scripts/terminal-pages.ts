/**
 * Writes what to type into each brand of terminal into the README, between two marks. The README's
 * test says when that is due.
 */

import { BRANDS, type Brand } from "#cli/brands.ts";
import { fillCard } from "#cli/card.ts";
import { SETTINGS } from "#config/config.ts";
import { type ReadmePart, writePart } from "./readme-part.ts";

/** All brands, each folded away, and what holds for every terminal. */
export const TERMINALS_PART: ReadmePart = {
  name: "terminals",
  script: "terminal-pages.ts",
  text: terminalPages,
};

const PLACE = { addresses: ["ADDRESS"], port: Number(SETTINGS.serverPort.fallbackText) };

function terminalPages(): string {
  const common = BRANDS.slice(0, 1).flatMap((brand) => fillCard(brand, PLACE).commonChecks);
  return `\n${BRANDS.map(brandPage).join("\n")}\nWhen any of them does not come:\n\n${list(common)}\n`;
}

function brandPage(brand: Brand): string {
  const { steps, checks } = fillCard(brand, PLACE);
  const typed = steps.map(({ menu, fields }) => {
    const pairs = fields.map(({ label, value }) => `${label} **${value}**`);
    return `${menu}: ${pairs.join(", ")}`;
  });
  return [
    `<details><summary>${brand.title}: <code>device-card ${brand.name}</code></summary>\n\n`,
    `${brand.protocol}. ${brand.source}\n\n`,
    list(typed),
    checks.length === 0 ? "" : `\nWhen it does not come:\n\n${list(checks)}`,
    "\n</details>\n",
  ].join("");
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}\n`).join("");
}

if (import.meta.main) await writePart(TERMINALS_PART);
