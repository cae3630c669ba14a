/** Aim: the settings and the database of the Python server are found where its unit points. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findReplacedServer } from "#box/replaced-server.ts";
import { readUnitState } from "#box/unit-state.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "biometric-replaced-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function unit(...lines: readonly string[]) {
  return readUnitState(["LoadState=loaded", `WorkingDirectory=${folder}`, ...lines].join("\n"));
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe("findReplacedServer()", () => {
  test("lets the unit win over .env, and the unit's files over the unit", () => {
    write(".env", "HRIS_API_SECRET_KEY=a\nWEB_PORT=1\nSERVER_PORT=1\nUNKNOWN=1\n");
    const file = write("more", "SERVER_PORT=3\n");
    const own = unit(
      "Environment=WEB_PORT=2 SERVER_PORT=2",
      `EnvironmentFiles=${file} (ignore_errors=no)`,
    );
    expect(findReplacedServer(own)).toMatchObject({
      values: { HRIS_API_SECRET_KEY: "a", WEB_PORT: "2", SERVER_PORT: "3" },
      problems: [],
    });
  });

  test("takes the unit's own assignments where there is no file", () => {
    const { values, problems } = findReplacedServer(unit("Environment=HRIS_API_SECRET_KEY=a"));
    expect([values, problems]).toEqual([{ HRIS_API_SECRET_KEY: "a" }, []]);
  });

  test("takes the named file, and nothing beside it", () => {
    write(".env", "WEB_PORT=1\n");
    const named = write("named", "HRIS_API_SECRET_KEY=b\n");
    const own = unit("Environment=WEB_PORT=2");
    expect(findReplacedServer(own, named).values).toEqual({ HRIS_API_SECRET_KEY: "b" });
  });

  test("says what is missing, and never a value", () => {
    expect(findReplacedServer(unit()).problems).toEqual([
      expect.stringContaining("name no HRIS_API_SECRET_KEY"),
    ]);
    expect(findReplacedServer(unit(), join(folder, "none")).problems).toEqual([
      expect.stringContaining("there is no file"),
    ]);
    const broken = write("broken", "HRIS_API_SECRET_KEY=a\nno assignment secret-words\n");
    const { problems } = findReplacedServer(unit(), broken);
    expect(problems).toEqual([expect.stringContaining("no NAME=value (2)")]);
  });

  test("finds the database that was written last", () => {
    expect(findReplacedServer(unit()).databasePath).toBeUndefined();
    const early = write("biometric_data.db", "");
    utimesSync(early, 1, 1);
    expect(findReplacedServer(unit()).databasePath).toBe(early);
    const late = write("biometric.db", "");
    expect(findReplacedServer(unit()).databasePath).toBe(late);
  });
});
