/** Aim: columns are aligned as a screen shows them. */

import { expect, test } from "bun:test";
import { alignColumns } from "#cli/columns.ts";

test("alignColumns() counts what a screen shows, and lets no cell move the cursor", () => {
  expect(
    alignColumns([
      ["A", "B"],
      ["漢字", "x"],
      ["a\u001b[2J", ""],
    ]),
  ).toEqual(["A      B", "漢字   x", "a?[2J  -"]);
});
