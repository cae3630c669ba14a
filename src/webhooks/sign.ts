/**
 * The headers that identify and sign a delivery: those of the replaced server (contract 4.1), and
 * those of Standard Webhooks with the same secret bytes. Pure: the time of the try is passed in.
 */

import { Webhook } from "standardwebhooks";
import type { EpochMs } from "#base/epoch.ts";
import type { Endpoint } from "#domain/webhook-endpoint.ts";

/** What is signed. */
export interface SignableDelivery {
  /** The same on every try: the receiver's key for idempotency. */
  readonly eventId: string;
  /** When the event was made (UTC); the same on every try. */
  readonly eventAtMs: EpochMs;
  /** Exactly the bytes sent. */
  readonly body: string;
}

/** What an endpoint's messages are signed with. */
export interface SigningKeys {
  readonly secret: string;
  readonly previousSecret: Endpoint["previousSecret"];
}

/** The signing of one try. */
export interface SigningOptions {
  /** Its UTF-8 bytes are the key of both signatures. Never empty. */
  readonly secret: string;
  /** The one before, while receivers may still have it: it signs beside the new one. */
  readonly previousSecret: string | undefined;
  /** When this try is made (UTC). */
  readonly triedAtMs: EpochMs;
}

/**
 * All headers of one try. `X-Webhook-Timestamp` is the event's time and never changes;
 * `webhook-timestamp` is the try's, so that a receiver can refuse a replay. Both are in seconds.
 * `webhook-signature` has room for the signatures of both secrets, the older header for the new alone.
 */
export function signDelivery(
  delivery: SignableDelivery,
  options: SigningOptions,
): Readonly<Record<string, string>> {
  const { secret, previousSecret, triedAtMs } = options;
  const secrets = previousSecret === undefined ? [secret] : [secret, previousSecret];
  const signatures = secrets.map((key) => signStandard(key, delivery, triedAtMs));
  return {
    "Content-Type": "application/json",
    "User-Agent": "Biometric-Server-Webhook/1.0",
    "X-Webhook-Source": "biometric_server",
    "X-Webhook-Timestamp": unixSeconds(delivery.eventAtMs),
    "X-Webhook-Signature": signOriginal(secret, delivery),
    "webhook-id": delivery.eventId,
    "webhook-timestamp": unixSeconds(triedAtMs),
    "webhook-signature": signatures.join(" "),
  };
}

/** Everything that must not be shown of them. */
export function secretsOf({ secret, previousSecret }: SigningKeys): readonly string[] {
  return previousSecret === undefined ? [secret] : [secret, previousSecret.secret];
}

/** The signing of a try at this instant (UTC): by both secrets, while the one before is in force. */
export function signingAt(keys: SigningKeys, triedAtMs: EpochMs): SigningOptions {
  const { secret, previousSecret: previous } = keys;
  const isInForce = previous !== undefined && triedAtMs < previous.untilMs;
  return { secret, previousSecret: isInForce ? previous.secret : undefined, triedAtMs };
}

/** Contract 4.1, over the bytes alone. */
function signOriginal(secret: string, { body }: SignableDelivery): string {
  return new Bun.CryptoHasher("sha256", secret).update(body).digest("hex");
}

/** `v1,` and the signature over id, time of the try and body. */
function signStandard(secret: string, delivery: SignableDelivery, triedAtMs: EpochMs): string {
  const webhook = new Webhook(new TextEncoder().encode(secret), { format: "raw" });
  return webhook.sign(delivery.eventId, new Date(triedAtMs), delivery.body);
}

function unixSeconds(instantMs: EpochMs): string {
  return String(Math.floor(instantMs / 1000));
}
