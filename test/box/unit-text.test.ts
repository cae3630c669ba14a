/** Aim: the executable carries the unit of the sources, without what an older systemd warns of. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fitUnit, ownUnit } from "#box/unit-text.ts";

test("ownUnit() is the unit of the sources", () => {
  const path = join(import.meta.dir, "../../systemd/biometric-server.service");
  expect(ownUnit()).toBe(readFileSync(path, "utf8"));
});

test("fitUnit() leaves out what systemd before 254 does not know, and nothing else", () => {
  expect(fitUnit(ownUnit(), 254)).toBe(ownUnit());
  const older = fitUnit(ownUnit(), 252);
  const gone = ownUnit()
    .split("\n")
    .filter((line) => !older.split("\n").includes(line));
  expect(gone).toEqual(["RestartSteps=5", "RestartMaxDelaySec=30"]);
});
