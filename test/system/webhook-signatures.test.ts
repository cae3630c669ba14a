/**
 * Aim: what a receiver gets from the executable is accepted by the published library of Standard
 * Webhooks and by the replaced server's own rule, over the very bytes that came.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { eventually } from "../support/eventually.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import { startServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(30_000);

test.each(["logs", "event", "standard"])(
  "the official verifier accepts every message of format %s",
  async (format) => {
    // Answers 401 unless the header of the replaced server fits the raw bytes.
    await using receiver = new HookReceiver("raw-bytes", "a secret with ñ and 秘密");
    const settings = { ...receiver.settings, BIOMETRIC_WEBHOOK_FORMAT: format };
    await using server = await startServer({ settings });
    await simulate(server, "--punches", "3");
    await eventually("all to arrive", () => receiver.accepted.length >= 3);
    expect(receiver.forged).toEqual([]);
    const key = new TextEncoder().encode(receiver.secret);
    const webhook = new Webhook(key, { format: "raw" });
    for (const { headers, body } of receiver.accepted) {
      const told = Object.fromEntries(headers);
      expect(webhook.verify(body, told)).toEqual(JSON.parse(body));
      const changed = body.replace(/\d/, (digit) => String((Number(digit) + 1) % 10));
      expect(() => webhook.verify(changed, told)).toThrow("No matching signature");
    }
  },
);
