/** Aim: a cursor leads back to its own place, and no other text is taken for one. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ApiFailure } from "#api/errors.ts";
import { decodeCursor, encodeCursor, nextLink } from "#api/paging.ts";
import { epochMs } from "#base/epoch.ts";
import { feedPosition } from "#domain/identifiers.ts";

/** As a site in Manila knows its feed. */
function feedOf(feedEpoch: string, ...ended: readonly (readonly [string, string])[]) {
  const endedFeedEpochs = ended.map(([epoch, rereadFrom]) => ({
    epoch,
    endedAtMs: epochMs(Date.UTC(2026, 2, 9)),
    rereadFromMs: epochMs(Date.parse(rereadFrom)),
  }));
  return { feed: { feedEpoch, endedFeedEpochs }, siteTimeZone: "Asia/Manila" };
}

function failureOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiFailure) return error.code;
    throw error;
  }
  return "none";
}

describe("decodeCursor()", () => {
  test("reads back every position", () => {
    fc.assert(
      fc.property(fc.nat(), fc.stringMatching(/^[0-9a-f]{16}$/), (position, epoch) => {
        const cursor = encodeCursor(epoch, feedPosition(position));
        expect(encodeURIComponent(cursor)).toBe(cursor);
        expect(decodeCursor(feedOf(epoch), cursor)).toBe(feedPosition(position));
      }),
    );
  });

  test("refuses a cursor of another history of the feed with cursor-reset", () => {
    const cursor = encodeCursor("before", feedPosition(7));
    expect(failureOf(() => decodeCursor(feedOf("after"), cursor))).toBe("cursor-reset");
  });

  test.each([
    ["one", "2026-03-01T00:00:00+08:00"],
    ["two", "2026-03-01T00:00:00+08:00"],
    ["three", "2026-03-08T00:00:00+08:00"],
    ["unknown", undefined],
  ])("tells one of history %s to read again from %s", (epoch, rereadFrom) => {
    const feed = feedOf(
      "four",
      ["one", "2026-03-05T00:00:00+08:00"],
      ["two", "2026-02-28T16:00:00Z"],
      ["three", "2026-03-08T00:00:00+08:00"],
    );
    let failure: unknown;
    try {
      decodeCursor(feed, encodeCursor(epoch, feedPosition(7)));
    } catch (error) {
      failure = error;
    }
    const reread = rereadFrom === undefined ? {} : { reread_from: rereadFrom };
    expect(failure).toMatchObject({ code: "cursor-reset", members: reread });
    expect(String(failure)).toContain(rereadFrom ?? "everything again");
  });

  test.each([
    "!",
    "abc",
    "7",
    "7.",
    ".one",
    "-7.one",
    "07.one",
    "1e3.one",
    "7.5.one",
    "9007199254740992.one",
    "99999999999999999999.one",
    "7.one ",
    " 7.one",
    "7.ONE",
    `7.${"a".repeat(101)}`,
  ])("refuses %p as no cursor", (text) => {
    expect(failureOf(() => decodeCursor(feedOf("one"), text))).toBe("cursor-invalid");
  });

  test("never fails in another way, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(["none", "cursor-invalid", "cursor-reset"]).toContain(
          failureOf(() => decodeCursor(feedOf("one"), text)),
        );
      }),
    );
  });
});

test("nextLink() keeps the other parameters and replaces the cursor", () => {
  expect(nextLink("http://box:5050/v1/punches?after=old&device=A%20B", "new")).toBe(
    '</v1/punches?after=new&device=A+B>; rel="next"',
  );
});
