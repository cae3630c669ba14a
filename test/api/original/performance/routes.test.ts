/** Aim: `GET /api/biometric/performance` measures what it shows. */

import { expect, test } from "bun:test";
import { ApiFixture, field } from "../../api-fixture.ts";

test("GET /api/biometric/performance tells uptime, memory and the webhook's figures", async () => {
  const fixture = new ApiFixture({ startedAtMonotonicMs: -86_400_250 });
  fixture.storage.deliveriesWaiting = 3;
  const answer = await fixture.get("/api/biometric/performance");
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({
    success: true,
    timestamp: "2026-03-02T08:15:04+08:00",
    performance: {
      cache: { user_direction_cache_size: 0 },
      webhooks: {
        sent: 0,
        failed: 0,
        retried: 0,
        rate_limited: 0,
        recovered: 0,
        persistent_queue_size: 3,
      },
      system: { uptime_seconds: 86_400.25, memory_usage_mb: 54.2 },
    },
  });
});

test("uptime rises with the monotonic clock alone", async () => {
  const fixture = new ApiFixture();
  const uptime = async () =>
    field(
      (await fixture.get("/api/biometric/performance")).json,
      "performance",
      "system",
      "uptime_seconds",
    );
  await fixture.clock.advance(1_500);
  expect(await uptime()).toBe(1.5);
  fixture.clock.stepWallClock(-600_000);
  expect(await uptime()).toBe(1.5);
});

test("it needs a token", async () => {
  expect((await new ApiFixture().call("/api/biometric/performance")).status).toBe(401);
});
