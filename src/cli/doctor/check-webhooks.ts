/** Whether each receiver of webhooks is found, shows a good certificate, and takes a signed message. */

import { AppError } from "#base/app-error.ts";
import { isLinkLocal } from "#config/webhook-url.ts";
import { asRecord, textOf } from "../answer-fields.ts";
import { askServerPatiently } from "../control-client.ts";
import { recordsOf } from "../webhook-answers.ts";
import { readCertificate } from "./certificate.ts";
import { judgeCertificate } from "./check-certificate.ts";
import { type Finding, fault, fine, skipped } from "./finding.ts";
import type { Situation } from "./situation.ts";

/** What the checks use, and what they go by. */
export interface WebhookChecks {
  readonly situation: Situation;
  readonly authorities: readonly string[] | undefined;
  readonly lookUp: (host: string) => Promise<readonly { readonly address: string }[]>;
}

const LOOK_LIMIT_MS = 5_000;
const HTTPS_PORT = 443;

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
  const all = webhooks.map(async (webhook) => {
    const [name, url] = [textOf(webhook.name), textOf(webhook.url)];
    const isDisabled = webhook.state === "disabled";
    const findings = isDisabled
      ? [skipped("webhooks", "it is disabled", `biometric-server webhooks enable ${quoted(name)}`)]
      : await checkReceiver({ name, url, socketPath: server.socketPath }, checks);
    return findings.map((finding) => ({ ...finding, found: `${name}: ${finding.found}` }));
  });
  return (await Promise.all(all)).flat();
}

interface Receiver {
  readonly name: string;
  /** Without what is secret of it. */
  readonly url: string;
  readonly socketPath: string;
}

/** Its name, then its certificate, then a message: what is behind a fault would fail for that. */
async function checkReceiver(
  receiver: Receiver,
  checks: WebhookChecks,
): Promise<readonly Finding[]> {
  const url = URL.parse(receiver.url);
  if (url === null) return [skipped("webhooks", `"${receiver.url}" is shown as no address`)];
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const steps = [
    () => checkName(host, checks),
    () => checkTls(host, url, checks),
    () => checkMessage(receiver),
  ];
  const findings: Finding[] = [];
  for (const step of steps) {
    const finding = await step();
    if (finding !== undefined) findings.push(finding);
    if (finding?.state === "fault") break;
  }
  return findings;
}

/** Undefined for an address, which has no name. */
async function checkName(host: string, { lookUp }: WebhookChecks): Promise<Finding | undefined> {
  if (/^[\d.]+$|:/.test(host)) return undefined;
  const check = "webhook-name";
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

/** Undefined without TLS. */
async function checkTls(
  host: string,
  { port, protocol }: URL,
  { authorities, situation }: WebhookChecks,
): Promise<Finding | undefined> {
  if (protocol !== "https:") return undefined;
  const place = { host, port: Number(port || HTTPS_PORT) };
  const view = await readCertificate({ ...place, authorities, limitMs: LOOK_LIMIT_MS });
  return judgeCertificate(view, { ...place, nowMs: situation.nowMs });
}

/** The server itself sends it, as it sends every message. */
async function checkMessage({ name, socketPath }: Receiver): Promise<Finding> {
  const check = "webhook-test";
  const path = `/webhooks/test?${new URLSearchParams({ name })}`;
  const { status, body } = await askServerPatiently(socketPath, path).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    return { status: 503, body: { message: error.message } };
  });
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
  const again = `then: biometric-server webhooks test ${quoted(name)}`;
  if (code === undefined)
    return `look whether the receiver runs and is reached from here, ${again}`;
  if (code === 401 || code === 403) {
    return `give the receiver the secret of this webhook (webhooks rotate-secret ${quoted(name)} makes a new one), ${again}`;
  }
  if (code === 404 || code === 405 || (code >= 300 && code < 400)) {
    return `correct the path of the URL, ${again}`;
  }
  return `look into the receiver's log, ${again}`;
}

/** As a word of a shell. */
function quoted(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
