/** Whether a client gets a token from the web port and reads the API with it. */

import type { Config } from "#config/config.ts";
import { webSchemeOf } from "#config/tls-files.ts";
import { asRecord, textOf } from "../answer-fields.ts";
import { ASK_ROOT, type Finding, fault, fine, LOOK_INTO_LOG, skipped } from "./finding.ts";
import type { SecretInUse } from "./secrets-in-use.ts";

/** A client that nobody adds, so that it goes by the main secret. */
const CLIENT_ID = "biometric-server-doctor";
const ANSWER_LIMIT_MS = 5_000;
const CHECK = "api-token";

/** Waits 10 s at most. Shows neither the secret nor the token. */
export async function checkApi(
  config: Pick<Config, "webBind" | "webPort" | "tlsCertFile" | "hrisAllowedClients">,
  secret: SecretInUse,
): Promise<Finding> {
  if (config.webPort === 0) return skipped(CHECK, "WEB_PORT is 0, so that the port is not known");
  if (secret.text === undefined) {
    const found = `the secret in "${secret.place}" cannot be read (${secret.code})`;
    return skipped(CHECK, found, ASK_ROOT);
  }
  const url = localUrl(config);
  const client = config.hrisAllowedClients[0] ?? CLIENT_ID;
  const issued = await exchange(`${url}/api/auth/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ client_id: client, client_secret: secret.text }),
  });
  const token = textOf(asRecord(issued.body)?.token);
  if (token === "") return refused(`no token for client "${client}" at ${url}`, issued, TOKEN_FIX);
  const headers = { Authorization: `Bearer ${token}` };
  const read = await exchange(`${url}/v1/punches?limit=1`, { headers });
  if (read.status !== 200) return refused(`no answer at ${url}/v1/punches`, read, LOOK_INTO_LOG);
  return fine(CHECK, `client "${client}" gets a token at ${url} and reads /v1/punches with it`);
}

interface Exchanged {
  /** Undefined where nothing answered. */
  readonly status: number | undefined;
  readonly body: unknown;
}

const TOKEN_FIX =
  "a 401 means that the server uses another secret: reload its settings, or see `clients list` for a client of that name; a 429 ends by itself";
const SILENT_FIX = "start the server; look whether WEB_BIND is an address of this box";

function refused(what: string, { status, body }: Exchanged, fix: string): Finding {
  const said = textOf(asRecord(body)?.message) || textOf(asRecord(body)?.detail);
  const why = status === undefined ? "nothing answers" : `status ${status} ${said}`.trim();
  const wanted = "a token within 5 s, and a page of punches with it";
  return fault(CHECK, {
    found: `${what}: ${why}`,
    wanted,
    fix: status === undefined ? SILENT_FIX : fix,
  });
}

async function exchange(url: string, request: RequestInit): Promise<Exchanged> {
  try {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const response = await fetch(url, {
      ...request,
      signal,
      redirect: "manual",
      proxy: false,
      // It is made out to the box's name. Whose port it is, the kernel has told.
      tls: { rejectUnauthorized: false },
    });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  } catch {
    // Whatever kept it from answering, nothing was answered.
    return { status: undefined, body: undefined };
  }
}

/** An address of this machine behind which the web port is found. */
function localUrl(config: Pick<Config, "webBind" | "webPort" | "tlsCertFile">): string {
  const { webBind, webPort } = config;
  const host = webBind === "0.0.0.0" ? "127.0.0.1" : webBind === "::" ? "::1" : webBind;
  return `${webSchemeOf(config)}://${host.includes(":") ? `[${host}]` : host}:${webPort}`;
}
