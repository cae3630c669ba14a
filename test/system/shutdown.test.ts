/**
 * Aim: an executable that is asked to end under load ends by itself, and every punch that it had
 * acknowledged until then is there after the next start, once, and reaches the receiver.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { punchKey, readAcknowledged, simulate } from "./simulation.ts";

setDefaultTimeout(60_000);

/** More than are sent until the server ends. */
const ENDLESS = ["--terminals", "20", "--punches", "50000"] as const;
const ENOUGH = 400;

test.each(["close", "keep-alive"])(
  "SIGTERM under load loses no acknowledged punch (%s)",
  async (mode) => {
    await using receiver = new WebhookReceiver();
    await using server = await startServer({ settings: receiver.settings });
    const acks = join(server.folder, "acks.tsv");
    const keepAlive = mode === "keep-alive" ? ["--keep-alive"] : [];
    const load = simulate(server, ...ENDLESS, "--attempts", "1", "--acks", acks, ...keepAlive);
    await eventually(`${ENOUGH} acknowledged punches`, () => {
      return existsSync(acks) && readAcknowledged(acks).length >= ENOUGH;
    });

    expect(await server.stop()).toBe(0);
    const report = await load;
    const acknowledged = readAcknowledged(acks);
    expect(acknowledged).toHaveLength(report.acknowledged);
    expect(report.wrongReplies).toBe(0);
    await server.start();
    const stored = (await server.listPunches()).map(punchKey);
    expect(new Set(stored).size).toBe(stored.length);
    expect(stored).toEqual(expect.arrayContaining([...acknowledged]));
    await receiver.untilAccepted(stored.length);
    expect(receiver.problems).toEqual([]);
  },
);

test("a second signal right behind the first is the same request", async () => {
  await using server = await startServer();
  const { pid } = server;
  await simulate(server, "--punches", "1");
  const ended = server.stop();
  process.kill(pid, "SIGINT");
  expect(await ended).toBe(0);
});
