/**
 * Aim: every file of the replaced server is read whole and as it is, nothing is written into it, and
 * what is no such file is refused with its reason.
 */

import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "#base/app-error.ts";
import type { OriginalRow, OriginalTable } from "#domain/original-row.ts";
import { type OriginalDatabase, openOriginalDatabase } from "#storage/original-database.ts";
import { OriginalFile } from "../support/original-database.ts";
import { openTestStorage } from "../support/test-storage.ts";

const folder = mkdtempSync(join(tmpdir(), "original-"));
let files = 0;

afterAll(() => rmSync(folder, { recursive: true }));

function newPath(): string {
  files += 1;
  const own = join(folder, String(files));
  mkdirSync(own);
  // What a path in a URI would not survive.
  return join(own, "old data?100%#.db");
}

/** A file with some punches. */
function makeFile(schema: "prototype" | "later", logs = 3): string {
  const path = newPath();
  using file = new OriginalFile(path, schema);
  file.inTransaction(() => {
    for (let index = 0; index < logs; index += 1) {
      const timestamp = String(20250102081530 + (index % 20));
      file.addLog({ user_id: 1 + Math.floor(index / 20), timestamp });
    }
  });
  return path;
}

function readAll(source: OriginalDatabase, table: OriginalTable, limit = 2): OriginalRow[] {
  const rows: OriginalRow[] = [];
  let after: bigint | undefined;
  do {
    const page = source.readPage(table, after, limit);
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

/** The message and the hint with which a file is refused. */
function refusal(path: string): string {
  try {
    openOriginalDatabase(path)[Symbol.dispose]();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.code).toBe("file-unreadable");
    return error.message.replace(`Cannot import "${path}": `, "");
  }
  throw new Error("Opened");
}

describe("openOriginalDatabase()", () => {
  test("reads the prototype's schema by its columns", () => {
    using source = openOriginalDatabase(makeFile("prototype", 1));
    expect(source.schema).toBe("prototype");
    expect(readAll(source, "attendance_logs")).toEqual([
      {
        id: "1",
        device_id: "2401058352",
        user_id: "1",
        timestamp: "20250102081530",
        io_mode: "1",
        io_mode_str: "IN",
        verify_mode: "3",
        verify_mode_str: "ID Card",
        datetime: "2025-01-02 08:15:30",
        created_at: "2025-01-02 00:15:30",
      },
    ]);
    expect(source.countRows("webhook_queue")).toBe(0);
    expect(readAll(source, "webhook_queue")).toEqual([]);
  });

  test("reads the late schema, and the prototype's rows in it", () => {
    const path = newPath();
    {
      using file = new OriginalFile(path, "prototype");
      file.addLog({ timestamp: "20240102081530" });
      file.upgrade();
      file.addLog({ timestamp: "20250102081530" });
      file.queueLogs({ device_id: "D", user_id: 7, timestamp: "20250102081530", eventSeconds: 1 });
    }
    using source = openOriginalDatabase(path);
    expect(source.schema).toBe("later");
    const [older, newer] = readAll(source, "attendance_logs");
    expect(older).toMatchObject({ datetime_utc: null, datetime_local: null, timezone: "UTC" });
    expect(newer).toMatchObject({ datetime_utc: "2025-01-02 00:15:30", timezone: "Asia/Manila" });
    expect(readAll(source, "webhook_queue")).toMatchObject([{ id: "1", status: "failed" }]);
  });

  test("reads every row once, whatever the page size, in the order of the ids", () => {
    const path = makeFile("later", 50);
    using source = openOriginalDatabase(path);
    for (const limit of [1, 7, 50, 51]) {
      const ids = readAll(source, "attendance_logs", limit).map((row) => Number(row.id));
      expect(ids).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    }
  });

  test("reads what SQLite lets into any column", () => {
    const path = newPath();
    {
      using file = new OriginalFile(path);
      file.addLog({ id: 2n ** 63n - 1n, user_id: 2n ** 63n - 1n, timestamp: "20250102081530" });
      file.addLog({ id: -5, user_id: "E-42", timestamp: 20250102081530, verify_mode: 2.5 });
      file.addLog({ id: 1, user_id: new Uint8Array([0x41, 0x00]), timestamp: "", io_mode: "x\0y" });
    }
    using source = openOriginalDatabase(path);
    const rows = readAll(source, "attendance_logs", 1);
    expect(rows.map(({ id, user_id }) => [id, user_id])).toEqual([
      ["-5", "E-42"],
      ["1", "x'4100'"],
      ["9223372036854775807", "9223372036854775807"],
    ]);
    expect(rows[0]).toMatchObject({ timestamp: "20250102081530", verify_mode: "2.5" });
    expect(rows[1]).toMatchObject({ timestamp: "", io_mode: "x\0y" });
  });

  test("refuses a row with a value that is too long without reading the value", () => {
    const path = newPath();
    {
      using file = new OriginalFile(path);
      file.addLog({ timestamp: "x".repeat(16 * 1024) });
      file.addLog({ timestamp: "é".repeat(8 * 1024 + 1) });
    }
    using source = openOriginalDatabase(path);
    const page = source.readPage("attendance_logs", undefined, 10);
    expect(page.rows.map((row) => row.id)).toEqual(["1"]);
    expect(page.refused).toEqual([
      {
        id: "2",
        code: "too-long",
        reason: "A value has 16386 bytes: at most 16384 are accepted",
      },
    ]);
  });

  test("knows the highest id that was ever given, also after rows were deleted", () => {
    const path = makeFile("later", 20);
    {
      using file = new OriginalFile(path, "prototype");
      file.run("DELETE FROM attendance_logs WHERE id > 3");
    }
    expect(lastIdOf(path)).toBe(20);
    {
      using file = new OriginalFile(path, "prototype");
      file.run("DELETE FROM sqlite_sequence");
    }
    expect(lastIdOf(path)).toBe(3);
    {
      using file = new OriginalFile(path, "prototype");
      file.addLog({ id: 2n ** 63n - 1n, timestamp: "20260102081530" });
    }
    // Above it, an id could not be told from its neighbours.
    expect(lastIdOf(path)).toBe(2 ** 52);
  });

  test("writes nothing, neither into the file nor beside it", () => {
    for (const journal of ["DELETE", "WAL"]) {
      const path = makeFile("later", 200);
      const database = new Database(path);
      database.run(`PRAGMA journal_mode = ${journal}`);
      database.run("UPDATE attendance_logs SET verify_mode = 1");
      database.close();
      const names = readdirSync(join(path, ".."));
      const bytes = readFileSync(path);
      {
        using source = openOriginalDatabase(path);
        expect(readAll(source, "attendance_logs", 50)).toHaveLength(200);
        expect(source.hasChanged()).toBe(false);
      }
      expect(readdirSync(join(path, ".."))).toEqual(names);
      expect(readFileSync(path).equals(bytes)).toBe(true);
    }
  });

  test("notices that another program has written meanwhile", () => {
    const path = makeFile("later");
    using source = openOriginalDatabase(path);
    {
      using file = new OriginalFile(path, "prototype");
      file.addLog({ timestamp: "20260102081530" });
    }
    expect(source.hasChanged()).toBe(true);
  });

  test("follows a link", () => {
    const path = makeFile("later");
    const link = join(folder, "link.db");
    symlinkSync(path, link);
    using source = openOriginalDatabase(link);
    expect(source.countRows("attendance_logs")).toBe(3);
  });
});

function lastIdOf(path: string): number {
  using source = openOriginalDatabase(path);
  return source.lastId;
}

describe("openOriginalDatabase() refuses", () => {
  test("a file that is not there, and a folder", () => {
    expect(refusal(join(folder, "nowhere.db"))).toBe("there is no such file");
    expect(refusal(folder)).toBe("it is a folder");
  });

  test("what is no SQLite database", () => {
    for (const content of ["", "hello", "SQLite format 2\0".padEnd(200, "x")]) {
      const path = newPath();
      writeFileSync(path, content);
      expect(refusal(path)).toBe("it is not an SQLite database");
    }
  });

  test("another program's database, and one with tables of the same names", () => {
    const path = newPath();
    const database = new Database(path, { create: true });
    database.run("CREATE TABLE albums (title TEXT)");
    database.close();
    expect(refusal(path)).toBe(
      "it has none of the tables devices, enrolled_users, attendance_logs, webhook_queue (has albums)",
    );
    const other = newPath();
    const similar = new Database(other, { create: true });
    similar.run("CREATE TABLE devices (serial TEXT)");
    similar.close();
    expect(refusal(other)).toBe("its table devices has no column device_id");
  });

  test("a database of our own", async () => {
    using opened = openTestStorage();
    await opened.reopen();
    const path = newPath();
    copyFileSync(opened.path, path);
    expect(refusal(path)).toBe("it is a database of biometric-server itself");
  });

  test("a file whose last changes lie in a log beside it", () => {
    const path = makeFile("later");
    const writer = new Database(path);
    writer.run("PRAGMA journal_mode = WAL");
    writer.run("UPDATE attendance_logs SET verify_mode = 1");
    expect(refusal(path)).toBe(`a write-ahead log lies beside it ("${path}-wal")`);
    writer.close();
    openOriginalDatabase(path)[Symbol.dispose]();
  });

  test("a file into which another program writes", () => {
    const path = makeFile("later");
    const writer = new Database(path);
    writer.run("BEGIN IMMEDIATE");
    writer.run("UPDATE attendance_logs SET verify_mode = 1");
    expect(refusal(path)).toBe(
      `a write into it is under way, or was broken off ("${path}-journal")`,
    );
    writer.run("ROLLBACK");
    writer.run("PRAGMA locking_mode = EXCLUSIVE");
    writer.run("BEGIN EXCLUSIVE");
    expect(refusal(path)).toBe("another program is writing into it");
    writer.run("ROLLBACK");
    writer.close();
    openOriginalDatabase(path)[Symbol.dispose]();
  });

  test("a file that is cut short, or damaged in its middle", () => {
    const path = makeFile("later", 2000);
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    expect(refusal(path)).toStartWith("the file is damaged (");
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, whole.length / 2, whole.length / 2 + 4096);
    writeFileSync(path, damaged);
    expect(refusal(path)).toStartWith("the file is damaged (");
    writeFileSync(path, whole);
    openOriginalDatabase(path)[Symbol.dispose]();
  });
});
