/** Aim: a client gets the media type that it likes best of those offered, and none that it refuses. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { acceptedType } from "#api/accepted-type.ts";

const OFFERED = ["application/json", "application/x-ndjson", "text/csv"] as const;

describe("acceptedType()", () => {
  test.each([
    [null, "application/json"],
    ["", "application/json"],
    ["*/*", "application/json"],
    ["application/*", "application/json"],
    ["text/*", "text/csv"],
    ["text/csv", "text/csv"],
    ["Text/CSV; charset=utf-8", "text/csv"],
    ["application/x-ndjson, */*;q=0.1", "application/x-ndjson"],
    ["text/csv;q=0.5, application/json;q=0.4", "text/csv"],
    ["text/csv;q=0.5,application/json", "application/json"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"],
    ["application/json;q=0, */*", "application/x-ndjson"],
    ["application/json;q=0", undefined],
    ["text/csv;q=1.5", undefined],
    ["text/csv;q=x", undefined],
    ["image/png", undefined],
    ["application/json2", undefined],
    ["nonsense", undefined],
  ])("of %p is %p", (header, expected) => {
    expect<string | undefined>(acceptedType(header, OFFERED)).toBe(expected);
  });

  test("never fails, whatever the header", () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect([undefined, ...OFFERED]).toContain(acceptedType(header, OFFERED));
      }),
    );
  });
});
