/**
 * The verb `config check`: every setting as the server would use it, or every problem, of the files
 * with certificates too. Never shows a secret.
 */

import { Command } from "commander";
import { loadAuthorities } from "#config/ca-file.ts";
import { SETTINGS } from "#config/config.ts";
import type { LoadedConfig } from "#config/load.ts";
import { loadTlsFiles } from "#config/tls-files.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

/** Makes the verb. */
export function configCommand(environment: CliEnvironment, host: CliHost): Command {
  const check = new Command("check")
    .description("Print the settings as the server would use them, or everything wrong with them")
    .option(...SETTINGS_OPTION)
    .addHelpText("after", "\nExit code: 0 when they can be used, 78 when not.")
    .action(async (flags: SettingsFlag) => {
      const loaded = loadSettings(host, flags);
      await loadTlsFiles(loaded.config);
      await loadAuthorities(loaded.config.webhookCaFile);
      environment.out(describe(loaded));
    });
  return new Command("config")
    .description("Look over the settings")
    .addCommand(check)
    .addHelpText("after", "\nExample:\n  biometric-server config check --settings new.env");
}

/** What is set and where, and names without effect. */
function describe(loaded: LoadedConfig): string {
  const lines = [`Settings file: ${loaded.settingsFile ?? "none"}`];
  for (const { name, shownText, place } of loaded.set) {
    lines.push(`${name}=${shownText} (${place})`);
  }
  const defaults = Object.keys(SETTINGS).length - loaded.set.length;
  lines.push(`${defaults} settings have their default`, `Data folder: ${loaded.config.dataDir}`);
  for (const warning of loaded.warnings) lines.push(`warning: ${warning}`);
  return `${lines.join("\n")}\n`;
}
