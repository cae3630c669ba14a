/**
 * Many fake terminals in one run: gives each its people and punches, keeps the rate, watches the
 * timeouts and adds up what came of it.
 */

import type { Clock } from "#platform/clock.ts";
import type { SimulatedPunch } from "./encode-fkweb.ts";
import { LatencyRecorder, type LatencySummary } from "./latency.ts";
import { SimulatedTerminal, type TerminalCounts, type TerminalOptions } from "./terminal.ts";
import { formatWallTime, planPunches } from "./workload.ts";

/** A run: the fleet, its punches, and how it behaves. */
export interface FleetOptions
  extends Pick<
    TerminalOptions,
    | "host"
    | "port"
    | "keepAlive"
    | "duplicatePercent"
    | "timeoutMs"
    | "retryDelayMs"
    | "attemptsMax"
  > {
  readonly terminals: number;
  readonly punchesPerTerminal: number;
  /** Device ids are this and a number from 1, in at least four digits. */
  readonly devicePrefix: string;
  readonly usersPerTerminal: number;
  /** The terminals' local time at the first punch. */
  readonly start: Temporal.PlainDateTime;
  /** Whether each terminal polls once before its first punch. */
  readonly poll: boolean;
  /** Punches per second over the whole fleet; undefined for as fast as they are acknowledged. */
  readonly ratePerSecond: number | undefined;
  /** After this time no terminal begins a new punch; undefined for no such end. */
  readonly durationMs: number | undefined;
}

/** The clock of a run, and who is told of it. */
export interface FleetParts {
  readonly clock: Clock;
  /** Called as soon as a punch is acknowledged for the first time. */
  readonly onAcknowledged?: (punch: SimulatedPunch) => void;
  /** Switches all terminals off at once; the report then says how far they came. */
  readonly stop?: AbortSignal;
}

/** What came of a run. Meanings of the counts as in `TerminalCounts`. */
export interface FleetReport extends Readonly<TerminalCounts> {
  readonly terminals: number;
  /** Punches of the run; less than asked for when the time ended first. */
  readonly punches: number;
  /** Punches without acknowledgement, the unsent ones behind a blocked head included. */
  readonly unacknowledged: number;
  /** From the first connection to the last reply. */
  readonly durationMs: number;
  /** Acknowledged punches, duplicates included, over the duration. */
  readonly punchesPerSecond: number;
  /** Of acknowledged tries: from the call to connect, or to send, to the end of the reply. */
  readonly latencyMs: LatencySummary;
}

const TIMEOUT_CHECK_MS = 50;
const PACE_MS = 5;
const DEVICE_NUMBER_DIGITS = 4;

/**
 * Runs a fleet until every terminal has had all its punches acknowledged or has given up. Waits; the
 * unreachable server and the unacknowledged punch are results, never an exception.
 */
export function runFleet(options: FleetOptions, parts: FleetParts): Promise<FleetReport> {
  return new Promise((resolve) => {
    const fleet = new Fleet(options, parts, resolve);
    fleet.start();
  });
}

class Fleet {
  readonly #options: FleetOptions;
  readonly #parts: FleetParts;
  readonly #onDone: (report: FleetReport) => void;
  readonly #terminals: readonly SimulatedTerminal[];
  readonly #latencies = new LatencyRecorder();
  readonly #timers: { stop(): void }[] = [];
  readonly #stopAll = (): void => {
    for (const terminal of this.#terminals) terminal.stop();
  };
  #runningCount: number;
  #releasedCount = 0;
  #startedMs = 0;

  constructor(options: FleetOptions, parts: FleetParts, onDone: (report: FleetReport) => void) {
    this.#options = options;
    this.#parts = parts;
    this.#onDone = onDone;
    this.#runningCount = options.terminals;
    this.#terminals = Array.from({ length: options.terminals }, (_, index) =>
      this.#makeTerminal(index),
    );
  }

  start(): void {
    const { clock, stop } = this.#parts;
    const { ratePerSecond, durationMs } = this.#options;
    this.#startedMs = clock.monotonicMs();
    stop?.addEventListener("abort", this.#stopAll);
    this.#timers.push(clock.every(TIMEOUT_CHECK_MS, () => this.#checkTimeouts()));
    if (durationMs !== undefined) {
      this.#timers.push(clock.after(durationMs, () => this.#cutOff()));
    }
    if (ratePerSecond === undefined) {
      for (const terminal of this.#terminals) terminal.release(this.#options.punchesPerTerminal);
    } else {
      this.#timers.push(clock.every(PACE_MS, () => this.#releaseDue(ratePerSecond)));
    }
    for (const terminal of this.#terminals) terminal.start();
    if (stop?.aborted === true) this.#stopAll();
  }

  #makeTerminal(index: number): SimulatedTerminal {
    const options = this.#options;
    const number = String(index + 1).padStart(DEVICE_NUMBER_DIGITS, "0");
    const deviceId = `${options.devicePrefix}${number}`;
    const punchAt = planPunches({
      deviceId,
      terminalIndex: index,
      users: options.usersPerTerminal,
      start: options.start,
    });
    const pollWallTime = options.poll ? formatWallTime(options.start) : undefined;
    return new SimulatedTerminal(
      { ...options, deviceId, pollWallTime, planned: options.punchesPerTerminal, punchAt },
      {
        clock: this.#parts.clock,
        onAcknowledged: ({ punch, duplicate }, latencyMs) => {
          this.#latencies.record(latencyMs);
          if (!duplicate) this.#parts.onAcknowledged?.(punch);
        },
        onFinished: () => this.#terminalFinished(),
      },
    );
  }

  #checkTimeouts(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const terminal of this.#terminals) terminal.checkTimeout(nowMs);
  }

  #cutOff(): void {
    for (const terminal of this.#terminals) terminal.cutOff();
  }

  /** Punch n of the fleet is due n/rate seconds after the start, at the terminals in turn. */
  #releaseDue(ratePerSecond: number): void {
    const { terminals, punchesPerTerminal } = this.#options;
    const elapsedMs = this.#parts.clock.monotonicMs() - this.#startedMs;
    const dueCount = Math.floor((elapsedMs * ratePerSecond) / 1000) + 1;
    const untilCount = Math.min(dueCount, terminals * punchesPerTerminal);
    while (this.#releasedCount < untilCount) {
      this.#terminals[this.#releasedCount % terminals]?.release(1);
      this.#releasedCount += 1;
    }
  }

  #terminalFinished(): void {
    this.#runningCount -= 1;
    if (this.#runningCount > 0) return;
    for (const timer of this.#timers) timer.stop();
    this.#parts.stop?.removeEventListener("abort", this.#stopAll);
    this.#onDone(this.#report());
  }

  #report(): FleetReport {
    const durationMs = this.#parts.clock.monotonicMs() - this.#startedMs;
    const counts = sumCounts(this.#terminals);
    const punches = this.#terminals.reduce((sum, terminal) => sum + terminal.planned, 0);
    const replies = counts.acknowledged + counts.duplicatesAcknowledged;
    return {
      terminals: this.#terminals.length,
      punches,
      ...counts,
      unacknowledged: punches - counts.acknowledged,
      durationMs: Math.round(durationMs),
      punchesPerSecond: durationMs > 0 ? Math.round((replies / durationMs) * 1000) : 0,
      latencyMs: this.#latencies.summary(),
    };
  }
}

function sumCounts(terminals: readonly SimulatedTerminal[]): TerminalCounts {
  const total = (count: keyof TerminalCounts): number =>
    terminals.reduce((sum, terminal) => sum + terminal.counts[count], 0);
  return {
    sent: total("sent"),
    acknowledged: total("acknowledged"),
    resent: total("resent"),
    duplicatesSent: total("duplicatesSent"),
    duplicatesAcknowledged: total("duplicatesAcknowledged"),
    connectionErrors: total("connectionErrors"),
    closedWithoutReply: total("closedWithoutReply"),
    timeouts: total("timeouts"),
    wrongReplies: total("wrongReplies"),
    pollsAnswered: total("pollsAnswered"),
  };
}
