/** Whether the certificate that a receiver of webhooks shows can be trusted, and for how long. Pure. */

import type { EpochMs } from "#base/epoch.ts";
import { shownDuration } from "#domain/time-text.ts";
import {
  CERTIFICATE_ENDS_SOON_MS,
  type CertificateOptions,
  type CertificateView,
} from "./certificate.ts";
import { type Finding, fault, fine, warning } from "./finding.ts";

const CHECK = "webhook-tls";

/** What is wrong with a certificate that was seen at a place, at a time. */
export function judgeCertificate(
  view: CertificateView,
  { host, port, nowMs }: Pick<CertificateOptions, "host" | "port"> & { readonly nowMs: EpochMs },
): Finding {
  const place = `${host}:${port}`;
  const look = `openssl s_client -connect ${place} -servername ${host} </dev/null | openssl x509 -noout -subject -issuer -dates`;
  const refuse = (found: string, wanted: string, fix: string) =>
    fault(CHECK, { found: `${place}: ${found}`, wanted, fix });
  if (view.kind === "none") {
    const fix = "look whether the receiver runs, speaks TLS on this port, and is reached from here";
    return refuse(`no TLS connection (${view.code})`, "a connection with TLS", fix);
  }
  const { validFromMs, validToMs, chainProblem, isOfName, issuer } = view;
  if (nowMs > validToMs) {
    const found = `its certificate expired ${shownDuration(nowMs - validToMs)} ago`;
    return refuse(found, "a valid certificate", `have it renewed there, and look again: ${look}`);
  }
  if (nowMs < validFromMs) {
    const found = `its certificate is valid in ${shownDuration(validFromMs - nowMs)} only`;
    return refuse(
      found,
      "a valid certificate",
      "look at this box's clock first: biometric-server clock",
    );
  }
  if (!isOfName) {
    const fix = `use the name that it is made out to in the URL, or have it made out to this one: ${look}`;
    return refuse("its certificate is made out to another name", `one for "${host}"`, fix);
  }
  if (chainProblem !== undefined) {
    const fix = `put the certificate of the authority that signed it into a file, and set BIOMETRIC_WEBHOOK_CA_FILE to that`;
    return refuse(
      `nobody known has signed its certificate (${chainProblem})`,
      "a known authority",
      fix,
    );
  }
  const left = `valid for ${shownDuration(validToMs - nowMs)}, by ${issuer}`;
  if (validToMs - nowMs > CERTIFICATE_ENDS_SOON_MS) return fine(CHECK, `${place}: ${left}`);
  const wanted = "renewed in time: nothing is delivered afterwards";
  return warning(CHECK, {
    found: `${place}: ${left}`,
    wanted,
    fix: `have it renewed there: ${look}`,
  });
}
