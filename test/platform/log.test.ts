/**
 * Aim: one readable line per event whatever a terminal sends, and a flood that stays a few lines.
 */

import { describe, expect, test } from "bun:test";
import { type ClosableLog, createLog, type LogOptions } from "#platform/log.ts";
import { FakeClock } from "../support/fake-clock.ts";

function openLog(options: Partial<LogOptions> = {}): {
  readonly log: ClosableLog;
  readonly lines: string[];
  readonly clock: FakeClock;
} {
  const lines: string[] = [];
  const clock = new FakeClock();
  const write = (line: string): void => void lines.push(line);
  const log = createLog({
    write,
    clock,
    level: "info",
    journal: false,
    colour: false,
    ...options,
  });
  return { log, lines, clock };
}

describe("a line", () => {
  test("createLog() writes time, level, event and fields in one line", () => {
    const { log, lines } = openLog();
    log.info("device.pending", { device: "2401058352", punches: 3, open: false, name: undefined });
    expect(lines).toEqual([
      "2026-03-02T00:15:04.000Z info  device.pending device=2401058352 punches=3 open=false\n",
    ]);
  });

  test("createLog() puts the priority in front and leaves the time out under the journal", () => {
    const { log, lines } = openLog({ journal: true, level: "debug" });
    log.error("a");
    log.warn("b");
    log.info("c");
    log.debug("d", { x: 1 });
    expect(lines).toEqual(["<3>a\n", "<4>b\n", "<6>c\n", "<7>d x=1\n"]);
  });

  test("createLog() colours only the level, and only when asked to", () => {
    const { log, lines } = openLog({ colour: true });
    log.warn("a");
    expect(lines).toEqual(["2026-03-02T00:15:04.000Z \u001b[33mwarn \u001b[0m a\n"]);
  });

  test("createLog() writes what its level of the moment lets through", () => {
    const { log, lines } = openLog({ level: "warn", journal: true });
    log.info("a");
    log.setLevel("debug");
    log.debug("b");
    log.setLevel("error");
    log.warn("c");
    expect(lines).toEqual(["<7>b\n"]);
  });

  test("createLog() leaves out what is less important than its level", () => {
    const { log, lines } = openLog({ level: "warn", journal: true });
    log.error("a");
    log.warn("b");
    log.info("c");
    log.debug("d");
    expect(lines).toEqual(["<3>a\n", "<4>b\n"]);
  });

  const escapes: readonly [string, string, string][] = [
    ["a line end cannot begin a line", "x\n<0>forged", '"x\\n<0>forged"'],
    ["carriage return and tab", "a\r\tb", '"a\\r\\tb"'],
    ["quotes and backslashes", 'say "\\"', '"say \\"\\\\\\""'],
    ["terminal control", "\u001b[2J", '"\\u{1b}[2J"'],
    ["NUL, DEL and C1", "\u0000\u007f\u009b", '"\\u{0}\\u{7f}\\u{9b}"'],
    ["text direction and zero width", "a\u202eb\u200bc", '"a\\u{202e}b\\u{200b}c"'],
    ["line separators", "a\u2028b", '"a\\u{2028}b"'],
    ["wide blanks", "a\u00a0b", '"a\\u{a0}b"'],
    ["half a surrogate pair", "a\ud83d", '"a\\u{d83d}"'],
    ["blanks and equals signs", "a b=c", '"a b=c"'],
    ["nothing", "", '""'],
    ["letters of any script stay", "Peña 李", '"Peña 李"'],
    ["plain words need no quotes", "192.168.1.9:7005", "192.168.1.9:7005"],
  ];
  for (const [name, text, written] of escapes) {
    test(`createLog() escapes text from outside: ${name}`, () => {
      const { log, lines } = openLog({ journal: true });
      log.info("event", { text });
      expect(lines).toEqual([`<6>event text=${written}\n`]);
    });
  }

  test("createLog() cuts a long text and says how much is missing", () => {
    const { log, lines } = openLog({ journal: true });
    log.info("event", { text: "x".repeat(100_512) });
    expect(lines).toEqual([`<6>event text="${"x".repeat(512)}"...+100000\n`]);
  });
});

describe("a flood", () => {
  test("createLog() writes the first at once and the repeats as one line a minute", async () => {
    const { log, lines, clock } = openLog({ journal: true });
    for (let count = 0; count < 1000; count += 1) {
      log.warn("connection.refused", { reason: "too-many" }, { per: "10.0.0.9" });
    }
    expect(lines).toEqual(["<4>connection.refused reason=too-many\n"]);
    await clock.advance(59_999);
    expect(lines).toHaveLength(1);
    await clock.advance(1);
    expect(lines.slice(1)).toEqual(["<4>connection.refused per=10.0.0.9 repeated=999\n"]);
    log.warn("connection.refused", {}, { per: "10.0.0.9" });
    expect(lines).toHaveLength(2);
    await clock.advance(60_000);
    expect(lines.slice(2)).toEqual(["<4>connection.refused per=10.0.0.9 repeated=1\n"]);
  });

  test("createLog() tells one peer from another, and one event from another", async () => {
    const { log, lines, clock } = openLog({ journal: true });
    for (const per of ["a", "b", "a"]) log.info("first", { per }, { per });
    log.info("second", {}, { per: "a" });
    expect(lines).toEqual(["<6>first per=a\n", "<6>first per=b\n", "<6>second\n"]);
    await clock.advance(60_000);
    expect(lines.slice(3)).toEqual(["<6>first per=a repeated=1\n"]);
  });

  test("createLog() writes a first line again after a quiet minute, and then keeps no timer", async () => {
    const { log, lines, clock } = openLog({ journal: true });
    log.info("event", {}, { per: "a" });
    expect(clock.plannedCount).toBe(1);
    await clock.advance(60_000);
    expect(clock.plannedCount).toBe(0);
    log.info("event", {}, { per: "a" });
    expect(lines).toEqual(["<6>event\n", "<6>event\n"]);
  });

  test("createLog() stays small when every repeat comes from another peer", async () => {
    const { log, lines, clock } = openLog({ journal: true });
    for (let peer = 0; peer < 10_000; peer += 1) {
      log.warn("garbage", { peer }, { per: String(peer) });
    }
    expect(lines).toHaveLength(256);
    await clock.advance(60_000);
    expect(lines.slice(256)).toEqual(['<4>garbage per="(others)" repeated=9744\n']);
  });

  test("createLog() counts nothing that its level leaves out", () => {
    const { log, lines, clock } = openLog({ level: "warn" });
    log.info("event", {}, { per: "a" });
    expect(lines).toEqual([]);
    expect(clock.plannedCount).toBe(0);
  });

  test("flush() writes the waiting summaries once", async () => {
    const { log, lines, clock } = openLog({ journal: true });
    for (let count = 0; count < 3; count += 1) log.info("event", {}, { per: "a" });
    log.flush();
    log.flush();
    await clock.advance(60_000);
    expect(lines).toEqual(["<6>event\n", "<6>event per=a repeated=2\n"]);
  });
});
