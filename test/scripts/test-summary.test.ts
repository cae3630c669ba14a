/**
 * Aim: the closing line of the tests tells the truth, also about runs that broke.
 */

import { expect, test } from "bun:test";
import { summarize } from "../../scripts/test-summary.ts";

const BLOCK =
  "\n 2 pass\n 1 skip\n 1 todo\n 3 fail\n 1 error\n 2 expect() calls\nRan 7 tests across 3 files. [36.00ms]\n";

test("summarize() counts what passed, failed and was skipped or is still to do", () => {
  expect(summarize(`(pass) a\n${BLOCK}`, 1)).toEqual({
    passed: 2,
    failed: 3,
    skipped: 2,
    problems: [],
  });
});

test("summarize() believes the last block alone, since a test may print one", () => {
  const printed = " 9 pass\n 0 fail\nRan 9 tests across 1 file. [1.00ms]\n";
  expect(summarize(printed + BLOCK, 1)).toMatchObject({ passed: 2, failed: 3 });
});

test("summarize() fails a run without totals, without tests, or with lost tests", () => {
  expect(summarize("(pass) a\npanic: oh no\n", 132)).toMatchObject({ passed: 0, failed: 1 });
  const none = "\n 0 pass\n 4 skip\n 0 fail\nRan 4 tests across 1 file. [1.00ms]\n";
  expect(summarize(none, 0)).toMatchObject({ failed: 1, skipped: 4, problems: ["No test ran"] });
  const lost = "\n 2 pass\n 0 fail\nRan 3 tests across 1 file. [1.00ms]\n";
  expect(summarize(lost, 0)).toMatchObject({
    failed: 1,
    problems: ["3 tests ran, but 2 are accounted for"],
  });
});

test("summarize() fails a run whose exit code says so although all tests passed", () => {
  const passed = "\n 2 pass\n 0 fail\nRan 2 tests across 1 file. [1.00ms]\n";
  expect(summarize(passed, 0)).toMatchObject({ passed: 2, failed: 0, problems: [] });
  expect(summarize(passed, 1)).toMatchObject({ passed: 2, failed: 1 });
});
