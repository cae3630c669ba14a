/**
 * An office at work while the server goes down and up: clerks who each enter punches, send a user,
 * change a terminal, rename another, and add or revoke a client, and a terminal each that enrols.
 * Every place that is written knows what may stand in it: what was confirmed last, and what was
 * tried since. Keys of punches are those of `stored-punches.ts`.
 */

import type { Database } from "bun:sqlite";
import { join } from "node:path";
import { framed, post } from "../devices/fkweb/requests.ts";
import type { RunningServer } from "../support/running-server.ts";
import { ACKNOWLEDGEMENT, sendWhole } from "../system/terminal-socket.ts";
import { wallTimeAgo } from "./terminal-load.ts";

/** An answer that is no success. */
export interface Refusal {
  /** Method and path. */
  readonly what: string;
  readonly status: number;
  readonly json: unknown;
}

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

/** The time of the first manual punch; each clerk's next one is a second later. */
const FIRST_PUNCH = wallTimeAgo(86_400);
const PAUSE_MS = 5;

/** The clerks, resting until `resume`. Use it with `await using`. */
export class OfficeLoad implements AsyncDisposable {
  /** Everything that was answered and not confirmed since the last look. */
  readonly refusals: Refusal[] = [];
  readonly #server: RunningServer;
  readonly #clerks: readonly Clerk[];
  #working: Promise<unknown> | undefined;
  #isResting = true;

  constructor(server: RunningServer, clerkCount: number) {
    this.#server = server;
    const desk: Desk = {
      ask: (...request) => this.#ask(...request),
      enrol: (...told) => this.#enrol(...told),
    };
    this.#clerks = Array.from({ length: clerkCount }, (_, index) => new Clerk(index + 1, desk));
  }

  /** Changes that were confirmed. */
  get confirmedCount(): number {
    return this.#clerks.reduce((sum, clerk) => sum + clerk.confirmedCount, 0);
  }

  resume(): void {
    this.#isResting = false;
    this.#working = Promise.all(this.#clerks.map((clerk) => this.#work(clerk)));
  }

  /** Resolves when every clerk has an answer to the last request, or none will come. */
  async pause(): Promise<void> {
    this.#isResting = true;
    await this.#working;
  }

  /** What is confirmed and not in the database, or in it and was never asked for. */
  findProblems(database: Database): readonly string[] {
    return this.#clerks.flatMap((clerk) => clerk.findProblems(database));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pause();
  }

  async #work(clerk: Clerk): Promise<void> {
    while (!this.#isResting) {
      await clerk.step();
      await Bun.sleep(PAUSE_MS);
    }
  }

  /** Undefined when nothing was answered. */
  async #ask(method: string, path: string, body?: unknown): Promise<Answer | undefined> {
    const isControl = path.startsWith("/clients/");
    const base = isControl ? "http://localhost" : this.#server.webUrl;
    const headers = isControl ? {} : { Authorization: `Bearer ${await this.#server.token()}` };
    try {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: { ...headers, "Content-Type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(isControl ? { unix: controlSocket(this.#server) } : {}),
      });
      const { status } = response;
      const json: unknown = await response.json();
      if (status !== 200) this.refusals.push({ what: `${method} ${path}`, status, json });
      return { status, json };
    } catch {
      // Killed before the answer: nobody knows.
      return undefined;
    }
  }

  async #enrol(device: string, user: string, name: string): Promise<boolean> {
    const fields = {
      user_id: user,
      user_name: name,
      user_privilege: "USER",
      enroll_data_array: [],
    };
    const body = framed(JSON.stringify(fields));
    const request = post(body, { dev_id: device, request_code: "realtime_enroll_data" });
    const answer = await sendWhole(this.#server.terminalPort, request).catch(() => "");
    return answer.startsWith(ACKNOWLEDGEMENT.slice(0, 15)) && answer.includes("response_code: OK");
  }
}

/** Where the verbs reach a server. */
export function controlSocket(server: RunningServer): string {
  return join(server.dataDir, "control.sock");
}

interface Desk {
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Answer | undefined>;
  readonly enrol: (device: string, user: string, name: string) => Promise<boolean>;
}

/** Values of one place. */
class Place {
  readonly #what: string;
  readonly #sql: string;
  /** At first no row, or one that says nothing. */
  #possible: (string | null | undefined)[] = [undefined, null];

  /** `sql` gives one text, or no row. */
  constructor(what: string, sql: string) {
    this.#what = what;
    this.#sql = sql;
  }

  confirm(value: string): void {
    this.#possible = [value];
  }

  /** It was tried to put it there. */
  try(value: string): void {
    this.#possible.push(value);
  }

  findProblems(database: Database): readonly string[] {
    const found = database.query<{ value: string | null }, []>(this.#sql).get()?.value;
    if (this.#possible.includes(found)) return [];
    return [`${this.#what} is ${found}, where one of ${this.#possible.join(", ")} may be`];
  }
}

class Clerk {
  confirmedCount = 0;
  readonly #desk: Desk;
  readonly #number: number;
  readonly #entered: string[] = [];
  readonly #places: Record<"user" | "enrolled" | "door" | "desk" | "client", Place>;
  #steps = 0;

  constructor(number: number, desk: Desk) {
    this.#number = number;
    this.#desk = desk;
    const place = (what: string, columns: string) =>
      new Place(`${what} ${number}`, `SELECT ${columns}-${number}'`);
    this.#places = {
      user: place("user", "name AS value FROM users WHERE id = 'U"),
      enrolled: place("enrolled", "name AS value FROM enrollments WHERE user_id = 'E"),
      door: place("door", "status AS value FROM devices WHERE id = 'DOOR"),
      desk: place("desk", "name AS value FROM devices WHERE id = 'DESK"),
      client: place(
        "client",
        "iif(revoked_at_ms IS NULL, 'in', 'out') AS value FROM clients WHERE name = 'C",
      ),
    };
  }

  /** One change of one kind, the kinds in turn. */
  async step(): Promise<void> {
    this.#steps += 1;
    const kinds = [
      () => this.#enter(),
      () => this.#sync(),
      () => this.#changeDoor(),
      () => this.#renameDesk(),
      () => this.#changeClient(),
      () => this.#enrol(),
      () => this.#retry(),
    ];
    await kinds[this.#steps % kinds.length]?.();
  }

  findProblems(database: Database): readonly string[] {
    const stored = new Set(
      database
        .query<{ wallTime: string }, [string]>(
          "SELECT wall_time AS wallTime FROM punches WHERE device_id = 'unknown' AND user_id = ?",
        )
        .all(String(this.#number))
        .map(({ wallTime }) => wallTime),
    );
    return [
      ...this.#entered.filter((time) => !stored.has(time)).map((time) => `lost: ${time}`),
      ...Object.values(this.#places).flatMap((place) => place.findProblems(database)),
    ];
  }

  async #enter(): Promise<void> {
    const timestamp = String(
      BigInt(`${FIRST_PUNCH.slice(0, 8)}000000`) + BigInt(clockText(this.#steps)),
    );
    const body = { user_id: this.#number, timestamp };
    const answer = await this.#desk.ask("POST", "/api/biometric/manual-log", body);
    if (answer?.status !== 200) return;
    this.confirmedCount += 1;
    this.#entered.push(timestamp);
  }

  async #sync(): Promise<void> {
    const name = `name ${this.#steps}`;
    await this.#change("user", name, "POST", "/api/biometric/sync", {
      users: [{ user_id: `U-${this.#number}`, name }],
    });
  }

  async #changeDoor(): Promise<void> {
    const path = `/api/devices/DOOR-${this.#number}`;
    const turn = Math.floor(this.#steps / 7) % 3;
    if (turn === 2) return this.#change("door", "retired", "DELETE", path);
    const [value, status] = turn === 0 ? ["approved", "allowed"] : ["blocked", "blocked"];
    await this.#change("door", value ?? "", "POST", `${path}/status`, { status });
  }

  async #renameDesk(): Promise<void> {
    const path = `/api/devices/DESK-${this.#number}`;
    if (this.#steps < 7) await this.#desk.ask("POST", `${path}/status`, {});
    const name = `Desk ${this.#steps}`;
    await this.#change("desk", name, "PUT", path, { device_name: name });
  }

  async #changeClient(): Promise<void> {
    const isAdded = Math.floor(this.#steps / 7) % 2 === 0;
    const path = isAdded ? "/clients/add?scope=read&name=" : "/clients/revoke?name=";
    await this.#change("client", isAdded ? "in" : "out", "POST", `${path}C-${this.#number}`);
  }

  async #enrol(): Promise<void> {
    const name = `told ${this.#steps}`;
    this.#places.enrolled.try(name);
    if (!(await this.#desk.enrol(`GATE-${this.#number}`, `E-${this.#number}`, name))) return;
    this.confirmedCount += 1;
    this.#places.enrolled.confirm(name);
  }

  async #retry(): Promise<void> {
    await this.#desk.ask("POST", "/api/biometric/webhook/retry", { limit: 3 });
  }

  async #change(
    place: "user" | "door" | "desk" | "client",
    value: string,
    ...request: readonly [method: string, path: string, body?: unknown]
  ): Promise<void> {
    this.#places[place].try(value);
    const answer = await this.#desk.ask(...request);
    if (answer?.status !== 200) return;
    this.confirmedCount += 1;
    this.#places[place].confirm(value);
  }
}

/** `hhmmss` of so many seconds after midnight. */
function clockText(seconds: number): string {
  const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(Math.floor(part)).padStart(2, "0")).join("");
}
