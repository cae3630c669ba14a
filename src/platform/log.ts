/**
 * The program's log: one line per event on standard output.
 */

import type { Clock, Timer } from "./clock.ts";
import {
  journalLine,
  LOG_LEVELS,
  type LogFields,
  type LogLevel,
  type LogLine,
  plainLine,
} from "./log-line.ts";

/** Marks an event that can come in floods: the first of a key is written at once, the rest counted. */
export interface LogRepeat {
  /** What counts as the same: usually the peer's address or the device id. */
  readonly per: string;
}

/** Writes events. Event names are fixed words with dots: `device.pending`, `storage.failed`. */
export interface Log {
  error(event: string, fields?: LogFields, repeat?: LogRepeat): void;
  warn(event: string, fields?: LogFields, repeat?: LogRepeat): void;
  info(event: string, fields?: LogFields, repeat?: LogRepeat): void;
  debug(event: string, fields?: LogFields, repeat?: LogRepeat): void;
}

/** A log with an end. */
export interface ClosableLog extends Log {
  /** Writes the summaries that wait for their minute. The log can be used on. */
  flush(): void;
  /** Changes the least important level that is written. */
  setLevel(level: LogLevel): void;
}

/** How and where a log writes. */
export interface LogOptions {
  /** Takes whole lines, line end included. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
  /** The least important level that is written. */
  readonly level: LogLevel;
  /** Whether the reader is the journal: a priority in front, no time. */
  readonly journal: boolean;
  /** Whether the reader is a terminal that shows colours. */
  readonly colour: boolean;
}

/** How often repeats are summed up. */
const SUMMARY_PERIOD_MS = 60_000;
/** Keys told apart at a time; repeats of further ones are summed up per event. */
const REPEAT_KEYS_MAX = 256;

/** Makes the log. Its only timer runs while there are repeats to sum up. */
export function createLog(options: LogOptions): ClosableLog {
  const { write, clock } = options;
  let rank = LOG_LEVELS.indexOf(options.level);
  const writeLine = (line: LogLine): void => {
    if (options.journal) write(journalLine(line));
    else write(plainLine(line, new Date(clock.nowMs()).toISOString(), options.colour));
  };
  const repeats = new RepeatCounter(clock, writeLine);
  const writer =
    (level: LogLevel): Log[LogLevel] =>
    (event, fields = {}, repeat) => {
      if (LOG_LEVELS.indexOf(level) > rank) return;
      const line = { level, event, fields };
      if (repeat === undefined || repeats.isFirst(line, repeat.per)) writeLine(line);
    };
  return {
    error: writer("error"),
    warn: writer("warn"),
    info: writer("info"),
    debug: writer("debug"),
    flush: () => repeats.flush(),
    setLevel: (level) => {
      rank = LOG_LEVELS.indexOf(level);
    },
  };
}

/** Repeats of one key since its last line. */
interface RepeatedEvent {
  readonly level: LogLevel;
  readonly event: string;
  /** Undefined: of all keys of the event beyond the limit. */
  readonly per: string | undefined;
  count: number;
}

/**
 * Counts events of a kind. A key is known from its first line until a minute in which it did not
 * come again; while it is known, its repeats become one line a minute.
 */
class RepeatCounter {
  readonly #clock: Clock;
  readonly #writeLine: (line: LogLine) => void;
  readonly #known = new Map<string, RepeatedEvent>();
  #timer: Timer | undefined;

  constructor(clock: Clock, writeLine: (line: LogLine) => void) {
    this.#clock = clock;
    this.#writeLine = writeLine;
  }

  /** Whether this line is to be written; a line that is not is counted. */
  isFirst(line: LogLine, per: string): boolean {
    this.#timer ??= this.#clock.every(SUMMARY_PERIOD_MS, () => this.#endPeriod());
    const key = JSON.stringify([line.level, line.event, per]);
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.count += 1;
      return false;
    }
    if (this.#known.size < REPEAT_KEYS_MAX) {
      this.#known.set(key, { level: line.level, event: line.event, per, count: 0 });
      return true;
    }
    this.#countBeyondLimit(line);
    return false;
  }

  flush(): void {
    for (const repeated of this.#known.values()) {
      if (repeated.count > 0) this.#summarize(repeated);
    }
  }

  /** Event names are fixed words of ours, so that these keys are few. */
  #countBeyondLimit({ level, event }: LogLine): void {
    const key = JSON.stringify([level, event]);
    const known = this.#known.get(key);
    if (known === undefined) this.#known.set(key, { level, event, per: undefined, count: 1 });
    else known.count += 1;
  }

  #endPeriod(): void {
    for (const [key, repeated] of this.#known) {
      if (repeated.count > 0) this.#summarize(repeated);
      else this.#known.delete(key);
    }
    if (this.#known.size > 0) return;
    this.#timer?.stop();
    this.#timer = undefined;
  }

  #summarize(repeated: RepeatedEvent): void {
    const { level, event, per = "(others)", count } = repeated;
    repeated.count = 0;
    this.#writeLine({ level, event, fields: { per, repeated: count } });
  }
}
