/**
 * Writes the answer of a list page by page, so that memory stays flat however long it is, no
 * database read outlives a page, and other work is done between two pages. A failure after the
 * first page cuts the answer off, which the client sees as a broken transfer.
 */

import type { Log } from "#platform/log.ts";
import type { ReadingTurns } from "#platform/reading-turns.ts";
import type { Places } from "../places.ts";

/** What long answers share. */
export interface LongAnswers {
  readonly log: Log;
  readonly turns: ReadingTurns;
  /** Answers of more than one page that may be under way at once. */
  readonly places: Places;
}

/** One answer: `{opening…, "<list>": [records…], "returned": n}`. */
export interface ListAnswer {
  /** For the log. */
  readonly path: string;
  /** The fields before the list; one at least. */
  readonly opening: Readonly<Record<string, unknown>>;
  readonly listName: string;
  readonly pages: RecordPages;
  /** Looks at the reader's token anew: an answer may take longer than the client is let in. */
  readonly isTokenValid: () => Promise<boolean>;
}

/** Reads the records of one answer in order. */
export interface RecordPages {
  /** Records given so far. */
  readonly returned: number;
  readonly isDone: boolean;
  /** The next records as JSON, with the commas between pages; empty when there are none. */
  next(): Promise<string>;
}

/** A look at the token costs about a tenth of a page. */
const PAGES_PER_TOKEN_CHECK = 8;
const HEADERS = { "content-type": "application/json" };

/**
 * Waits for the first page, so that a failing database is still an error status; an answer of one
 * page is sent as text, a longer one as a stream.
 */
export async function answerList(shared: LongAnswers, answer: ListAnswer): Promise<Response> {
  const { pages, listName } = answer;
  const opening = JSON.stringify(answer.opening).slice(0, -1);
  const start = `${opening},"${listName}":[${await pages.next()}`;
  const body = pages.isDone
    ? start + closing(pages)
    : streamTexts(start, laterPages(shared, answer));
  return new Response(body, { headers: HEADERS });
}

/** The answer to `HEAD`: the framework would read the whole list into memory to tell its length. */
export function answerListHead(): Response {
  const untoldLength = new ReadableStream(
    { pull: (controller) => controller.close() },
    { highWaterMark: 0 },
  );
  return new Response(untoldLength, { headers: HEADERS });
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
  { turns, places, log }: LongAnswers,
  { path, pages, isTokenValid }: ListAnswer,
): AsyncGenerator<string> {
  if (places.isFull) log.warn("api.answer-waits", { path }, { per: path });
  await places.take();
  try {
    for (let page = 1; !pages.isDone; page += 1) {
      if (page % PAGES_PER_TOKEN_CHECK === 0 && !(await isTokenValid())) {
        log.warn("api.cut-off", { path, error: "The token is not valid any more" });
        throw new Error("The token is not valid any more");
      }
      await turns.next();
      const text = await pages.next().catch((error: unknown) => {
        log.error("api.cut-off", { path, error: String(error) });
        throw error;
      });
      yield pages.isDone ? text + closing(pages) : text;
    }
  } finally {
    places.leave();
  }
}

function closing(pages: RecordPages): string {
  return `],"returned":${pages.returned}}\n`;
}
