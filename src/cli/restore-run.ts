/** Restores a backup, has terminals asked for their logs, and says what all that means. */

import { join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import type { LoadedConfig } from "#config/load.ts";
import { rulesOf } from "#ingest/rules-of-settings.ts";
import { systemClock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { type RestoreReport, restoreBackup } from "#storage/restore-backup.ts";
import { openStorage } from "#storage/sqlite-storage.ts";
import { findDatabase } from "./database-file.ts";

/** The report of the verb, for a program. Times are RFC 3339, UTC. */
export interface ShownRestore {
  readonly is_dry_run: boolean;
  readonly made_at: string;
  readonly made_by_version: string;
  /** What there was before. */
  readonly found: RestoreReport["found"];
  readonly reread_from: string;
  readonly last_punch_id: number;
  readonly waiting_deliveries: number;
  readonly cancelled_commands: number;
  readonly asked_terminals: number;
  /** In use, and with no log that can be asked for. */
  readonly terminals_without_log: readonly string[];
  readonly endpoints_without_secret: readonly string[];
  /** Forgotten since the backup, which has them still. */
  readonly purged_users: readonly string[];
  readonly restored_secrets: readonly string[];
  /** Null: there was nothing to replace. */
  readonly kept_in: string | null;
}

/** What there is to say, the report says. */
const SILENT_LOG: Log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
const DAY_MS = 86_400_000;
/** The driver whose terminals can be asked for their log. */
const DRIVER = "fkweb";

/** @throws AppError as `restoreBackup`. */
export async function restore(
  backup: string,
  settings: LoadedConfig,
  isDryRun: boolean,
): Promise<ShownRestore> {
  const databasePath = findDatabase(settings) ?? join(settings.config.dataDir, "biometric.db");
  const nowMs = systemClock.nowMs();
  let asked: AskedTerminals = { askedCount: 0, withoutLog: [] };
  const prepare = async (path: string): Promise<void> => {
    asked = await askForLogs(path, settings);
  };
  const report = await restoreBackup({ backup, databasePath, nowMs, isDryRun, prepare });
  return spell(report, isDryRun, asked);
}

interface AskedTerminals {
  readonly askedCount: number;
  readonly withoutLog: readonly string[];
}

/** From the last reading of each terminal on, which is before the backup, with a day of overlap. */
async function askForLogs(path: string, { config }: LoadedConfig): Promise<AskedTerminals> {
  const storage = openStorage({
    path,
    rules: rulesOf(config),
    ownClock: { isTrusted: () => false, noteTerminal: () => {}, noteArrival: () => {} },
    clock: systemClock,
    log: SILENT_LOG,
    onLost: (error) => {
      throw error;
    },
  });
  try {
    const devices = await storage.listDevices();
    const nowMs = systemClock.nowMs();
    const ids = devices.filter(({ driver }) => driver === DRIVER).map(({ id }) => id);
    const asked = await storage.queueLogReadings(ids, nowMs, epochMs(nowMs + DAY_MS));
    const withoutLog = devices.filter(
      ({ status, waitsFor }) => status === "approved" && waitsFor === "operator",
    );
    return { askedCount: asked.length, withoutLog: withoutLog.map(({ id }) => id) };
  } finally {
    await storage.close();
  }
}

function spell(
  report: RestoreReport,
  isDryRun: boolean,
  { askedCount, withoutLog }: AskedTerminals,
): ShownRestore {
  return {
    is_dry_run: isDryRun,
    made_at: new Date(report.facts.madeAtMs).toISOString(),
    made_by_version: report.facts.version,
    found: report.found,
    reread_from: new Date(report.rereadFromMs).toISOString(),
    last_punch_id: report.lastPunchId,
    waiting_deliveries: report.waitingDeliveryCount,
    cancelled_commands: report.cancelledCommandCount,
    asked_terminals: askedCount,
    terminals_without_log: withoutLog,
    endpoints_without_secret: report.endpointsWithoutSecret,
    purged_users: report.purgedUsers,
    restored_secrets: report.restoredSecrets,
    kept_in: report.keptIn ?? null,
  };
}

const FOUND: Readonly<Record<RestoreReport["found"], string>> = {
  "same-box": "It is of this box: what was revoked, removed or blocked since stays so",
  "other-box": "It is of another box than the database that was here",
  unreadable:
    'The database that was here cannot be read: look through "clients list" and the webhooks for what was revoked since the backup',
  none: "There was no database here",
};

/** The same for a person. */
export function describeRestore(shown: ShownRestore): string {
  const lines = [
    `${shown.is_dry_run ? "It can be restored" : "Restored"}: made ${shown.made_at} by version ${shown.made_by_version}`,
    FOUND[shown.found],
    `Readers of the feed have to read again what is of ${shown.reread_from} or later`,
    `${shown.waiting_deliveries} messages waited and are sent, some perhaps once more; ${shown.cancelled_commands} commands waited and are not given`,
    `New punches have ids above ${shown.last_punch_id}`,
  ];
  if (shown.restored_secrets.length > 0) {
    lines.push(`Secrets of the backup: ${shown.restored_secrets.join(", ")}`);
  }
  if (shown.endpoints_without_secret.length > 0) {
    const names = shown.endpoints_without_secret.join(", ");
    lines.push(`Switched off, since the backup has no secrets: the receivers ${names}`);
  }
  if (shown.purged_users.length > 0) {
    const users = shown.purged_users.map((id) => JSON.stringify(id)).join(", ");
    lines.push(`Purged since the backup, and in it: the users ${users}; purge them again`);
  }
  if (shown.is_dry_run) return [...lines, "Nothing was changed"].join("\n");
  lines.push(
    `${shown.asked_terminals} terminals are asked for their logs once they are in contact`,
  );
  for (const id of shown.terminals_without_log) {
    lines.push(
      `${id} has no log to ask for: what it sent since then is to be entered by hand; "devices give-up-lost ${id}" says that nobody waits for it`,
    );
  }
  if (shown.kept_in !== null) lines.push(`What was there is kept in "${shown.kept_in}"`);
  return [...lines, "Start the server now"].join("\n");
}
