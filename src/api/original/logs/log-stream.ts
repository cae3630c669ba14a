/**
 * Writes a log answer page by page, so that memory stays flat however many records are asked for,
 * no database read outlives a page, and other work is done between two pages. A failure after the
 * first page cuts the answer off, which the client sees as a broken transfer.
 */

import type { Log } from "#platform/log.ts";
import type { LogCursor, Storage } from "#storage/storage.ts";
import type { Places } from "../../places.ts";
import type { ReadingTurns } from "../../reading-turns.ts";
import type { LogCounts, LogFamily } from "./families.ts";
import type { LogSelection } from "./log-query.ts";

/** Records read at once: about a millisecond in which nothing else is served. */
const PAGE_SIZE = 100;

/** Where the records come from. */
export interface LogSource {
  readonly storage: Pick<Storage, "listLogs">;
  readonly log: Log;
  readonly turns: ReadingTurns;
  /** Answers of more than one page that may be under way at once. */
  readonly longAnswers: Places;
}

/** What an answer says. */
export interface LogAnswerParts {
  readonly family: LogFamily;
  readonly selection: LogSelection;
  readonly counts: LogCounts;
}

/**
 * The body of the answer. Waits for the first page, so that a failing database is still an error
 * status; an answer of one page is returned as text, a longer one as a stream.
 */
export async function writeLogAnswer(
  source: LogSource,
  { family, selection, counts }: LogAnswerParts,
): Promise<string | ReadableStream<Uint8Array>> {
  const pages = new LogPages(source, family, selection);
  const opening = JSON.stringify(family.spellCounts(counts));
  const start = `${opening.slice(0, -1)},"logs":[${await pages.next()}`;
  if (pages.isDone) return start + closing(pages);
  return streamTexts(start, laterPages(pages, source, family.path));
}

/** Asks for a text only when the one before is taken, and ends `later` when the client goes. */
function streamTexts(first: string, later: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(first));
    },
    async pull(controller) {
      const next = await later.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
    async cancel() {
      await later.return(undefined);
    },
  });
}

/** Takes its place only when it is read for the first time: a stream may never be. */
async function* laterPages(
  pages: LogPages,
  { turns, longAnswers, log }: LogSource,
  path: string,
): AsyncGenerator<string> {
  if (longAnswers.isFull) log.warn("api.answer-waits", { path }, { per: path });
  await longAnswers.take();
  try {
    while (!pages.isDone) {
      await turns.next();
      const text = await pages.next().catch((error: unknown) => {
        log.error("api.cut-off", { path, error: String(error) });
        throw error;
      });
      yield pages.isDone ? text + closing(pages) : text;
    }
  } finally {
    longAnswers.leave();
  }
}

function closing(pages: LogPages): string {
  return `],"returned":${pages.returned}}\n`;
}

/** Reads the selected records in order; `offset` is taken once, then the last record leads on. */
class LogPages {
  readonly #storage: LogSource["storage"];
  readonly #family: LogFamily;
  readonly #selection: LogSelection;
  #before: LogCursor | undefined;
  #returned = 0;
  #isDone = false;

  constructor({ storage }: LogSource, family: LogFamily, selection: LogSelection) {
    this.#storage = storage;
    this.#family = family;
    this.#selection = selection;
  }

  /** Records written so far. */
  get returned(): number {
    return this.#returned;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** The next records as JSON, with the commas between pages; empty when there are none. */
  async next(): Promise<string> {
    const { filter, limit, offset } = this.#selection;
    const wanted = Math.min(PAGE_SIZE, (limit ?? Number.MAX_SAFE_INTEGER) - this.#returned);
    const punches = await this.#storage.listLogs(filter, {
      limit: wanted,
      offset: this.#before === undefined ? offset : 0,
      before: this.#before,
    });
    const separator = this.#returned > 0 && punches.length > 0 ? "," : "";
    this.#returned += punches.length;
    const last = punches.at(-1);
    if (last !== undefined) this.#before = { wallTime: last.wallTime, id: last.id };
    this.#isDone = punches.length < wanted || this.#returned === limit;
    return separator + JSON.stringify(punches.map(this.#family.spell)).slice(1, -1);
  }
}
