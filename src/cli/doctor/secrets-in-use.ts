/** The secrets that a server with these settings uses, read and never made. */

import { readFileSync } from "node:fs";
import { SETTINGS } from "#config/config.ts";
import type { LoadedConfig } from "#config/load.ts";
import { secretPath } from "#config/secrets.ts";
import { errorCode } from "#platform/files.ts";

/** Where a secret is, and what it is. */
export interface SecretInUse {
  /** The setting's name, or the file's. */
  readonly place: string;
  /** Undefined where it is not there yet, or this user may not read it. */
  readonly text: string | undefined;
  /** The system's word for that. */
  readonly code: string | undefined;
}

/** `dataDir`: where the files are that no setting replaces. */
export function readSecret(
  secret: "hrisApiSecretKey" | "webhookSecret",
  { config }: Pick<LoadedConfig, "config">,
  dataDir: string,
): SecretInUse {
  const set = config[secret];
  if (set !== undefined) return { place: SETTINGS[secret].name, text: set, code: undefined };
  const place = secretPath(dataDir, secret);
  try {
    return { place, text: readFileSync(place, "utf8").trim(), code: undefined };
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return { place, text: undefined, code };
  }
}
