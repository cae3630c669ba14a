/** What `GET /api/biometric/performance` gives (contract.md 3.1). */

import { t } from "elysia";
import { AnswerTime, WebhookStats } from "../webhook/model.ts";

export const PerformanceAnswer = t.Object({
  success: t.Literal(true),
  timestamp: AnswerTime,
  performance: t.Object({
    cache: t.Object({
      user_direction_cache_size: t.Integer({
        description: "Zero: directions are read where they are stored, and no cache can go stale.",
        examples: [0],
      }),
    }),
    webhooks: WebhookStats,
    system: t.Object({
      uptime_seconds: t.Number({
        description: "Since the start of the server, to the millisecond.",
        examples: [86_400.25],
      }),
      memory_usage_mb: t.Number({
        description: "Physical memory of the server, in MiB.",
        examples: [54.2],
      }),
    }),
  }),
});
