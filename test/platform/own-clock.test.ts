/**
 * Aim: the box's own clock is believed for each of three kinds of evidence alone, and for nothing
 * less; a confirmation ends with the boot.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import { OwnClock } from "#platform/own-clock.ts";
import { FakeClock } from "../support/fake-clock.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

class Box {
  readonly clock = new FakeClock();
  readonly folder = mkdtempSync(join(tmpdir(), "own-clock-"));
  readonly mark = join(this.folder, "synchronized");
  readonly confirmation = join(this.folder, "clock-confirmed");

  constructor() {
    folders.push(this.folder);
    this.boot("boot-1");
  }

  boot(id: string): void {
    writeFileSync(join(this.folder, "boot_id"), `${id}\n`);
  }

  start(): OwnClock {
    return new OwnClock(this.clock, {
      synchronizedMark: this.mark,
      bootIdFile: join(this.folder, "boot_id"),
      confirmationFile: this.confirmation,
    });
  }
}

const NOTHING = {
  evidence: undefined,
  measuredCount: 0,
  agreeingCount: 0,
  isBehindStored: false,
} as const;

test("nothing makes the clock trusted", () => {
  const ownClock = new Box().start();
  expect(ownClock.isTrusted()).toBe(false);
  expect(ownClock.look()).toEqual(NOTHING);
});

test("the mark of the time service does, within 10 s", async () => {
  const box = new Box();
  const ownClock = box.start();
  expect(ownClock.isTrusted()).toBe(false);
  writeFileSync(box.mark, "");
  await box.clock.advance(9_999);
  expect(ownClock.isTrusted()).toBe(false);
  await box.clock.advance(1);
  expect(ownClock.isTrusted()).toBe(true);
  expect(ownClock.look().evidence).toBe("synchronized");
  rmSync(box.mark);
  await box.clock.advance(10_000);
  expect(ownClock.isTrusted()).toBe(false);
});

describe("a confirmation", () => {
  test("counts at once, over restarts of the server, and until the next boot", () => {
    const box = new Box();
    const ownClock = box.start();
    expect(ownClock.isTrusted()).toBe(false);
    ownClock.confirm();
    expect(ownClock.isTrusted()).toBe(true);
    expect(ownClock.look().evidence).toBe("confirmed");
    expect(readFileSync(box.confirmation, "utf8")).toBe("boot-1");
    expect(statSync(box.confirmation).mode & 0o777).toBe(0o600);
    expect(box.start().isTrusted()).toBe(true);
    box.boot("boot-2");
    const rebooted = box.start();
    expect(rebooted.isTrusted()).toBe(false);
    rebooted.confirm();
    expect(box.start().isTrusted()).toBe(true);
  });

  test("ends with the process where the system tells no boot from another", () => {
    const box = new Box();
    rmSync(join(box.folder, "boot_id"));
    const ownClock = box.start();
    ownClock.confirm();
    expect(ownClock.isTrusted()).toBe(true);
    expect(box.start().isTrusted()).toBe(false);
  });
});

describe("the terminals", () => {
  const cases: readonly (readonly [string, readonly number[], boolean])[] = [
    ["one that agrees", [0], false],
    ["two that agree", [120_000, -120_000], true],
    ["two, of which one is a little too far off", [120_000, 120_001], false],
    ["two of three", [0, 500, -3_600_000], true],
    ["two of four", [0, 500, 9e9, -9e9], false],
    ["three of five", [0, 500, -500, 9e9, -9e9], true],
    ["three that agree with each other and not with us", [9e9, 9e9, 9e9], false],
  ];
  for (const [what, skewsMs, expected] of cases) {
    test(`${what}: ${expected ? "trusted" : "not trusted"}`, () => {
      const ownClock = new Box().start();
      for (const [index, skewMs] of skewsMs.entries()) ownClock.noteTerminal(`T${index}`, skewMs);
      expect(ownClock.isTrusted()).toBe(expected);
      expect(ownClock.look().evidence).toBe(expected ? "terminals" : undefined);
    });
  }

  test("count once each, as last measured, and for ten minutes", async () => {
    const box = new Box();
    const ownClock = box.start();
    ownClock.noteTerminal("A", 0);
    ownClock.noteTerminal("A", 10);
    ownClock.noteTerminal("B", 9e9);
    expect(ownClock.look()).toEqual({ ...NOTHING, measuredCount: 2, agreeingCount: 1 });
    ownClock.noteTerminal("B", 0);
    expect(ownClock.look()).toMatchObject({ evidence: "terminals", agreeingCount: 2 });
    await box.clock.advance(600_000);
    expect(ownClock.look().measuredCount).toBe(2);
    await box.clock.advance(1);
    expect(ownClock.look()).toEqual(NOTHING);
  });

  test("do not count while something stored arrived later than now", async () => {
    const box = new Box();
    const ownClock = box.start();
    ownClock.noteArrival(epochMs(box.clock.nowMs() + 300_000));
    ownClock.noteArrival(box.clock.nowMs());
    for (const id of ["A", "B", "C"]) ownClock.noteTerminal(id, 0);
    expect(ownClock.look()).toEqual({
      evidence: undefined,
      measuredCount: 3,
      agreeingCount: 3,
      isBehindStored: true,
    });
    await box.clock.advance(300_000);
    expect(ownClock.look().evidence).toBe("terminals");
  });
});
