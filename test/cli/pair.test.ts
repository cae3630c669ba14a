/**
 * Aim: the verbs `pair` and `clock` speak to a real control socket over real storage, and say in words
 * what holds from then on.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startControlSocket } from "#api/control/socket.ts";
import { FixedOwnClock } from "../api/control/control-fixture.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NO_BACKUPS, ROOMY_DISK } from "../support/idle-box.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { runVerb, type VerbResult } from "../support/run-verb.ts";
import { testDesk } from "../support/test-desk.ts";
import { testQuarantine } from "../support/test-quarantine.ts";
import { openTestStorage, RECEIVED_AT_MS } from "../support/test-storage.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

class Server {
  readonly folder = mkdtempSync(join(tmpdir(), "cli-pair-"));
  readonly opened = openTestStorage({ enrollment: "approve" });
  readonly ownClock = new FixedOwnClock();

  async start(): Promise<this> {
    cleanups.push(() => rmSync(this.folder, { recursive: true }));
    cleanups.push(() => this.opened[Symbol.dispose]());
    const socket = await startControlSocket({
      path: join(this.folder, "control.sock"),
      storage: this.opened.storage,
      clock: new FakeClock(RECEIVED_AT_MS),
      ownClock: this.ownClock,
      leadingZeros: "drop",
      expectedUsers: undefined,
      siteTimeZone: "Asia/Manila",
      log: new RecordingLog(),
      live: { tellDevice: () => undefined },
      onWork: () => {},
      backups: NO_BACKUPS,
      disk: ROOMY_DISK,
      webhooks: testDesk({
        storage: this.opened.storage,
        clock: new FakeClock(RECEIVED_AT_MS),
        log: new RecordingLog(),
      }),
      quarantine: testQuarantine({
        storage: this.opened.storage,
        clock: new FakeClock(RECEIVED_AT_MS),
        log: new RecordingLog(),
      }),
      openConditions: () => [],
      reachedLimits: () => [],
      markSettings: () => ({}),
    });
    cleanups.push(() => socket.stop());
    return this;
  }

  async run(...argv: string[]): Promise<VerbResult> {
    return runVerb(this.folder, ...argv);
  }
}

describe("pair", () => {
  test("opens the window for an hour, or for as long as is said, and ends it", async () => {
    const server = await new Server().start();
    const endsAt = () => server.opened.storage.findPairingWindow(RECEIVED_AT_MS);
    expect(await server.run("pair")).toEqual({
      code: 0,
      out: "New terminals are approved at once for 60 min\n",
      error: "",
    });
    expect(await endsAt()).toBe((RECEIVED_AT_MS + 3_600_000) as never);
    expect((await server.run("pair", "--minutes", "5")).out).toBe(
      "New terminals are approved at once for 5 min\n",
    );
    expect(await endsAt()).toBe((RECEIVED_AT_MS + 300_000) as never);
    expect((await server.run("pair", "--minutes", "0")).out).toBe(
      "New terminals wait for approval\n",
    );
    expect(await endsAt()).toBeUndefined();
    expect((await server.run("pair", "--minutes", "1", "--json")).out).toBe(
      '{"pairing_window_ends_at":"2026-03-02T01:01:00.000Z"}\n',
    );
  });

  test.each(["-1", "1441", "1.5", "x", ""])("refuses --minutes %p", async (minutes) => {
    const server = await new Server().start();
    const { code, error } = await server.run("pair", "--minutes", minutes);
    expect(code).toBe(2);
    expect(error).toContain("It must be a whole number from 0 to 1440.");
    expect(await server.opened.storage.findPairingWindow(RECEIVED_AT_MS)).toBeUndefined();
  });
});

describe("clock", () => {
  test("shows that nothing speaks for the clock, and what to do", async () => {
    const server = await new Server().start();
    server.ownClock.state = { ...server.ownClock.state, isBehindStored: true };
    expect((await server.run("clock")).out.split("\n")).toEqual([
      "now       2026-03-02 09:00:00 Asia/Manila",
      "trusted   no: nothing says that it is right",
      "terminals 1 of 3 agree with it",
      "warning   it is before the newest stored punch",
      "",
      'Switch NTP on; or compare it, then run "biometric-server clock confirm"',
      "",
    ]);
  });

  test("takes the operator's word", async () => {
    const server = await new Server().start();
    const expected = [
      "now       2026-03-02 09:00:00 Asia/Manila",
      "trusted   yes: an operator confirmed it since the last boot",
      "terminals 1 of 3 agree with it",
      "",
    ].join("\n");
    expect(await server.run("clock", "confirm")).toEqual({ code: 0, out: expected, error: "" });
    expect((await server.run("clock")).out).toBe(expected);
    const answer: unknown = JSON.parse((await server.run("clock", "confirm", "--json")).out);
    expect(answer).toMatchObject({ trusted: true, evidence: "confirmed" });
  });

  test("fails when no server answers", async () => {
    const server = new Server();
    cleanups.push(() => rmSync(server.folder, { recursive: true }));
    cleanups.push(() => server.opened[Symbol.dispose]());
    for (const argv of [["clock"], ["clock", "confirm"], ["pair"]]) {
      const { code, error } = await server.run(...argv);
      expect(code).toBe(1);
      expect(error).toContain("Cannot reach the server");
    }
  });
});
