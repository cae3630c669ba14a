/**
 * One fake terminal: the loop of section 11 of the protocol document. It sends its punches strictly
 * first-in-first-out, keeps each until the server acknowledges it, polls, and does what it is told.
 *
 * States: `new`, `exchanging` (one request is out), `pausing` (goes on by itself, soon), `sleeping`
 * (between two polls; a punch wakes it), `waiting` (for a punch, where nothing is polled),
 * `restarting`, `finished` (all acknowledged, given up, or stopped).
 */

import { assertDefined } from "#base/assert.ts";
import type { Clock, Timer } from "#platform/clock.ts";
import type { DeviceState } from "./device-state.ts";
import type { Dialect, ServerCommand, TerminalMessage, TerminalReply } from "./dialect.ts";
import { executeCommand } from "./execute-command.ts";
import type { Link, LinkEnding } from "./link.ts";
import type { TerminalModel } from "./models.ts";
import { PunchQueue, type PunchQueueOptions, type QueuedPunch } from "./punch-queue.ts";
import type { SimulatedUser } from "./simulated-user.ts";
import { newCounts, type TerminalCounts } from "./terminal-counts.ts";
import { type Fault, Upload } from "./upload.ts";

/** `never`; `first`: once, before the first punch; `always`: between the punches, as terminals do. */
export type Polling = "never" | "first" | "always";

/** How a terminal paces itself. */
export interface TerminalTiming {
  readonly polling: Polling;
  /** Pause after an acknowledged punch and before a poll; 0 for none. Terminals: 100. */
  readonly recordPauseMs: number;
  /** From the end of one poll to the next round, unless a punch comes. */
  readonly pollIntervalMs: number;
  /** Pause before a punch that got no reply is sent again. Terminals: 180,000. */
  readonly silenceBackoffMs: number;
  /** The same after a reply that did not acknowledge it. Terminals: 250 to 4,000. */
  readonly refusalBackoffMs: number;
  /** How long a restart takes. */
  readonly restartMs: number;
}

/** The pace of section 11 of the protocol document, with the retry times of section 2.1. */
export const FIRMWARE_TIMING: TerminalTiming = {
  polling: "always",
  recordPauseMs: 100,
  pollIntervalMs: 11_000,
  silenceBackoffMs: 180_000,
  refusalBackoffMs: 250,
  restartMs: 5000,
};

/** How a terminal behaves. */
export interface TerminalOptions extends PunchQueueOptions {
  readonly timing: TerminalTiming;
  /** Tries per punch, from 1; then the terminal gives up, and all behind that punch stays unsent. */
  readonly attemptsMax: number;
  /** Goes on polling when all is sent, until `cutOff`. */
  readonly staysOn: boolean;
  /** Users that it pushes by itself at the start. */
  readonly pushesAtStart: readonly SimulatedUser[];
  /** What goes wrong at the first try of the punch with this record number. */
  readonly faultAt: (recordNumber: number) => Fault;
  /** True for one that never understands a reply, as behind a proxy that rewrites headers. */
  readonly deaf: boolean;
}

/** What a terminal is made of, and whom it tells. */
export interface TerminalParts {
  readonly clock: Clock;
  readonly link: Link;
  readonly dialect: Dialect;
  readonly model: Pick<TerminalModel, "library" | "quirks" | "wire">;
  readonly device: DeviceState;
  /** A punch was acknowledged, `latencyMs` after the last request for it began. */
  readonly onAcknowledged: (acknowledged: QueuedPunch, latencyMs: number) => void;
  /** The terminal has reached its final state. */
  readonly onFinished: () => void;
}

type State = "new" | "exchanging" | "pausing" | "sleeping" | "waiting" | "restarting" | "finished";

/** One fake terminal. `start` sets it going, `release` gives it punches. */
export class SimulatedTerminal {
  readonly counts: TerminalCounts = newCounts();
  readonly #options: TerminalOptions;
  readonly #parts: TerminalParts;
  readonly #queue: PunchQueue;
  readonly #polling: Polling;
  #staysOn: boolean;
  #pushes: SimulatedUser[];
  #state: State = "new";
  #timer: Timer | undefined;
  /** The upload of the queue's head, kept over its tries. */
  #upload: Upload | undefined;
  #attempts = 0;
  #headRetryAtMs = 0;

  constructor(options: TerminalOptions, parts: TerminalParts) {
    this.#options = options;
    this.#parts = parts;
    this.#queue = new PunchQueue(parts.device.log, options);
    this.#polling = parts.dialect.takesCommands ? options.timing.polling : "never";
    this.#staysOn = options.staysOn;
    this.#pushes = parts.dialect.takesCommands ? [...options.pushesAtStart] : [];
  }

  /** Punches the terminal is to send in all, duplicates and lost ones not counted. */
  get planned(): number {
    return this.#queue.planned;
  }

  /** Punches so far that only the terminal's own log has. */
  get lostCount(): number {
    return this.#queue.lostCount;
  }

  /** Begins to send. */
  start(): void {
    if (this.#polling === "first") this.#pushUsers();
    else this.#drain();
  }

  /** `count` more people have touched the terminal. */
  release(count: number): void {
    const { log, clock } = this.#parts.device;
    log.record(count, () => clock.wallTime());
    if (this.#state === "waiting") this.#drain();
    else if (this.#state === "sleeping" && this.#queue.head() !== undefined) this.#wake();
  }

  /**
   * Nobody punches any more. What is not sent yet is no longer planned, or with `keepRecorded` what is
   * not recorded yet. The terminal ends when the rest is acknowledged.
   */
  cutOff(keepRecorded: boolean): void {
    this.#staysOn = false;
    this.#queue.cutOff(keepRecorded ? this.#parts.device.log.count : undefined);
    if (this.#state === "waiting") this.#drain();
    else if (this.#state === "sleeping" && this.#queue.drained) this.#finish();
  }

  /** Ends the exchange under way if its time is over. `nowMs` is monotonic. */
  checkTimeout(nowMs: number): void {
    this.#parts.link.checkTimeout(nowMs);
  }

  /** The power fails: the clock falls back to `reading`, and the terminal starts again. */
  losePower(reading: Temporal.PlainDateTime): void {
    if (this.#state === "finished") return;
    this.#parts.device.clock.set(reading);
    this.#restart();
  }

  /** Switches the terminal off; what it holds stays unacknowledged. */
  stop(): void {
    this.#finish();
  }

  #drain(): void {
    const queued = this.#queue.head();
    if (queued === undefined || this.#backoffMs() > 0) {
      this.#leaveQueue(queued !== undefined);
      return;
    }
    if (this.#attempts > 0) this.counts.resent += 1;
    else if (queued.duplicate) this.counts.duplicatesSent += 1;
    else this.counts.sent += 1;
    this.#attempts += 1;
    this.#upload ??= this.#makeUpload({ kind: "punch", punch: queued.punch }, queued);
    this.#send(this.#upload, (ending) => this.#punchEnded(queued, ending));
  }

  #punchEnded(queued: QueuedPunch, ending: LinkEnding): void {
    const { silenceBackoffMs, refusalBackoffMs, recordPauseMs } = this.#options.timing;
    if (ending.kind === "failed") {
      this.counts[ending.failure] += 1;
      this.#keepHead(silenceBackoffMs);
    } else if (ending.kind === "replied" && ending.reply.reboots) {
      this.#restart();
    } else if (ending.kind === "replied" && ending.reply.acknowledges) {
      if (queued.duplicate) this.counts.duplicatesAcknowledged += 1;
      else this.counts.acknowledged += 1;
      this.#queue.removeHead();
      this.#attempts = 0;
      this.#forgetUpload();
      this.#parts.onAcknowledged(queued, ending.latencyMs);
      this.#pause(recordPauseMs, () => this.#drain());
    } else {
      this.counts.wrongReplies += 1;
      this.#keepHead(refusalBackoffMs);
    }
  }

  /** Head-of-line blocking: nothing behind the head is sent before it (section 0.5). */
  #keepHead(backoffMs: number): void {
    if (this.#attempts >= this.#options.attemptsMax) {
      this.#finish();
      return;
    }
    this.#headRetryAtMs = this.#parts.clock.monotonicMs() + backoffMs;
    this.#leaveQueue(true);
  }

  #forgetUpload(): void {
    this.#upload = undefined;
    this.#headRetryAtMs = 0;
  }

  #leaveQueue(isBlocked: boolean): void {
    if (this.#polling === "always") {
      this.#pause(this.#options.timing.recordPauseMs, () => this.#pushUsers());
    } else if (isBlocked) {
      this.#after("pausing", this.#backoffMs(), () => this.#drain());
    } else if (this.#isDone()) {
      this.#finish();
    } else {
      this.#state = "waiting";
    }
  }

  /** Then comes the poll. What is not acknowledged is pushed in a later round, if there is one. */
  #pushUsers(): void {
    const user = this.#pushes[0];
    if (user === undefined) {
      this.#poll();
      return;
    }
    this.#send(this.#makeUpload({ kind: "enrollment", user }), (ending) => {
      const reply = this.#readOther(ending);
      if (this.#state === "restarting") return;
      if (reply?.acknowledges === true) {
        this.counts.usersPushed += 1;
        this.#pushes.shift();
        this.#pushUsers();
      } else {
        if (this.#polling === "first") this.#pushes = [];
        this.#poll();
      }
    });
  }

  #poll(): void {
    const { device } = this.#parts;
    const poll = { name: device.name, wallTime: device.clock.wallTime() };
    this.#send(this.#makeUpload({ kind: "poll", poll }), (ending) => {
      if (ending.kind === "replied") this.counts.pollsAnswered += 1;
      const reply = this.#readOther(ending);
      if (this.#state === "restarting") return;
      if (reply?.command === undefined) this.#polled();
      else this.#execute(reply.command);
    });
  }

  /** No command: a terminal that could not poll goes on to its punches all the same. */
  #polled(): void {
    if (this.#polling === "first") {
      this.#drain();
    } else if (this.#isDone()) {
      this.#finish();
    } else {
      const { pollIntervalMs } = this.#options.timing;
      const isBlocked = this.#queue.head() !== undefined;
      const sleepMs = isBlocked ? Math.min(this.#backoffMs(), pollIntervalMs) : pollIntervalMs;
      this.#after("sleeping", sleepMs, () => this.#drain());
    }
  }

  #execute(command: ServerCommand): void {
    const outcome = executeCommand(command, this.#parts);
    this.counts[outcome.isExecuted ? "commandsExecuted" : "commandsRefused"] += 1;
    this.#pushes.push(...outcome.pushes);
    if (outcome.reboots) {
      this.#restart();
    } else if (outcome.result === undefined) {
      this.#commandDone();
    } else {
      const upload = this.#makeUpload({ kind: "result", result: outcome.result });
      this.#send(upload, (ending) => {
        // A result that nobody took is lost: the server's deadline deals with it (section 7).
        if (this.#readOther(ending)?.acknowledges === true) this.counts.resultsAcknowledged += 1;
        if (this.#state !== "restarting") this.#commandDone();
      });
    }
  }

  /** After a command the terminal is back at once (section 2.1). */
  #commandDone(): void {
    if (this.#polling === "first") this.#pushUsers();
    else this.#drain();
  }

  /** The reply to anything but a punch; undefined when there was none. Restarts when told to. */
  #readOther(ending: LinkEnding): TerminalReply | undefined {
    if (ending.kind === "failed") this.counts[ending.failure] += 1;
    if (ending.kind !== "replied") return undefined;
    if (ending.reply.reboots) this.#restart();
    return ending.reply;
  }

  #restart(): void {
    this.#timer?.stop();
    this.#parts.link.drop();
    this.counts.restarts += 1;
    this.#forgetUpload();
    this.#after("restarting", this.#options.timing.restartMs, () => this.start());
  }

  #wake(): void {
    this.#timer?.stop();
    this.#headRetryAtMs = 0;
    this.#drain();
  }

  #makeUpload(message: TerminalMessage, queued?: QueuedPunch): Upload {
    const isFirst = queued !== undefined && !queued.duplicate && this.#attempts === 1;
    const fault = isFirst ? this.#options.faultAt(queued.punch.recordNumber) : "none";
    return new Upload(this.#parts.dialect.encode(message), fault);
  }

  /** Sends what of an upload the server has not taken yet. */
  #send(upload: Upload, onEnd: (ending: LinkEnding) => void): void {
    this.#state = "exchanging";
    const request = assertDefined(upload.begin(), "A message has at least one request");
    const sendBlock = (next: typeof request): void => {
      this.#parts.link.exchange(next, (received) => {
        const ending = this.#options.deaf ? deafen(received) : received;
        const following = upload.ended(ending);
        if (following === undefined) onEnd(ending);
        else sendBlock(following);
      });
    };
    sendBlock(request);
  }

  #isDone(): boolean {
    return !this.#staysOn && this.#queue.drained && this.#pushes.length === 0;
  }

  #backoffMs(): number {
    return this.#headRetryAtMs - this.#parts.clock.monotonicMs();
  }

  #pause(durationMs: number, next: () => void): void {
    if (durationMs === 0) next();
    else this.#after("pausing", durationMs, next);
  }

  #after(state: State, durationMs: number, next: () => void): void {
    this.#state = state;
    this.#timer = this.#parts.clock.after(Math.max(0, durationMs), next);
  }

  #finish(): void {
    if (this.#state === "finished") return;
    this.#state = "finished";
    this.#timer?.stop();
    this.#parts.link.drop();
    this.#parts.onFinished();
  }
}

function deafen(ending: LinkEnding): LinkEnding {
  return ending.kind === "replied" ? { kind: "unreadable" } : ending;
}
