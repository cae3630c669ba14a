/** `GET /api/biometric/performance`: what the server does and takes, measured. */

import { Elysia } from "elysia";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { ORIGINAL_REFUSALS } from "../../errors.ts";
import { readQueue, spellStats } from "../webhook/figures.ts";
import type { WebhookDelivery } from "../webhook/routes.ts";
import { PerformanceAnswer } from "./model.ts";

/** What the route needs. */
export interface PerformanceRoutesOptions {
  readonly storage: Pick<Storage, "listEndpoints">;
  readonly gate: BearerGateOptions;
  /** IANA zone of `timestamp`. */
  readonly siteTimeZone: string;
  /** Undefined when no receiver is set. */
  readonly webhookDelivery: () => Promise<Pick<WebhookDelivery, "figures"> | undefined>;
  /** When the server started, by the monotonic clock. */
  readonly startedAtMonotonicMs: number;
  /** Physical memory of the process. */
  readonly residentBytes: () => number;
}

const MEBIBYTE = 1024 * 1024;

/** The route, behind a token that may read. */
export function performanceRoutes(options: PerformanceRoutesOptions) {
  const { storage, gate, siteTimeZone, webhookDelivery } = options;
  return new Elysia({ name: "original-performance" }).use(bearerGate(gate, "read")).get(
    "/api/biometric/performance",
    async () => {
      const uptimeMs = gate.clock.monotonicMs() - options.startedAtMonotonicMs;
      const delivery = await webhookDelivery();
      const stats = spellStats(delivery?.figures(), await readQueue(storage));
      return {
        success: true as const,
        timestamp: rfc3339WithOffset(gate.clock.nowMs(), siteTimeZone),
        performance: {
          cache: { user_direction_cache_size: 0 },
          webhooks: stats,
          system: {
            uptime_seconds: Math.round(uptimeMs) / 1000,
            memory_usage_mb: Math.round((options.residentBytes() / MEBIBYTE) * 10) / 10,
          },
        },
      };
    },
    {
      response: { 200: PerformanceAnswer, ...ORIGINAL_REFUSALS },
      detail: { tags: ["Original"], summary: "Uptime, memory, and what the webhook did" },
    },
  );
}
