/** Whether each receiver of webhooks is found, shows a good certificate, and takes a signed message. */

import type { EpochMs } from "#base/epoch.ts";
import { isLinkLocal } from "#config/webhook-url.ts";
import { shownDuration } from "#domain/time-text.ts";
import { asRecord, textOf } from "../answer-fields.ts";
import { askServerPatiently } from "../control-client.ts";
import { recordsOf } from "../webhook-answers.ts";
import {
  CERTIFICATE_ENDS_SOON_MS,
  type CertificateOptions,
  type CertificateView,
  readCertificate,
} from "./certificate.ts";
import { type Finding, fault, fine, skipped, warning } from "./finding.ts";
import type { Situation } from "./situation.ts";

/** What the checks use, and what they go by. */
export interface WebhookChecks {
  readonly situation: Situation;
  readonly authorities: readonly string[] | undefined;
  readonly lookUp: (host: string) => Promise<readonly { readonly address: string }[]>;
}

const LOOK_LIMIT_MS = 5_000;

/** All receivers at once; waits about 20 s at most. */
export async function checkWebhooks(checks: WebhookChecks): Promise<readonly Finding[]> {
  const { server } = checks.situation;
  if (server.kind !== "answers") {
    return [skipped("webhooks", "the server, which signs for them, cannot be asked")];
  }
  const webhooks = recordsOf(server.status.webhooks);
  if (webhooks.length === 0) {
    return [fine("webhooks", "there is none: nobody is told of punches, and the HRIS reads them")];
  }
  const all = webhooks.map((webhook) => {
    const [name, state] = [textOf(webhook.name), textOf(webhook.state)];
    const check = `webhook-${name}`;
    if (state === "disabled")
      return [skipped(check, `it is disabled`, `biometric-server webhooks enable ${name}`)];
    return checkReceiver(
      { check, name, url: textOf(webhook.url), socketPath: server.socketPath },
      checks,
    );
  });
  return (await Promise.all(all)).flat();
}

interface Receiver {
  readonly check: string;
  readonly name: string;
  /** Without what is secret of it. */
  readonly url: string;
  readonly socketPath: string;
}

async function checkReceiver(
  receiver: Receiver,
  checks: WebhookChecks,
): Promise<readonly Finding[]> {
  const url = URL.parse(receiver.url);
  if (url === null) return [skipped(receiver.check, `"${receiver.url}" is shown as no address`)];
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const name = await checkName(receiver.check, host, checks);
  if (name !== undefined && name.state !== "ok") return [name];
  const before = name === undefined ? [] : [name];
  if (url.protocol === "https:") {
    const certificate = await checkTls(receiver.check, url, checks);
    before.push(certificate);
    // The message would fail for the same reason.
    if (certificate.state === "fault") return before;
  }
  return [...before, await checkMessage(receiver)];
}

/** Undefined for an address, which has no name. */
async function checkName(
  receiver: string,
  host: string,
  { lookUp }: WebhookChecks,
): Promise<Finding | undefined> {
  if (/^[\d.]+$|:/.test(host)) return undefined;
  const check = `${receiver}-name`;
  const limit = Promise.withResolvers<never>();
  const signal = AbortSignal.timeout(LOOK_LIMIT_MS);
  signal.addEventListener("abort", () => limit.reject(signal.reason), { once: true });
  // The limit comes also when nobody waits for it any more.
  limit.promise.catch(() => {});
  const found = await Promise.race([lookUp(host), limit.promise]).catch(() => []);
  const addresses = found.map(({ address }) => address);
  const wanted = "the name leads to the receiver";
  if (addresses.length === 0) {
    const fix = `getent hosts ${host}; look at the URL, and at the name servers in /etc/resolv.conf`;
    return fault(check, { found: `"${host}" leads to no address`, wanted, fix });
  }
  const wrong = addresses.find((address) => isLinkLocal(address));
  if (wrong !== undefined) {
    const fix = "correct the name server, or the URL: nothing is sent to link-local addresses";
    return fault(check, { found: `"${host}" leads to ${wrong}`, wanted, fix });
  }
  return fine(check, `"${host}" leads to ${addresses.join(", ")}`);
}

async function checkTls(receiver: string, url: URL, checks: WebhookChecks): Promise<Finding> {
  const options: CertificateOptions = {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 443),
    authorities: checks.authorities,
    limitMs: LOOK_LIMIT_MS,
  };
  const view = await readCertificate(options);
  return judgeCertificate(`${receiver}-tls`, view, { ...options, nowMs: checks.situation.nowMs });
}

/** Pure. */
export function judgeCertificate(
  check: string,
  view: CertificateView,
  { host, port, nowMs }: Pick<CertificateOptions, "host" | "port"> & { readonly nowMs: EpochMs },
): Finding {
  const place = `${host}:${port}`;
  const look = `openssl s_client -connect ${place} -servername ${host} </dev/null | openssl x509 -noout -subject -issuer -dates`;
  const refuse = (found: string, wanted: string, fix: string) =>
    fault(check, { found: `${place}: ${found}`, wanted, fix });
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
  if (validToMs - nowMs > CERTIFICATE_ENDS_SOON_MS) return fine(check, `${place}: ${left}`);
  const wanted = "renewed in time: nothing is delivered afterwards";
  return warning(check, {
    found: `${place}: ${left}`,
    wanted,
    fix: `have it renewed there: ${look}`,
  });
}

/** The server itself sends it, as it sends every message. */
async function checkMessage({ check: receiver, name, socketPath }: Receiver): Promise<Finding> {
  const check = `${receiver}-test`;
  const path = `/webhooks/test?${new URLSearchParams({ name })}`;
  const { status, body } = await askServerPatiently(socketPath, path);
  const result = asRecord(body) ?? {};
  if (status !== 200) {
    const said = textOf(result.message) || `status ${status}`;
    return skipped(check, `the server sends no test message: ${said}`);
  }
  const code = typeof result.http_status === "number" ? result.http_status : undefined;
  if (result.delivered === true)
    return fine(check, `a signed test message was answered with ${code}`);
  const reply = textOf(result.reply).trim().slice(0, 120);
  return fault(check, {
    found: `a signed test message was not taken: ${textOf(result.problem) || `status ${code} ${reply}`.trim()}`,
    wanted: "a 2xx within 10 s",
    fix: messageFix(code, name),
  });
}

function messageFix(code: number | undefined, name: string): string {
  const again = `then: biometric-server webhooks test ${name}`;
  if (code === undefined)
    return `look whether the receiver runs and is reached from here, ${again}`;
  if (code === 401 || code === 403) {
    return `give the receiver the secret of this webhook (webhooks rotate-secret ${name} makes a new one), ${again}`;
  }
  if (code === 404 || code === 405 || (code >= 300 && code < 400)) {
    return `correct the path of the URL, ${again}`;
  }
  return `look into the receiver's log, ${again}`;
}
