/**
 * Aim: a day of a site, through a restart, a kill, terminals out of reach and an outage of the HRIS:
 * the documented HRIS, unchanged, ends with exactly the punches that its terminals sent, by polling
 * and, apart from that, by webhook, whichever way its receiver verifies signatures.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { DayTerminal } from "./day-terminal.ts";
import { attendanceKey, HrisClient } from "./hris-client.ts";

setDefaultTimeout(120_000);

const SECRET = "hris-day-client-secret";
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Midnight in Manila, 2 March 2026. */
const MIDNIGHT_MS = Date.UTC(2026, 2, 1, 16);
const SITE_OFFSET_MS = 8 * HOUR_MS;
/** Longer than a token lives. */
const HOURS = 26;
const USERS = 40;
const TERMINALS = ["2401058352", "2401058350", "GATE3", "GATE4", "GATE5"] as const;

/** What happens, in hours of the day. The kill meets the backlog of those that were out of reach. */
const OFFLINE = { terminals: ["GATE4", "GATE5"], from: 6.5, to: 13 } as const;
const RESTART_AT = 8;
const KILL_AT = 13;
const HRIS_OUTAGE = { from: 16, to: 20 } as const;

const RUNS = [
  { format: "logs", verification: "raw-bytes" },
  { format: "event", verification: "decode-sort-encode" },
] as const;

interface PlannedPunch {
  readonly atMs: number;
  readonly terminal: string;
  readonly user: string;
}

let build: SteeredBuild;

beforeAll(async () => {
  build = await SteeredBuild.make();
});

afterAll(() => build[Symbol.dispose]());

describe("a day of the documented HRIS", () => {
  test.each(RUNS)(
    "ends with exactly what was sent: webhooks of format $format, verified by $verification",
    async (run) => {
      const seed = Number(process.env.HRIS_DAY_SEED ?? Math.floor(Math.random() * 2 ** 32));
      try {
        await liveThroughDay(run, seed);
      } catch (error) {
        throw new Error(`With HRIS_DAY_SEED=${seed}`, { cause: error });
      }
    },
  );
});

async function liveThroughDay(run: (typeof RUNS)[number], seed: number): Promise<void> {
  const random = mulberry32(seed);
  const plan = planPunches(random);
  await using receiver = new HookReceiver(run.verification);
  await using server = new SteeredServer(build, {
    atMs: MIDNIGHT_MS,
    settings: {
      HRIS_API_SECRET_KEY: SECRET,
      HRIS_RATE_LIMIT_REQUESTS: "100",
      BIOMETRIC_WEBHOOK_FORMAT: run.format,
      BIOMETRIC_WEBHOOK_TIMEOUT: "600",
      ...receiver.settings,
    },
  });
  await server.start();
  const hris = new HrisClient({
    apiUrl: server.webUrl,
    clientSecret: SECRET,
    nowMs: () => server.nowMs,
  });
  const terminals = TERMINALS.map((id) => new DayTerminal(id, random));
  const day = new Day({ server, receiver, hris, terminals, plan });
  await day.sendFirstContacts();
  for (let hours = 0.25; hours <= HOURS; hours += 0.25) await day.advanceTo(hours);

  expect(terminals.map(({ waitingCount }) => waitingCount)).toEqual(TERMINALS.map(() => 0));
  expect(terminals.reduce((sum, { resentCount }) => sum + resentCount, 0)).toBeGreaterThan(0);
  const sent = [...day.sent].sort();
  expect(sent.length).toBeGreaterThan(USERS * 4);
  // By polling, with the directions as they were corrected in the end.
  const polled = [...hris.attendance.values()];
  expect([...hris.attendance.keys()].sort()).toEqual(sent);
  const told = new Map(polled.map((record) => [attendanceKey(record), record.direction]));
  expect([...told].sort()).toEqual([...expectedDirections(day.sent)].sort());
  // By webhook: each punch at least once, and nothing else.
  await eventually("the last webhook", () => {
    // What the leaps of the day cut off is tried again after a while.
    server.advance(5000);
    return webhookKeys(receiver).size === sent.length;
  });
  expect([...webhookKeys(receiver)].sort()).toEqual(sent);
  expect(receiver.forged).toEqual([]);
  // One token at first, one after 23 hours; none was ever refused, whatever happened between.
  expect(hris.tokenCount).toBe(2);
  expect(hris.failedPolls).toEqual([]);
}

/** The parts of a day, and how they meet. */
interface DayParts {
  readonly server: SteeredServer;
  readonly receiver: HookReceiver;
  readonly hris: HrisClient;
  readonly terminals: readonly DayTerminal[];
  /** Earliest first. */
  readonly plan: readonly PlannedPunch[];
}

class Day {
  /** Keys of all punches made so far. */
  readonly sent = new Set<string>();
  readonly #parts: DayParts;
  #plannedCount = 0;

  constructor(parts: DayParts) {
    this.#parts = parts;
  }

  /** Terminals are switched on while new ones are let in. */
  async sendFirstContacts(): Promise<void> {
    for (const [index, { id }] of this.#parts.terminals.entries()) {
      this.#punch({ atMs: MIDNIGHT_MS + index * 1000, terminal: id, user: String(9000 + index) });
    }
    await this.#drainAll();
  }

  /** A quarter of an hour, as long as the HRIS waits between two polls: people punch, terminals send, the HRIS polls; and what else happens. */
  async advanceTo(hours: number): Promise<void> {
    const { server, receiver, hris, terminals, plan } = this.#parts;
    const nowMs = MIDNIGHT_MS + hours * HOUR_MS;
    server.setTime(nowMs);
    for (; (plan[this.#plannedCount]?.atMs ?? nowMs) < nowMs; this.#plannedCount += 1) {
      const planned = plan[this.#plannedCount];
      if (planned !== undefined) this.#punch(planned);
    }
    for (const terminal of terminals) {
      const isFar = OFFLINE.terminals.some((id) => id === terminal.id);
      terminal.isOffline = isFar && hours >= OFFLINE.from && hours < OFFLINE.to;
    }
    if (hours === RESTART_AT) await this.#restart();
    if (hours === KILL_AT) await this.#kill();
    await this.#drainAll();
    const isHrisOut = hours >= HRIS_OUTAGE.from && hours < HRIS_OUTAGE.to;
    if (isHrisOut) await receiver.down();
    else receiver.up();
    if (isHrisOut) return;
    await hris.pollLogs();
    if (Number.isInteger(hours)) await hris.pollUsers();
  }

  /** While it is away, terminals find nobody and keep what they have. */
  async #restart(): Promise<void> {
    const { server } = this.#parts;
    expect(await server.stop()).toBe(0);
    await this.#drainAll();
    await server.start();
  }

  /** In the middle of what terminals send. */
  async #kill(): Promise<void> {
    const { server, terminals } = this.#parts;
    const { promise: underWay, resolve } = Promise.withResolvers<void>();
    let acknowledged = 0;
    const drained = terminals.map((terminal) =>
      terminal.drain(server.terminalPort, () => {
        acknowledged += 1;
        if (acknowledged === 3) resolve();
      }),
    );
    await underWay;
    await server.kill();
    const waiting = terminals.reduce((sum, { waitingCount }) => sum + waitingCount, 0);
    expect(waiting).toBeGreaterThan(0);
    await Promise.all(drained);
    await server.start();
  }

  async #drainAll(): Promise<void> {
    const { server, terminals } = this.#parts;
    await Promise.all(terminals.map((terminal) => terminal.drain(server.terminalPort)));
  }

  #punch({ atMs, terminal: id, user }: PlannedPunch): void {
    const timestamp = wallTime(atMs);
    this.#parts.terminals.find((terminal) => terminal.id === id)?.punch(user, timestamp);
    this.sent.add(attendanceKey({ device_id: id, user_id: user, timestamp }));
  }
}

/** Everybody comes, goes and eats somewhere; each at seconds of their own. */
function planPunches(random: () => number): readonly PlannedPunch[] {
  const punches: PlannedPunch[] = [];
  for (let user = 1; user <= USERS; user += 1) {
    const startHours = user % 5 === 0 ? 1 : 6;
    for (const hours of [0.5, 5.5, 6.5, 10, 10.5, 17].slice(0, 4 + (user % 3))) {
      const atMs = MIDNIGHT_MS + (startHours + hours + random() * 0.4) * HOUR_MS;
      const terminal = TERMINALS[Math.floor(random() * TERMINALS.length)] ?? TERMINALS[0];
      punches.push({ atMs, terminal, user: String(user) });
    }
  }
  return punches.sort((one, other) => one.atMs - other.atMs);
}

/** The rule of the site, by hand: a user's punches in their order in time come and go by turns. */
function expectedDirections(keys: ReadonlySet<string>): ReadonlyMap<string, string> {
  const directions = new Map<string, string>();
  const last = new Map<string, { readonly atMs: number; readonly direction: string }>();
  const byTime = [...keys].sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1));
  for (const key of byTime) {
    const [, user = ""] = key.split(" ");
    const atMs = Date.parse(
      timeOf(key).replace(/^(....)(..)(..)(..)(..)(..)$/, "$1-$2-$3T$4:$5:$6Z"),
    );
    const before = last.get(user);
    const isSameShift = before !== undefined && atMs - before.atMs <= 14 * HOUR_MS;
    const direction = isSameShift && before.direction === "in" ? "out" : "in";
    last.set(user, { atMs, direction });
    directions.set(key, direction);
  }
  return directions;
}

function timeOf(key: string): string {
  return key.split(" ")[2] ?? "";
}

/** What the receiver accepted, in either format. */
function webhookKeys(receiver: HookReceiver): ReadonlySet<string> {
  return new Set(
    receiver.accepted.map(({ body }) => {
      const message: {
        logs?: Parameters<typeof attendanceKey>[0][];
        data?: Parameters<typeof attendanceKey>[0];
      } = JSON.parse(body);
      const [punch = message.data] = message.logs ?? [];
      return punch === undefined ? body : attendanceKey(punch);
    }),
  );
}

/** Manila time as a terminal says it. */
function wallTime(atMs: number): string {
  const iso = new Date(atMs + SITE_OFFSET_MS).toISOString();
  return iso.slice(0, 19).replace(/\D/g, "");
}

/** A small generator of numbers in [0, 1), the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
