/** The settings as the way in which messages are delivered. */

import type { Config } from "#config/config.ts";
import type { DeliverySettings } from "./dispatchers.ts";

/** `found`: what the settings only name. */
export function deliveryOf(
  config: Config,
  found: Pick<DeliverySettings["own"], "secret"> & Pick<DeliverySettings, "authorities">,
): DeliverySettings {
  return {
    timeoutMs: config.webhookTimeoutMs,
    refusalsMax: config.webhookRetriesMax + 1,
    retryDelayMs: config.webhookRetryDelayMs,
    authorities: found.authorities,
    ownPorts: config,
    own: {
      secret: found.secret,
      rateLimitPerMinute: config.webhookRateLimit,
      extraFields: config.webhookExtraFields,
    },
  };
}
