/** Writes the answer of a list, whole when it is one page, else page by page. */

import { type LongTexts, streamText, type TextPages, untoldLength } from "../long-text.ts";

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

const HEADERS = { "content-type": "application/json" };

/**
 * Waits for the first page, so that a failing database is still an error status; an answer of one
 * page is sent as text, a longer one as a stream.
 */
export async function answerList(shared: LongTexts, answer: ListAnswer): Promise<Response> {
  const { path, listName, isTokenValid } = answer;
  const opening = JSON.stringify(answer.opening).slice(0, -1);
  const pages = withClosing(answer.pages);
  const start = `${opening},"${listName}":[${await pages.next()}`;
  const body = pages.isDone ? start : streamText(shared, { path, start, pages, isTokenValid });
  return new Response(body, { headers: HEADERS });
}

/** The answer to `HEAD`: the framework would read the whole list into memory to tell its length. */
export function answerListHead(): Response {
  return new Response(untoldLength(), { headers: HEADERS });
}

/** The same pages with the end of the answer behind the last one. */
function withClosing(pages: RecordPages): TextPages {
  return {
    get isDone() {
      return pages.isDone;
    },
    async next() {
      const text = await pages.next();
      return pages.isDone ? `${text}],"returned":${pages.returned}}\n` : text;
    },
  };
}
