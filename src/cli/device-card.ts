/**
 * The verb `device-card`: what to type into a terminal, with the addresses and the port of this box.
 * Reads the settings alone, and asks no server.
 */

import { Command } from "commander";
import { AppError } from "#base/app-error.ts";
import type { LoadedConfig } from "#config/load.ts";
import type { Brand } from "./brands.ts";
import { alignColumns } from "./columns.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { reachableAddresses } from "./own-addresses.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface CardFlags extends SettingsFlag {
  readonly json: boolean;
}

/** The card for all that have none of their own. */
const ANY_BRAND = "other";

const EXAMPLES = `
Examples:
  biometric-server device-card           what holds for every terminal, and the brands with a card
  biometric-server device-card revo      one brand; models and makers are found, too
  biometric-server device-card --json    the same for a program

Exit code: 0 shown, 2 no such brand, 78 wrong settings.`;

/** Makes the verb. Its action throws `AppError` `usage` for a brand that nobody knows. */
export function deviceCardCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("device-card")
    .description("Print what to type into a terminal, so that it sends to this box")
    .argument("[brand]", "brand, model or maker of the terminal")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(async (written: string | undefined, flags: CardFlags) => {
      const { config } = loadSettings(host, flags);
      const brand = await getBrand(written ?? ANY_BRAND);
      const text = flags.json
        ? JSON.stringify(await cardJson(brand, config), undefined, 2)
        : (await cardText(brand, { config, program: host.programName })).join("\n");
      environment.out(`${text}\n`);
    });
}

/** The table is only read by this verb. */
async function getBrand(written: string): Promise<Brand> {
  const { BRANDS, findBrand } = await import("./brands.ts");
  const found = findBrand(written);
  if (found.kind === "one") return found.brand;
  const names = BRANDS.map(({ name }) => name).join(", ");
  if (found.kind === "several") {
    throw new AppError("usage", `Cannot tell which "${written}" is meant: several brands are`, {
      hint: `Name one of: ${found.names.join(", ")}`,
    });
  }
  const meant = found.nearest === undefined ? "" : `Did you mean "${found.nearest}"? `;
  throw new AppError("usage", `Cannot find brand "${written}": no such brand, model or maker`, {
    hint: `${meant}There are: ${names}`,
  });
}

/** The card of any terminal, as the verb prints it. */
export async function anyCardLines(
  config: LoadedConfig["config"],
  program: string,
): Promise<readonly string[]> {
  return cardText(await getBrand(ANY_BRAND), { config, program });
}

async function cardJson(brand: Brand, config: LoadedConfig["config"]) {
  const { BRANDS } = await import("./brands.ts");
  const { fillCard } = await import("./card.ts");
  const { name, title, protocol, source } = brand;
  const place = placeOf(config);
  const { addresses, port = null } = place;
  const { steps, checks, commonChecks } = fillCard(brand, place);
  return {
    brand: name,
    title,
    protocol,
    source,
    addresses,
    port,
    steps,
    checks: [...checks, ...commonChecks],
    brands: BRANDS.map((other) => ({ name: other.name, title: other.title })),
  };
}

async function cardText(
  brand: Brand,
  { config, program }: { readonly config: LoadedConfig["config"]; readonly program: string },
): Promise<readonly string[]> {
  const { BRANDS } = await import("./brands.ts");
  const { cardLines } = await import("./card.ts");
  const approve = `${program} devices approve ID`;
  const then =
    config.deviceEnrollment === "open"
      ? "It is taken into use at its first contact"
      : `It is taken into use at its first contact while the pairing window is open, else with: ${approve}`;
  const lines = [
    ...cardLines(brand, placeOf(config)),
    `  - ${program} status names what is wrong with it, and the fix`,
    "",
    `${then}. See it with: ${program} devices list`,
  ];
  if (brand.name !== ANY_BRAND) return lines;
  const others = BRANDS.filter(({ name }) => name !== ANY_BRAND);
  return [
    ...lines,
    "",
    `Brands with a card of their own: ${program} device-card BRAND`,
    ...alignColumns(others.map(({ name, title }) => [`  ${name}`, title])),
  ];
}

function placeOf({ serverHost, serverPort }: LoadedConfig["config"]) {
  return {
    addresses: reachableAddresses(serverHost),
    port: serverPort === 0 ? undefined : serverPort,
  };
}
