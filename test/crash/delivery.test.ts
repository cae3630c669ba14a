/**
 * Aim: `kill -9` at any moment, with receivers that take, refuse, cut and are slow, and directions
 * that are corrected all the while, keeps no punch from any endpoint: also from one that is being
 * filled. What was sent once is sent again under its id with its body, and in its terminal's order.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { KILLS, type SeededRandom, TIMEOUT_MS, withSeed } from "./crash-run.ts";
import { lookInto, readCount } from "./stored-punches.ts";
import { expectKept } from "./survival.ts";
import { TerminalLoad, wallTimeAgo } from "./terminal-load.ts";

/** The number of the endpoint that the settings make. */
const SETTINGS_ENDPOINT = 1;

/** One after the other, for each receiver. */
const MOODS = ["take", "take", "refuse", "take", "cut", "take", "slow", "fail", "take"] as const;

interface Arrival {
  readonly eventId: string;
  readonly body: string;
  isTaken: boolean;
}

/** Answers in ever changing moods until it is told to take everything. */
class MoodyReceiver implements AsyncDisposable {
  readonly arrivals: Arrival[] = [];
  isWell = false;
  #count = 0;
  readonly #random: SeededRandom;
  readonly #server: Server;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#server = createServer((request, response) => void this.#receive(request, response));
  }

  async start(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    const address = this.#server.address();
    if (address === null || typeof address === "string")
      throw new Error("The receiver has no port");
    return `http://127.0.0.1:${address.port}/hook`;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const eventId = String(request.headers["webhook-id"]);
    const arrival = { eventId, body, isTaken: false };
    this.arrivals.push(arrival);
    this.#count += 1;
    const mood = this.isWell ? "take" : MOODS[Math.floor(this.#count / 5) % MOODS.length];
    if (mood === "cut") return void request.socket.destroy();
    if (mood === "slow") await Bun.sleep(this.#random.between(5, 300));
    if (mood === "refuse" || mood === "fail") {
      response.writeHead(mood === "fail" ? 503 : 422).end();
      return;
    }
    arrival.isTaken = true;
    response.writeHead(200).end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/**
 * What stays of a body when it has to be made again, because no result of the try that sent it was
 * written: all but what was corrected meanwhile.
 */
function withoutCorrections(body: string): unknown {
  return JSON.parse(body, (key, value) => (CORRECTED.has(key) ? undefined : value));
}

const CORRECTED: ReadonlySet<string> = new Set([
  "revision",
  "direction",
  "direction_source",
  "io_mode",
  "io_mode_str",
]);

interface Message {
  readonly id: number;
  readonly deviceId: string;
  readonly punchId: number;
  readonly revision: number;
  readonly type: string;
  readonly status: string;
  readonly bodyText: string | null;
}

function readMessages(server: RunningServer, endpointId: number): readonly Message[] {
  return lookInto(server, (database) =>
    database
      .query<Message, [number]>(
        `SELECT id, device_id AS deviceId, punch_id AS punchId, revision, type, status,
           body_text AS bodyText
         FROM deliveries WHERE endpoint_id = ? AND type LIKE 'punch.%' ORDER BY id`,
      )
      .all(endpointId),
  );
}

/** Adds a receiver as a person would, while the server is down. */
function plantEndpoint(
  server: RunningServer,
  { name, url, fills }: { readonly name: string; readonly url: string; readonly fills: boolean },
): number {
  using database = new Database(join(server.dataDir, "biometric.db"));
  const row = database
    .query<{ id: number }, [string, string, number | null]>(
      `INSERT INTO webhook_endpoints (name, origin, url, format, secret, is_enabled,
         fill_after_position, created_at_ms)
       VALUES (?, 'added', ?, 'standard', 'abcdefghijklmnopqrstuvwxyz012345', 1, ?, 0) RETURNING id`,
    )
    .get(name, url, fills ? 0 : null);
  return row?.id ?? Number.NaN;
}

/** Fails unless what came at one endpoint is what its ledger says, whole and in order. */
function expectTold(server: RunningServer, endpointId: number, receiver: MoodyReceiver): void {
  const messages = readMessages(server, endpointId);
  const keyOf = (eventId: string) => eventId.split("-").slice(-2).join("-");
  const byKey = new Map(messages.map((row) => [`${row.punchId}-${row.revision}`, row]));
  const bodies = new Map<string, string>();
  const lastIds = new Map<string, number>();
  const taken = new Set<string>();
  for (const { eventId, body, isTaken } of receiver.arrivals) {
    if (eventId.includes("-event-")) continue;
    const key = keyOf(eventId);
    if (isTaken) taken.add(key);
    const row = byKey.get(key);
    if (row === undefined) throw new Error(`Came and is in no ledger: ${key}`);
    const known = bodies.get(key);
    bodies.set(key, body);
    if (known !== undefined) {
      expect([key, withoutCorrections(body)]).toEqual([key, withoutCorrections(known)]);
      continue;
    }
    expect(row.id).toBeGreaterThan(lastIds.get(row.deviceId) ?? 0);
    lastIds.set(row.deviceId, row.id);
  }
  for (const { punchId, revision, status, bodyText } of messages) {
    const key = `${punchId}-${revision}`;
    if (status !== "delivered") continue;
    expect([key, taken.has(key), bodies.get(key)]).toEqual([key, true, bodyText ?? ""]);
  }
}

/** Fails unless every punch was told to an endpoint, or is parked there. */
function expectWhole(server: RunningServer, endpointId: number): void {
  const untold = readCount(
    server,
    `SELECT count(*) FROM punches WHERE feed_position IS NOT NULL AND id NOT IN
       (SELECT punch_id FROM deliveries WHERE endpoint_id = ${endpointId} AND status IN ('delivered', 'parked'))`,
  );
  expect([endpointId, untold]).toEqual([endpointId, 0]);
}

/** Lets everything be sent that waits, corrections of directions included. */
async function drain(server: RunningServer): Promise<void> {
  const isDone = () =>
    readCount(server, "SELECT count(*) FROM direction_corrections") === 0 &&
    readCount(server, "SELECT count(*) FROM deliveries WHERE status = 'waiting'") === 0;
  await eventually("nothing waits", isDone);
}

/** Terminals that share people, and whose times lie between each other's: so that directions change. */
function disagreeing(server: RunningServer, prefix: string, secondsAgo: number): TerminalLoad {
  const people = { users: 5, terminals: 3, punches: 100_000, rate: 40 };
  return new TerminalLoad(server, { ...people, prefix, start: wallTimeAgo(secondsAgo) });
}

test(
  `${KILLS} times kill -9 beside moody receivers keeps no punch from any endpoint`,
  () =>
    withSeed(async (random) => {
      await using one = new MoodyReceiver(random);
      await using two = new MoodyReceiver(random);
      await using three = new MoodyReceiver(random);
      await using server = await startServer({
        settings: {
          BIOMETRIC_WEBHOOK_URL: await one.start(),
          BIOMETRIC_WEBHOOK_SECRET: "secret-of-the-settings",
          BIOMETRIC_WEBHOOK_FORMAT: "event",
          BIOMETRIC_WEBHOOK_MAX_RETRIES: "0",
          DEVICE_ENROLLMENT: "open",
        },
      });
      await server.kill();
      const ends = new Map([[SETTINGS_ENDPOINT, one]]);
      ends.set(plantEndpoint(server, { name: "added", url: await two.start(), fills: false }), two);
      await server.start();
      await using early = disagreeing(server, "EARLY", 900_000);
      await using late = disagreeing(server, "LATE", 899_000);
      for (let kill = 0; kill < KILLS; kill += 1) {
        await Bun.sleep(random.between(100, 2000));
        await server.kill();
        if (kill === KILLS >> 1) {
          const filled = { name: "filled", url: await three.start(), fills: true };
          ends.set(plantEndpoint(server, filled), three);
        }
        await server.start();
        expectKept(server, [...early.acknowledged(), ...late.acknowledged()]);
      }
      await Promise.all([early.stop(), late.stop()]);
      for (const receiver of ends.values()) receiver.isWell = true;
      expect(await server.stop()).toBe(0);
      // What is paused is tried at once.
      await server.start();
      await drain(server);
      expect(await server.stop()).toBe(0);
      expectKept(server, [...early.acknowledged(), ...late.acknowledged()]);
      for (const [endpointId, receiver] of ends) {
        expectTold(server, endpointId, receiver);
        expectWhole(server, endpointId);
        console.log(`endpoint ${endpointId}: ${receiver.arrivals.length} requests, 0 lost`);
      }
    }),
  TIMEOUT_MS,
);
