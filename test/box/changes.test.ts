/** Aim: changes are made together or not at all. */

import { describe, expect, test } from "bun:test";
import { applyChanges, type Change } from "#box/changes.ts";

/** Changes that note what they do; the one called `broken` fails half way. */
function makeChanges(...names: readonly string[]) {
  const done: string[] = [];
  const changes: readonly Change[] = names.map((name) => ({
    what: name,
    async apply() {
      done.push(`+${name}`);
      if (name === "broken") throw new Error("no room");
    },
    async undo() {
      done.push(`-${name}`);
      if (name === "stuck") throw new Error("still in use");
    },
  }));
  const told: string[] = [];
  return { changes, done, told, tell: (line: string) => void told.push(line) };
}

describe("applyChanges()", () => {
  test("makes all of them in order", async () => {
    const { changes, done, told, tell } = makeChanges("user", "unit");
    await applyChanges(changes, { tell, check: () => {} });
    expect([done, told]).toEqual([
      ["+user", "+unit"],
      ["user", "unit"],
    ]);
  });

  test("undoes what was made when one fails, the failed one first", async () => {
    const { changes, done, tell } = makeChanges("user", "unit", "broken", "start");
    await expect(applyChanges(changes, { tell, check: () => {} })).rejects.toThrow("no room");
    expect(done).toEqual(["+user", "+unit", "+broken", "-broken", "-unit", "-user"]);
  });

  test("undoes the others where one cannot be undone, and tells that", async () => {
    const { changes, done, told, tell } = makeChanges("user", "stuck", "broken");
    await expect(applyChanges(changes, { tell, check: () => {} })).rejects.toThrow("no room");
    expect(done.slice(3)).toEqual(["-broken", "-stuck", "-user"]);
    expect(told).toContain("NOT UNDONE: stuck: Error: still in use");
  });

  test("ends between two changes when it is asked to", async () => {
    const { changes, done, tell } = makeChanges("user", "unit");
    let looks = 0;
    const check = (): void => {
      looks += 1;
      if (looks === 2) throw new Error("interrupted");
    };
    await expect(applyChanges(changes, { tell, check })).rejects.toThrow("interrupted");
    expect(done).toEqual(["+user", "-user"]);
  });
});
