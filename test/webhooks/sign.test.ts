/**
 * Proves both signatures: the original's against the vectors of contract 4.1, and that of Standard
 * Webhooks by making it again as a receiver does.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { canonicalJson } from "#webhooks/canonical-json.ts";
import { encodeLogs } from "#webhooks/logs-format.ts";
import { signDelivery } from "#webhooks/sign.ts";
import { makePunch } from "./webhook-values.ts";

const SECRET = "contract-test-secret";
const EVENT_AT_MS = epochMs(1_735_776_931_000);
const SIGNING = { secret: SECRET, triedAtMs: epochMs(1_735_777_000_500) };

/** Vector 2 of contract 4.1, its keys in another order. */
const EVENT_VECTOR = JSON.parse(
  '{"user_id": 7, "event_type": "attendance_log", "timestamp": 1735776931, "timestamp_utc": "2025-01-02 00:15:30", "timestamp_local": "2025-01-02 08:15:30", "timezone": "Asia/Manila", "attendance_date": "2025-01-02", "attendance_time": "08:15:30", "data": {"device_id": "2401058350", "user_id": 7, "io_mode": 1, "io_mode_str": "IN", "verify_mode": 3, "verify_mode_str": "ID Card", "timestamp": "20250102081530", "datetime_utc": "2025-01-02 00:15:30", "datetime_local": "2025-01-02 08:15:30", "timezone": "Asia/Manila", "device_type": "SECONDARY", "is_primary": false, "is_duplicate": false}, "source": "biometric_server", "device_id": "2401058350"}',
);

describe("signDelivery()", () => {
  test("signDelivery() signs vector 1 of the contract, format logs", () => {
    const body = encodeLogs(makePunch(), EVENT_AT_MS, {
      siteTimeZone: "Asia/Manila",
      primaryDeviceId: deviceId("2401058352"),
      extraFields: false,
    });
    const headers = signDelivery({ eventId: "e", eventAtMs: EVENT_AT_MS, body }, SIGNING);
    expect(headers["X-Webhook-Signature"]).toBe(
      "86de7daf5743175fd317e900ca8caaf50c02b4af8fd04dd8b866276412d503d3",
    );
  });

  test("signDelivery() signs vector 2 of the contract, format event", () => {
    const body = canonicalJson(EVENT_VECTOR);
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
});
