/**
 * Streams a text page by page, so that memory stays flat however long it is, no database read
 * outlives a page, and other work is done between two pages. A failure after the first page cuts the
 * answer off, which the client sees as a broken transfer.
 */

import type { Log } from "#platform/log.ts";
import type { ReadingTurns } from "#platform/reading-turns.ts";
import type { Places } from "./places.ts";

/** What long texts share. */
export interface LongTexts {
  readonly log: Log;
  readonly turns: ReadingTurns;
  /** Texts of more than one page that may be under way at once. */
  readonly places: Places;
}

/** Gives the pages of one text in order. */
export interface TextPages {
  readonly isDone: boolean;
  /** The next page; may be empty. */
  next(): Promise<string>;
}

/** One text for one client. */
export interface LongText {
  /** For the log. */
  readonly path: string;
  /** What comes before the pages; may be empty. */
  readonly start: string;
  readonly pages: TextPages;
  /** Looks at the client's token anew: a text may take longer than the client is let in. */
  readonly isTokenValid: () => Promise<boolean>;
}

/** A client that does not read has the system keep about 4 MB of a text for it. */
export const LONG_TEXTS_MAX = 16;

/** A look at the token costs about a tenth of a page. */
const PAGES_PER_TOKEN_CHECK = 8;

/** The text as the body of an answer. */
export function streamText(shared: LongTexts, text: LongText): ReadableStream<Uint8Array> {
  return streamTexts(text.start, laterPages(shared, text));
}

/** The body of an answer to `HEAD`: an empty one would say that the length is 0. */
export function untoldLength(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.close() }, { highWaterMark: 0 });
}

/** Asks for a text only when the one before is taken, and ends `later` when the client goes. */
function streamTexts(start: string, later: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (start !== "") controller.enqueue(encoder.encode(start));
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
  { turns, places, log }: LongTexts,
  { path, pages, isTokenValid }: LongText,
): AsyncGenerator<string> {
  if (places.isFull) log.warn("api.answer-waits", { path }, { per: path });
  await places.take();
  try {
    for (let page = 1; !pages.isDone; page += 1) {
      if (page % PAGES_PER_TOKEN_CHECK === 0 && !(await isTokenValid())) {
        const error = "The token is not valid any more";
        log.warn("api.cut-off", { path, error }, { per: path });
        throw new Error(error);
      }
      await turns.next();
      const text = await pages.next().catch((error: unknown) => {
        log.error("api.cut-off", { path, error: String(error) }, { per: path });
        throw error;
      });
      if (text !== "") yield text;
    }
  } finally {
    places.leave();
  }
}
