/** A stored punch as a whole row, and another record of its terminal in its place: seldom wanted. */

import { eq, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { assertDefined } from "#base/assert.ts";
import type { RawPunch } from "#domain/intake.ts";
import type { PlacedDirection, PunchRow } from "./punches.ts";
import { punches } from "./schema.ts";

export class PunchRecords {
  readonly #orm: BunSQLiteDatabase;

  constructor(orm: BunSQLiteDatabase) {
    this.#orm = orm;
  }

  get(id: number): PunchRow {
    const row = this.#orm.select().from(punches).where(eq(punches.id, id)).get();
    return assertDefined(row, `No row of punch ${id}`);
  }

  /** Makes the punch that of another record: a new revision. Returns what it made. */
  replace(
    id: number,
    raw: RawPunch,
    /** Undefined while it is held, which it stays. */
    place: { readonly feedPosition: number; readonly placed: PlacedDirection } | undefined,
  ): Pick<PunchRow, "deviceId" | "revision" | "isHistoric"> {
    const made = this.#orm
      .update(punches)
      .set({
        directionCode: raw.directionCode ?? null,
        verifyModeCode: raw.verifyModeCode ?? null,
        codeLibrary: raw.codeLibrary ?? null,
        workCode: raw.workCode ?? null,
        rawText: raw.rawText,
        recordNumber: raw.recordNumberText ?? null,
        revision: sql`${punches.revision} + 1`,
        ...(place === undefined ? {} : { feedPosition: place.feedPosition, ...place.placed }),
      })
      .where(eq(punches.id, id))
      .returning({
        deviceId: punches.deviceId,
        revision: punches.revision,
        isHistoric: punches.isHistoric,
      })
      .get();
    return assertDefined(made, `No row of punch ${id}`);
  }
}
