/** Writes receivers and their messages as `/v1` and the control socket show them. */

import type { EpochMs } from "#base/epoch.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import { type Endpoint, lacksSecret } from "#domain/webhook-endpoint.ts";
import type { LedgerDelivery, LedgerEntry } from "#storage/endpoint-outbox.ts";
import type { DeliveryFigures } from "#webhooks/dispatcher-options.ts";
import { shownUrl } from "#webhooks/shown-url.ts";
import type { TestResult } from "#webhooks/test-event.ts";
import type { DeliveryEntry, DeliveryModel } from "./delivery-model.ts";
import type { TestAnswer, WebhookModel } from "./model.ts";

/** What is shown beside the stored endpoint. */
export interface ShownBeside {
  /** Of its dispatcher; undefined while it has none. */
  readonly figures: DeliveryFigures | undefined;
  readonly nowMs: EpochMs;
  /** IANA zone of the times. */
  readonly timeZone: string;
}

/** A receiver without its secrets. */
export function spellWebhook(endpoint: Endpoint, beside: ShownBeside): WebhookModel {
  const { figures, nowMs, timeZone } = beside;
  const time = (instantMs: EpochMs | undefined) => timeOrNull(instantMs, timeZone);
  const { previousSecret, types, deviceIds } = endpoint;
  const state = stateOf(endpoint, figures);
  const isPaused = state === "paused";
  return {
    id: endpoint.id,
    name: endpoint.name,
    origin: endpoint.origin,
    url: shownUrl(endpoint.url),
    format: endpoint.format,
    types: types === undefined ? null : [...types],
    devices: deviceIds === undefined ? null : [...deviceIds],
    enabled: endpoint.isEnabled,
    state,
    paused_because: isPaused ? pauseReason(endpoint, figures) : null,
    next_probe_seconds: isPaused ? probeSeconds(figures) : null,
    waiting_count: endpoint.waitingCount,
    parked_count: endpoint.parkedCount,
    unfilled_count: endpoint.unfilledCount,
    drain_seconds: state === "active" ? drainSeconds(endpoint, figures) : null,
    last_result: figures?.lastResult ?? null,
    last_result_at: time(figures?.lastResultAtMs),
    last_delivered_at: time(figures?.lastDeliveredAtMs),
    previous_secret_until: time(
      previousSecret !== undefined && previousSecret.untilMs > nowMs
        ? previousSecret.untilMs
        : undefined,
    ),
    created_at: rfc3339WithOffset(endpoint.createdAtMs, timeZone),
  };
}

/** A message of the ledger. `timeZone` is IANA's, here and below. */
export function spellDelivery(delivery: LedgerDelivery, timeZone: string): DeliveryModel {
  return {
    id: delivery.id,
    event_id: delivery.eventId,
    type: delivery.type,
    device_id: delivery.deviceId ?? null,
    punch_id: delivery.punchId ?? null,
    revision: delivery.revision,
    event_at: rfc3339WithOffset(delivery.eventAtMs, timeZone),
    status: delivery.status,
    attempt_count: delivery.attemptCount,
    last_attempt_at: timeOrNull(delivery.lastAttemptAtMs, timeZone),
    last_http_status: delivery.lastHttpStatus ?? null,
  };
}

/** The same with its body and its tries. */
export function spellEntry(entry: LedgerEntry, timeZone: string): DeliveryEntry {
  return {
    ...spellDelivery(entry, timeZone),
    body: entry.bodyText ?? null,
    attempts: entry.attempts.map((attempt) => ({
      at: rfc3339WithOffset(attempt.atMs, timeZone),
      duration_ms: attempt.durationMs,
      outcome: attempt.outcome,
      http_status: attempt.httpStatus ?? null,
      detail: attempt.detail,
      reply: attempt.replyText,
    })),
  };
}

/** What came of a test message. */
export function spellTestResult(result: TestResult): TestAnswer {
  if (result.kind === "answered") {
    const { httpStatus, text } = result;
    const delivered = httpStatus >= 200 && httpStatus < 300;
    return { delivered, http_status: httpStatus, reply: text, problem: null };
  }
  const problem =
    result.kind === "aborted"
      ? "Given up: nobody waits for the answer"
      : `${result.code} ${result.detail}`;
  return { delivered: false, http_status: null, reply: null, problem };
}

function stateOf(endpoint: Endpoint, figures: DeliveryFigures | undefined): WebhookModel["state"] {
  if (!endpoint.isEnabled) return "disabled";
  if (figures?.state === "paused" || lacksSecret(endpoint)) return "paused";
  return endpoint.isFilling ? "filling" : "active";
}

function pauseReason(endpoint: Endpoint, figures: DeliveryFigures | undefined): string | null {
  if (lacksSecret(endpoint)) return "it has no secret, as after a restore without: rotate-secret";
  return figures?.pauseReason ?? null;
}

function probeSeconds(figures: DeliveryFigures | undefined): number | null {
  const waitMs = figures?.nextProbeInMs;
  return waitMs === undefined ? null : Math.ceil(waitMs / 1000);
}

function drainSeconds(
  { waitingCount }: Endpoint,
  figures: DeliveryFigures | undefined,
): number | null {
  if (waitingCount === 0) return 0;
  const perSecond = figures?.deliveredPerSecond ?? 0;
  return perSecond === 0 ? null : Math.ceil(waitingCount / perSecond);
}

function timeOrNull(instantMs: EpochMs | undefined, timeZone: string): string | null {
  return instantMs === undefined ? null : rfc3339WithOffset(instantMs, timeZone);
}
