/**
 * How often each limit was reached since the start of the process, and which setting raises it. What
 * a full disk or a receiver's rate holds up is told with the disk and the receiver.
 */

import type { ListenerFigures } from "#devices/listener.ts";
import type { CommitFigures } from "#ingest/commit-queue.ts";
import type { IntakeFigures } from "#ingest/intake-tally.ts";
import type { RequestTally } from "../request-tally.ts";

/** What the counts are taken from; undefined while the part is not there. */
export interface LimitSources {
  readonly terminalPort: () => ListenerFigures | undefined;
  readonly commits: () => CommitFigures | undefined;
  readonly intakes: () => IntakeFigures;
  readonly requests: Pick<RequestTally, "countOf">;
}

/** One limit. */
export interface ReachedLimit {
  /** What it is a limit of. */
  readonly limit: string;
  /** The setting that raises it; undefined: none does. */
  readonly setting: string | undefined;
  readonly count: number;
}

type Row = readonly [limit: string, setting: string | undefined, count: number | undefined];

/** Every limit, those that were never reached with a count of 0. */
export function limitsReached(sources: LimitSources): readonly ReachedLimit[] {
  return [...terminalLimits(sources), ...storageLimits(sources), ...apiLimits(sources)].map(
    ([limit, setting, count = 0]) => ({ limit, setting, count }),
  );
}

function terminalLimits({ terminalPort }: LimitSources): readonly Row[] {
  const port = terminalPort();
  const closed = port?.closedByReason;
  const paused = port?.pausesByReason;
  return [
    ["terminal-connections", "DEVICE_CONNECTIONS_MAX", closed?.["connections-full"]],
    ["address-connections", "DEVICE_CONNECTIONS_PER_ADDRESS_MAX", closed?.["address-full"]],
    ["request-time", "DEVICE_REQUEST_TIMEOUT_SECONDS", closed?.["slow-request"]],
    ["request-size", "DEVICE_REQUEST_KIB_MAX", countTooLong(port)],
    ["buffers", "DEVICE_BUFFERED_KIB_MAX", closed?.["buffers-full"]],
    ["upload-room", "DEVICE_BUFFERED_KIB_MAX", paused?.["upload-room"]],
    ["requests-waiting", "DEVICE_REQUESTS_WAITING_MAX", paused?.["requests-waiting"]],
    ["unsent-answers", "DEVICE_UNSENT_KIB_MAX", paused?.["unsent-bytes"]],
  ];
}

/** Drivers end the code of everything that is larger than it may be alike. */
function countTooLong(port: ListenerFigures | undefined): number {
  return Object.entries(port?.violationsByCode ?? {})
    .filter(([code]) => code.endsWith("-too-long"))
    .reduce((sum, [, count = 0]) => sum + count, 0);
}

function storageLimits({ commits, intakes }: LimitSources): readonly Row[] {
  const { refusals } = intakes();
  return [
    ["commit-queue", "COMMIT_QUEUE_DEPTH_MAX", commits()?.refusedCount],
    ["devices", "DEVICES_MAX", refusals["devices-full"]],
    ["pending-devices", "PENDING_DEVICES_MAX", refusals["pending-devices-full"]],
    ["pending-punches", "PENDING_PUNCHES_MAX", refusals["pending-punches-full"]],
    ["quarantine", "QUARANTINE_KIB_MAX", refusals["quarantine-full"]],
  ];
}

function apiLimits({ requests }: LimitSources): readonly Row[] {
  return [
    ["api-rate", "HRIS_RATE_LIMIT_REQUESTS", requests.countOf("rate-limited")],
    ["api-open", undefined, requests.countOf("too-many-open")],
    ["api-waiting", undefined, requests.countOf("too-many-waiting")],
    ["api-body", undefined, requests.countOf("body-too-large")],
    ["device-commands", undefined, requests.countOf("command-queue-full")],
    ["webhooks", undefined, requests.countOf("webhooks-full")],
  ];
}
