/** Aim: only what an executable of this server says of itself is believed. */

import { expect, test } from "bun:test";
import { readFacts } from "#box/candidate.ts";
import { runVerb } from "../support/run-verb.ts";

test("readFacts() reads what version --json prints", async () => {
  const { out } = await runVerb("/nowhere", "version", "--json");
  expect(readFacts(out)).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    schema: expect.any(Number),
    minReader: expect.any(Number),
  });
});

test("readFacts() believes no other program", () => {
  const others = [
    "",
    "true (GNU coreutils) 9.1",
    "null",
    "[]",
    '{"program":"other","version":"1.0.0","schema":1,"min_reader":1}',
    '{"program":"biometric-server","version":"1.0.0"}',
  ];
  for (const text of others) expect(readFacts(text)).toBeUndefined();
});
