/** Aim: each condition becomes the one event that receivers know, with true facts, or none. */

import { describe, expect, test } from "bun:test";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { CONDITION_TYPES, type ConditionChange, type ConditionType } from "#domain/condition.ts";
import { type ConditionFacts, conditionEvent } from "#domain/condition-event.ts";
import { endpointId } from "#domain/webhook-endpoint.ts";

const RAISED_MS = epochMs(Date.UTC(2026, 2, 2, 0, 30, 0));
const GATE: ConditionFacts["device"] = {
  name: "Main gate",
  status: "approved",
  lastContactMs: epochMs(RAISED_MS - 600_000),
  clockSkewMs: -190_400,
};
const FACTS: ConditionFacts = {
  device: GATE,
  endpoint: { id: endpointId(2), isEnabled: true, waitingCount: 3 },
  quarantineCount: 7,
  quarantineBytes: 1234,
};
const spell = (instantMs: EpochMs) => new Date(instantMs).toISOString().slice(11, 19);

function eventOf(
  type: ConditionType,
  kind: ConditionChange["kind"],
  facts: Partial<ConditionFacts & { readonly subject: string }> = {},
) {
  const lastSeenAtMs = RAISED_MS;
  const { subject = "GATE" } = facts;
  const condition = { type, subject, raisedAtMs: RAISED_MS, lastSeenAtMs, detail: "seen" };
  return conditionEvent({ kind, atMs: RAISED_MS, condition }, { ...FACTS, ...facts }, spell);
}

describe("conditionEvent()", () => {
  test("tells a silent terminal as offline, with the last contact", () => {
    expect(eventOf("no-contact", "raised")).toEqual({
      type: "device.offline",
      data: {
        device_id: "GATE",
        name: "Main gate",
        last_contact_at: "00:20:00",
        detail: "seen",
        fix: "Look whether the terminal has power and network, and has this server's address in its menu",
      },
    });
  });

  test("tells it as online once it was in contact since", () => {
    const back = { ...GATE, lastContactMs: epochMs(RAISED_MS + 1000) };
    expect(eventOf("no-contact", "cleared", { device: back })).toEqual({
      type: "device.online",
      data: {
        device_id: "GATE",
        name: "Main gate",
        last_contact_at: "00:30:01",
        offline_since: "00:30:00",
      },
    });
  });

  test("does not tell as online what was taken out of use while it was silent", () => {
    const lastContactMs = epochMs(RAISED_MS + 1000);
    expect(eventOf("no-contact", "cleared")).toBeUndefined();
    expect(
      eventOf("no-contact", "cleared", { device: { ...GATE, lastContactMs, status: "retired" } }),
    ).toBeUndefined();
    expect(eventOf("no-contact", "cleared", { device: undefined })).toBeUndefined();
  });

  test("tells a clock that is off, and that it is right again, with what was measured", () => {
    expect(eventOf("clock-off", "raised")).toEqual({
      type: "device.clock_skew",
      data: {
        device_id: "GATE",
        name: "Main gate",
        status: "raised",
        since: "00:30:00",
        detail: "seen",
        fix: "Beyond 2 min it is set by itself, if this box's own clock is trusted; else set it in its menu",
        skew_seconds: -190,
      },
    });
    const right = { device: { ...GATE, clockSkewMs: 1_000 } };
    expect(eventOf("clock-off", "cleared", right)).toMatchObject({
      type: "device.clock_skew",
      data: { status: "cleared", fix: null, skew_seconds: 1 },
    });
  });

  test("tells a full quarantine with what is in it", () => {
    expect(eventOf("quarantine-full", "raised", { subject: "quarantine" })).toMatchObject({
      type: "quarantine.full",
      data: { status: "raised", quarantine_count: 7, quarantine_bytes: 1234 },
    });
    expect(eventOf("quarantine-full", "cleared", { subject: "quarantine" })?.data.status).toBe(
      "cleared",
    );
  });

  test.each([
    ["disk-low", "disk.low"],
    ["backup-failed", "backup.failed"],
  ] as const)("tells %s of the box, and that it is over", (type, event) => {
    expect(eventOf(type, "raised", { subject: "box" })).toMatchObject({
      type: event,
      data: { status: "raised", since: "00:30:00", detail: "seen" },
    });
    expect(eventOf(type, "cleared", { subject: "box" })).toMatchObject({
      type: event,
      data: { status: "cleared", fix: null },
    });
  });

  test("tells the pause of a receiver and its end", () => {
    expect(eventOf("endpoint-paused", "raised", { subject: "payroll" })).toEqual({
      type: "endpoint.paused",
      data: {
        endpoint_id: 2,
        endpoint: "payroll",
        messages_waiting: 3,
        since: "00:30:00",
        detail: "seen",
        fix: "Look whether the receiver runs and is reached from here. Messages wait, and none is lost",
      },
    } as never);
    expect(eventOf("endpoint-paused", "cleared", { subject: "payroll" })).toEqual({
      type: "endpoint.resumed",
      data: { endpoint_id: 2, endpoint: "payroll", messages_waiting: 3, paused_since: "00:30:00" },
    } as never);
  });

  test("does not tell as resumed a receiver that was removed or switched off", () => {
    expect(eventOf("endpoint-paused", "cleared", { endpoint: undefined })).toBeUndefined();
    const off = { id: endpointId(2), isEnabled: false, waitingCount: 3 };
    expect(eventOf("endpoint-paused", "cleared", { endpoint: off })).toBeUndefined();
  });

  test("tells other trouble under one type, by terminal or by address", () => {
    expect(eventOf("wrong-address", "raised")).toMatchObject({
      type: "device.condition",
      data: {
        condition: "wrong-address",
        device_id: "GATE",
        name: "Main gate",
        address: null,
        status: "raised",
        fix: 'If the terminal has moved: "biometric-server devices address GATE any", or its new address',
      },
    });
    const tls = eventOf("https-on", "cleared", { device: undefined, subject: "192.0.2.9" });
    expect(tls).toMatchObject({
      type: "device.condition",
      data: { device_id: null, address: "192.0.2.9", status: "cleared", fix: null },
    });
  });

  test("leaves out what is told when it is noticed, and nothing else", () => {
    const silent = CONDITION_TYPES.filter((type) => eventOf(type, "raised") === undefined);
    expect(silent).toEqual(["quarantine", "pending"]);
  });
});
