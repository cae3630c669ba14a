/**
 * The headers that identify and sign a delivery: those of the replaced server (contract 4.1), and
 * those of Standard Webhooks with the same secret bytes. Pure: the time of the try is passed in.
 */

import type { EpochMs } from "#base/epoch.ts";

/** What is signed. */
export interface SignableDelivery {
  /** The same on every try: the receiver's key for idempotency. */
  readonly eventId: string;
  /** When the event was made (UTC); the same on every try. */
  readonly eventAtMs: EpochMs;
  /** Canonical JSON, exactly the bytes sent. It is ASCII. */
  readonly body: string;
}

/** The signing of one try. */
export interface SigningOptions {
  /** Its UTF-8 bytes are the key of both signatures. */
  readonly secret: string;
  /** When this try is made (UTC). */
  readonly triedAtMs: EpochMs;
}

/**
 * All headers of one try. `X-Webhook-Timestamp` is the event's time and never changes;
 * `webhook-timestamp` is the try's, so that a receiver can refuse a replay. Both are in seconds.
 */
export function signDelivery(
  delivery: SignableDelivery,
  options: SigningOptions,
): Readonly<Record<string, string>> {
  const triedAt = unixSeconds(options.triedAtMs);
  const signed = `${delivery.eventId}.${triedAt}.${delivery.body}`;
  return {
    "Content-Type": "application/json",
    "User-Agent": "Biometric-Server-Webhook/1.0",
    "X-Webhook-Source": "biometric_server",
    "X-Webhook-Timestamp": unixSeconds(delivery.eventAtMs),
    "X-Webhook-Signature": hmac(options.secret, delivery.body, "hex"),
    "webhook-id": delivery.eventId,
    "webhook-timestamp": triedAt,
    "webhook-signature": `v1,${hmac(options.secret, signed, "base64")}`,
  };
}

function unixSeconds(instantMs: EpochMs): string {
  return String(Math.floor(instantMs / 1000));
}

function hmac(secret: string, text: string, encoding: "hex" | "base64"): string {
  return new Bun.CryptoHasher("sha256", secret).update(text).digest(encoding);
}
