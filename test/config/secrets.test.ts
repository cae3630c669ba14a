/**
 * Aim: secrets are made once, for the owner only, kept for ever, and never repeated in a message.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "#base/app-error.ts";
import { loadSecrets, secretPath } from "#config/secrets.ts";

let dataDir: string;

beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), "secrets-")), "data");
});

afterEach(() => {
  rmSync(join(dataDir, ".."), { recursive: true });
});

const UNSET = { hrisApiSecretKey: undefined, webhookSecret: undefined } as const;

function failure(): AppError {
  try {
    loadSecrets({ dataDir, ...UNSET });
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("Unexpected success");
}

describe("a new box", () => {
  test("loadSecrets() makes three different secrets of 32 bytes, for the owner only", () => {
    const secrets = loadSecrets({ dataDir, ...UNSET });
    const values = [secrets.hrisApiSecretKey, secrets.webhookSecret, secrets.tokenSigningKey];
    expect(new Set(values).size).toBe(3);
    for (const value of values) expect(value).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(join(dataDir, "secrets")).mode & 0o777).toBe(0o700);
    const files = readdirSync(join(dataDir, "secrets")).sort();
    expect(files).toEqual(["hris-api-secret-key", "token-signing-key", "webhook-secret"]);
    for (const file of files) {
      expect(statSync(join(dataDir, "secrets", file)).mode & 0o777).toBe(0o600);
    }
  });

  test("loadSecrets() keeps what is there", () => {
    const first = loadSecrets({ dataDir, ...UNSET });
    expect(loadSecrets({ dataDir, ...UNSET })).toEqual(first);
  });

  test("loadSecrets() takes the settings first, and then makes no file for them", () => {
    const secrets = loadSecrets({ dataDir, hrisApiSecretKey: "x", webhookSecret: "y" });
    expect(secrets).toMatchObject({ hrisApiSecretKey: "x", webhookSecret: "y" });
    expect(readdirSync(join(dataDir, "secrets"))).toEqual(["token-signing-key"]);
  });
});

describe("a kept secret", () => {
  function keep(content: string, mode = 0o600): string {
    const path = secretPath(dataDir, "webhookSecret");
    mkdirSync(join(dataDir, "secrets"), { recursive: true });
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  }

  test("loadSecrets() takes one that a person put there, without its line end", () => {
    keep("a-secret-of-the-old-server\r\n");
    expect(loadSecrets({ dataDir, ...UNSET }).webhookSecret).toBe("a-secret-of-the-old-server");
  });

  test("loadSecrets() refuses one that others can read, with the command that helps", () => {
    const path = keep("a-secret-of-the-old-server\n", 0o644);
    const error = failure();
    expect(error.code).toBe("file-unreadable");
    expect(error.message).toBe(
      `Cannot use secret file "${path}": mode 644 lets others read it, it must be 600`,
    );
    expect(error.hint).toStartWith(`Run: chmod 600 "${path}"`);
  });

  for (const [name, content] of [
    ["empty", ""],
    ["too short", "fifteen-letters\n"],
    ["of two lines", "a-secret-of-the-old-server\nand-more\n"],
  ] as const) {
    test(`loadSecrets() refuses one that is ${name}, and leaves and hides it`, () => {
      const path = keep(content);
      const error = failure();
      expect(error.code).toBe("file-unreadable");
      expect(`${error.message} ${error.hint}`).not.toMatch(/fifteen|old-server/);
      expect(readFileSync(path, "utf8")).toBe(content);
    });
  }

  test("loadSecrets() says so when the folder cannot be made", () => {
    writeFileSync(dataDir, "a file in the way");
    expect(failure().code).toBe("file-unwritable");
  });
});
