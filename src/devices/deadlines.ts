/**
 * The deadlines of one connection, each a stopwatch that runs while what it bounds goes on. Pure:
 * the time comes in as an argument, on the monotonic clock, so that a step of the wall clock closes
 * nothing. It knows no socket and closes none.
 */

/** Bounds of a connection's time, in milliseconds, above 0. */
export interface DeadlineLimits {
  /** A connection that sends nothing, at first or between two requests, lives this long. */
  readonly idleTimeoutMs: number;
  /** From the first byte of a request to its last, however slowly the rest trickles in; only time
   * in which we read counts. Also how long a request may wait for room, and a reply for its reader. */
  readonly requestTimeoutMs: number;
}

/** What goes on at a connection. */
export interface ConnectionActivity {
  /** A request has begun and is not complete. */
  readonly isMidRequest: boolean;
  /** What the peer sends is taken. If not, it is not to blame for the time that passes. */
  readonly isRead: boolean;
  /** It is not, because too much is held already. */
  readonly waitsForRoom: boolean;
  /** A request waits for its outcome, or a reply for its turn or its reader. */
  readonly owesReply: boolean;
  /** Its turn has come, and the peer has not taken it all. */
  readonly hasUnsentBytes: boolean;
  /** How long the peer may keep its half open after we shut ours; undefined while ours is open. */
  readonly lingerMs: number | undefined;
}

/** A deadline that is over. */
export type Overrun = "idle" | "slow-request" | "buffers-full" | "unread-reply" | "linger";

/** The stopwatches of one connection. */
export class Deadlines {
  readonly #limits: DeadlineLimits;
  readonly #idle = new Stopwatch();
  readonly #reading = new Stopwatch();
  readonly #waitingForRoom = new Stopwatch();
  readonly #unsent = new Stopwatch();
  readonly #lingering = new Stopwatch();
  #lingerMs = 0;

  /** Starts as a connection does: open, and idle. */
  constructor(limits: DeadlineLimits, nowMs: number) {
    this.#limits = limits;
    this.#idle.run(nowMs);
  }

  /** Something came or was answered: idle time counts from 0. */
  restartIdle(): void {
    this.#idle.reset();
  }

  /** A request was completed: the time of the next counts from 0. */
  restartRequest(): void {
    this.#reading.reset();
    this.#waitingForRoom.reset();
  }

  /** From now on, what bounds this activity runs, and nothing else. */
  note(activity: ConnectionActivity, nowMs: number): void {
    const { isMidRequest, owesReply, lingerMs } = activity;
    const isShut = lingerMs !== undefined;
    if (!isMidRequest) this.restartRequest();
    this.#reading.set(isMidRequest && activity.isRead, nowMs);
    this.#waitingForRoom.set(isMidRequest && activity.waitsForRoom, nowMs);
    if (isMidRequest || owesReply || isShut) this.#idle.reset();
    else this.#idle.run(nowMs);
    if (activity.hasUnsentBytes) this.#unsent.run(nowMs);
    else this.#unsent.reset();
    if (isShut) {
      this.#lingerMs = lingerMs;
      this.#lingering.run(nowMs);
    }
  }

  /** What is over by `nowMs`, if anything. */
  findOverrun(nowMs: number): Overrun | undefined {
    const { idleTimeoutMs, requestTimeoutMs } = this.#limits;
    if (this.#lingering.hasRun(this.#lingerMs, nowMs)) return "linger";
    if (this.#unsent.hasRun(requestTimeoutMs, nowMs)) return "unread-reply";
    if (this.#reading.hasRun(requestTimeoutMs, nowMs)) return "slow-request";
    if (this.#waitingForRoom.hasRun(requestTimeoutMs, nowMs)) return "buffers-full";
    if (this.#idle.hasRun(idleTimeoutMs, nowMs)) return "idle";
    return undefined;
  }
}

/** Time that passed while it ran. */
class Stopwatch {
  #ranMs = 0;
  #sinceMs: number | undefined;

  run(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  /** Runs on, or stands still and keeps its time. */
  set(isRunning: boolean, nowMs: number): void {
    if (isRunning) {
      this.run(nowMs);
    } else if (this.#sinceMs !== undefined) {
      this.#ranMs += nowMs - this.#sinceMs;
      this.#sinceMs = undefined;
    }
  }

  reset(): void {
    this.#ranMs = 0;
    this.#sinceMs = undefined;
  }

  /** Never before it first runs. */
  hasRun(limitMs: number, nowMs: number): boolean {
    if (this.#sinceMs === undefined) return this.#ranMs > 0 && this.#ranMs >= limitMs;
    return this.#ranMs + nowMs - this.#sinceMs >= limitMs;
  }
}
