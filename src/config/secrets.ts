/**
 * The secrets of a box: taken from the settings, else made once and kept in `DATA_DIR/secrets/`.
 * Their values are never printed or logged.
 */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "#base/app-error.ts";
import { createPrivateFile, errorCode, makePrivateFolder } from "#platform/files.ts";
import { newSecret } from "#platform/random-text.ts";
import type { Config } from "./config.ts";

/** The secrets a running server needs. */
export interface Secrets {
  /** Client secret that an HRIS trades for a token. */
  readonly hrisApiSecretKey: string;
  /** Key of webhook signatures. */
  readonly webhookSecret: string;
  /** Key of the tokens; no client ever sees it. */
  readonly tokenSigningKey: string;
}

/** Names below `DATA_DIR/secrets/`. */
export const SECRET_FILES = {
  hrisApiSecretKey: "hris-api-secret-key",
  webhookSecret: "webhook-secret",
  tokenSigningKey: "token-signing-key",
} as const;

const SECRET_LETTERS_MIN = 16;

/** Where a secret is kept that no setting gives. */
export function secretPath(dataDir: string, secret: keyof typeof SECRET_FILES): string {
  return join(dataDir, "secrets", SECRET_FILES[secret]);
}

/**
 * Reads the secrets and makes those that are missing: 32 random bytes as 64 hexadecimal digits,
 * files 0600, folder 0700. Blocks.
 * @throws AppError `file-unreadable` when a kept secret is unreadable, open to others or too short,
 * `file-unwritable` when one cannot be made.
 */
export function loadSecrets(
  config: Pick<Config, "dataDir" | "hrisApiSecretKey" | "webhookSecret">,
): Secrets {
  const keep = (secret: keyof typeof SECRET_FILES): string => {
    const path = secretPath(config.dataDir, secret);
    makeIfMissing(path);
    return readSecret(path);
  };
  return {
    hrisApiSecretKey: config.hrisApiSecretKey ?? keep("hrisApiSecretKey"),
    webhookSecret: config.webhookSecret ?? keep("webhookSecret"),
    tokenSigningKey: keep("tokenSigningKey"),
  };
}

/** Never replaces one that is there. */
function makeIfMissing(path: string): void {
  try {
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
    makePrivateFolder(join(path, ".."));
    createPrivateFile(path, `${newSecret()}\n`);
  } catch (cause) {
    throw new AppError(
      "file-unwritable",
      `Cannot make secret file "${path}" (${errorCode(cause)}): its folder must be writable`,
      { hint: "Give the folder to the user that runs the server, or set DATA_DIR", cause },
    );
  }
}

function readSecret(path: string): string {
  const refuse = (wanted: string, hint: string, cause?: unknown): AppError =>
    new AppError("file-unreadable", `Cannot use secret file "${path}": ${wanted}`, { hint, cause });
  let text: string;
  let mode: number;
  try {
    text = readFileSync(path, "utf8").trim();
    mode = statSync(path).mode & 0o777;
  } catch (cause) {
    const hint = `Give it to the user that runs the server: chown USER "${path}"`;
    throw refuse(`it must be readable (${errorCode(cause)})`, hint, cause);
  }
  if ((mode & 0o077) !== 0) {
    const hint = `Run: chmod 600 "${path}"; if others could read it, remove it, so that a new one is made`;
    throw refuse(`mode ${mode.toString(8)} lets others read it, it must be 600`, hint);
  }
  if (text.length < SECRET_LETTERS_MIN || /\p{C}|\s/u.test(text)) {
    const hint = "Remove the file, so that a new one is made; clients then need the new secret";
    throw refuse(`it must hold one word of at least ${SECRET_LETTERS_MIN} characters`, hint);
  }
  return text;
}
