/**
 * Aim: what is kept of an answer is whole characters, at most as many bytes as allowed, with stars
 * for everything that is secret.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cutText, openReplyReader } from "#webhooks/reply-text.ts";

const read = openReplyReader({
  url: "https://hris%2D1:pass%20word@hris.test/hook?key=abc123",
  secrets: ["new-secret", "old-secret"],
});

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("openReplyReader()", () => {
  test("puts the pieces together, also where they part a character", () => {
    const bytes = bytesOf("señal 😀");
    const pieces = [bytes.subarray(0, 3), bytes.subarray(3, 9), bytes.subarray(9)];
    expect(read(pieces)).toBe("señal 😀");
    expect(read([])).toBe("");
  });

  test.each([
    ["signed with new-secret, once old-secret", "signed with **********, once **********"],
    ["password pass%20word, or pass word", "password ***********, or *********"],
    ["query key=abc123", "query **********"],
    ["Basic aHJpcy0xOnBhc3Mgd29yZA==", "Basic ************************"],
  ])("hides what is secret: %s", (told, shown) => {
    expect(read([bytesOf(told)])).toBe(shown);
  });

  test("shows bytes that are no text as such", () => {
    expect(read([Uint8Array.of(0x61, 0xff, 0x62)])).toBe("a\ufffdb");
  });
});

describe("cutText()", () => {
  test("cuts no character in two", () => {
    expect(cutText("aé", 3)).toBe("aé");
    expect(cutText("aé", 2)).toBe("a");
    expect(cutText("😀😀", 7)).toBe("😀");
    expect(cutText("€", 2)).toBe("");
  });

  test("gives the longest beginning that fits", () => {
    const inputs = [fc.string({ unit: "grapheme", maxLength: 30 }), fc.nat(40)] as const;
    fc.assert(
      fc.property(...inputs, (text, bytesMax) => {
        const cut = cutText(text, bytesMax);
        expect(text.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax);
        const [next = ""] = text.slice(cut.length);
        expect(next === "" || Buffer.byteLength(cut + next) > bytesMax).toBe(true);
      }),
    );
  });
});
