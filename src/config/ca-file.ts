/**
 * The site's own certificate authorities, for receivers whose certificates no public one signed.
 */

import { readFileSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import { errorCode } from "#platform/files.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The well-known authorities and those of the file, in PEM; undefined without a file. Blocks.
 * @throws AppError `config-invalid` when the file cannot be read, or holds no certificate or a broken
 * one.
 */
export async function loadAuthorities(
  path: string | undefined,
): Promise<readonly string[] | undefined> {
  if (path === undefined) return undefined;
  const certificates = readText(path).match(CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    throw unusable(path, "it holds no certificate");
  }
  // Megabytes of code that a site without a file never needs.
  const { X509Certificate } = await import("node:crypto");
  for (const [index, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      throw unusable(path, `its certificate ${index + 1} is broken`, error);
    }
  }
  const { rootCertificates } = await import("node:tls");
  return [...rootCertificates, ...certificates];
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw unusable(path, code, error);
  }
}

function unusable(path: string, problem: string, cause?: unknown): AppError {
  const message = `Cannot use "${path}" of BIOMETRIC_WEBHOOK_CA_FILE: ${problem}; wanted is a readable file of certificates in PEM`;
  const hint = `Look at it with: openssl x509 -in ${path} -noout -subject -enddate`;
  return new AppError("config-invalid", message, { hint, cause });
}
