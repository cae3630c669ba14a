/**
 * Readers of the feed as an HRIS would write them: each follows its cursor in a way of its own and
 * keeps every row in the order in which it came.
 */

import type { RunningServer } from "../support/running-server.ts";

/** A row as a reader keeps it. */
export interface ReadRow {
  readonly id: number;
  readonly revision: number;
  /** The whole of it, in the words of its format. */
  readonly text: string;
}

/** What one request gave. */
interface ReadStep {
  readonly rows: readonly ReadRow[];
  readonly cursor: string | undefined;
}

type ReadAnswer = (response: Response, cursor: string | undefined) => Promise<ReadStep>;

/** Follows the cursor from the beginning until it has caught up after `finish`. */
export class FeedReader {
  readonly rows: ReadRow[] = [];
  requestCount = 0;
  readonly #done: Promise<void>;
  #isFinishing = false;

  /** `query`: how it asks, `&` before each parameter. */
  constructor(server: RunningServer, query: string, readAnswer: ReadAnswer) {
    this.#done = this.#follow(server, query, readAnswer);
  }

  /** Reads on until nothing is left. */
  async finish(): Promise<readonly ReadRow[]> {
    this.#isFinishing = true;
    await this.#done;
    return this.rows;
  }

  async #follow(server: RunningServer, query: string, readAnswer: ReadAnswer): Promise<void> {
    let cursor: string | undefined;
    for (;;) {
      const isLastLook = this.#isFinishing;
      const after = cursor === undefined ? "" : `&after=${encodeURIComponent(cursor)}`;
      const response = await server.get(`/v1/punches?${query.slice(1)}${after}`);
      if (response.status !== 200) throw new Error(`No page: ${await response.text()}`);
      const step = await readAnswer(response, cursor);
      this.requestCount += 1;
      this.rows.push(...step.rows);
      const hasMoved = step.cursor !== cursor;
      cursor = step.cursor;
      if (isLastLook && !hasMoved && step.rows.length === 0) return;
    }
  }
}

/** `next` of a page. */
export const readJson: ReadAnswer = async (response) => {
  const page: { punches: { id: number; revision: number }[]; next: string } = JSON.parse(
    await response.text(),
  );
  return { rows: page.punches.map((punch) => rowOf(JSON.stringify(punch))), cursor: page.next };
};

/** The cursor of the last row, as after a stream. */
export const readNdjson: ReadAnswer = async (response, before) => {
  const lines = (await response.text()).split("\n").slice(0, -1);
  const rows = lines.map((line) => {
    const { cursor, ...punch }: { cursor: string } = JSON.parse(line);
    return { cursor, row: rowOf(JSON.stringify(punch)) };
  });
  return { rows: rows.map(({ row }) => row), cursor: rows.at(-1)?.cursor ?? before };
};

/** `Next-Cursor` of a page. Values of these tests need no quotes. */
export const readCsv: ReadAnswer = async (response) => {
  const [, ...lines] = (await response.text()).split("\r\n").slice(0, -1);
  const rows = lines.map((line) => {
    const [id, revision] = line.split(",").map(Number);
    return { id: id ?? 0, revision: revision ?? 0, text: line.slice(0, line.lastIndexOf(",")) };
  });
  return { rows, cursor: response.headers.get("next-cursor") ?? undefined };
};

/** A row of the JSON of a punch. */
export function rowOf(text: string): ReadRow {
  const { id, revision }: { id: number; revision: number } = JSON.parse(text);
  return { id, revision, text };
}
