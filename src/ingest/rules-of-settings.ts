/** The settings as the rules by which punches are stored. */

import type { Config } from "#config/config.ts";
import type { SettingsEndpoint, StorageRules } from "#storage/rules.ts";
import type { CommitQueueLimits } from "./commit-queue.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The rules of storage. */
export function rulesOf(config: Config): StorageRules {
  return {
    siteTimeZone: config.siteTimeZone,
    leadingZeros: config.userIdLeadingZeros,
    directionPolicy: config.attendanceDirection,
    direction: {
      maxShiftMs: config.attendanceMaxShiftHours * HOUR_MS,
      minimumGapMs: config.attendanceMinimumGapSeconds * 1000,
    },
    correctionWindowMs: config.attendanceCorrectionDays * DAY_MS,
    enrollment: config.deviceEnrollment,
    historyMs: config.deviceHistoryDays * DAY_MS,
    setsDeviceTime: config.deviceSetTime,
    endpoint: endpointOf(config),
    announcesResends: config.webhookDuplicates,
    devicesMax: config.devicesMax,
    pendingDevicesMax: config.pendingDevicesMax,
    pendingPunchesMax: config.pendingPunchesMax,
    pendingBytesMax: config.pendingBytesMax,
    quarantineBytesMax: config.quarantineBytesMax,
    noticeTextBytesMax: config.noticeTextBytesMax,
  };
}

/** How much may wait to be stored. */
export function commitQueueLimits(config: Config): CommitQueueLimits {
  return {
    depthMax: config.commitQueueDepthMax,
    bytesMax: config.commitQueueBytesMax,
    batchMax: config.commitBatchMax,
  };
}

function endpointOf(config: Config): SettingsEndpoint | undefined {
  const url = endpointUrl(config);
  if (url === undefined) return undefined;
  const { webhookFormat: format, webhookCorrections } = config;
  const isChosen = webhookCorrections && format !== "standard";
  return { url, format, types: isChosen ? ["punch.created", "punch.updated"] : undefined };
}

/** The receiver, when one is set and not switched off. */
export function endpointUrl(config: Config): string | undefined {
  return config.webhookEnabled ? config.webhookUrl : undefined;
}
