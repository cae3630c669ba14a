/**
 * Proves both signatures: the original's against the vectors of contract 4.1, and that of Standard
 * Webhooks by making it again as a receiver does, and by the published library.
 */

import { describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { encodeEvent } from "#webhooks/event-format.ts";
import { encodeLogs } from "#webhooks/logs-format.ts";
import { signDelivery, signingAt } from "#webhooks/sign.ts";
import type { FormatOptions } from "#webhooks/webhook-event.ts";
import { makeEvent, makePunch } from "./webhook-values.ts";

const SECRET = "contract-test-secret";
const EVENT_AT_MS = epochMs(1_735_776_931_000);
const SIGNING = {
  secret: SECRET,
  previousSecret: undefined,
  triedAtMs: epochMs(1_735_777_000_500),
};

const FORMAT: FormatOptions = {
  siteTimeZone: "Asia/Manila",
  primaryDeviceId: deviceId("2401058352"),
  expectedUsers: undefined,
  extraFields: false,
};

describe("signDelivery()", () => {
  test("signDelivery() signs vector 1 of the contract, format logs", () => {
    const body = encodeLogs(makeEvent(), FORMAT);
    const headers = signDelivery({ eventId: "e", eventAtMs: EVENT_AT_MS, body }, SIGNING);
    expect(headers["X-Webhook-Signature"]).toBe(
      "86de7daf5743175fd317e900ca8caaf50c02b4af8fd04dd8b866276412d503d3",
    );
  });

  test("signDelivery() signs vector 2 of the contract, format event", () => {
    const punch = makePunch({ deviceId: deviceId("2401058350") });
    const body = encodeEvent(makeEvent({ punch }), FORMAT);
    const headers = signDelivery({ eventId: "e", eventAtMs: EVENT_AT_MS, body }, SIGNING);
    expect(headers["X-Webhook-Signature"]).toBe(
      "e277043972fd701fd743b3bbdc0872cde763802ce8e04b796b59c5ea0d7aae46",
    );
  });

  test("signDelivery() writes every header, the event's time beside the try's", () => {
    const headers = signDelivery({ eventId: "evt_1", eventAtMs: EVENT_AT_MS, body: "{}" }, SIGNING);
    expect(headers).toEqual({
      "Content-Type": "application/json",
      "User-Agent": "Biometric-Server-Webhook/1.0",
      "X-Webhook-Source": "biometric_server",
      "X-Webhook-Timestamp": "1735776931",
      "X-Webhook-Signature": expect.stringMatching(/^[0-9a-f]{64}$/),
      "webhook-id": "evt_1",
      "webhook-timestamp": "1735777000",
      "webhook-signature": expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
    });
  });

  test("signDelivery() signs id, time of the try and body as Standard Webhooks verifies them", () => {
    const headers = signDelivery({ eventId: "msg_1", eventAtMs: EVENT_AT_MS, body: "{}" }, SIGNING);
    const hasher = new Bun.CryptoHasher("sha256", SECRET);
    const expected = hasher.update("msg_1.1735777000.{}").digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${expected}`);
  });

  test("signDelivery() changes nothing of the original's headers on a later try", () => {
    const delivery = { eventId: "evt_1", eventAtMs: EVENT_AT_MS, body: "{}" };
    const first = signDelivery(delivery, SIGNING);
    const second = signDelivery(delivery, { ...SIGNING, triedAtMs: epochMs(1_735_999_999_000) });
    expect(second["X-Webhook-Timestamp"]).toBe(first["X-Webhook-Timestamp"]);
    expect(second["X-Webhook-Signature"]).toBe(first["X-Webhook-Signature"]);
    expect(second["webhook-id"]).toBe(first["webhook-id"]);
    expect(second["webhook-signature"]).not.toBe(first["webhook-signature"]);
  });

  test("signDelivery() takes the secret as UTF-8", () => {
    const delivery = { eventId: "e", eventAtMs: EVENT_AT_MS, body: "{}" };
    const headers = signDelivery(delivery, { ...SIGNING, secret: "ñ" });
    const hasher = new Bun.CryptoHasher("sha256", new Uint8Array([0xc3, 0xb1]));
    expect(headers["X-Webhook-Signature"]).toBe(hasher.update("{}").digest("hex"));
  });

  test("signDelivery() signs with both secrets of a rotation, the older header with the new", () => {
    const delivery = { eventId: "msg_1", eventAtMs: EVENT_AT_MS, body: "{}" };
    const both = signDelivery(delivery, { ...SIGNING, previousSecret: "before" });
    const fresh = signDelivery(delivery, SIGNING);
    const previous = signDelivery(delivery, { ...SIGNING, secret: "before" });
    expect(both["webhook-signature"]).toBe(
      `${fresh["webhook-signature"]} ${previous["webhook-signature"]}`,
    );
    expect(both["X-Webhook-Signature"]).toBe(fresh["X-Webhook-Signature"] ?? "");
  });

  test.each([SECRET, "ñ—秘密"])(
    "the library of Standard Webhooks takes what is signed: %s",
    (secret) => {
      const body = '{"name": "\u00f1", "raw": "ñ😀"}';
      const delivery = { eventId: "msg_1", eventAtMs: EVENT_AT_MS, body };
      const triedAtMs = epochMs(Date.now());
      const key = (text: string) => new Webhook(new TextEncoder().encode(text), { format: "raw" });
      const headers = signDelivery(delivery, { secret, previousSecret: "before", triedAtMs });
      expect(key(secret).verify(body, { ...headers })).toEqual({ name: "ñ", raw: "ñ😀" });
      expect(key("before").verify(body, { ...headers })).toEqual({ name: "ñ", raw: "ñ😀" });
      expect(() => key("another").verify(body, { ...headers })).toThrow("No matching signature");
      expect(() => key(secret).verify(`${body} `, { ...headers })).toThrow("No matching signature");
    },
  );
});

describe("signingAt()", () => {
  const previousSecret = { secret: "before", untilMs: epochMs(5000) };

  test("signingAt() takes the previous secret until its time is over", () => {
    const keys = { secret: SECRET, previousSecret };
    expect(signingAt(keys, epochMs(4999)).previousSecret).toBe("before");
    expect(signingAt(keys, epochMs(5000)).previousSecret).toBeUndefined();
    const alone = { secret: SECRET, previousSecret: undefined };
    expect(signingAt(alone, epochMs(0))).toEqual({ ...alone, triedAtMs: epochMs(0) });
  });
});
