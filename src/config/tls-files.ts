/** The certificate with which this server speaks TLS, and its key. */

import type { KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import { errorCode } from "#platform/files.ts";
import type { Config } from "./config.ts";

/** Both in PEM, as Bun takes them. */
export interface TlsFiles {
  /** The certificate, and those between it and its authority. */
  readonly cert: string;
  readonly key: string;
}

/** What the API is served by. */
export function webSchemeOf({ tlsCertFile }: Pick<Config, "tlsCertFile">): "http" | "https" {
  return tlsCertFile === undefined ? "http" : "https";
}

/**
 * Reads both files; undefined where none are set. An expired certificate is taken: terminals
 * seldom look. Blocks.
 * @throws AppError `config-invalid` when one cannot be read, is no PEM, or is not of the other.
 */
export async function loadTlsFiles(
  config: Pick<Config, "tlsCertFile" | "tlsKeyFile">,
): Promise<TlsFiles | undefined> {
  const { tlsCertFile, tlsKeyFile } = config;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  const cert = readText("TLS_CERT_FILE", tlsCertFile);
  const key = readText("TLS_KEY_FILE", tlsKeyFile);
  const [own, ...others] = await parseChain(tlsCertFile, cert);
  const privateKey = await parseKey(tlsKeyFile, key);
  if (own?.checkPrivateKey(privateKey)) return { cert, key };
  if (others.some((other) => other.checkPrivateKey(privateKey))) {
    const problem = `the certificate of "${tlsKeyFile}" has to be the first in it`;
    throw unusable({ name: "TLS_CERT_FILE", path: tlsCertFile }, problem);
  }
  const place = { name: "TLS_KEY_FILE", path: tlsKeyFile } as const;
  throw unusable(place, `it is not the key of "${tlsCertFile}"`);
}

/** In the order of the file; at least one. */
async function parseChain(path: string, pem: string): Promise<readonly X509Certificate[]> {
  // Megabytes of code that a site without TLS never needs.
  const { X509Certificate } = await import("node:crypto");
  const [first = pem, ...others] = pem.split(NEXT_CERTIFICATE).filter(isCertificate);
  return [first, ...others].map((part, index) => {
    try {
      return new X509Certificate(part);
    } catch (cause) {
      const problem =
        index === 0 ? "it holds no certificate in PEM" : `its certificate ${index + 1} is broken`;
      throw unusable({ name: "TLS_CERT_FILE", path, cause }, problem);
    }
  });
}

const NEXT_CERTIFICATE = /(?=-----BEGIN )/;

function isCertificate(part: string): boolean {
  return part.startsWith("-----BEGIN CERTIFICATE-----");
}

async function parseKey(path: string, pem: string): Promise<KeyObject> {
  const { createPrivateKey } = await import("node:crypto");
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const problem = "it holds no private key in PEM, or one with a passphrase";
    throw unusable({ name: "TLS_KEY_FILE", path, cause }, problem);
  }
}

function readText(name: TlsFile["name"], path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw unusable({ name, path, cause: error }, code);
  }
}

/** A file that was looked at, with what came of it. */
interface TlsFile {
  readonly name: "TLS_CERT_FILE" | "TLS_KEY_FILE";
  readonly path: string;
  readonly cause?: unknown;
}

function unusable({ name, path, cause }: TlsFile, problem: string): AppError {
  const hint =
    name === "TLS_CERT_FILE"
      ? `Look at it with: openssl x509 -in ${path} -noout -subject -enddate`
      : `Look at it with: openssl pkey -in ${path} -noout; the server's user must be able to read it`;
  return new AppError("config-invalid", `Cannot use "${path}" of ${name}: ${problem}`, {
    hint,
    cause,
  });
}
