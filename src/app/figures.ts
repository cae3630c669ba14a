/** What the server tells of itself, taken from its parts as they come. */

import { findReadiness } from "#api/health/find-readiness.ts";
import type { LimitSources } from "#api/metrics/limits-reached.ts";
import type { MetricsSource } from "#api/metrics/source.ts";
import { RequestTally } from "#api/request-tally.ts";
import { epochMs } from "#base/epoch.ts";
import type { HandleIntake } from "#devices/connection-host.ts";
import type { DeviceListener } from "#devices/listener.ts";
import type { CommitQueue } from "#ingest/commit-queue.ts";
import type { DataFolder } from "#ingest/data-folder.ts";
import { createHandleIntake } from "#ingest/handle-intake.ts";
import { IntakeTally } from "#ingest/intake-tally.ts";
import type { Backups } from "#maintenance/backups.ts";
import type { Clock } from "#platform/clock.ts";
import { LoopDelay } from "#platform/loop-delay.ts";
import { processorSeconds, residentBytes, uptimeMs } from "#platform/own-process.ts";
import { COMMIT, VERSION } from "#platform/version.ts";
import type { Dispatchers } from "#webhooks/dispatchers.ts";
import type { AppOptions } from "./app-options.ts";

/** The parts that are there before the web port. */
export interface ToldParts extends DataFolder {
  readonly backups: Backups;
  readonly dispatchers: Dispatchers;
}

/** Counts what happens from the start of the process on. */
export class OwnFigures implements LimitSources {
  readonly requests = new RequestTally();
  readonly #tally = new IntakeTally();
  readonly #loopDelay: LoopDelay;
  readonly #startedAtMs;
  #queue: CommitQueue | undefined;
  /** Set when terminals are let in. */
  listener: DeviceListener | undefined;

  constructor(clock: Clock) {
    this.#loopDelay = new LoopDelay(clock);
    this.#loopDelay.start();
    this.#startedAtMs = epochMs(Math.round(clock.nowMs() - uptimeMs()));
  }

  async stop(): Promise<void> {
    this.#loopDelay.stop();
  }

  readonly terminalPort = () => this.listener?.figures();
  readonly commits = () => this.#queue?.figures;
  readonly intakes = () => this.#tally.figures;

  /** The way of every intake into this queue, counted. */
  handleInto(queue: CommitQueue, { clock, log }: AppOptions): HandleIntake {
    this.#queue = queue;
    return createHandleIntake({ queue, tally: this.#tally, clock, log });
  }

  /** What the web port tells of the server. */
  toldOnWeb(options: AppOptions, parts: ToldParts) {
    const { requests, commits } = this;
    const readiness = () => findReadiness({ ...parts, commits });
    return { requests, readiness, metrics: this.#metrics(options, parts) };
  }

  #metrics({ clock }: AppOptions, parts: ToldParts): MetricsSource {
    const { terminalPort, commits, intakes, requests } = this;
    const startedAtMs = this.#startedAtMs;
    return {
      ...parts,
      ...{ clock, terminalPort, commits, intakes, requests },
      loopDelay: this.#loopDelay,
      openConditions: () => parts.watch.conditions(),
      process: { startedAtMs, residentBytes, processorSeconds },
      version: VERSION,
      commit: COMMIT,
    };
  }
}
