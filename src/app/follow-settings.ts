/**
 * Brings a running server to other settings. Every setting that needs no restart is followed here,
 * and what is open stays open.
 */

import type { QuarantineDesk } from "#api/quarantine/desk.ts";
import { loadAuthorities } from "#config/ca-file.ts";
import type { Config } from "#config/config.ts";
import { loadSecrets } from "#config/secrets.ts";
import { terminalPortLimits } from "#config/terminal-port-limits.ts";
import { timeOfDay } from "#config/values.ts";
import type { DeviceListener } from "#devices/listener.ts";
import type { CommitQueue } from "#ingest/commit-queue.ts";
import type { DataFolder } from "#ingest/data-folder.ts";
import { commitQueueLimits } from "#ingest/rules-of-settings.ts";
import type { RunningBackups } from "#maintenance/backup-schedule.ts";
import type { RunningDeliveryCare } from "#maintenance/delivery-care.ts";
import type { RunningRecovery } from "#maintenance/recovery.ts";
import { deliveryOf } from "#webhooks/delivery-of-settings.ts";
import type { Dispatchers } from "#webhooks/dispatchers.ts";
import type { FollowingAgeing } from "./ageing.ts";
import { backupPlan } from "./background.ts";
import { keptLedger } from "./delivery.ts";
import type { RunningWeb } from "./web.ts";

/** What goes by settings that can change. */
export interface FollowingParts {
  readonly data: Pick<DataFolder, "follow">;
  readonly dispatchers: Dispatchers;
  readonly care: RunningDeliveryCare;
  readonly quarantine: QuarantineDesk;
  readonly ageing: FollowingAgeing;
  readonly recovery: RunningRecovery;
  readonly backups: RunningBackups;
  readonly queue: CommitQueue;
  readonly web: RunningWeb;
  readonly listener: DeviceListener;
}

/**
 * Resolves when messages go by the new settings, too, which waits up to 2 s for those in flight.
 * @throws AppError when a file that the settings name cannot be used, or the receiver that they make
 * cannot be stored; nothing has changed then.
 */
export async function followSettings(config: Config, parts: FollowingParts): Promise<void> {
  // What can fail comes first.
  const secrets = loadSecrets(config);
  const authorities = await loadAuthorities(config.webhookCaFile);
  await parts.data.follow(config);
  const limits = terminalPortLimits(config);
  parts.listener.setLimits(limits);
  parts.quarantine.setLimits(limits.decoder);
  parts.queue.setLimits(commitQueueLimits(config));
  parts.web.follow(config, secrets);
  parts.recovery.setRecoveryTime(timeOfDay(config.logRecoveryTime));
  parts.backups.follow(backupPlan(config));
  parts.care.setKept(keptLedger(config));
  parts.ageing.follow(config);
  const { webhookSecret: secret } = secrets;
  await parts.dispatchers.follow(deliveryOf(config, { secret, authorities }));
}
