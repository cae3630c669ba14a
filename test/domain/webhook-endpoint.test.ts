/** Aim: an endpoint is told what it chose, what its format has words for, and of its terminals only. */

import { describe, expect, test } from "bun:test";
import { deviceId } from "#domain/identifiers.ts";
import { EVENT_TYPES, listUntellable, wantsEvent } from "#domain/webhook-endpoint.ts";

const PLAIN = { types: undefined, deviceIds: undefined } as const;

describe("wantsEvent()", () => {
  test.each([
    ["logs", "punch.created", true],
    ["logs", "punch.updated", false],
    ["logs", "device.pending", false],
    ["event", "punch.created", true],
    ["event", "punch.updated", false],
    ["standard", "punch.created", true],
    ["standard", "punch.updated", true],
    ["standard", "quarantine.full", true],
  ] as const)("format %s where nobody chose: %s is %p", (format, type, isWanted) => {
    expect(wantsEvent({ ...PLAIN, format }, type, "GATE")).toBe(isWanted);
  });

  test("a choice takes the place of what is told unasked", () => {
    const endpoint = { ...PLAIN, format: "logs", types: ["punch.updated"] } as const;
    expect(wantsEvent(endpoint, "punch.updated", "GATE")).toBe(true);
    expect(wantsEvent(endpoint, "punch.created", "GATE")).toBe(false);
  });

  test("a chosen type for which the format has no words is not told", () => {
    const endpoint = { ...PLAIN, format: "event", types: ["disk.low"] } as const;
    expect(wantsEvent(endpoint, "disk.low", "")).toBe(false);
  });

  test("with chosen terminals, no other is told of, and what is about none is", () => {
    const endpoint = { ...PLAIN, format: "standard", deviceIds: [deviceId("GATE")] } as const;
    expect(wantsEvent(endpoint, "device.offline", "GATE")).toBe(true);
    expect(wantsEvent(endpoint, "device.offline", "DOOR")).toBe(false);
    expect(wantsEvent(endpoint, "backup.failed", "")).toBe(true);
  });
});

describe("listUntellable()", () => {
  test("names what the replaced server's formats cannot tell", () => {
    expect(listUntellable("logs", ["punch.created", "disk.low", "punch.updated"])).toEqual([
      "disk.low",
    ]);
    expect(listUntellable("event", ["device.online"])).toEqual(["device.online"]);
  });

  test("is empty for `standard`, which tells everything", () => {
    expect(listUntellable("standard", EVENT_TYPES)).toEqual([]);
  });
});
