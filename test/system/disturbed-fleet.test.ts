/**
 * Aim: a terminal that storms, one that says nothing and one that sends a byte a second cost the
 * others at the port nothing, are told to the operator, and make nothing of their own twice.
 */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { untilConditions } from "./shown-status.ts";
import { punchKey, readAcknowledged, simulate } from "./simulation.ts";
import { punchRequest, sendByteEachSecond, TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

/** 9:00 in Manila. */
const START_MS = Date.UTC(2026, 2, 2, 1);
const WALL_TIME = "20260302090000";
const TERMINALS = 20;
const PUNCHES = 50;
const TOTAL = TERMINALS * PUNCHES;
/** A terminal in Local mode keeps up to seven open. */
const SILENT_CONNECTIONS = 7;

let build: SteeredBuild;
beforeAll(async () => {
  build = await SteeredBuild.make();
});
afterAll(() => build[Symbol.dispose]());

test("20 good terminals beside a storm, silence and a trickle are served first and in full", async () => {
  await using receiver = new WebhookReceiver();
  const settings = { ...receiver.settings, DEVICE_ENROLLMENT: "open" };
  await using server = new SteeredServer(build, { atMs: START_MS, settings });
  await server.start();
  const port = server.terminalPort;
  const silent = await Promise.all(
    Array.from({ length: SILENT_CONNECTIONS }, () => TerminalSocket.connect(port)),
  );
  let isTrickling = true;
  const slow = punchRequest({ device: "TRICKLE", user: "7", wallTime: WALL_TIME });
  const trickled = sendByteEachSecond(port, slow).finally(() => {
    isTrickling = false;
  });
  await using storm = new Storm(port);
  await storm.untilSent(20);

  const acks = join(server.folder, "acknowledged");
  const size = ["--terminals", String(TERMINALS), "--punches", String(PUNCHES)];
  const sentBefore = storm.sentCount;
  expect(await simulate(server, ...size, "--acks", acks)).toMatchObject({
    acknowledged: TOTAL,
    unacknowledged: 0,
    resent: 0,
    connectionErrors: 0,
    closedWithoutReply: 0,
    timeouts: 0,
  });
  expect(storm.sentCount).toBeGreaterThan(sentBefore);
  expect(isTrickling).toBe(true);
  const stored = (await server.listPunches()).map(punchKey);
  const wanted = [...readAcknowledged(acks), `STORM 27 ${WALL_TIME}`];
  expect(stored.toSorted()).toEqual(wanted.toSorted());

  // Past the time for a request, then past that of a connection without one.
  server.advance(31_000);
  expect(await trickled).toBe("");
  await storm.untilSent(storm.sentCount + 60);
  server.advance(61_000);
  for (const { answer } of silent) expect(await answer).toBe("");
  server.advance(6_000);
  const { conditions } = await untilConditions(server, ["local-mode", "resend-storm"]);
  expect(conditions).toMatchObject([
    { subject: "127.0.0.1", fix: expect.stringContaining('from "Local" to "Internet"') },
    { subject: "STORM", fix: expect.stringContaining("Restart the terminal") },
  ]);

  await storm.stop();
  await receiver.untilAccepted(TOTAL + 1);
  expect(await server.stop()).toBe(0);
  const events = new Set(receiver.received.map(({ eventId }) => eventId));
  expect(events.size).toBe(TOTAL + 1);
  expect(receiver.problems).toEqual([]);
  // A request of the storm may have been under way as the time was moved, too.
  expect(server.logLines("terminal.slow-request")[0]).toContain(" address=127.0.0.1 ");
});

/**
 * A terminal that sends one punch without end, as fast as it can: one time it takes the answer for
 * none, one time it is gone before the answer, one time before the request is whole.
 */
class Storm implements AsyncDisposable {
  sentCount = 0;
  readonly #port: number;
  readonly #ended: Promise<void>;
  #isStopped = false;

  constructor(port: number) {
    this.#port = port;
    this.#ended = this.#run();
  }

  async untilSent(count: number): Promise<void> {
    await eventually(`${count} requests of the storm`, () => this.sentCount >= count);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const bytes = punchRequest({ device: "STORM", user: "27", wallTime: WALL_TIME });
    for (; !this.#isStopped; this.sentCount += 1) {
      const socket = await TerminalSocket.connect(this.#port);
      const turn = this.sentCount % 3;
      socket.send(turn === 2 ? bytes.subarray(0, -20) : bytes);
      if (turn > 0) socket.reset();
      await socket.answer;
    }
  }
}
