/** The settings as what the web port is told of the site, its clients and its own address. */

import type { Secrets } from "#config/secrets.ts";
import { webSchemeOf } from "#config/tls-files.ts";
import { deviceId } from "#domain/identifiers.ts";
import { endpointUrl } from "#ingest/rules-of-settings.ts";
import { hostTimeZone } from "#platform/clock.ts";
import { residentBytes } from "#platform/own-process.ts";
import { VERSION } from "#platform/version.ts";
import type { Storage } from "#storage/storage.ts";
import { shownUrl } from "#webhooks/shown-url.ts";
import type { AppOptions } from "./app-options.ts";
import { primaryUserRange, siteOf } from "./site.ts";

/** The options of the web port that no other part gives. */
export function webOptions(options: AppOptions, storage: Storage, secrets: Secrets) {
  const { config, clock, log } = options;
  const { webhookUrl } = config;
  return {
    hostname: config.webBind,
    port: config.webPort,
    storage,
    clock,
    log,
    ...siteOf(config),
    serverTimeZone: hostTimeZone(),
    primaryDeviceId: deviceId(config.primaryDeviceId),
    primaryUserRange: primaryUserRange(config),
    apiUrl: `${webSchemeOf(config)}://${config.webHost}:${config.webPort}`,
    tokens: {
      signingKey: new TextEncoder().encode(secrets.tokenSigningKey),
      expiryHours: config.hrisTokenExpiryHours,
      clientSecret: secrets.hrisApiSecretKey,
      allowedClients: config.hrisAllowedClients,
    },
    rateLimit: {
      requests: config.hrisRateLimitRequests,
      windowSeconds: config.hrisRateLimitWindowMs / 1000,
    },
    webhookFigures: () => ({
      enabled: endpointUrl(config) !== undefined,
      url: webhookUrl === undefined ? "" : shownUrl(webhookUrl),
      mode: config.webhookMode,
      rateLimit: config.webhookRateLimit ?? 0,
      timeoutSeconds: config.webhookTimeoutMs / 1000,
      retryEnabled: true,
    }),
    startedAtMonotonicMs: clock.monotonicMs(),
    residentBytes,
    version: VERSION,
  };
}
