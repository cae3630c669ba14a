/** The web port, put together from the settings. */

import type { WebhookFigures } from "#api/original/status/routes.ts";
import {
  type ClientRules,
  type RunningWebServer,
  startWebServer,
  type WebServerOptions,
} from "#api/server.ts";
import type { Config } from "#config/config.ts";
import type { Secrets } from "#config/secrets.ts";
import { webSchemeOf } from "#config/tls-files.ts";
import { deviceId } from "#domain/identifiers.ts";
import { endpointUrl } from "#ingest/rules-of-settings.ts";
import { hostTimeZone } from "#platform/clock.ts";
import { residentBytes } from "#platform/own-process.ts";
import { VERSION } from "#platform/version.ts";
import { shownUrl } from "#webhooks/shown-url.ts";
import type { AppOptions } from "./app-options.ts";
import { primaryUserRange, siteOf } from "./site.ts";

/** What other parts give the web port. */
export type WebParts = Pick<
  WebServerOptions,
  | "storage"
  | "webhooks"
  | "quarantine"
  | "tls"
  | "readiness"
  | "requests"
  | "metrics"
  | "onWork"
  | "submitIntake"
  | "live"
  | "waitingReaders"
>;

/** The web port, which can go by other settings. */
export interface RunningWeb extends Pick<RunningWebServer, "port" | "stop"> {
  /** From the next request on. */
  follow(config: Config, secrets: Secrets): void;
}

/** @throws AppError `port-unavailable`. */
export function startWeb(options: AppOptions, secrets: Secrets, parts: WebParts): RunningWeb {
  let figures = webhookFigures(options.config);
  const server = startWebServer({
    ...webOptions(options, secrets),
    ...parts,
    webhookFigures: () => figures,
    webhookDelivery: () => parts.webhooks.ofSettings(),
  });
  return {
    ...server,
    follow(changed, changedSecrets) {
      server.setClientRules(clientRules(changed, changedSecrets));
      figures = webhookFigures(changed);
    },
  };
}

function webOptions({ config, clock, log }: AppOptions, secrets: Secrets) {
  const rules = clientRules(config, secrets);
  return {
    hostname: config.webBind,
    port: config.webPort,
    clock,
    log,
    ...siteOf(config),
    serverTimeZone: hostTimeZone(),
    primaryDeviceId: deviceId(config.primaryDeviceId),
    primaryUserRange: primaryUserRange(config),
    apiUrl: `${webSchemeOf(config)}://${config.webHost}:${config.webPort}`,
    ...rules,
    tokens: {
      ...rules.tokens,
      signingKey: new TextEncoder().encode(secrets.tokenSigningKey),
    },
    startedAtMonotonicMs: clock.monotonicMs(),
    residentBytes,
    version: VERSION,
  };
}

/** What clients of the API may do. */
function clientRules(config: Config, secrets: Secrets): ClientRules {
  return {
    tokens: {
      expiryHours: config.hrisTokenExpiryHours,
      clientSecret: secrets.hrisApiSecretKey,
      allowedClients: config.hrisAllowedClients,
    },
    rateLimit: {
      requests: config.hrisRateLimitRequests,
      windowSeconds: config.hrisRateLimitWindowMs / 1000,
    },
  };
}

/** What the API tells of the receiver of the settings. */
function webhookFigures(config: Config): WebhookFigures {
  const { webhookUrl } = config;
  return {
    enabled: endpointUrl(config) !== undefined,
    url: webhookUrl === undefined ? "" : shownUrl(webhookUrl),
    mode: config.webhookMode,
    rateLimit: config.webhookRateLimit ?? 0,
    timeoutSeconds: config.webhookTimeoutMs / 1000,
    retryEnabled: true,
  };
}
