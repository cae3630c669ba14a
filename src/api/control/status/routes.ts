/** The whole server on the control socket: what is there, and what is wrong with its fix. */

import { Elysia } from "elysia";
import { AppError } from "#base/app-error.ts";
import type { Condition } from "#domain/condition.ts";
import type { Backups } from "#maintenance/backups.ts";
import type { Clock } from "#platform/clock.ts";
import type { OwnClock } from "#platform/own-clock.ts";
import { VERSION } from "#platform/version.ts";
import type { DiskGuard } from "#storage/disk-guard.ts";
import type { Storage } from "#storage/storage.ts";
import { HOLD_REASONS } from "../../completeness/model.ts";
import type { ReachedLimit } from "../../metrics/limits-reached.ts";
import { strictParameters } from "../../query-text.ts";
import type { WebhookDesk } from "../../webhooks/desk.ts";
import { ControlStatus } from "./model.ts";
import { isoTime, isoTimeOrNull, spellCondition, spellTerminal } from "./spell-status.ts";

/** What the status is told from. */
export interface StatusControlOptions {
  readonly storage: Pick<
    Storage,
    "listDevices" | "figures" | "findPairingWindow" | "probe" | "readCompleteness"
  >;
  readonly clock: Clock;
  readonly ownClock: Pick<OwnClock, "look">;
  readonly disk: Pick<DiskGuard, "state">;
  readonly backups: Pick<Backups, "state" | "findNewest">;
  readonly webhooks: Pick<WebhookDesk, "list">;
  /** What is wrong with terminals now. */
  readonly openConditions: () => readonly Condition[];
  /** Every limit, with how often it was reached. */
  readonly reachedLimits: () => readonly ReachedLimit[];
}

/** `GET /status`. */
export function statusControl(options: StatusControlOptions) {
  const startedAtMs = options.clock.monotonicMs();
  return new Elysia({ name: "control-status", strictPath: true }).get(
    "/status",
    ({ request }) => {
      strictParameters(request.url, []);
      return readStatus(options, startedAtMs);
    },
    { response: ControlStatus },
  );
}

async function readStatus(
  { storage, clock, ownClock, disk, backups, webhooks, ...told }: StatusControlOptions,
  startedAtMs: number,
): Promise<ControlStatus> {
  const storageProblem = await findStorageProblem(storage);
  const figures = await storage.figures();
  const conditions = told.openConditions().map(spellCondition);
  const backup = backups.state;
  const backupProblem = backup.kind === "failed" ? backup.reason : undefined;
  // Looked at before the terminals: what they have shown is then on disk, and told.
  const { throughMs, heldBack } = await storage.readCompleteness(NO_LATE_PUNCHES);
  const { kind, freeBytes } = disk.state;
  const isWell =
    kind === "enough" &&
    conditions.length === 0 &&
    figures.deliveriesParked === 0 &&
    storageProblem === undefined &&
    backupProblem === undefined;
  return {
    version: VERSION,
    uptime_seconds: Math.floor((clock.monotonicMs() - startedAtMs) / 1000),
    now: isoTime(clock.nowMs()),
    well: isWell,
    storage_problem: storageProblem ?? null,
    disk: kind,
    disk_free_bytes: freeBytes,
    clock_trusted: ownClock.look().evidence !== undefined,
    terminals: (await storage.listDevices()).map(spellTerminal),
    conditions,
    complete_through: isoTimeOrNull(throughMs),
    held_back_by:
      heldBack === undefined
        ? null
        : { id: heldBack.deviceId, detail: HOLD_REASONS[heldBack.reason] },
    webhooks: await webhooks.list(),
    deliveries_waiting: figures.deliveriesWaiting,
    deliveries_parked: figures.deliveriesParked,
    last_backup_at: isoTimeOrNull(backups.findNewest()?.madeAtMs),
    backup_problem: backupProblem ?? null,
    quarantine_count: figures.quarantineCount,
    limits_reached: told
      .reachedLimits()
      .filter(({ count }) => count > 0)
      .map(({ setting = null, ...reached }) => ({ ...reached, setting })),
    pairing_window_ends_at: isoTimeOrNull(await storage.findPairingWindow(clock.nowMs())),
  };
}

const NO_LATE_PUNCHES = { lateAfter: Number.MAX_SAFE_INTEGER, lateLimit: 1 };

async function findStorageProblem(storage: Pick<Storage, "probe">): Promise<string | undefined> {
  try {
    await storage.probe();
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { message, hint } = error;
    return hint === undefined ? message : `${message}. ${hint}`;
  }
}
