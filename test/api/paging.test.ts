/** Aim: a cursor leads back to its own place, and no other text is taken for one. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ApiFailure } from "#api/errors.ts";
import { decodeCursor, encodeCursor, nextLink } from "#api/paging.ts";
import { feedPosition } from "#domain/identifiers.ts";

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
      fc.property(fc.nat(), fc.string({ minLength: 1 }), (position, epoch) => {
        const cursor = encodeCursor(epoch, feedPosition(position));
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(decodeCursor(epoch, cursor)).toBe(feedPosition(position));
      }),
    );
  });

  test("refuses a cursor of another history of the feed with cursor-reset", () => {
    const cursor = encodeCursor("before", feedPosition(7));
    expect(failureOf(() => decodeCursor("after", cursor))).toBe("cursor-reset");
  });

  test.each([
    "!",
    "abc",
    Buffer.from("7").toString("base64url"),
    Buffer.from("7.").toString("base64url"),
    Buffer.from("-7.one").toString("base64url"),
    Buffer.from("07.one").toString("base64url"),
    Buffer.from("1e3.one").toString("base64url"),
    Buffer.from("99999999999999999999.one").toString("base64url"),
    `${encodeCursor("one", feedPosition(7))}=`,
    ` ${encodeCursor("one", feedPosition(7))}`,
  ])("refuses %p as no cursor", (text) => {
    expect(failureOf(() => decodeCursor("one", text))).toBe("cursor-invalid");
  });

  test("never fails in another way, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(["none", "cursor-invalid", "cursor-reset"]).toContain(
          failureOf(() => decodeCursor("one", text)),
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
