/**
 * Aim: a sound database is told from a damaged one, in its tables and in its indexes, beside a writer
 * and without changing a byte.
 */

import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examineDatabase } from "#storage/examine-database.ts";
import { OWN_MIN_READER, OWN_SCHEMA } from "#storage/schema-facts.ts";
import { openTestStorage, punchesFrom, rawPunch } from "../support/test-storage.ts";

const PAGE_BYTES = 4096;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A database of another shape, with rows of about a page and an index, closed. */
function makeDatabase(): string {
  const folder = mkdtempSync(join(tmpdir(), "examine-"));
  folders.push(folder);
  const path = join(folder, "some.db");
  using database = new Database(path, { create: true });
  database.run("CREATE TABLE kept (id INTEGER PRIMARY KEY, name TEXT NOT NULL, filler TEXT)");
  database.run("CREATE INDEX kept_name ON kept (name)");
  const insert = database.query("INSERT INTO kept VALUES (?, ?, ?)");
  for (let id = 1; id <= 20; id += 1) insert.run(id, `name ${id}`, "x".repeat(3000));
  return path;
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

describe("examineDatabase()", () => {
  test("tells the facts of a sound database beside its writer, and changes nothing", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE", [rawPunch("7", "20260302081504")])]);
    const files = [opened.path, `${opened.path}-wal`];
    const before = files.map((file) => readFileSync(file));
    for (const depth of ["quick", "full"] as const) {
      expect(await examineDatabase(opened.path, depth)).toMatchObject({
        damage: [],
        journalMode: "wal",
        isEngineNewEnough: true,
        schema: OWN_SCHEMA,
        minReader: OWN_MIN_READER,
        madeAtMs: expect.any(Number),
        walBytes: before[1]?.length,
      });
    }
    expect(files.map((file) => readFileSync(file))).toEqual(before);
  });

  test("tells a page that was overwritten, by its table", async () => {
    const path = makeDatabase();
    expect((await examineDatabase(path, "quick")).damage).toEqual([]);
    const { length } = readFileSync(path);
    overwrite(path, length - PAGE_BYTES, new Uint8Array(PAGE_BYTES).fill(0xff));
    const { damage } = await examineDatabase(path, "quick");
    expect(damage.join()).toContain("kept");
  });

  test("tells an index that differs from its table, when it looks at indexes", async () => {
    const path = makeDatabase();
    const bytes = readFileSync(path);
    // Behind the pages of the table: the entries of the index.
    const inIndex = bytes.lastIndexOf("name 20");
    const inTable = bytes.indexOf("name 20");
    expect(inIndex).not.toBe(inTable);
    for (const at of [inIndex, inTable]) {
      const isEntry = !bytes
        .subarray(at, at + 40)
        .toString("latin1")
        .includes("xxxx");
      if (isEntry) overwrite(path, at, new TextEncoder().encode("mane 20"));
    }
    expect((await examineDatabase(path, "full")).damage.join()).toContain("kept_name");
    expect((await examineDatabase(path, "quick")).damage).toEqual([]);
  });

  test("tells a database that is none of ours by its schema", async () => {
    expect(await examineDatabase(makeDatabase(), "quick")).toMatchObject({
      schema: 0,
      madeAtMs: undefined,
      tableCount: 2,
    });
  });

  test("throws the engine's word for a file that is no database, and for none", async () => {
    const path = makeDatabase();
    writeFileSync(path, "no database".repeat(1000));
    expect(examineDatabase(path, "quick")).rejects.toMatchObject({ code: "SQLITE_NOTADB" });
    expect(examineDatabase(`${path}.none`, "quick")).rejects.toMatchObject({
      code: "SQLITE_CANTOPEN",
    });
  });
});
