/** The records of a log answer, read page by page. */

import type { LogCursor, Storage } from "#storage/storage.ts";
import type { RecordPages } from "../long-answer.ts";
import type { LogFamily } from "./families.ts";
import type { LogSelection } from "./log-query.ts";

/** Records read at once: about a millisecond in which nothing else is served. */
const PAGE_SIZE = 100;

/** Reads the selected records in order; `offset` is taken once, then the last record leads on. */
export class LogPages implements RecordPages {
  readonly #storage: Pick<Storage, "listLogs">;
  readonly #spell: LogFamily["spell"];
  readonly #selection: LogSelection;
  #before: LogCursor | undefined;
  #returned = 0;
  #isDone = false;

  constructor(
    storage: Pick<Storage, "listLogs">,
    selection: LogSelection,
    spell: LogFamily["spell"],
  ) {
    this.#storage = storage;
    this.#selection = selection;
    this.#spell = spell;
  }

  get returned(): number {
    return this.#returned;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

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
    return separator + JSON.stringify(punches.map(this.#spell)).slice(1, -1);
  }
}
