/**
 * Statements of the reading connection, each prepared once and kept: what a reader asks for takes
 * a few forms only, and to prepare one costs as much as a small page.
 */

import type { Database, Statement } from "bun:sqlite";
import { guardEngine } from "./engine-error.ts";

/** A value of a statement, bound by position. */
export type SqlValue = string | number;

/** A piece of SQL with the values of its question marks, in order. */
export interface Clause {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Joins pieces of SQL, with blanks between them. */
export function joinClauses(...parts: readonly (Clause | string)[]): Clause {
  const clauses = parts.map((part) =>
    typeof part === "string" ? { sql: part, values: [] } : part,
  );
  return {
    sql: clauses.map((clause) => clause.sql).join(" "),
    values: clauses.flatMap((clause) => clause.values),
  };
}

/** Statements that all give rows of one form. Each call is a read transaction of its own. */
export class PreparedReads<Row> {
  readonly #database: Database;
  readonly #bySql = new Map<string, Statement<Row, SqlValue[]>>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws AppError when the engine fails. */
  all(clause: Clause): readonly Row[] {
    return guardEngine("read punches", () => this.#prepared(clause.sql).all(...clause.values));
  }

  /** The first row. @throws AppError when the engine fails. */
  find(clause: Clause): Row | undefined {
    const { sql, values } = clause;
    return guardEngine("read punches", () => this.#prepared(sql).get(...values)) ?? undefined;
  }

  #prepared(sql: string): Statement<Row, SqlValue[]> {
    const known = this.#bySql.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare<Row, SqlValue[]>(sql);
    this.#bySql.set(sql, statement);
    return statement;
  }
}
