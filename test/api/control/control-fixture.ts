/** The control socket over storage in memory, on a path of its own, and the calls tests make of it. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackupControlOptions } from "#api/control/backups/routes.ts";
import type { ProcessControlOptions } from "#api/control/process/routes.ts";
import { type RunningControlSocket, startControlSocket } from "#api/control/socket.ts";
import type { ReachedLimit } from "#api/metrics/limits-reached.ts";
import type { Condition } from "#domain/condition.ts";
import type { Backups } from "#maintenance/backups.ts";
import type { OwnClockState } from "#platform/own-clock.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { NO_BACKUPS, ROOMY_DISK } from "../../support/idle-box.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { testDesk } from "../../support/test-desk.ts";
import { testQuarantine } from "../../support/test-quarantine.ts";
import { FakeStorage } from "../fake-storage.ts";

const cleanups: (() => Promise<void> | void)[] = [];

/** Stops what was started and removes what was made: for `afterEach`. */
export async function cleanUpControl(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** A path for a socket in a folder of its own. */
export function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "control-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return join(folder, "control.sock");
}

/** The box's own clock, not believed until an operator confirms it. */
export class FixedOwnClock {
  state: OwnClockState = {
    evidence: undefined,
    measuredCount: 3,
    agreeingCount: 1,
    isBehindStored: false,
  };

  look(): OwnClockState {
    return this.state;
  }

  confirm(): void {
    this.state = { ...this.state, evidence: "confirmed" };
  }
}

export class ControlFixture {
  readonly storage = new FakeStorage();
  readonly log = new RecordingLog();
  readonly clock = new FakeClock();
  readonly ownClock = new FixedOwnClock();
  /** How often the background work was woken. */
  wakes = 0;
  /** What clients of `/ws` were told of terminals. */
  readonly news: unknown[] = [];
  /** What is wrong with terminals. */
  conditions: readonly Condition[] = [];
  markSettings: ProcessControlOptions["markSettings"] = () => ({});
  reachedLimits: readonly ReachedLimit[] = [];
  disk = ROOMY_DISK;
  backups: BackupControlOptions["backups"] & Pick<Backups, "findNewest"> = NO_BACKUPS;

  async start(path: string): Promise<RunningControlSocket> {
    const running = await startControlSocket({
      path,
      storage: this.storage,
      webhooks: testDesk(this),
      quarantine: testQuarantine(this),
      clock: this.clock,
      ownClock: this.ownClock,
      siteTimeZone: "Asia/Manila",
      log: this.log,
      live: { tellDevice: (id, news) => this.news.push({ id, ...news }) },
      leadingZeros: "drop",
      expectedUsers: undefined,
      onWork: () => {
        this.wakes += 1;
      },
      backups: this.backups,
      disk: this.disk,
      openConditions: () => this.conditions,
      reachedLimits: () => this.reachedLimits,
      markSettings: this.markSettings,
    });
    cleanups.push(() => running.stop());
    return running;
  }
}

/** One request over a socket. */
export async function ask(socketPath: string, method: string, path: string) {
  const response = await fetch(`http://localhost${path}`, { method, unix: socketPath });
  const json: unknown = await response.json();
  return { status: response.status, json };
}
