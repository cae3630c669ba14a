/** Delivery to the receivers of webhooks, put together from the settings. */

import { WebhookDesk, type WebhookDeskOptions } from "#api/webhooks/desk.ts";
import { loadAuthorities } from "#config/ca-file.ts";
import type { Config } from "#config/config.ts";
import type { Secrets } from "#config/secrets.ts";
import { checkWebhookUrl } from "#config/webhook-url.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { DataFolder } from "#ingest/data-folder.ts";
import {
  type KeptLedger,
  type RunningDeliveryCare,
  startDeliveryCare,
} from "#maintenance/delivery-care.ts";
import type { Storage } from "#storage/storage.ts";
import { deliveryOf } from "#webhooks/delivery-of-settings.ts";
import { Dispatchers } from "#webhooks/dispatchers.ts";
import { watchEndpoints } from "#webhooks/endpoint-watch.ts";
import type { AppOptions } from "./app-options.ts";
import { loopsOf } from "./background.ts";
import { expectedUsersOfSite } from "./site.ts";

/**
 * Makes what delivers, without starting it. `onRecorded`: as in `DispatchersOptions`.
 * @throws AppError `config-invalid` when the file of authorities cannot be used.
 */
export async function createDispatchers(
  { config, clock, log }: AppOptions,
  storage: Storage,
  { secrets, onRecorded }: { readonly secrets: Secrets; readonly onRecorded: () => void },
): Promise<Dispatchers> {
  const primaryDeviceId = deviceId(config.primaryDeviceId);
  const authorities = await loadAuthorities(config.webhookCaFile);
  return new Dispatchers({
    storage,
    clock,
    log,
    random: Math.random,
    onRecorded,
    settings: deliveryOf(config, { secret: secrets.webhookSecret, authorities }),
    siteTimeZone: config.siteTimeZone,
    primaryDeviceId,
    expectedUsers: expectedUsersOfSite(config),
  });
}

/** Makes what the API and the verbs do with the receivers. */
export function createWebhookDesk(
  { config, clock, log }: AppOptions,
  parts: Pick<WebhookDeskOptions, "storage" | "dispatchers" | "onWork">,
): WebhookDesk {
  const { siteTimeZone } = config;
  const checkUrl = (url: string) => checkWebhookUrl(url, config);
  return new WebhookDesk({ ...parts, clock, log, siteTimeZone, checkUrl });
}

/** How much is kept of what was delivered. */
export function keptLedger(config: Config): KeptLedger {
  return { days: config.webhookLedgerDays, bytesMax: config.webhookLedgerBytesMax };
}

/** Starts to deliver, and to take care of what was delivered or parked. */
export async function startDelivery(
  options: AppOptions,
  parts: DataFolder & { readonly dispatchers: Dispatchers },
): Promise<RunningDeliveryCare> {
  const { config, clock, log } = options;
  const { watch, dispatchers } = parts;
  await dispatchers.refresh();
  watch.lookWith(watchEndpoints({ ...parts, clock }));
  const loopOver = loopsOf(options);
  const { siteTimeZone } = config;
  const kept = keptLedger(config);
  const care = startDeliveryCare({ ...parts, siteTimeZone, kept, clock, log, loopOver });
  return {
    ...care,
    async stop() {
      await care.stop();
      await dispatchers.stop();
    },
  };
}
