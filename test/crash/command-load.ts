/**
 * Programs that order commands and terminals that carry them out while the server goes down and up.
 * Every order has a key and is repeated until it is answered; terminals lose some commands, and some
 * of their results, and remember what they did. What may not be is told by `findProblems`.
 */

import type { Database } from "bun:sqlite";
import type { RunningServer } from "../support/running-server.ts";
import { type PollReply, ScriptedTerminal } from "../system/scripted-terminal.ts";
import type { SeededRandom } from "./crash-run.ts";

const ORDER_PAUSE_MS = 25;
const IDLE_PAUSE_MS = 10;
/** In percent. */
const LOST_COMMANDS = 15;
const LOST_RESULTS = 10;
const KINDS = [
  { kind: "get-status", parameters: {} },
  { kind: "rename-user", parameters: { user_id: "7", name: "Ana" } },
] as const;

interface CommandRow {
  readonly id: number;
  readonly device: string;
  readonly kind: string;
  readonly status: string;
  readonly sentCount: number;
}

/** What one terminal did with a command. */
interface Deed {
  readonly device: string;
  executionCount: number;
  /** The server has taken its result. */
  isAcknowledged: boolean;
}

/** Resting until `resume`. Use it with `await using`. */
export class CommandLoad implements AsyncDisposable {
  readonly #server: RunningServer;
  readonly #devices: readonly string[];
  readonly #random: SeededRandom;
  /** Orders that were answered, and of which no end is seen yet, by the command's number. */
  readonly #confirmed = new Map<number, { readonly device: string; readonly kind: string }>();
  readonly #deeds = new Map<number, Deed>();
  readonly #problems: string[] = [];
  #working: Promise<unknown> | undefined;
  #isOrdering = false;
  #isResting = true;
  #keyCount = 0;
  confirmedCount = 0;
  /** Commands that were carried out more than once: each shows as often handed out. */
  repeatCount = 0;

  constructor(server: RunningServer, terminalCount: number, random: SeededRandom) {
    this.#server = server;
    this.#random = random;
    this.#devices = Array.from({ length: terminalCount }, (_, index) => `CMD${index + 1}`);
  }

  get executionCount(): number {
    return [...this.#deeds.values()].reduce((sum, { executionCount }) => sum + executionCount, 0);
  }

  resume(): void {
    this.#isResting = false;
    this.#isOrdering = true;
    this.#working = Promise.all([
      ...this.#devices.map((device) => this.#live(device)),
      ...this.#devices.map((device) => this.#order(device)),
    ]);
  }

  /** Nothing more is ordered; the terminals go on. */
  stopOrders(): void {
    this.#isOrdering = false;
  }

  /** Resolves when everybody has an answer to the last request, or none will come. */
  async pause(): Promise<void> {
    this.stopOrders();
    this.#isResting = true;
    await this.#working;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pause();
  }

  /** What was lost, doubled or done unseen, by what is in the database. Empty when all is well. */
  findProblems(database: Database): readonly string[] {
    const rows = new Map(readCommands(database).map((row) => [row.id, row]));
    const problems = [...this.#problems];
    for (const [id, { device, kind }] of this.#confirmed) {
      const row = rows.get(id);
      if (row === undefined) problems.push(`command ${id} is confirmed and lost`);
      else if (row.device !== device || row.kind !== kind)
        problems.push(`command ${id} is another`);
    }
    for (const [id, deed] of this.#deeds) {
      const row = rows.get(id);
      // Finished ones that were looked at before may have been let go of.
      if (row !== undefined) problems.push(...findDeedProblems(row, deed));
      else if (this.#confirmed.has(id)) problems.push(`command ${id} was done and is not stored`);
    }
    for (const row of rows.values()) {
      const executionCount = this.#deeds.get(row.id)?.executionCount ?? 0;
      if (row.status === "done" && executionCount === 0) {
        problems.push(`command ${row.id} is done, and no terminal did it`);
      }
      if (!isOpen(row)) this.#confirmed.delete(row.id);
    }
    return problems;
  }

  async #order(device: string): Promise<void> {
    while (this.#isOrdering) {
      this.#keyCount += 1;
      const key = `${device}-${this.#keyCount}`;
      const asked = KINDS[this.#keyCount % KINDS.length] ?? KINDS[0];
      await this.#orderOnce(device, key, asked);
      await Bun.sleep(ORDER_PAUSE_MS);
    }
  }

  /** Until it is answered: nobody knows what became of a request without an answer. */
  async #orderOnce(device: string, key: string, asked: (typeof KINDS)[number]): Promise<void> {
    while (!this.#isResting) {
      const answer = await this.#post(device, key, asked);
      if (answer?.status === 201 || answer?.status === 200) {
        this.#confirmed.set(answer.id, { device, kind: asked.kind });
        this.confirmedCount += 1;
        return;
      }
      // Unknown until its first poll, or too many are open.
      if (answer !== undefined && answer.status !== 404 && answer.status !== 409) {
        this.#problems.push(`an order was answered ${answer.status}`);
      }
      await Bun.sleep(ORDER_PAUSE_MS);
    }
  }

  async #post(device: string, key: string, body: object) {
    const token = await this.#server.token();
    try {
      const response = await fetch(`${this.#server.webUrl}/v1/devices/${device}/commands`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${token}`,
          "Content-Type": "application/json",
          "Idempotency-Key": key,
        },
        body: JSON.stringify(body),
      });
      const { id }: { id: number } = JSON.parse(await response.text());
      return { status: response.status, id };
    } catch {
      return undefined;
    }
  }

  async #live(device: string): Promise<void> {
    const terminal = new ScriptedTerminal(this.#server.terminalPort, device);
    while (!this.#isResting) {
      const reply = await terminal.poll().catch(() => undefined);
      const id = reply === undefined ? 0 : numberOf(reply);
      if (id === 0) await Bun.sleep(IDLE_PAUSE_MS);
      else if (!this.#random.chance(LOST_COMMANDS)) await this.#execute(terminal, device, id);
    }
  }

  async #execute(terminal: ScriptedTerminal, device: string, id: number): Promise<void> {
    const deed = this.#deeds.get(id) ?? { device, executionCount: 0, isAcknowledged: false };
    this.#deeds.set(id, deed);
    if (deed.isAcknowledged) this.#problems.push(`command ${id} came again behind its result`);
    if (deed.device !== device) this.#problems.push(`command ${id} went to two terminals`);
    deed.executionCount += 1;
    if (deed.executionCount === 2) this.repeatCount += 1;
    if (this.#random.chance(LOST_RESULTS)) return;
    const answer = await terminal.result(`c-${id}`, { json: '{"user_count":"3"}' }).catch(() => "");
    if (answer.includes("\r\nresponse_code: OK\r\n")) deed.isAcknowledged = true;
  }
}

function findDeedProblems(row: CommandRow, deed: Deed): readonly string[] {
  const { id, sentCount, status } = row;
  const problems: string[] = [];
  if (deed.executionCount > sentCount) {
    problems.push(`command ${id} was done ${deed.executionCount} times, and shows ${sentCount}`);
  }
  if (deed.isAcknowledged && status !== "done") {
    problems.push(`command ${id} has a result that was acknowledged, and is ${status}`);
  }
  return problems;
}

function readCommands(database: Database): readonly CommandRow[] {
  return database
    .query<CommandRow, []>(
      "SELECT id, device_id AS device, kind, status, sent_count AS sentCount FROM commands",
    )
    .all();
}

function isOpen({ status }: CommandRow): boolean {
  return status === "waiting" || status === "sent";
}

/** Of a command that came whole; 0 for none. */
function numberOf({ text, id, body }: PollReply): number {
  const length = Number(/\r\nContent-Length: (\d+)\r\n/.exec(text)?.[1] ?? Number.NaN);
  return body.length === length ? Number(/^c-(\d+)$/.exec(id)?.[1] ?? 0) : 0;
}
