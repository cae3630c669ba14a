/**
 * Aim: trouble is told once when it has been seen often enough, and once when it has been over for
 * long enough; nothing makes the book grow without bound.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import {
  CONDITION_RULES,
  CONDITION_TYPES,
  type ConditionType,
  conditionFix,
} from "#domain/condition.ts";
import { ConditionBook, SUBJECTS_MAX } from "#domain/condition-book.ts";

const START_MS = Date.UTC(2026, 2, 2, 1, 0, 0);
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** One book, its time in milliseconds since the start, and one subject. */
function open(type: ConditionType) {
  const book = new ConditionBook([], 0);
  const at = (atMs: number) => ({ atMs, wallMs: epochMs(START_MS + atMs) });
  return {
    book,
    see: (atMs: number, detail = "seen") => book.see({ type, subject: "X", detail }, at(atMs)),
    hear: (atMs: number) => book.hear(type, "X", atMs),
    settle: (atMs: number) => book.settle(at(atMs)).map(({ kind }) => kind),
  };
}

describe("ConditionBook", () => {
  test("raises what was seen once, and clears it when it was not seen for 10 minutes", () => {
    const { book, see, settle } = open("https-on");
    see(0, "first");
    expect(settle(5 * SECOND_MS)).toEqual(["raised"]);
    see(MINUTE_MS, "again");
    expect(settle(2 * MINUTE_MS)).toEqual([]);
    expect(book.list()).toEqual([
      {
        type: "https-on",
        subject: "X",
        raisedAtMs: epochMs(START_MS + 5 * SECOND_MS),
        lastSeenAtMs: epochMs(START_MS + MINUTE_MS),
        detail: "again",
      },
    ]);
    expect(settle(11 * MINUTE_MS)).toEqual([]);
    expect(settle(11 * MINUTE_MS + 1)).toEqual(["cleared"]);
    expect(settle(12 * MINUTE_MS)).toEqual([]);
    expect(book.list()).toEqual([]);
  });

  test("clears it sooner once its subject is heard as it should be, but not at once", () => {
    const { see, hear, settle } = open("https-on");
    see(0);
    settle(0);
    hear(MINUTE_MS);
    expect(settle(2 * MINUTE_MS)).toEqual([]);
    expect(settle(2 * MINUTE_MS + 1)).toEqual(["cleared"]);
  });

  test("does not clear it for what was heard before it was seen again", () => {
    const { see, hear, settle } = open("https-on");
    see(0);
    settle(0);
    hear(MINUTE_MS);
    see(MINUTE_MS + 1);
    expect(settle(5 * MINUTE_MS)).toEqual([]);
  });

  test("waits for three silent connections within 10 minutes", () => {
    const { see, settle } = open("local-mode");
    see(0);
    see(11 * SECOND_MS);
    expect(settle(20 * SECOND_MS)).toEqual([]);
    // The third comes too late: the count begins anew with it.
    see(11 * MINUTE_MS);
    expect(settle(11 * MINUTE_MS)).toEqual([]);
    see(11 * MINUTE_MS + 11 * SECOND_MS);
    see(11 * MINUTE_MS + 22 * SECOND_MS);
    expect(settle(12 * MINUTE_MS)).toEqual(["raised"]);
  });

  test("calls ten resends a storm when they go on for half a minute", () => {
    const { see, settle } = open("resend-storm");
    for (let count = 0; count < 40; count += 1) see(count * 100);
    expect(settle(5 * SECOND_MS)).toEqual([]);
    see(30 * SECOND_MS);
    expect(settle(31 * SECOND_MS)).toEqual(["raised"]);
    expect(settle(150 * SECOND_MS)).toEqual([]);
    expect(settle(150 * SECOND_MS + 1)).toEqual(["cleared"]);
  });

  test("clears a state as soon as a look does not find it", () => {
    const { see, settle } = open("pending");
    see(0);
    expect(settle(0)).toEqual(["raised"]);
    see(5 * SECOND_MS);
    expect(settle(5 * SECOND_MS)).toEqual([]);
    expect(settle(10 * SECOND_MS)).toEqual(["cleared"]);
  });

  test("keeps what was open over a restart, and does not tell it again", () => {
    const condition = {
      type: "shared-id",
      subject: "X",
      raisedAtMs: epochMs(START_MS - HOUR_MS),
      lastSeenAtMs: epochMs(START_MS - MINUTE_MS),
      detail: "seen",
    } as const;
    const book = new ConditionBook([condition], 1_000);
    expect(book.list()).toEqual([condition]);
    expect(book.isOpen("shared-id", "X")).toBe(true);
    const at = (atMs: number) => ({ atMs, wallMs: epochMs(START_MS + atMs) });
    expect(book.settle(at(2_000))).toEqual([]);
    expect(book.settle(at(HOUR_MS + 1_001))).toEqual([
      { kind: "cleared", atMs: epochMs(START_MS + HOUR_MS + 1_001), condition },
    ]);
  });

  test("holds no more than its share of subjects, and forgets what came to nothing", () => {
    const { book } = open("local-mode");
    const see = (subject: string, atMs: number) =>
      book.see(
        { type: "local-mode", subject, detail: "" },
        { atMs, wallMs: epochMs(START_MS + atMs) },
      );
    for (let count = 0; count < SUBJECTS_MAX + 100; count += 1) {
      for (let times = 0; times < 3; times += 1) see(`10.0.0.${count}`, times);
    }
    expect(book.settle({ atMs: 3, wallMs: epochMs(START_MS) })).toHaveLength(SUBJECTS_MAX);
    book.settle({ atMs: HOUR_MS, wallMs: epochMs(START_MS) });
    for (let times = 0; times < 3; times += 1) see("new", HOUR_MS);
    const later = book.settle({ atMs: HOUR_MS, wallMs: epochMs(START_MS) });
    expect(later.map(({ condition }) => condition.subject)).toEqual(["new"]);
  });
});

test.each([...CONDITION_TYPES])("%s has a fix, with the terminal's id in commands", (type) => {
  const fix = conditionFix({ type, subject: "$& GATE" });
  expect(fix.length).toBeGreaterThan(20);
  if (CONDITION_RULES[type].about === "device") expect(fix).not.toMatch(/\bID\b/);
});

test("conditionFix() names the command with the id", () => {
  expect(conditionFix({ type: "pending", subject: "GATE1" })).toStartWith(
    '"biometric-server devices approve GATE1" lets it in',
  );
});
