/** What the database of a server under test holds, to see whether anything of it changed. */

import { Database } from "bun:sqlite";
import { join } from "node:path";

/** Looks at the rows of every table, beside the server. */
export class StoredState implements Disposable {
  readonly #database: Database;
  #version: unknown;
  #rows: ReadonlyMap<string, string> = new Map();

  constructor(dataDir: string) {
    this.#database = new Database(join(dataDir, "biometric.db"), { readonly: true });
  }

  /** Takes the state as it is for the one to compare with. */
  remember(): void {
    const version = this.#readVersion();
    if (version === this.#version) return;
    this.#version = version;
    this.#rows = this.#readRows();
  }

  /** The tables that differ from what was remembered, each in a few words. */
  changes(): readonly string[] {
    if (this.#readVersion() === this.#version) return [];
    const rows = this.#readRows();
    return [...rows]
      .filter(([table, text]) => this.#rows.get(table) !== text)
      .map(([table, text]) => `table ${table} changed: ${text.slice(-300)}`);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** Another number after every commit of another connection. */
  #readVersion(): unknown {
    return this.#database.query("PRAGMA data_version").values()[0]?.[0];
  }

  #readRows(): ReadonlyMap<string, string> {
    const tables = this.#database
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all();
    return new Map(
      tables.map(({ name }) => {
        const rows = this.#database.query(`SELECT * FROM "${name}" ORDER BY 1, 2`).values();
        return [name, JSON.stringify(rows)];
      }),
    );
  }
}
