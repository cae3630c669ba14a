/** Reads which messages of a receiver are asked for, and says what is wrong with it. */

import { deviceId } from "#domain/identifiers.ts";
import type { LedgerFilter } from "#storage/endpoint-outbox.ts";
import { decodePlace } from "../place-cursor.ts";
import { strictInstant, strictWord } from "../query-text.ts";
import { DELIVERY_STATUSES } from "./delivery-model.ts";

/** The parameters that are read here. */
export const LEDGER_PARAMETERS = ["status", "device", "since", "after"] as const;

/** @throws ApiFailure `request-invalid` or `cursor-invalid`. */
export function readLedgerFilter(
  given: Pick<ReadonlyMap<(typeof LEDGER_PARAMETERS)[number], string>, "get">,
): LedgerFilter {
  const after = decodePlace("delivery", given.get("after"));
  const device = given.get("device");
  return {
    status: strictWord("status", given.get("status"), DELIVERY_STATUSES),
    deviceId: device === undefined ? undefined : deviceId(device),
    sinceMs: strictInstant("since", given.get("since")),
    beforeId: after === undefined ? undefined : Number(after),
  };
}
