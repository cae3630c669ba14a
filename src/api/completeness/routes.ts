/** `/v1/completeness`: whether all punches up to a time are here, with what shows it. */

import { Elysia, t } from "elysia";
import type { EpochMs } from "#base/epoch.ts";
import type { Completeness, DeviceCompleteness, LatePunch } from "#domain/completeness.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../auth.ts";
import { hasTag, tagOf } from "../entity-tag.ts";
import { PROBLEM_REFUSALS, Problem } from "../errors.ts";
import { strictInteger, strictParameters } from "../query-text.ts";
import {
  CompletenessModel,
  CompletenessQuery,
  HOLD_REASONS,
  LATE_SIZE_DEFAULT,
  LATE_SIZE_MAX,
  REVISION_MAX,
} from "./model.ts";

/** What the route needs. */
export interface CompletenessRoutesOptions {
  readonly storage: Pick<Storage, "readCompleteness">;
  readonly gate: BearerGateOptions;
  readonly siteTimeZone: string;
}

/** `GET /v1/completeness`, behind a token that may read. */
export function completenessRoutes({ storage, gate, siteTimeZone }: CompletenessRoutesOptions) {
  return new Elysia({ name: "completeness" }).use(bearerGate(gate, "read")).get(
    "/v1/completeness",
    async ({ request }) => {
      const query = readQuery(request.url);
      const completeness = await storage.readCompleteness(query);
      return answer(spell(completeness, query.lateAfter, siteTimeZone), request);
    },
    {
      query: CompletenessQuery,
      response: { 200: CompletenessModel, 304: t.Void(), 400: Problem, ...PROBLEM_REFUSALS },
      detail: {
        tags: ["Punches"],
        summary: "Up to when all punches are here, and which came late",
        description:
          "Ask this first, then read the feed to its end: it then holds every punch before " +
          "`complete_through`. A punch may still be among what is `quarantined`, `missing_records` " +
          "or held by `pending_devices`. One that enters the feed before what was complete is " +
          "listed as late, however it came, and raises `revision`; not one before its terminal's " +
          "start date, nor one whose time is doubted.",
      },
    },
  );
}

function answer(body: CompletenessModel, request: Request): Response {
  const text = JSON.stringify(body);
  const etag = tagOf(text);
  const headers = {
    "content-type": "application/json",
    "cache-control": "private, no-cache",
    etag,
  };
  const isKnown = hasTag(request.headers.get("if-none-match"), etag);
  return isKnown ? new Response(null, { status: 304, headers }) : new Response(text, { headers });
}

function readQuery(requestUrl: string) {
  const given = strictParameters(requestUrl, ["late_after", "limit"]);
  return {
    lateAfter: strictInteger("late_after", given.get("late_after"), {
      min: 0,
      max: REVISION_MAX,
      fallback: 0,
    }),
    lateLimit: strictInteger("limit", given.get("limit"), {
      min: 1,
      max: LATE_SIZE_MAX,
      fallback: LATE_SIZE_DEFAULT,
    }),
  };
}

function spell(
  completeness: Completeness,
  lateAfter: number,
  siteTimeZone: string,
): CompletenessModel {
  const { devices, late, lateRevision } = completeness;
  return {
    complete_through: timeOrNull(completeness.throughMs, siteTimeZone),
    time_zone: siteTimeZone,
    held_back_by: spellHeldBack(completeness),
    pending_devices: completeness.pendingDeviceCount,
    held_count: completeness.heldCount,
    quarantined: completeness.quarantinedCount,
    missing_records: devices.reduce((sum, device) => sum + device.missingRecordCount, 0),
    devices: devices.map(spellDevice),
    revision: lateRevision,
    late: late.map(spellLate),
    next: late.at(-1)?.revision ?? Math.min(lateAfter, lateRevision),
    has_more: completeness.hasMoreLate,
  };
}

function spellHeldBack({ heldBack, devices }: Completeness): CompletenessModel["held_back_by"] {
  if (heldBack === undefined) return null;
  const { deviceId, reason } = heldBack;
  const name = devices.find((device) => device.deviceId === deviceId)?.name;
  return { device_id: deviceId, name: name ?? null, reason, detail: HOLD_REASONS[reason] };
}

function spellDevice(device: DeviceCompleteness): CompletenessModel["devices"][number] {
  const { timeZone, receivedEvidence, verifiedEvidence } = device;
  return {
    device_id: device.deviceId,
    name: device.name ?? null,
    time_zone: timeZone,
    complete_from: rfc3339WithOffset(device.fromMs, timeZone),
    complete_through: timeOrNull(device.throughMs, timeZone),
    received_through: timeOrNull(device.receivedThroughMs, timeZone),
    received_evidence:
      receivedEvidence === undefined
        ? null
        : {
            kind: receivedEvidence.kind,
            at: rfc3339WithOffset(receivedEvidence.atMs, timeZone),
            record_number:
              receivedEvidence.kind === "record" ? receivedEvidence.recordNumber : null,
          },
    verified_through: timeOrNull(device.verifiedThroughMs, timeZone),
    verified_evidence:
      verifiedEvidence === undefined
        ? null
        : {
            command_id: verifiedEvidence.commandId,
            at: rfc3339WithOffset(verifiedEvidence.atMs, timeZone),
          },
    waits_for: device.waitsFor ?? null,
    held_count: device.heldCount,
    quarantined: device.quarantinedCount,
    missing_records: device.missingRecordCount,
  };
}

function spellLate(late: LatePunch): CompletenessModel["late"][number] {
  const { timeZone } = late;
  return {
    revision: late.revision,
    punch_id: late.punchId,
    device_id: late.deviceId,
    user_id: late.userId,
    time: rfc3339WithOffset(late.instantMs, timeZone),
    time_zone: timeZone,
    landed_at: rfc3339WithOffset(late.landedAtMs, timeZone),
    complete_through: rfc3339WithOffset(late.completeThroughMs, timeZone),
    origin: late.origin,
  };
}

function timeOrNull(instantMs: EpochMs | undefined, timeZone: string): string | null {
  return instantMs === undefined ? null : rfc3339WithOffset(instantMs, timeZone);
}
