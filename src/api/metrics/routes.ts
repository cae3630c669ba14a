/**
 * `GET /metrics`: the figures of the server for Prometheus, to callers on the box itself, and to any
 * other with a token.
 */

import { Elysia, t } from "elysia";
import { parseIpAddress } from "#domain/ip-address.ts";
import { type BearerGateOptions, passGate, tokenPlugin } from "../auth.ts";
import { ORIGINAL_REFUSALS, OriginalError } from "../errors.ts";
import { strictParameters } from "../query-text.ts";
import { createScrape } from "./scrape.ts";
import type { MetricsSource } from "./source.ts";

/** Where they are. */
export const METRICS_PATH = "/metrics";

const EXAMPLE = `# HELP biometric_deliveries_waiting Messages that wait for a receiver
# TYPE biometric_deliveries_waiting gauge
biometric_deliveries_waiting{endpoint="settings"} 0
`;

const DESCRIPTION =
  "Prometheus text, version 0.0.4. A caller on the box itself (127.0.0.0/8, ::1) needs no token, " +
  "unless its request says that a proxy passed it on. Per-terminal figures are of terminals in use.";

/** The route. */
export function metricsRoutes({
  gate,
  metrics,
}: {
  readonly gate: BearerGateOptions;
  readonly metrics: MetricsSource;
}) {
  const scrape = createScrape(metrics);
  return new Elysia({ name: "metrics" }).use(tokenPlugin(gate.tokens.signingKey)).get(
    METRICS_PATH,
    async ({ request, server, tokens }) => {
      const address = server?.requestIP(request)?.address;
      if (!isFromBox(address, request.headers)) await passGate({ request, tokens }, gate, "read");
      strictParameters(request.url, []);
      const { text, contentType } = await scrape();
      return new Response(text, { headers: { "content-type": contentType } });
    },
    {
      response: {
        200: t.String({ contentMediaType: "text/plain", examples: [EXAMPLE] }),
        400: OriginalError,
        ...ORIGINAL_REFUSALS,
      },
      detail: {
        tags: ["Health"],
        summary: "Figures for Prometheus",
        description: DESCRIPTION,
        security: [{}, { bearer: [] }],
      },
    },
  );
}

/**
 * Whether a request comes from the box itself, by its socket's peer. Behind a proxy on the box all do:
 * what one adds to a request says that it is not.
 */
export function isFromBox(address: string | undefined, headers: Headers): boolean {
  const parsed = address === undefined ? undefined : parseIpAddress(address);
  if (parsed === undefined || !isLoopback(parsed)) return false;
  return ![...headers.keys()].some((name) => PROXY_HEADERS.test(name));
}

const PROXY_HEADERS = /^(forwarded|via|x-real-ip|x-forwarded-.*)$/;

const IPV4_PREFIX = 0xffffn;
const LOOPBACK_V4 = (IPV4_PREFIX << 8n) | 127n;

/** 127.0.0.0/8, as an IPv6 address has it, or ::1. */
function isLoopback(address: bigint): boolean {
  return address === 1n || address >> 24n === LOOPBACK_V4;
}
