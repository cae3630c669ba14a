/** The rest of the feed as lines, read in short steps. */

import type { FeedPosition } from "#domain/identifiers.ts";
import type { PunchFilter, Storage } from "#storage/storage.ts";
import type { TextPages } from "../long-text.ts";
import type { RowWriter } from "./row-writer.ts";

/** Rows read and written at once: one to two milliseconds in which nothing else is served. */
export const ROWS_PER_STEP = 500;

/** Which part of the feed. */
export interface FeedStretch {
  readonly after: FeedPosition;
  /** Where it ends, or soon behind: punches that come meanwhile would have no end. */
  readonly until: FeedPosition;
  readonly filter: PunchFilter;
}

export class FeedRows implements TextPages {
  readonly #storage: Pick<Storage, "listPunchesAfter">;
  readonly #writer: RowWriter;
  readonly #stretch: FeedStretch;
  #after: FeedPosition;
  #isDone = false;

  constructor(storage: Pick<Storage, "listPunchesAfter">, writer: RowWriter, stretch: FeedStretch) {
    this.#storage = storage;
    this.#writer = writer;
    this.#stretch = stretch;
    this.#after = stretch.after;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  async next(): Promise<string> {
    const { until, filter } = this.#stretch;
    const page = await this.#storage.listPunchesAfter(this.#after, ROWS_PER_STEP, filter);
    this.#after = page.nextAfter;
    this.#isDone = !page.hasMore || page.nextAfter >= until;
    return this.#writer.write(page.punches);
  }
}
