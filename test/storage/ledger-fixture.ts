/**
 * A storage with messages in its outbox, for the tests of its ledger.
 */

import { Database } from "bun:sqlite";
import { assertDefined } from "#base/assert.ts";
import { deviceId } from "#domain/identifiers.ts";
import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import type { EndedTry, LedgerDelivery } from "#storage/endpoint-outbox.ts";
import type { Storage } from "#storage/storage.ts";
import {
  endedTry,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  type TestStorage,
} from "../support/test-storage.ts";

export const GATE = deviceId("GATE1");

/** Stores so many punches of users 1, 2, ... and gives the ids of their messages. */
export async function storeMessages(
  storage: Storage,
  count: number,
  device = "GATE1",
): Promise<readonly number[]> {
  const before = (await listAll(storage)).map(({ id }) => id);
  for (let user = 1; user <= count; user += 1) {
    await storage.append([punchesFrom(device, [rawPunch(String(user), "20260302081504")])]);
  }
  const after = (await listAll(storage)).map(({ id }) => id);
  return after.filter((id) => !before.includes(id)).toReversed();
}

/** Records that these were delivered. */
export async function deliver(
  storage: Storage,
  ids: readonly number[],
  change: Partial<EndedTry> = {},
): Promise<void> {
  const records = ids.map((id) => ({ kind: "delivered", ...endedTry(id, change) }) as const);
  await outboxOf(storage).recordAttempts(records);
}

/** Records that these were refused for good. */
export async function park(storage: Storage, ids: readonly number[]): Promise<void> {
  const refusal = { httpStatus: 422, detail: "status 422" };
  const records = ids.map((id) => ({ kind: "parked", ...endedTry(id, refusal) }) as const);
  await outboxOf(storage).recordAttempts(records);
}

/** Every message, newest first. */
export async function listAll(storage: Storage): Promise<readonly LedgerDelivery[]> {
  return (await outboxOf(storage).listDeliveries({}, 1000)).deliveries;
}

/** What each message is at. */
export async function statusesOf(storage: Storage): Promise<Readonly<Record<number, string>>> {
  return Object.fromEntries((await listAll(storage)).map(({ id, status }) => [id, status]));
}

/** Puts a delivered correction of a message's punch behind all others, and gives its id. */
export async function addCorrection(
  { path, storage }: TestStorage,
  ofId: number,
  change: { readonly revision?: number; readonly status?: string; readonly atMs?: number } = {},
): Promise<number> {
  const of = assertDefined(await outboxOf(storage).findDelivery(ofId), "The message is there");
  using database = new Database(path);
  const row = database
    .query<{ id: number }, (string | number)[]>(
      `INSERT INTO deliveries (device_id, punch_id, revision, event_at_ms, status, attempt_count,
       next_attempt_at_ms, last_attempt_at_ms, endpoint_id, type)
       VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, 'punch.updated') RETURNING id`,
    )
    .get(
      of.deviceId ?? "",
      of.punchId ?? 0,
      change.revision ?? of.revision + 1,
      RECEIVED_AT_MS,
      change.status ?? "delivered",
      change.atMs ?? RECEIVED_AT_MS,
      SETTINGS_ENDPOINT_ID,
    );
  return assertDefined(row, "The insert returns its id").id;
}
