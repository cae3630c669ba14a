/**
 * Many fake terminals in one run: gives each its people and punches, keeps the rate, watches the
 * timeouts, lets others disturb, and adds up what came of it.
 */

import type { Clock } from "#platform/clock.ts";
import { Disturber } from "./disturber.ts";
import type { FleetOptions } from "./fleet-options.ts";
import { LatencyRecorder, type LatencySummary } from "./latency.ts";
import { deviceIdAt, dialectOf, inTurn, makeTerminal } from "./make-terminal.ts";
import { MODELS } from "./models.ts";
import type { SimulatedPunch } from "./simulated-punch.ts";
import type { SimulatedTerminal } from "./terminal.ts";
import { sumCounts, type TerminalCounts } from "./terminal-counts.ts";
import { formatWallTime } from "./workload.ts";

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
  /** Punches to be sent in the run; less than asked for when the time ended first. */
  readonly punches: number;
  /** Punches without acknowledgement, the unsent ones behind a blocked head included. */
  readonly unacknowledged: number;
  /** Punches that terminals recorded and never sent, as planned: only their own logs have them. */
  readonly lost: number;
  /** Connections and requests of those who disturbed. */
  readonly disturbances: number;
  /** From the first connection to the last reply. */
  readonly durationMs: number;
  /** Acknowledged punches, duplicates included, over the duration. */
  readonly punchesPerSecond: number;
  /** Of acknowledged tries: from the call to connect, or to send, to the end of the reply. */
  readonly latencyMs: LatencySummary;
}

const TIMEOUT_CHECK_MS = 50;
const PACE_MS = 5;

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
  readonly #storms: readonly SimulatedTerminal[];
  readonly #disturbers: readonly Disturber[];
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
      makeTerminal(options, index, {
        clock: parts.clock,
        onAcknowledged: ({ punch, duplicate }, latencyMs) => {
          this.#latencies.record(latencyMs);
          if (!duplicate) parts.onAcknowledged?.(punch);
        },
        onFinished: () => this.#terminalFinished(),
      }),
    );
    this.#storms = makeStorms(options, parts.clock);
    this.#disturbers = makeDisturbers(options, parts.clock);
  }

  start(): void {
    const { clock, stop } = this.#parts;
    const { ratePerSecond, punchesPerTerminal } = this.#options;
    this.#startedMs = clock.monotonicMs();
    stop?.addEventListener("abort", this.#stopAll);
    this.#timers.push(clock.every(TIMEOUT_CHECK_MS, () => this.#checkTimeouts()));
    this.#limitDuration();
    if (ratePerSecond === undefined) {
      for (const terminal of this.#terminals) terminal.release(punchesPerTerminal);
    } else {
      this.#timers.push(clock.every(PACE_MS, () => this.#releaseDue(ratePerSecond)));
    }
    for (const disturber of this.#disturbers) disturber.start();
    for (const storm of this.#storms) {
      storm.release(1);
      storm.start();
    }
    for (const terminal of this.#terminals) terminal.start();
    if (stop?.aborted === true) this.#stopAll();
  }

  #limitDuration(): void {
    const { durationMs, timeoutMs, attemptsMax, behavior } = this.#options;
    if (durationMs === undefined) return;
    const { clock } = this.#parts;
    const { staysOn } = behavior;
    const cutOff = (): void => {
      for (const terminal of this.#terminals) terminal.cutOff(staysOn);
    };
    this.#timers.push(clock.after(durationMs, cutOff));
    if (!staysOn && Number.isFinite(attemptsMax)) return;
    // Terminals that never give up get the time of one exchange to send the rest.
    this.#timers.push(clock.after(durationMs + timeoutMs, this.#stopAll));
  }

  #checkTimeouts(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const terminal of [...this.#terminals, ...this.#storms]) terminal.checkTimeout(nowMs);
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
      this.#losePowerIfDue();
    }
  }

  /** The terminal that was given the last punch loses power if that was the punch to do it after. */
  #losePowerIfDue(): void {
    const { powerLoss } = this.#options.behavior;
    const index = (this.#releasedCount - 1) % this.#terminals.length;
    const ownCount = Math.ceil(this.#releasedCount / this.#terminals.length);
    if (powerLoss === undefined || ownCount !== powerLoss.afterPunches) return;
    const reading = Temporal.PlainDateTime.from(inTurn(powerLoss.readings, index));
    this.#terminals[index]?.losePower(reading);
  }

  #terminalFinished(): void {
    this.#runningCount -= 1;
    if (this.#runningCount > 0) return;
    const report = this.#report();
    for (const timer of this.#timers) timer.stop();
    for (const storm of this.#storms) storm.stop();
    for (const disturber of this.#disturbers) disturber.stop();
    this.#parts.stop?.removeEventListener("abort", this.#stopAll);
    this.#onDone(report);
  }

  #report(): FleetReport {
    const durationMs = this.#parts.clock.monotonicMs() - this.#startedMs;
    const total = (figure: (terminal: SimulatedTerminal) => number): number =>
      this.#terminals.reduce((sum, terminal) => sum + figure(terminal), 0);
    const counts = sumCounts(this.#terminals.map((terminal) => terminal.counts));
    const punches = total((terminal) => terminal.planned);
    const replies = counts.acknowledged + counts.duplicatesAcknowledged;
    const storms = sumCounts(this.#storms.map((storm) => storm.counts));
    const connections = this.#disturbers.reduce((sum, { count }) => sum + count, 0);
    return {
      terminals: this.#terminals.length,
      punches,
      ...counts,
      unacknowledged: punches - counts.acknowledged,
      lost: total((terminal) => terminal.lostCount),
      disturbances: connections + storms.sent + storms.resent,
      durationMs: Math.round(durationMs),
      punchesPerSecond: durationMs > 0 ? Math.round((replies / durationMs) * 1000) : 0,
      latencyMs: this.#latencies.summary(),
    };
  }
}

/** Terminals that take no reply for an acknowledgement, numbered after those of the fleet. */
function makeStorms(options: FleetOptions, clock: Clock): readonly SimulatedTerminal[] {
  const { behavior, terminals } = options;
  const storms = behavior.disturbances.filter(({ kind }) => kind === "storm");
  const count = storms.reduce((sum, storm) => sum + storm.count, 0);
  const stormOptions: FleetOptions = {
    ...options,
    punchesPerTerminal: 1,
    attemptsMax: Number.POSITIVE_INFINITY,
    behavior: { ...behavior, live: false, staysOn: true, deaf: true },
  };
  const nobody = { clock, onAcknowledged: () => {}, onFinished: () => {} };
  return Array.from({ length: count }, (_, index) =>
    makeTerminal(stormOptions, terminals + index, nobody),
  );
}

function makeDisturbers(options: FleetOptions, clock: Clock): readonly Disturber[] {
  const { host, port, behavior } = options;
  return behavior.disturbances.flatMap(({ kind, count }) =>
    kind === "storm"
      ? []
      : Array.from({ length: count }, () => {
          const request = trickledRequest(options);
          return new Disturber({ host, port, kind, request }, clock);
        }),
  );
}

/** A poll, which a server need not keep. */
function trickledRequest(options: FleetOptions): Uint8Array {
  const { host, port, keepAlive, terminals, behavior, start } = options;
  const model = MODELS[inTurn(behavior.models, 0)];
  const deviceId = deviceIdAt(options, terminals);
  const speaker = { deviceId, server: `${host}:${port}`, library: model.library, keepAlive };
  const poll = { name: deviceId, wallTime: formatWallTime(start) };
  const [request] = dialectOf(model, speaker, port).encode({ kind: "poll", poll });
  return request?.bytes ?? new Uint8Array(0);
}
