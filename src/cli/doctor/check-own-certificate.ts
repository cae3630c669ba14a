/** Whether the certificate that this server itself shows can be used, and for how long. */

import { AppError } from "#base/app-error.ts";
import type { Config } from "#config/config.ts";
import { loadTlsFiles } from "#config/tls-files.ts";
import { shownDuration } from "#domain/time-text.ts";
import { CERTIFICATE_ENDS_SOON_MS } from "./certificate.ts";
import { type Finding, fault, fine, warning } from "./finding.ts";
import { restartCommand, type Situation } from "./situation.ts";

const CHECK = "own-certificate";

/** None where the server speaks no TLS. */
export async function checkOwnCertificate(
  config: Pick<Config, "tlsCertFile" | "tlsKeyFile">,
  situation: Pick<Situation, "isService" | "nowMs">,
): Promise<readonly Finding[]> {
  try {
    const files = await loadTlsFiles(config);
    if (files === undefined) return [];
    // Megabytes of code that a site without TLS never needs.
    const { X509Certificate } = await import("node:crypto");
    const endsMs = Date.parse(new X509Certificate(files.cert).validTo);
    return [judgeEnd(config.tlsCertFile ?? "", endsMs, situation)];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const wanted = "a certificate and its key: the server does not start without them";
    const fix = error.hint ?? "correct the files";
    return [fault(CHECK, { found: error.message, wanted, fix })];
  }
}

function judgeEnd(
  path: string,
  endsMs: number,
  situation: Pick<Situation, "isService" | "nowMs">,
): Finding {
  const leftMs = endsMs - situation.nowMs;
  const fix = `put a renewed one there, and its key into TLS_KEY_FILE, then: ${restartCommand(situation)}`;
  if (leftMs <= 0) {
    const found = `"${path}" expired ${shownDuration(-leftMs)} ago`;
    return fault(CHECK, { found, wanted: "a valid one: the HRIS refuses this", fix });
  }
  const found = `"${path}" is valid for ${shownDuration(leftMs)}`;
  if (leftMs > CERTIFICATE_ENDS_SOON_MS) return fine(CHECK, found);
  return warning(CHECK, { found, wanted: "renewed in time: the HRIS refuses it then", fix });
}
