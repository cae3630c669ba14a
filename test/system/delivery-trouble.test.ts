/**
 * Aim: whatever a receiver does for days, each punch reaches it, in order per terminal, each try is
 * in the ledger, and no terminal waits for any of it.
 */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { lookInto, readCount } from "../crash/stored-punches.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { type ReceivedWebhook, WebhookReceiver } from "../support/webhook-receiver.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

/** 9:00 in Manila. */
const START_MS = Date.UTC(2026, 2, 2, 1);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const GATES = ["GATE1", "GATE2", "GATE3"] as const;
/** 2 MiB: far more than is read of an answer. */
const HUGE = "x".repeat(2 * 1024 * 1024);

let build: SteeredBuild;
beforeAll(async () => {
  build = await SteeredBuild.make();
});
afterAll(() => build[Symbol.dispose]());

async function startedServer(receiver: WebhookReceiver): Promise<SteeredServer> {
  const settings = {
    ...receiver.settings,
    DEVICE_ENROLLMENT: "open",
    BIOMETRIC_WEBHOOK_MAX_RETRIES: "2",
    // Time passes in leaps here, and an answer on its way must not be late for that.
    BIOMETRIC_WEBHOOK_TIMEOUT: "600",
  };
  const server = new SteeredServer(build, { atMs: START_MS, settings });
  await server.start();
  return server;
}

/** Each acknowledged before the next. */
async function sendPunches(server: SteeredServer, device: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const wallTime = `202603020800${String(index).padStart(2, "0")}`;
    const bytes = punchRequest({ device, user: String(index + 1), wallTime });
    expect(await sendWhole(server.terminalPort, bytes)).toBe(ACKNOWLEDGEMENT);
  }
}

/** Lets time pass in steps for as long as `isDone` says no. */
async function passTime(
  server: SteeredServer,
  stepMs: number,
  isDone: () => boolean,
): Promise<void> {
  for (let step = 0; step < 1500 && !isDone(); step += 1) {
    server.advance(stepMs);
    await Bun.sleep(20);
  }
  expect(isDone()).toBe(true);
}

const userOf = ({ log }: ReceivedWebhook): string => `${log.device_id} ${log.user_id}`;

/** Users of a device in the order in which they were first taken. */
function takenOf(receiver: WebhookReceiver, device: string): readonly string[] {
  const taken = receiver.accepted.filter(({ log }) => log.device_id === device);
  return [...new Set(taken.map(({ log }) => log.user_id))];
}

const PARKED = "SELECT count(*) FROM deliveries WHERE status = 'parked'";

interface LedgerRow {
  readonly deviceId: string;
  readonly userId: string;
  readonly status: string;
  readonly bodyText: string;
  readonly tries: string;
}

/** Every message, with the status of each of its tries in their order. */
function readLedger(server: SteeredServer): readonly LedgerRow[] {
  return lookInto(server, (database) =>
    database
      .query<LedgerRow, []>(
        `SELECT d.device_id AS deviceId, p.user_id AS userId, d.status, d.body_text AS bodyText,
           (SELECT group_concat(coalesce(http_status, '-'), ' ') FROM
             (SELECT http_status FROM attempts WHERE delivery_id = d.id ORDER BY id)) AS tries
         FROM deliveries AS d JOIN punches AS p ON p.id = d.punch_id ORDER BY d.id`,
      )
      .all(),
  );
}

test("each trouble of a receiver in turn costs time and nothing else", async () => {
  const troubles: readonly (() => number | Response)[] = [
    () => 500,
    () => new Response("", { status: 302, headers: { location: "http://127.0.0.1:1/" } }),
    () => 408,
    () => new Response("busy", { status: 429, headers: { "retry-after": "7" } }),
    () => 425,
    () => new Response(HUGE, { status: 503, headers: { "retry-after": "3" } }),
    () => 400,
    () => new Response(HUGE, { status: 202 }),
  ];
  let asked = 0;
  await using receiver = new WebhookReceiver(() => {
    asked += 1;
    // Every second answer is a good one, so that each trouble meets a receiver that was well.
    return asked % 2 === 0 ? 200 : (troubles[((asked - 1) / 2) % troubles.length]?.() ?? 200);
  });
  await using server = await startedServer(receiver);
  for (const device of GATES) await sendPunches(server, device, 8);
  await passTime(server, MINUTE_MS, () => receiver.acceptedEventCount === 24);

  expect(receiver.problems).toEqual([]);
  const inOrder = ["1", "2", "3", "4", "5", "6", "7", "8"];
  for (const device of GATES) expect(takenOf(receiver, device)).toEqual(inOrder);
  expect(await server.stop()).toBe(0);
  const ledger = readLedger(server);
  expect(ledger).toHaveLength(24);
  for (const { deviceId, userId, status, tries, bodyText } of ledger) {
    const seen = receiver.received.filter((webhook) => userOf(webhook) === `${deviceId} ${userId}`);
    expect([status, tries]).toEqual(["delivered", seen.map((webhook) => webhook.status).join(" ")]);
    // What was signed and sent is what was kept, at every try, under one id.
    expect([...new Set(seen.map(({ body }) => body))]).toEqual([bodyText]);
    expect(new Set(seen.map(({ eventId }) => eventId)).size).toBe(1);
  }
});

test("a receiver that cuts every connection for two days gets all of it afterwards", async () => {
  await using receiver = new WebhookReceiver();
  await using front = new CuttingFront(Number(new URL(receiver.url).port));
  const settings = { BIOMETRIC_WEBHOOK_URL: front.url, DEVICE_ENROLLMENT: "open" };
  const secret = { BIOMETRIC_WEBHOOK_SECRET: receiver.secret };
  await using server = new SteeredServer(build, {
    atMs: START_MS,
    settings: { ...settings, ...secret },
  });
  await server.start();
  for (const device of GATES) await sendPunches(server, device, 5);
  const untilMs = server.nowMs + 2 * DAY_MS;
  await passTime(server, 60 * MINUTE_MS, () => server.nowMs > untilMs && front.cutCount > 5);
  expect(receiver.received).toHaveLength(0);

  front.isCutting = false;
  await passTime(server, 5 * MINUTE_MS, () => receiver.acceptedEventCount === 15);
  for (const device of GATES) expect(takenOf(receiver, device)).toEqual(["1", "2", "3", "4", "5"]);
});

test("a message that is refused is parked, the next goes on, and it comes when asked for", async () => {
  let isRefusing = true;
  await using receiver = new WebhookReceiver(({ log }) =>
    isRefusing && log.device_id === "GATE1" && log.user_id === "2" ? 400 : 200,
  );
  await using server = await startedServer(receiver);
  await sendPunches(server, "GATE1", 4);
  await sendPunches(server, "GATE2", 4);
  await passTime(server, MINUTE_MS, () => receiver.acceptedEventCount === 7);
  expect(takenOf(receiver, "GATE1")).toEqual(["1", "3", "4"]);
  await passTime(server, MINUTE_MS, () => readCount(server, PARKED) === 1);

  isRefusing = false;
  const asked = await fetch(`${server.webUrl}/api/biometric/webhook/retry`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${await server.token()}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ limit: 10 }),
  });
  expect(await asked.json()).toMatchObject({ retried_count: 1 });
  await receiver.untilAccepted(8);
  expect(takenOf(receiver, "GATE1")).toEqual(["1", "3", "4", "2"]);
});

test("a message that alone breaks the receiver holds up the others for a while only", async () => {
  await using receiver = new WebhookReceiver(({ log }) =>
    log.device_id === "GATE1" && log.user_id === "2" ? 500 : 200,
  );
  await using server = await startedServer(receiver);
  await sendPunches(server, "GATE1", 3);
  await sendPunches(server, "GATE2", 3);
  await passTime(server, MINUTE_MS, () => receiver.acceptedEventCount === 5);
  expect(takenOf(receiver, "GATE1")).toEqual(["1", "3"]);
  expect(takenOf(receiver, "GATE2")).toEqual(["1", "2", "3"]);
  // It is refused for good once it has failed so often while others were taken.
  for (let index = 3; server.logLines("webhook.parked").length === 0; index += 1) {
    expect(index).toBeLessThan(12);
    await sendPunches(server, "GATE2", index + 1);
    await passTime(server, MINUTE_MS, () => takenOf(receiver, "GATE2").length === index + 1);
    const untilMs = server.nowMs + 10 * MINUTE_MS;
    await passTime(server, MINUTE_MS, () => server.nowMs > untilMs);
  }
});

test("a receiver that is gone is asked once a day, and one that wants an hour gets it", async () => {
  let reply: () => number | Response = () => 410;
  await using receiver = new WebhookReceiver(() => reply());
  await using server = await startedServer(receiver);
  await sendPunches(server, "GATE1", 2);
  await passTime(server, 0, () => server.logLines("webhook.paused").length === 1);
  const untilMs = server.nowMs + 22 * 60 * MINUTE_MS;
  await passTime(server, 30 * MINUTE_MS, () => server.nowMs > untilMs);
  expect(receiver.received).toHaveLength(1);

  reply = () => new Response("", { status: 429, headers: { "retry-after": "3600" } });
  await passTime(server, 3 * MINUTE_MS, () => receiver.received.length === 2);
  const askedAgainMs = server.nowMs;
  reply = () => 200;
  await passTime(server, MINUTE_MS, () => server.nowMs > askedAgainMs + 45 * MINUTE_MS);
  expect(receiver.received).toHaveLength(2);
  await passTime(server, 5 * MINUTE_MS, () => receiver.acceptedEventCount === 2);
});

/** Lies before a receiver and closes what comes, or lets it through. */
class CuttingFront implements AsyncDisposable {
  isCutting = true;
  cutCount = 0;
  readonly #listener: Bun.TCPSocketListener<{ upstream?: Bun.Socket }>;

  constructor(port: number) {
    this.#listener = Bun.listen<{ upstream?: Bun.Socket }>({
      hostname: "127.0.0.1",
      port: 0,
      data: {},
      socket: {
        data: (socket, bytes) => void this.#pass(socket, bytes, port),
        close: (socket) => void socket.data?.upstream?.end(),
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}/hook`;
  }

  async #pass(
    socket: Bun.Socket<{ upstream?: Bun.Socket }>,
    bytes: Uint8Array,
    port: number,
  ): Promise<void> {
    if (this.isCutting) {
      this.cutCount += 1;
      socket.terminate();
      return;
    }
    const copy = Uint8Array.from(bytes);
    const upstream =
      socket.data.upstream ??
      (await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: {
          data: (_upstream, answer) => void socket.write(answer),
          close: () => void socket.end(),
        },
      }));
    socket.data = { upstream };
    upstream.write(copy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.stop(true);
  }
}
