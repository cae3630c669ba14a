/**
 * Every figure of the server, group by group, in an order that people can read. Labels take few
 * words: those of our own, the names of receivers, and the ids of terminals in use.
 */

import { AppError } from "#base/app-error.ts";
import { CONDITION_TYPES } from "#domain/condition.ts";
import type { Storage } from "#storage/storage.ts";
import { deliveryFamilies } from "./delivery-families.ts";
import { deviceFamilies } from "./device-families.ts";
import { counter, countsBy, type Family, gauge, histogram, type Sample } from "./family.ts";
import { limitsReached } from "./limits-reached.ts";
import type { MetricsSource } from "./source.ts";
import { terminalPortFamilies } from "./terminal-port-families.ts";

/** The groups, each of them short work that need not be done in one turn with the others. */
export const FAMILY_GROUPS: readonly ((source: MetricsSource) => Promise<readonly Family[]>)[] = [
  async (source) => [...buildFamilies(source), ...intakeFamilies(source)],
  async (source) => [...terminalPortFamilies(source), ...apiFamilies(source)],
  deviceFamilies,
  deliveryFamilies,
  storageFamilies,
  async (source) => [...boxFamilies(source), ...processFamilies(source)],
];

function buildFamilies({ version, commit = "" }: MetricsSource): readonly Family[] {
  const help = "Always 1, with the version and the commit of this build";
  return [gauge("biometric_build_info", help, [{ labels: { version, commit }, value: 1 }])];
}

function intakeFamilies({ intakes, commits }: MetricsSource): readonly Family[] {
  const { counts, refusals, acknowledgements } = intakes();
  const byKind = Object.entries(counts).flatMap(([kind, byOutcome]) =>
    countsBy("outcome", byOutcome).map(
      ({ labels, value }): Sample => ({ labels: { kind, ...labels }, value }),
    ),
  );
  const families = [
    counter(
      "biometric_intakes_total",
      "Requests of terminals, and punches entered by hand (manual), by what became of them; refused and failed ones got no answer, and the terminal keeps its records",
      byKind,
    ),
    counter(
      "biometric_intakes_refused_total",
      "Requests of terminals that were closed without an answer though storage works, by reason",
      countsBy("reason", refusals),
    ),
    histogram(
      "biometric_acknowledgement_seconds",
      "From a whole request of a terminal to its outcome on disk, which the answer follows at once",
      acknowledgements,
    ),
  ];
  const queue = commits();
  if (queue === undefined) return families;
  return [
    ...families,
    gauge("biometric_commit_queue_intakes", "Requests that wait for the disk", queue.depth),
    gauge(
      "biometric_commit_queue_intakes_limit",
      "Beyond so many further ones are closed unanswered",
      queue.depthMax,
    ),
    gauge("biometric_commit_queue_bytes", "Bytes of those that wait", queue.waitingBytes),
    gauge(
      "biometric_commit_queue_bytes_limit",
      "Beyond so many further ones are closed unanswered",
      queue.bytesMax,
    ),
    histogram(
      "biometric_commit_batch_intakes",
      "Requests that shared one transaction",
      queue.batchSizes,
    ),
    histogram("biometric_commit_seconds", "Time of one transaction, on disk", queue.durations),
    counter(
      "biometric_commits_failed_total",
      "Transactions of which nothing was stored, and no request was answered",
      queue.failedBatchCount,
    ),
  ];
}

function apiFamilies(source: MetricsSource): readonly Family[] {
  const byStatus = [...source.requests.byStatus].map(
    ([status, value]): Sample => ({ labels: { code: String(status) }, value }),
  );
  const byLimit = limitsReached(source).map(
    ({ limit, count }): Sample => ({ labels: { limit }, value: count }),
  );
  return [
    counter("biometric_http_requests_total", "Requests of the web port, by status", byStatus),
    counter(
      "biometric_limits_reached_total",
      "Times that a limit held something up or turned it away, by limit",
      byLimit,
    ),
  ];
}

async function storageFamilies({ storage }: MetricsSource): Promise<readonly Family[]> {
  const figures = await storage.figures();
  return [
    gauge(
      "biometric_storage_writable",
      "1: what comes can be stored; 0: nothing could since a write failed",
      await canStore(storage),
    ),
    gauge("biometric_punches", "Punches in the feed", figures.punchCount),
    gauge(
      "biometric_feed_position",
      "The end of the feed, which readers and receivers follow",
      figures.lastFeedPosition,
    ),
    gauge(
      "biometric_punches_held",
      "Punches of terminals that wait for approval, or on their way into the feed",
      figures.heldCount,
    ),
    gauge(
      "biometric_quarantine_entries",
      "Kept for a person, because they could not be read",
      figures.quarantineCount,
    ),
    gauge("biometric_quarantine_bytes", "What these take", figures.quarantineBytes),
    gauge(
      "biometric_quarantine_bytes_limit",
      "Beyond so many what cannot be read is closed unanswered",
      figures.quarantineBytesMax,
    ),
    gauge("biometric_database_bytes", "Size of the database file", figures.databaseBytes),
    gauge("biometric_wal_bytes", "Size of the write-ahead log beside it", figures.walBytes),
    counter(
      "biometric_checkpoints_total",
      "Copies of the write-ahead log into the database file, by outcome",
      countsBy("outcome", { done: figures.checkpointCount, failed: figures.checkpointFailedCount }),
    ),
  ];
}

async function canStore(storage: Pick<Storage, "probe">): Promise<boolean> {
  try {
    await storage.probe();
    return true;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return false;
  }
}

function boxFamilies({
  disk,
  backups,
  clock,
  ownClock,
  openConditions,
}: MetricsSource): readonly Family[] {
  const { kind, freeBytes, totalBytes, hasBallast } = disk.figures;
  const states = { enough: 0, low: 0, full: 0, [kind]: 1 };
  const conditions = Object.fromEntries(CONDITION_TYPES.map((type) => [type, 0]));
  for (const { type } of openConditions()) conditions[type] = (conditions[type] ?? 0) + 1;
  const newest = backups.findNewest();
  return [
    gauge("biometric_disk_free_bytes", "Room on the disk of the data folder", freeBytes),
    gauge("biometric_disk_size_bytes", "Size of that disk", totalBytes),
    gauge(
      "biometric_disk_state",
      "1 for the state that it is in; low: backups and the ledger stop; full: nothing is taken",
      countsBy("state", states),
    ),
    gauge(
      "biometric_disk_ballast",
      "1: the file that keeps room for a full disk is whole",
      hasBallast,
    ),
    gauge(
      "biometric_backup_last_success_timestamp_seconds",
      "When the newest backup in the data folder was made",
      newest === undefined ? undefined : newest.madeAtMs / 1000,
    ),
    gauge(
      "biometric_backup_failing",
      "1: the last try to make one failed",
      backups.state.kind === "failed",
    ),
    counter("biometric_backup_failures_total", "Backups that came to nothing", backups.failedCount),
    gauge(
      "biometric_clock_trusted",
      "1: something says that the box's own clock is right",
      ownClock.isTrusted(),
    ),
    gauge(
      "biometric_time_seconds",
      "What the box's own clock shows: compare its times with this",
      clock.nowMs() / 1000,
    ),
    gauge(
      "biometric_conditions",
      "What is wrong now, as `status` lists it with the fix, by type",
      countsBy("type", conditions),
    ),
  ];
}

function processFamilies({ process, loopDelay }: MetricsSource): readonly Family[] {
  return [
    histogram(
      "biometric_event_loop_delay_seconds",
      "How late the event loop came to a moment that it is to be back at, once a second",
      loopDelay.figures,
    ),
    gauge(
      "process_resident_memory_bytes",
      "Resident memory size in bytes",
      process.residentBytes(),
    ),
    counter(
      "process_cpu_seconds_total",
      "Total user and system CPU time spent in seconds",
      process.processorSeconds(),
    ),
    gauge(
      "process_start_time_seconds",
      "Start time of the process since unix epoch in seconds",
      process.startedAtMs / 1000,
    ),
  ];
}
