/** The settings as the way in which messages are delivered. */

import type { Config } from "#config/config.ts";
import type { DeliverySettings } from "./dispatchers.ts";

/** `found`: what the settings only name. */
export function deliveryOf(
  config: Config,
  found: Pick<DeliverySettings["own"], "secret"> & Pick<DeliverySettings, "authorities">,
): DeliverySettings {
  const { serverPort, webPort, serverTlsPort } = config;
  return {
    timeoutMs: config.webhookTimeoutMs,
    refusalsMax: config.webhookRetriesMax + 1,
    retryDelayMs: config.webhookRetryDelayMs,
    authorities: found.authorities,
    ownPorts: { serverPort, webPort, serverTlsPort },
    own: {
      secret: found.secret,
      rateLimitPerMinute: config.webhookRateLimit,
      extraFields: config.webhookExtraFields,
    },
  };
}
