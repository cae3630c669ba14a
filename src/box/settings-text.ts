/** The settings file as `install` writes it. Pure. */

import { SETTINGS } from "#config/config.ts";

const HEAD = `# Settings of biometric-server: a line NAME=value for each. Nothing has to be set.
# Look them over with: biometric-server config check
# Then make them count with: systemctl restart biometric-server
`;

/** The two secrets that others have to know; hexadecimal digits. */
export interface FreshSecrets {
  readonly client: string;
  readonly webhook: string;
}

/** For a new site; without secrets where its data has them already. */
export function newSettingsText(secrets: FreshSecrets | undefined): string {
  if (secrets === undefined) return HEAD;
  return `${HEAD}
# What an HRIS trades for a token, and the key of the signatures of webhooks.
${SETTINGS.hrisApiSecretKey.name}=${secrets.client}
${SETTINGS.webhookSecret.name}=${secrets.webhook}
`;
}

/** Those of a server that this one replaces. */
export function takenSettingsText(
  values: Readonly<Record<string, string>>,
  origin: string,
): string {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}\n`);
  return `${HEAD}\n# Taken from ${origin}.\n${lines.join("")}`;
}

/** The settings among these values that count here. The data stays in the folder of the unit. */
export function knownSettings(
  values: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const names = Object.values(SETTINGS).map(({ name }) => name);
  const known = new Set(names.filter((name) => name !== SETTINGS.dataDir.name));
  const kept: Record<string, string> = {};
  for (const [name, value = ""] of Object.entries(values)) {
    if (known.has(name) && value !== "") kept[name] = value;
  }
  return kept;
}

/** As `parseEnvironmentFile` reads it back. */
function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `"${value.replace(/[\\"$`]/g, "\\$&")}"`;
}
