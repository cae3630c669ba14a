/**
 * Proves that whatever a punch holds, a receiver verifies every message both over the bytes it got
 * and by decoding, sorting and encoding again, as the HRIS of the replaced server may do. The
 * receiver's side is written out here and uses nothing of the code under test.
 */

import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import type { WebhookFormat } from "#domain/webhook-endpoint.ts";
import { attemptDelivery } from "#webhooks/attempt.ts";
import type { SignedRequest } from "#webhooks/send.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { DELIVERED } from "./fake-receiver.ts";
import { makePunch } from "./webhook-values.ts";

const SECRET = "contract-test-secret";

const punches = fc
  .record({
    deviceId: fc.string({ unit: "binary", maxLength: 12 }).map(deviceId),
    userId: fc
      .oneof(fc.string({ unit: "binary", maxLength: 12 }), fc.maxSafeInteger().map(String))
      .map(userId),
    wallTimeText: fc.string({ unit: "binary", maxLength: 16 }),
    timeZone: fc.constantFrom("Asia/Manila", "America/St_Johns", "UTC"),
    instantMs: fc.integer({ min: 0, max: Date.UTC(2099, 0) }).map(epochMs),
    direction: fc.constantFrom("in" as const, "out" as const, undefined),
    verifyModeCode: fc.oneof(fc.maxSafeNat().map(String), fc.string(), fc.constant(undefined)),
  })
  .map(makePunch);

describe("attemptDelivery()", () => {
  test.each(["logs", "event", "standard"] as const)(
    "attemptDelivery() sends format %s so that both ways of verifying succeed",
    async (format) => {
      const anything = fc.record({
        punch: punches,
        isDuplicate: fc.boolean(),
        extraFields: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(anything, async ({ punch, isDuplicate, extraFields }) => {
          const sent = await sentRequest(format, { punch, isDuplicate, extraFields });
          const signature = sent.headers["X-Webhook-Signature"];
          expect(signature).toBe(hmac(sent.body));
          expect(signature).toBe(hmac(pythonDumps(JSON.parse(sent.body))));
        }),
        { numRuns: 200 },
      );
    },
  );

  test("attemptDelivery() keeps the event's time on a later try", async () => {
    const clock = new FakeClock();
    const change = { punch: makePunch(), isDuplicate: false, extraFields: false };
    const first = await sentRequest("event", change, clock);
    await clock.advance(3_600_000);
    const second = await sentRequest("event", change, clock);
    expect(second.body).toBe(first.body);
    expect(second.headers["X-Webhook-Timestamp"]).toBe("1735776931");
    expect(first.headers["X-Webhook-Timestamp"]).toBe("1735776931");
    expect(second.headers["webhook-timestamp"]).not.toBe(first.headers["webhook-timestamp"]);
  });

  test("attemptDelivery() sends a body that is there already, whatever the format", async () => {
    const bodyText = '{"data": {}, "type": "disk.low"}';
    const change = { punch: makePunch(), isDuplicate: false, extraFields: false, bodyText };
    const sent = await sentRequest("standard", change);
    expect(sent.body).toBe(bodyText);
    expect(sent.headers["X-Webhook-Signature"]).toBe(hmac(bodyText));
  });
});

async function sentRequest(
  format: WebhookFormat,
  change: {
    readonly punch: ReturnType<typeof makePunch>;
    readonly isDuplicate: boolean;
    readonly extraFields: boolean;
    readonly bodyText?: string;
  },
  clock = new FakeClock(),
): Promise<SignedRequest> {
  const sent: SignedRequest[] = [];
  const log = new RecordingLog();
  await attemptDelivery(
    {
      id: 1,
      deviceId: change.punch.deviceId,
      eventId: "box-1-1",
      eventAtMs: epochMs(1_735_776_931_000),
      attemptCount: 0,
      nextAttemptAtMs: epochMs(0),
      type: "punch.created",
      punch: change.punch,
      bodyText: change.bodyText,
      isDuplicate: change.isDuplicate,
    },
    {
      format,
      extraFields: change.extraFields,
      siteTimeZone: "Asia/Manila",
      primaryDeviceId: deviceId("2401058352"),
      expectedUsers: undefined,
      secret: SECRET,
      previousSecret: undefined,
      clock,
      log,
      send: async (request) => {
        sent.push(request);
        return DELIVERED;
      },
    },
    new AbortController().signal,
  );
  const [request] = sent;
  if (request === undefined) throw new Error(`Nothing was sent: ${JSON.stringify(log.lines)}`);
  return request;
}

function hmac(text: string): string {
  return createHmac("sha256", SECRET).update(text, "utf8").digest("hex");
}

/** `json.dumps(value, sort_keys=True)` of Python, for keys in ASCII. */
function pythonDumps(value: unknown): string {
  if (value === null) return "null";
  if (value === true) return "true";
  if (value === false) return "false";
  if (typeof value === "number") return value.toFixed(0);
  if (typeof value === "string") return pythonText(value);
  if (Array.isArray(value)) return `[${value.map(pythonDumps).join(", ")}]`;
  const members = Object.entries(Object(value));
  members.sort(([one], [other]) => (one < other ? -1 : 1));
  const written = members.map(([key, member]) => `${pythonText(key)}: ${pythonDumps(member)}`);
  return `{${written.join(", ")}}`;
}

function pythonText(text: string): string {
  let written = '"';
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const short = { 8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\" };
    const shortForm = Object.entries(short).find(([known]) => Number(known) === code)?.[1];
    if (shortForm !== undefined) written += shortForm;
    else if (code < 32 || code > 126) written += `\\u${`000${code.toString(16)}`.slice(-4)}`;
    else written += text.charAt(index);
  }
  return `${written}"`;
}
