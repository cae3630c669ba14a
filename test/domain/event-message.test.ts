/** Aim: a message is as given where it fits, and never larger than 20 KB, with what is cut marked. */

import { describe, expect, test } from "bun:test";
import { encodeMessage, fitData } from "#domain/event-message.ts";

const TIMESTAMP = "2026-03-02T08:15:06.123+08:00";

function bodyOf(data: Parameters<typeof fitData>[0]): string {
  return encodeMessage({ type: "device.clock_skew", timestamp: TIMESTAMP, data: fitData(data) });
}

describe("encodeMessage()", () => {
  test("writes canonical JSON: sorted names, ASCII", () => {
    expect(bodyOf({ name: "Gat\u00e9", device_id: "G1", skew_seconds: -90, fix: null })).toBe(
      '{"data": {"device_id": "G1", "fix": null, "name": "Gat\\u00e9", "skew_seconds": -90}, "timestamp": "2026-03-02T08:15:06.123+08:00", "type": "device.clock_skew"}',
    );
  });
});

describe("fitData()", () => {
  test("leaves alone what fits, up to the last byte", () => {
    // {"detail": "..."} has 14 characters around its text.
    const longest = { detail: "x".repeat(19_786) };
    expect(fitData(longest)).toBe(longest);
    const longer = { detail: "x".repeat(19_787) };
    expect(fitData(longer)).toEqual({ detail: `${"x".repeat(4_000)}…`, truncated: ["detail"] });
  });

  test("cuts only texts that are long, and names them", () => {
    const data = {
      device_id: "G1",
      detail: "d".repeat(30_000),
      count: 7,
      text: "t".repeat(30_000),
    };
    expect(fitData(data)).toEqual({
      device_id: "G1",
      detail: `${"d".repeat(4_000)}…`,
      count: 7,
      text: `${"t".repeat(4_000)}…`,
      truncated: ["detail", "text"],
    });
  });

  test("cuts until 30 texts of the longest characters fit", () => {
    const names = Array.from({ length: 30 }, (_, index) => `text_${index}`);
    const body = bodyOf(Object.fromEntries(names.map((name) => [name, "ñ".repeat(65_536)])));
    expect(body.length).toBeLessThan(20_000);
    expect(body.length).toBeGreaterThan(5_000);
    expect(JSON.parse(body).data.truncated).toEqual(names);
  });

  test("leaves no half of a character", () => {
    const cut = fitData({ name: `x${"😀".repeat(20_000)}` });
    expect(cut.name).toBe(`x${"😀".repeat(999)}…`);
  });
});
