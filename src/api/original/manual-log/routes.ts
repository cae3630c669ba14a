/**
 * `POST /api/biometric/manual-log`: a punch that a person entered. It takes the way of a terminal's
 * punch, and is answered once it is on disk.
 */

import { Elysia } from "elysia";
import { assertDefined } from "#base/assert.ts";
import { MANUAL_DRIVER } from "#domain/device.ts";
import type { PunchId } from "#domain/identifiers.ts";
import type { Outcome, ReceivedIntake } from "#domain/intake.ts";
import type { Punch } from "#domain/punch.ts";
import { localText } from "#domain/time-text.ts";
import { userNumber } from "#domain/user-number.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import type { ArrivingBodies } from "../../arriving-bodies.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { ApiFailure, type ApiFailureCode, failingAs, ORIGINAL_REFUSALS } from "../../errors.ts";
import { readJsonBody } from "../../json-body.ts";
import {
  ManualLogAnswer,
  ManualLogBody,
  ManualLogFailure,
  ManualLogRefusal,
  SAVE_FAILED,
} from "./model.ts";
import { type ManualEntry, readManualEntry } from "./read-entry.ts";

/** Hands a request to the queue in front of storage; resolves after the commit that holds it. */
export type SubmitIntake = (received: ReceivedIntake) => Promise<Outcome>;

/** What the route needs. */
export interface ManualLogRoutesOptions {
  readonly storage: Pick<Storage, "findPunch" | "findDevice" | "continueBackgroundWork">;
  readonly submitIntake: SubmitIntake;
  readonly gate: BearerGateOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly bodies: ArrivingBodies;
}

const BODY_BYTES_MAX = 64 * 1024;
const UNREADABLE = {
  message: "The punch is stored, but cannot be read back; entered again it is a duplicate",
  body: refusal,
};

/** The route, behind a token that may write. */
export function manualLogRoutes(options: ManualLogRoutesOptions) {
  return new Elysia({ name: "original-manual-log" }).use(bearerGate(options.gate, "write")).post(
    "/api/biometric/manual-log",
    async ({ request, server, clientId }) => {
      const entry = await readEntry(request, options.bodies);
      const address = server?.requestIP(request)?.address ?? "";
      const { punch, isDuplicate } = await store(options, entry, address);
      if (!isDuplicate) {
        const fields = { client: clientId, punch: punch.id, device: punch.deviceId };
        options.log.info("punch.entered", fields, { per: clientId });
      }
      return spellEntered(punch, isDuplicate);
    },
    {
      parse: "none",
      body: ManualLogBody,
      response: {
        200: ManualLogAnswer,
        ...ORIGINAL_REFUSALS,
        400: ManualLogRefusal,
        413: ManualLogRefusal,
        500: ManualLogFailure,
      },
      detail: {
        tags: ["Original"],
        summary: "Enter a punch by hand",
        description: "It is a punch like any other: in the feed, and sent by webhook.",
      },
    },
  );
}

/** The contract has no 415 here: a body that is not declared as JSON is malformed. */
async function readEntry(request: Request, bodies: ArrivingBodies): Promise<ManualEntry> {
  const body = await readJsonBody(request, { bodies, bytesMax: BODY_BYTES_MAX, refusal }).catch(
    (cause: unknown) => {
      const isUntyped = cause instanceof ApiFailure && cause.code === "media-type-unsupported";
      throw isUntyped ? refused("body-malformed", cause.message) : cause;
    },
  );
  const entry = readManualEntry(body);
  if (entry.ok) return entry.value;
  throw refused("request-invalid", entry.error);
}

async function store(
  options: ManualLogRoutesOptions,
  { deviceId, punch }: ManualEntry,
  remoteAddress: string,
): Promise<{ readonly punch: Punch; readonly isDuplicate: boolean }> {
  const outcome = await options.submitIntake({
    intake: { kind: "manual", deviceId, punch, raw: new TextEncoder().encode(punch.rawText) },
    driver: MANUAL_DRIVER,
    remoteAddress,
    receivedAtMs: options.clock.nowMs(),
  });
  const id = "punchId" in outcome ? outcome.punchId : undefined;
  if (id === undefined) throw refused("internal", SAVE_FAILED);
  const stored = await failingAs(UNREADABLE, () => findPlaced(options, id));
  return { punch: stored, isDuplicate: outcome.kind === "duplicate" };
}

/**
 * The punch as it is in the feed. Where the held punches of a terminal are on their way there, this
 * one is behind them: it is stored, and its direction is known when its turn has come. It stays held
 * where somebody blocks the terminal meanwhile.
 */
async function findPlaced({ storage, gate }: ManualLogRoutesOptions, id: PunchId): Promise<Punch> {
  for (let hasMore = true; ; ) {
    const punch = assertDefined(await storage.findPunch(id), `Punch ${id} is gone`);
    if (punch.feedPosition !== undefined || !hasMore) return punch;
    if ((await storage.findDevice(punch.deviceId))?.status !== "approved") return punch;
    hasMore = await storage.continueBackgroundWork();
    await gate.turns.next();
  }
}

function spellEntered(punch: Punch, isDuplicate: boolean): ManualLogAnswer {
  return {
    success: true,
    user_id: userNumber(punch.userId),
    direction: punch.direction === "out" ? "OUT" : "IN",
    device_id: punch.deviceId,
    timestamp: localText(punch.instantMs, punch.timeZone),
    is_duplicate: isDuplicate,
    log_type: isDuplicate ? "DUP" : "NEW",
  };
}

function refused(code: ApiFailureCode, error: string): ApiFailure {
  return new ApiFailure(code, error, { body: refusal(error) });
}

function refusal(error: string) {
  return { success: false, error };
}
