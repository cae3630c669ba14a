/**
 * The report of a simulated run for people.
 */

import type { FleetReport } from "#simulator/fleet.ts";

const NAME_WIDTH = 21;

/** One line per fact; what is not part of every run only where there was any. */
export function formatReport(report: FleetReport): string {
  const { latencyMs } = report;
  const rows: readonly (readonly [name: string, text: string])[] = [
    ["terminals", String(report.terminals)],
    ["punches", String(report.punches)],
    ["sent", String(report.sent)],
    ["acknowledged", String(report.acknowledged)],
    ["unacknowledged", String(report.unacknowledged)],
    ["sent again", String(report.resent)],
    ...(report.duplicatesSent > 0 ? [duplicatesRow(report)] : []),
    ...rowsAboveZero([
      ["lost", report.lost],
      ["connection errors", report.connectionErrors],
      ["closed without reply", report.closedWithoutReply],
      ["timeouts", report.timeouts],
      ["given up midway", report.abandoned],
      ["wrong replies", report.wrongReplies],
      ["commands executed", report.commandsExecuted],
      ["commands refused", report.commandsRefused],
      ["results acknowledged", report.resultsAcknowledged],
      ["users pushed", report.usersPushed],
      ["restarts", report.restarts],
      ["disturbances", report.disturbances],
    ]),
    ["duration", `${(report.durationMs / 1000).toFixed(2)} s`],
    ["punches per second", String(report.punchesPerSecond)],
    ["latency p50", `${latencyMs.p50.toFixed(2)} ms`],
    ["latency p90", `${latencyMs.p90.toFixed(2)} ms`],
    ["latency p99", `${latencyMs.p99.toFixed(2)} ms`],
    ["latency max", `${latencyMs.max.toFixed(2)} ms`],
  ];
  return rows.map(([name, text]) => `${name.padEnd(NAME_WIDTH)} ${text}\n`).join("");
}

function duplicatesRow(report: FleetReport): readonly [name: string, text: string] {
  const { duplicatesAcknowledged, duplicatesSent } = report;
  return ["duplicates", `${duplicatesAcknowledged} of ${duplicatesSent} acknowledged`];
}

function rowsAboveZero(
  counts: readonly (readonly [name: string, count: number])[],
): readonly (readonly [name: string, text: string])[] {
  return counts.filter(([, count]) => count > 0).map(([name, count]) => [name, String(count)]);
}
