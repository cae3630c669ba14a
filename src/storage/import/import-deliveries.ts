/**
 * The undelivered messages of an imported database: each becomes one waiting delivery of the punch
 * it names, however often it is found. The message itself is made and signed when it is sent.
 */

import type { Database } from "bun:sqlite";
import type { EpochMs } from "#base/epoch.ts";
import { readImportedDelivery } from "#domain/imported-delivery.ts";
import type { OriginalRow } from "#domain/original-row.ts";
import type { PunchOrigin } from "#domain/punch.ts";
import { canonicalUserId } from "#domain/punch-identity.ts";
import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import type { StorageRules } from "../rules.ts";
import type { WriteParts } from "../write-parts.ts";
import { KNOWN, type RowResult, refused } from "./import-report.ts";

interface NamedPunch {
  readonly id: number;
  readonly revision: number;
  readonly origin: PunchOrigin;
}

export class DeliveryImport {
  readonly #parts: WriteParts;
  readonly #rules: StorageRules;
  readonly #findPunch;
  readonly #remember;

  constructor(database: Database, parts: WriteParts, rules: StorageRules) {
    this.#parts = parts;
    this.#rules = rules;
    // Where an imported and a live punch of a reset clock share a second, the imported one is meant.
    this.#findPunch = database.prepare<NamedPunch, [string, string, string]>(
      `SELECT id, revision, origin FROM punches
       WHERE device_id = ? AND wall_time = ? AND user_id = ?
       ORDER BY origin <> 'imported', clock_episode`,
    );
    this.#remember = database.prepare<{ sha256: string }, [string, number]>(
      `INSERT INTO imported_deliveries (sha256, imported_at_ms) VALUES (?, ?)
       ON CONFLICT DO NOTHING RETURNING sha256`,
    );
  }

  /** Inside the caller's transaction. */
  apply(row: OriginalRow, nowMs: EpochMs): RowResult {
    if (this.#rules.endpoint === undefined) {
      return refused("no-endpoint", "No webhook is set: set it and import again");
    }
    const read = readImportedDelivery(row, this.#rules.siteTimeZone);
    if (!read.ok) return { kind: "refused", refusal: read.error };
    const { deviceId, userIdText, wallTime, eventAtMs } = read.value;
    const userId = canonicalUserId(userIdText, this.#rules.leadingZeros);
    const punch = this.#findPunch.get(deviceId, wallTime, userId);
    if (punch === null) {
      const reason = `No punch of user ${JSON.stringify(userId)} at ${wallTime} on ${JSON.stringify(deviceId)}`;
      return refused("no-such-punch", reason);
    }
    // A punch that came to us has a message of its own.
    if (punch.origin !== "imported") return KNOWN;
    const identity = `${deviceId}\n${wallTime}\n${userId}`;
    if (this.#remember.get(digestOf(identity), nowMs) === null) return KNOWN;
    const { id: punchId, revision } = punch;
    const type = "punch.created";
    const event = { type, deviceId, punchId, revision, eventAtMs, isDuplicate: false } as const;
    // It waited for the replaced server's receiver, and for no other.
    this.#parts.outbox.enqueue([SETTINGS_ENDPOINT_ID], event);
    return { kind: "imported", flags: [] };
  }
}

function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
