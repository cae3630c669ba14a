/** What is known of the Python server that this one takes the place of (contract.md 7 and 8). */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnvironmentFile } from "#config/environment-file.ts";
import { textOfFile } from "./checks.ts";
import { knownSettings } from "./settings-text.ts";
import type { UnitState } from "./unit-state.ts";

/** Names its revisions gave the file. */
const DATABASE_NAMES = ["biometric.db", "biometric_data.db"] as const;
const SECRET_NAME = "HRIS_API_SECRET_KEY";

/** What of it goes on to live here. */
export interface ReplacedServer {
  readonly values: Readonly<Record<string, string>>;
  /** Where the values come from. */
  readonly origin: string;
  /** Undefined: none was found. */
  readonly databasePath: string | undefined;
  readonly problems: readonly string[];
}

/**
 * Takes the settings from `settingsFile`, or, without one, from what the unit gives the server:
 * its `.env`, its own assignments and its files, of which the later ones win. Reads only.
 */
export function findReplacedServer(unit: UnitState, settingsFile?: string): ReplacedServer {
  const folder = unit.workingDirectory;
  const files =
    settingsFile === undefined
      ? [...(folder === "" ? [] : [join(folder, ".env")]), ...unit.environmentFiles]
      : [settingsFile];
  const problems: string[] = [];
  let values: Record<string, string> = {};
  for (const [index, path] of files.entries()) {
    // A `.env` gives way to what systemd sets, and its files do not.
    if (index === 1) values = { ...values, ...unit.environment };
    values = { ...values, ...readValues(path, settingsFile !== undefined, problems) };
  }
  if (settingsFile === undefined && files.length < 2) values = { ...values, ...unit.environment };
  const known = knownSettings(values);
  if (known[SECRET_NAME] === undefined && problems.length === 0) {
    problems.push(
      `the Python server's settings name no ${SECRET_NAME}, without which the HRIS would be locked out: name the file that has it with --env-from`,
    );
  }
  return {
    values: known,
    origin: settingsFile ?? unit.path,
    databasePath: findDatabase(folder),
    problems,
  };
}

function readValues(
  path: string,
  isWanted: boolean,
  problems: string[],
): Readonly<Record<string, string>> {
  const text = textOfFile(path);
  if (text === undefined) {
    if (isWanted) problems.push(`there is no file "${path}": name the Python server's settings`);
    return {};
  }
  const parsed = parseEnvironmentFile(text);
  if (parsed.ok) return Object.fromEntries(parsed.value.map(({ name, value }) => [name, value]));
  const lines = parsed.error.map(({ line }) => line).join(", ");
  problems.push(`"${path}" has lines that are no NAME=value (${lines}): correct them`);
  return {};
}

/** The one that was written last, where there are several. */
function findDatabase(folder: string): string | undefined {
  const paths = folder === "" ? [] : DATABASE_NAMES.map((name) => join(folder, name));
  const found = paths.filter((path) => existsSync(path));
  return found.toSorted((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)[0];
}
