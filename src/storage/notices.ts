/**
 * Requests that carry no punch: counted by device and code, and of the ones nobody documented the
 * first texts are kept.
 */

import { and, eq, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { EpochMs } from "#base/epoch.ts";
import type { NoticeIntake } from "#domain/intake.ts";
import { noticeCounts, noticeTexts } from "./schema.ts";

/** Texts kept of each undocumented code of a device. */
const TEXTS_PER_CODE_MAX = 100;

/** Codes counted apart per device; further ones share one count, as a terminal may invent them. */
const CODES_PER_DEVICE_MAX = 64;
const FURTHER_CODES = "(further codes)";

export class Notices {
  readonly #find;
  readonly #countCodes;
  readonly #count;
  readonly #keepText;

  constructor(orm: BunSQLiteDatabase) {
    this.#find = orm
      .select({ noticeCount: noticeCounts.noticeCount })
      .from(noticeCounts)
      .where(
        and(
          eq(noticeCounts.deviceId, sql.placeholder("deviceId")),
          eq(noticeCounts.code, sql.placeholder("code")),
        ),
      )
      .prepare();
    this.#countCodes = orm
      .select({ count: sql<number>`count(*)` })
      .from(noticeCounts)
      .where(eq(noticeCounts.deviceId, sql.placeholder("deviceId")))
      .prepare();
    this.#count = orm
      .insert(noticeCounts)
      .values({
        deviceId: sql.placeholder("deviceId"),
        code: sql.placeholder("code"),
        isKnown: sql.placeholder("isKnown"),
        noticeCount: 1,
        lastReceivedAtMs: sql.placeholder("receivedAtMs"),
      })
      .onConflictDoUpdate({
        target: [noticeCounts.deviceId, noticeCounts.code],
        set: {
          noticeCount: sql`${noticeCounts.noticeCount} + 1`,
          lastReceivedAtMs: sql`excluded.last_received_at_ms`,
        },
      })
      .prepare();
    this.#keepText = orm
      .insert(noticeTexts)
      .values({
        deviceId: sql.placeholder("deviceId"),
        code: sql.placeholder("code"),
        receivedAtMs: sql.placeholder("receivedAtMs"),
        text: sql.placeholder("text"),
      })
      .prepare();
  }

  /** Counts a notice and, when `mayKeep`, keeps an undocumented text; returns whether it did. */
  add(notice: NoticeIntake, receivedAtMs: EpochMs, mayKeep: boolean): boolean {
    const { deviceId } = notice;
    const seen = this.#find.get({ deviceId, code: notice.code })?.noticeCount ?? 0;
    const code = seen > 0 || this.#hasRoomForCode(deviceId) ? notice.code : FURTHER_CODES;
    this.#count.run({ deviceId, code, isKnown: Number(notice.known), receivedAtMs });
    const isCountedOnly = notice.known || seen >= TEXTS_PER_CODE_MAX || code === FURTHER_CODES;
    if (isCountedOnly || !mayKeep) return false;
    this.#keepText.run({ deviceId, code, receivedAtMs, text: notice.text });
    return true;
  }

  #hasRoomForCode(deviceId: string): boolean {
    return (this.#countCodes.get({ deviceId })?.count ?? 0) < CODES_PER_DEVICE_MAX;
  }
}
