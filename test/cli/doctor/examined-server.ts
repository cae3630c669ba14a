/**
 * Looks at a real server as the verb `doctor` does, with what the machine's own programs say being the
 * test's: this machine may have no systemd and no firewall, and its clock and disk are not the test's.
 */

import { expect } from "bun:test";
import { diagnose } from "#cli/doctor/diagnose.ts";
import type { Finding } from "#cli/doctor/finding.ts";
import { readSituation } from "#cli/doctor/situation.ts";
import { systemClock } from "#platform/clock.ts";
import type { ProgramResult } from "#platform/run-program.ts";
import type { RunningServer, Settings } from "../../support/running-server.ts";

/** What programs of the machine print, by their name; others are not there. */
export interface Programs {
  readonly [name: string]: string;
}

export const SYNCHRONIZED = "CanNTP=yes\nNTP=yes\nNTPSynchronized=yes\nLocalRTC=no\n";
export const NO_RULES = '{"nftables": [{"metainfo": {"version": "1.0.6"}}]}';
const HEALTHY: Programs = { timedatectl: SYNCHRONIZED, nft: NO_RULES };

/** Of the machine that runs the tests. Each has tests with values of their own. */
const OF_MACHINE: ReadonlySet<string> = new Set(["disk-kind", "disk-flush", "disk-space"]);

/** How it is looked at. */
export interface Look {
  readonly programs?: Programs;
  /** Settings other than the server's. */
  readonly settings?: Settings;
  readonly settingsFile?: string;
  readonly withWebhooks?: boolean;
}

/** Every finding by its check. */
export async function examine(
  server: RunningServer,
  { programs = HEALTHY, settings = {}, settingsFile, withWebhooks = false }: Look = {},
): Promise<ReadonlyMap<string, Finding>> {
  const run = async ([name = ""]: readonly string[]): Promise<ProgramResult> => {
    const out = programs[name];
    if (out === undefined) return { exitCode: 127, out: "", error: "" };
    return { exitCode: 0, out, error: "" };
  };
  const tools = { run, clock: systemClock, isRoot: true };
  const host = {
    variables: { ...server.settings, ...settings },
    out: () => {},
    error: () => {},
    isTerminal: false,
    isJournal: false,
    programName: "biometric-server",
    stopRequested: () => new Promise<string>(() => {}),
    onReloadRequested: () => {},
  };
  const situation = await readSituation(host, settingsFile, tools);
  const groups = await diagnose({ situation, tools, depth: "quick", withWebhooks });
  return new Map(
    groups
      .flatMap(({ findings }) => findings)
      .filter(({ check }) => !OF_MACHINE.has(check))
      .map((finding) => [finding.check, finding]),
  );
}

/** Exactly these checks find something wrong, each with this in its fix. */
export function expectTrouble(
  findings: ReadonlyMap<string, Finding>,
  wanted: Readonly<Record<string, string>>,
): void {
  const wrong = [...findings.values()].filter(
    ({ state }) => state === "warning" || state === "fault",
  );
  const fixes = wrong.map(({ check, fix = "" }) => {
    const text = wanted[check];
    return [check, text !== undefined && fix.includes(text) ? text : fix];
  });
  expect(Object.fromEntries(fixes)).toEqual(wanted);
}
