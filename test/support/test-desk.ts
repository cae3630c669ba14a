/** The desk of webhooks over a storage, and delivery that only remembers what it was told. */

import { WebhookDesk, type WebhookDeskOptions } from "#api/webhooks/desk.ts";
import { checkWebhookUrl } from "#config/webhook-url.ts";
import type { Endpoint, EndpointId } from "#domain/webhook-endpoint.ts";
import type { DeliveryFigures } from "#webhooks/dispatcher-options.ts";

/** Of a receiver that was sent nothing yet. */
export const NO_FIGURES: DeliveryFigures = {
  lastResult: undefined,
  lastResultAtMs: undefined,
  lastDeliveredAtMs: undefined,
  deliveredCount: 0,
  refusedCount: 0,
  endpointFailedCount: 0,
  parkedCount: 0,
  retriedCount: 0,
  rateLimitedCount: 0,
  deliveredPerSecond: 0,
  recoveredCount: 0,
  state: "active",
  pauseReason: undefined,
  nextProbeInMs: undefined,
  runningCount: 0,
};

const OWN_PORTS = { serverPort: 7005, webPort: 5050 };

export class FakeDispatchers {
  refreshCount = 0;
  readonly requeued: (readonly [EndpointId, number])[] = [];
  readonly figures = new Map<EndpointId, DeliveryFigures>();

  async refresh(): Promise<void> {
    this.refreshCount += 1;
  }

  find(id: EndpointId) {
    const figures = this.figures.get(id) ?? NO_FIGURES;
    const noteRequeued = (count: number) => void this.requeued.push([id, count]);
    return { figures: () => figures, noteRequeued };
  }

  noteGone(): void {}

  /** The receiver of the settings is on a port where nobody listens. */
  targetOf({ url, format, secret, previousSecret, origin }: Endpoint) {
    const keys =
      origin === "settings"
        ? { url: "http://127.0.0.1:9/", secret: "of-the-settings" }
        : { url, secret };
    return { ...keys, format, previousSecret, authorities: undefined, ownPorts: OWN_PORTS };
  }
}

/** The server's own ports are 7005 and 5050. */
export function testDesk(
  options: Pick<WebhookDeskOptions, "storage" | "clock" | "log"> & Partial<WebhookDeskOptions>,
): WebhookDesk {
  return new WebhookDesk({
    dispatchers: new FakeDispatchers(),
    siteTimeZone: "Asia/Manila",
    checkUrl: (url) => checkWebhookUrl(url, OWN_PORTS),
    onWork: () => undefined,
    ...options,
  });
}
