/**
 * Aim: each receiver of the executable has messages of its own: one that is dead delays no other, one
 * that starts with everything gets the whole feed over a kill, and while a secret is replaced receivers
 * with the old and with the new one both believe what comes.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(60_000);

/** A message as it came. */
interface KeptMessage {
  readonly id: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Takes everything, or nothing, and keeps what it took. */
class PlainReceiver implements AsyncDisposable {
  readonly taken: KeptMessage[] = [];
  status = 200;
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const headers = Object.fromEntries(request.headers);
      const body = await request.text();
      const { status } = this;
      if (status === 200) this.taken.push({ id: headers["webhook-id"] ?? "", headers, body });
      return new Response(null, { status });
    },
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/in`;
  }

  get eventIds(): ReadonlySet<string> {
    return new Set(this.taken.map(({ id }) => id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

/** Runs a verb that must succeed, and gives the first line of what it prints. */
async function run(server: RunningServer, ...argv: readonly string[]): Promise<string> {
  const { exitCode, out, error } = await server.run(...argv);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${error}`);
  return out.split("\n")[0] ?? "";
}

/** Adds a receiver, by its name, its address and further options, and gives its secret. */
const add = (server: RunningServer, ...options: readonly string[]): Promise<string> =>
  run(server, "webhooks", "add", ...options, "--format", "logs");

/** What was taken of each terminal, in the order of first arrival, is what the feed has of it. */
async function expectWholeFeed(server: RunningServer, receiver: PlainReceiver): Promise<void> {
  const told = new Map<string, Set<string>>();
  for (const { body } of receiver.taken) {
    const [log] = JSON.parse(body).logs;
    const ofDevice = told.get(log.device_id) ?? new Set();
    told.set(log.device_id, ofDevice.add(`${log.user_id} ${log.timestamp}`));
  }
  const stored = Map.groupBy(await server.listPunches(), (punch) => punch.device_id);
  expect([...told.keys()].sort()).toEqual([...stored.keys()].sort());
  for (const [device, punches] of stored) {
    const wanted = punches.map((punch) => `${punch.user_id} ${punch.wall_time}`);
    expect([...(told.get(device) ?? [])]).toEqual(wanted);
  }
}

test("a dead receiver delays no other, and gets its own when it is back", async () => {
  await using dead = new WebhookReceiver(500);
  await using live = new PlainReceiver();
  await using server = await startServer({ settings: dead.settings });
  const secret = await add(server, "live", live.url);
  const fleet = ["--terminals", "6", "--punches", "30"] as const;
  await simulate(server, ...fleet);
  await eventually("the live one to have all", () => live.eventIds.size === 180);
  expect(dead.acceptedEventCount).toBe(0);
  await expectWholeFeed(server, live);
  const verifier = new Webhook(secret, { format: "raw" });
  for (const { body, headers } of live.taken) verifier.verify(body, headers);

  // What was taken counts as delivered once that is written.
  await eventually("the live one to have nothing waiting", async () => {
    const status = await server.run("status");
    return / live: active; 0 waiting,/.test(status.out);
  });
  const { out, exitCode } = await server.run("status");
  expect(exitCode).toBe(0);
  expect(out).toMatch(/\nwebhook +settings: PAUSED, tried again in .+; 180 waiting, 0 parked;/);
  expect(out).toMatch(/\nwebhook +live: active; 0 waiting, 0 parked; last: delivered 200/);
  const counted: unknown = await (await server.get("/api/biometric/webhook/status")).json();
  expect(counted).toMatchObject({ webhook: { persistent_queue: { pending: 180, failed: 0 } } });

  dead.behaviour = 200;
  await dead.untilAccepted(180);
  expect(dead.problems).toEqual([]);
  expect(live.taken).toHaveLength(180);
});

test("a receiver that starts with everything gets the whole feed over a kill, with what comes meanwhile", async () => {
  await using late = new PlainReceiver();
  late.status = 503;
  await using server = await startServer();
  const fleet = ["--terminals", "20", "--punches", "270"] as const;
  await simulate(server, ...fleet);
  await add(server, "late", late.url, "--start", "everything");
  const shown = async () => {
    const { out } = await server.run("webhooks", "list", "--json");
    return JSON.parse(out).webhooks[0];
  };
  // More than that wait for nobody, so the rest is filled once the receiver takes something.
  await eventually("the fill to pause", async () => (await shown()).waiting_count === 5_000);
  expect((await shown()).unfilled_count).toBe(400);
  await simulate(server, "--punches", "5", "--device-prefix", "MEANWHILE");
  await server.kill();
  await server.start();
  expect(await shown()).toMatchObject({ waiting_count: 5_000, unfilled_count: 405 });
  late.status = 200;
  await eventually("a part to arrive", () => late.eventIds.size > 500);
  await server.kill();
  await server.start();
  await eventually("all to arrive", () => late.eventIds.size === 5_405);
  await eventually("the fill to end", async () => (await shown()).state === "active");
  await simulate(server, "--punches", "5", "--device-prefix", "BEHIND");
  await eventually("the last to arrive", () => late.eventIds.size === 5_410);
  await expectWholeFeed(server, late);
});

test("while a secret is replaced, receivers with the old and the new one both believe what comes", async () => {
  await using receiver = new PlainReceiver();
  await using server = await startServer();
  const believes = (secret: string): boolean => {
    const { body, headers } = receiver.taken.at(-1) ?? { body: "", headers: {} };
    try {
      new Webhook(secret, { format: "raw" }).verify(body, headers);
      return true;
    } catch {
      return false;
    }
  };
  const first = await add(server, "payroll", receiver.url);
  const send = async (count: number) => {
    await simulate(server, "--punches", "1", "--device-prefix", `GATE${count}`);
    await eventually(`message ${count}`, () => receiver.taken.length === count);
  };
  await send(1);
  expect(believes(first)).toBe(true);
  const second = await run(server, "webhooks", "rotate-secret", "payroll");
  await send(2);
  expect([believes(first), believes(second)]).toEqual([true, true]);
  await server.stop();
  await server.start();
  await send(3);
  expect([believes(first), believes(second)]).toEqual([true, true]);
  const third = await run(server, "webhooks", "rotate-secret", "payroll", "--overlap", "0");
  await send(4);
  expect([first, second, third].map(believes)).toEqual([false, false, true]);
  expect(server.printed).not.toContain(second);
});
