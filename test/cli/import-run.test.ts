/**
 * Aim: a run sends every row once and in order, in batches that fit the server's time, keeps one
 * page ahead and no more, and counts what the server has taken.
 */

import { describe, expect, test } from "bun:test";
import { type RunWatch, runImport } from "#cli/import-run.ts";
import type { BatchReport, ImportTarget } from "#cli/import-target.ts";
import type { OriginalTable } from "#domain/original-row.ts";
import type { OriginalDatabase } from "#storage/original-database.ts";

/** A file of so many punches and nothing else; the rows of `long` are refused by the reader. */
function sourceOf(rowCount: number, long: readonly number[] = []) {
  const pages: number[] = [];
  const source: OriginalDatabase = {
    schema: "later",
    lastId: rowCount,
    countRows: (table) => (table === "attendance_logs" ? rowCount : 0),
    readPage(table, after, limit) {
      if (table !== "attendance_logs") return { rows: [], refused: [], next: undefined };
      pages.push(limit);
      const first = Number(after ?? 0n) + 1;
      const last = Math.min(first + limit - 1, rowCount);
      const ids = Array.from({ length: last - first + 1 }, (_, index) => first + index);
      return {
        rows: ids.filter((id) => !long.includes(id)).map((id) => ({ id: String(id) })),
        refused: ids
          .filter((id) => long.includes(id))
          .map((id) => ({ id: String(id), code: "too-long", reason: "long" })),
        next: last === rowCount ? undefined : BigInt(last),
      };
    },
    hasChanged: () => false,
    [Symbol.dispose]: () => {},
  };
  return { source, pages };
}

/** A target that takes every row in so many milliseconds each. */
function targetOf(rowMs: number, onSend: (ids: readonly number[]) => void = () => {}) {
  const calls: string[] = [];
  const target: ImportTarget = {
    start: async (lastId) => void calls.push(`start ${lastId}`),
    prepare: (table, rows) => async () => {
      if (rows.length > 0) calls.push(`${table} ${rows.length}`);
      onSend(rows.map((row) => Number(row.id)));
      return { ...TAKEN, importedCount: rows.length, blockedMs: rows.length * rowMs };
    },
    finish: async () => void calls.push("finish"),
  };
  return { target, calls };
}

const TAKEN: BatchReport = {
  importedCount: 0,
  knownCount: 0,
  flagCounts: {},
  refused: [],
  blockedMs: 0,
};

const QUIET: RunWatch = { progressed: () => {}, refused: () => {}, isStopped: () => false };

describe("runImport()", () => {
  test("sends every row once, in order, between start and finish", async () => {
    const ids: number[] = [];
    const { target, calls } = targetOf(0.02, (sent) => ids.push(...sent));
    const { tallies, isComplete } = await runImport(sourceOf(12_345).source, target, QUIET);
    expect(ids).toEqual(Array.from({ length: 12_345 }, (_, index) => index + 1));
    expect([calls[0], calls.at(-1), isComplete]).toEqual(["start 12345", "finish", true]);
    expect(tallies.map(({ table, readCount }) => `${table} ${readCount}`)).toEqual([
      "devices 0",
      "enrolled_users 0",
      "attendance_logs 12345",
      "webhook_queue 0",
    ]);
  });

  test.each([
    // Half a batch's time for 200 rows, so twice as many; but never more than 500.
    [0.025, 400],
    [0.001, 500],
    [0, 500],
    // A slow machine gets smaller ones; but a flush of the disk is to be worth it.
    [1, 200],
  ])("finds batches that take 10 ms when a row takes %p ms: %p", async (rowMs, wanted) => {
    const { source, pages } = sourceOf(20_000);
    await runImport(source, targetOf(rowMs).target, QUIET);
    expect(pages[0]).toBe(200);
    expect(Math.abs((pages.at(-1) ?? 0) - wanted)).toBeLessThanOrEqual(1);
    expect(Math.max(...pages)).toBeLessThanOrEqual(500);
  });

  test("lets four slow batches on end decide nothing, and follows a fifth", async () => {
    const { source, pages } = sourceOf(40_000);
    const slow = [20, 21, 22, 23, 40, 41, 42, 43, 44];
    let batches = 0;
    const target: ImportTarget = {
      ...targetOf(0).target,
      prepare: (_, rows) => async () => {
        if (rows.length === 0) return TAKEN;
        batches += 1;
        const rowMs = slow.includes(batches) ? 0.1 : 0.025;
        return { ...TAKEN, importedCount: rows.length, blockedMs: rows.length * rowMs };
      },
    };
    await runImport(source, target, QUIET);
    // The page behind a batch is read while that batch is on its way.
    expect(pages.slice(20, 45).every((limit) => limit === 400)).toBe(true);
    expect(pages[45]).toBeLessThan(400);
  });

  test("adds up what came of the rows, those too long to be sent among them", async () => {
    const { target } = targetOf(0);
    const reporting: ImportTarget = {
      ...target,
      prepare: (_, rows) => async () => ({
        ...TAKEN,
        importedCount: rows.length === 0 ? 0 : 1,
        knownCount: Math.max(0, rows.length - 2),
        flagCounts: { renumbered: 1 },
        refused: rows.length === 0 ? [] : [{ id: "x", code: "no-user", reason: "nobody" }],
      }),
    };
    const told: string[] = [];
    const { tallies } = await runImport(sourceOf(300, [250]).source, reporting, {
      ...QUIET,
      refused: (table: OriginalTable, rows) =>
        told.push(...rows.map(({ id, code }) => `${table} ${id} ${code}`)),
    });
    expect(tallies[2]).toEqual({
      table: "attendance_logs",
      rowCount: 300,
      readCount: 300,
      importedCount: 2,
      knownCount: 295,
      flaggedCounts: { renumbered: 2 },
      refusedCounts: { "no-user": 2, "too-long": 1 },
    });
    expect(told).toEqual([
      "attendance_logs x no-user",
      "attendance_logs 250 too-long",
      "attendance_logs x no-user",
    ]);
  });

  test("stops between batches, and counts no row that was not sent", async () => {
    let sentCount = 0;
    const { target, calls } = targetOf(0.04, (ids) => {
      sentCount += ids.length;
    });
    const { tallies, isComplete } = await runImport(sourceOf(5000).source, target, {
      ...QUIET,
      isStopped: () => sentCount >= 600,
    });
    expect([isComplete, tallies[2]?.readCount]).toEqual([false, sentCount]);
    expect(sentCount).toBeLessThan(1000);
    // What is in is to be finished all the same.
    expect(calls.at(-1)).toBe("finish");
  });

  test("ends with the failure of the batch that failed", async () => {
    let batches = 0;
    const { target } = targetOf(0, (ids) => {
      batches += ids.length > 0 ? 1 : 0;
      if (batches === 3) throw new Error("gone");
    });
    expect(runImport(sourceOf(5000).source, target, QUIET)).rejects.toThrow("gone");
  });

  test("makes the next batch ready while one is on its way, and sends it no earlier", async () => {
    const steps: string[] = [];
    const target: ImportTarget = {
      ...targetOf(0).target,
      prepare: (_, rows) => {
        if (rows.length === 0) return async () => TAKEN;
        steps.push(`ready ${rows[0]?.id}`);
        return async () => {
          steps.push(`sent ${rows[0]?.id}`);
          await new Promise((resolve) => setImmediate(resolve));
          steps.push(`answered ${rows[0]?.id}`);
          return { ...TAKEN, importedCount: rows.length, blockedMs: rows.length };
        };
      },
    };
    await runImport(sourceOf(500).source, target, QUIET);
    expect(steps).toEqual([
      "ready 1",
      "sent 1",
      "ready 201",
      "answered 1",
      "sent 201",
      "ready 401",
      "answered 201",
      "sent 401",
      "answered 401",
    ]);
  });

  test("is never more than one page ahead of the server", async () => {
    const { source, pages } = sourceOf(3000);
    const ahead: number[] = [];
    let answered = 0;
    const target: ImportTarget = {
      ...targetOf(0).target,
      prepare: (_, rows) => async () => {
        if (rows.length === 0) return TAKEN;
        await new Promise((resolve) => setImmediate(resolve));
        ahead.push(pages.length - answered);
        answered += 1;
        return { ...TAKEN, importedCount: rows.length, blockedMs: 4 };
      },
    };
    await runImport(source, target, QUIET);
    expect(Math.max(...ahead)).toBe(2);
  });
});
