/**
 * What belongs to a punch's entry into the feed, be it live or released: it is counted, the
 * webhook's message is put into the outbox, and it is listed if it is late, in the same transaction.
 * A correction or a resend of it only ever makes a message, and only where one is wanted.
 */

import type { EpochMs } from "#base/epoch.ts";
import { type EndpointId, SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import type { KnownPunch } from "./punches.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** A punch that has just got its place in the feed. Historic ones are not sent until asked for. */
export interface EnteredPunch {
  readonly deviceId: string;
  readonly punchId: number;
  readonly revision: number;
  /** UTC epoch milliseconds; the event's time. */
  readonly receivedAtMs: number;
  /** When it got its place. */
  readonly landedAtMs: number;
  readonly instantMs: number;
  readonly isHistoric: boolean;
  readonly isDoubtful: boolean;
}

/** Enqueues the deliveries of a punch that is in the feed, for those who want it, or for these. */
export function enqueuePunch(
  parts: Pick<WriteParts, "endpoints" | "outbox">,
  punch: Pick<EnteredPunch, "deviceId" | "punchId" | "revision" | "receivedAtMs">,
  targets: readonly EndpointId[] = parts.endpoints.listTargets("punch.created", punch.deviceId),
): void {
  parts.outbox.enqueue(targets, {
    type: "punch.created",
    deviceId: punch.deviceId,
    punchId: punch.punchId,
    revision: punch.revision,
    eventAtMs: punch.receivedAtMs,
    isDuplicate: false,
  });
}

/** Counts the punch, enqueues its deliveries, and lists it if it is late. */
export function announcePunch(parts: WriteParts, punch: EnteredPunch): void {
  parts.counters.add({ punchCount: 1 });
  parts.completeness.noteEntered(punch);
  if (!punch.isHistoric) enqueuePunch(parts, punch);
}

/** A punch that has just become another one, at a new place in the feed. */
export interface CorrectedPunch {
  readonly deviceId: string;
  readonly punchId: number;
  /** The one that the correction made. */
  readonly revision: number;
  readonly isHistoric: boolean;
  /** Its place in the feed before that. */
  readonly leftPosition: number;
}

/**
 * Enqueues the message that a punch is not any more as it was told. Of a historic one nobody was told
 * but who asked for it; who asks later is told the punch as it stands then. Who is being filled is
 * told when the fill comes to the punch's new place.
 */
export function announceCorrection(
  parts: Pick<WriteParts, "endpoints" | "endpointFill" | "toldHistory" | "outbox">,
  corrected: CorrectedPunch,
  nowMs: EpochMs,
): void {
  parts.endpointFill.noteCorrection(parts.endpoints, corrected, nowMs);
  const { deviceId, punchId, revision, isHistoric } = corrected;
  const wanting = parts.endpoints.listTargets("punch.updated", deviceId);
  const targets = isHistoric ? parts.toldHistory.filterTold(wanting, punchId) : wanting;
  parts.outbox.enqueue(targets, {
    type: "punch.updated",
    deviceId,
    punchId,
    revision,
    eventAtMs: nowMs,
    isDuplicate: false,
  });
}

/** With so many messages waiting a resend is not told: a terminal may repeat itself without end. */
const WAITING_MAX = 10_000;

/**
 * Enqueues the message that a punch came once more, where punches of its kind are told at all: not
 * of one that is held, historic or imported.
 */
export function announceResend(
  parts: WriteParts,
  rules: StorageRules,
  resend: {
    readonly deviceId: string;
    readonly punch: KnownPunch;
    /** UTC epoch milliseconds; the event's time. */
    readonly receivedAtMs: number;
  },
): void {
  const { punch } = resend;
  if (!rules.announcesResends) return;
  if (punch.feedPosition === null || punch.isHistoric || punch.origin === "imported") return;
  if (parts.counters.waitingOf(SETTINGS_ENDPOINT_ID) >= WAITING_MAX) return;
  if (rules.endpoint === undefined) return;
  parts.outbox.enqueue([SETTINGS_ENDPOINT_ID], {
    type: "punch.created",
    deviceId: resend.deviceId,
    punchId: punch.id,
    revision: punch.revision,
    eventAtMs: resend.receivedAtMs,
    isDuplicate: true,
  });
}
