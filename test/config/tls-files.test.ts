/** Aim: a certificate that cannot be used is refused before anything starts, with what is wrong. */

import { afterEach, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "#base/app-error.ts";
import { loadTlsFiles } from "#config/tls-files.ts";

const CERTIFICATE = join(import.meta.dir, "../fixtures/tls/certificate.pem");
/** Of another key. */
const OTHER_CERTIFICATE = join(import.meta.dir, "../fixtures/tls/authority.pem");
const KEY = join(import.meta.dir, "../fixtures/tls/key.pem");

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function fileOf(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "tls-"));
  folders.push(folder);
  const path = join(folder, "file.pem");
  writeFileSync(path, content);
  return path;
}

async function refusal(tlsCertFile: string, tlsKeyFile: string): Promise<AppError> {
  try {
    await loadTlsFiles({ tlsCertFile, tlsKeyFile });
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error("Was not refused");
}

test("loadTlsFiles() reads a certificate and its key", async () => {
  expect(await loadTlsFiles({ tlsCertFile: CERTIFICATE, tlsKeyFile: KEY })).toEqual({
    cert: readFileSync(CERTIFICATE, "utf8"),
    key: readFileSync(KEY, "utf8"),
  });
  expect(await loadTlsFiles({ tlsCertFile: undefined, tlsKeyFile: undefined })).toBeUndefined();
});

test("loadTlsFiles() names the file that cannot be used, and why", async () => {
  const missing = await refusal("/nowhere/cert.pem", KEY);
  expect(missing.message).toBe('Cannot use "/nowhere/cert.pem" of TLS_CERT_FILE: ENOENT');
  expect(missing.code).toBe("config-invalid");

  const swapped = await refusal(KEY, CERTIFICATE);
  expect(swapped.message).toBe(
    `Cannot use "${KEY}" of TLS_CERT_FILE: it holds no certificate in PEM`,
  );
  const empty = fileOf("");
  expect((await refusal(CERTIFICATE, empty)).message).toBe(
    `Cannot use "${empty}" of TLS_KEY_FILE: it holds no private key in PEM, or one with a passphrase`,
  );
});

test("loadTlsFiles() looks at every certificate of a chain, and at their order", async () => {
  const own = readFileSync(CERTIFICATE, "utf8");
  const other = readFileSync(OTHER_CERTIFICATE, "utf8");
  const chain = fileOf(`${own}${other}`);
  expect((await loadTlsFiles({ tlsCertFile: chain, tlsKeyFile: KEY }))?.cert).toBe(own + other);

  const broken = fileOf(`${own}${other.slice(0, 200)}`);
  expect((await refusal(broken, KEY)).message).toBe(
    `Cannot use "${broken}" of TLS_CERT_FILE: its certificate 2 is broken`,
  );
  const turned = fileOf(`${other}${own}`);
  expect((await refusal(turned, KEY)).message).toBe(
    `Cannot use "${turned}" of TLS_CERT_FILE: the certificate of "${KEY}" has to be the first in it`,
  );
});

test("loadTlsFiles() refuses the key of another certificate, and one with a passphrase", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const other = fileOf(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  expect((await refusal(CERTIFICATE, other)).message).toBe(
    `Cannot use "${other}" of TLS_KEY_FILE: it is not the key of "${CERTIFICATE}"`,
  );
  const locked = fileOf(
    privateKey
      .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "hunter2" })
      .toString(),
  );
  expect((await refusal(CERTIFICATE, locked)).message).toEndWith("or one with a passphrase");
});
