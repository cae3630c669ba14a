/**
 * How the verbs come to the configuration, and say why there is none.
 */

import { AppError } from "#base/app-error.ts";
import { type ConfigProblem, type LoadedConfig, loadConfig } from "#config/load.ts";
import type { CliHost } from "./host.ts";

/** The option that every verb with settings has. */
export const SETTINGS_OPTION = ["--settings <file>", "settings file to read"] as const;

/** What commander makes of it. */
export interface SettingsFlag {
  readonly settings?: string;
}

/** Reads the settings. @throws AppError `config-invalid` that tells every problem. */
export function loadSettings(host: CliHost, flags: SettingsFlag): LoadedConfig {
  const loaded = loadConfig({ environment: host.variables, settingsFile: flags.settings });
  if (loaded.ok) return loaded.value;
  throw new AppError("config-invalid", describeProblems(loaded.error), {
    hint: `Correct the settings, then look again with: ${host.programName} config check`,
  });
}

function describeProblems(problems: readonly ConfigProblem[]): string {
  const [only] = problems;
  if (problems.length === 1 && only !== undefined) return only.message;
  const lines = problems.map(({ message }) => `\n  ${message}`);
  return `The settings have ${problems.length} problems${lines.join("")}`;
}
