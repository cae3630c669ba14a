/** A control socket over a real storage, and delivery that only remembers what it was told. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startControlSocket } from "#api/control/socket.ts";
import { FixedOwnClock } from "../api/control/control-fixture.ts";
import { FakeClock } from "./fake-clock.ts";
import { NO_BACKUPS, ROOMY_DISK } from "./idle-box.ts";
import { RecordingLog } from "./recording-log.ts";
import { runVerb, type VerbResult } from "./run-verb.ts";
import { FakeDispatchers, testDesk } from "./test-desk.ts";
import { testQuarantine } from "./test-quarantine.ts";
import { openTestStorage } from "./test-storage.ts";

export class WebhookControl implements AsyncDisposable {
  readonly opened = openTestStorage();
  readonly dispatchers = new FakeDispatchers();
  readonly log = new RecordingLog();
  readonly clock = new FakeClock();
  readonly #folder = mkdtempSync(join(tmpdir(), "webhook-control-"));
  #stop: () => Promise<void> = async () => undefined;

  get storage() {
    return this.opened.storage;
  }

  async start(): Promise<this> {
    const { storage, clock, log, dispatchers } = this;
    const socket = await startControlSocket({
      path: join(this.#folder, "control.sock"),
      storage,
      clock,
      log,
      ownClock: new FixedOwnClock(),
      siteTimeZone: "Asia/Manila",
      leadingZeros: "drop",
      expectedUsers: undefined,
      live: { tellDevice: () => undefined },
      backups: NO_BACKUPS,
      disk: ROOMY_DISK,
      webhooks: testDesk({ storage, clock, log, dispatchers }),
      quarantine: testQuarantine({ storage, clock, log }),
      onWork: () => undefined,
      openConditions: () => [],
      reachedLimits: () => [],
      markSettings: () => ({}),
    });
    this.#stop = () => socket.stop();
    return this;
  }

  /** Runs a verb against it. */
  run(...argv: readonly string[]): Promise<VerbResult> {
    return runVerb(this.#folder, ...argv);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    this.opened[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true });
  }
}
