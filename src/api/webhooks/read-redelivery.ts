/** Reads which messages are to be sent once more, and says what is wrong with it. */

import type { EpochMs } from "#base/epoch.ts";
import type { RedeliverySelection } from "#storage/endpoint-outbox.ts";
import { ApiFailure } from "../errors.ts";
import { decodePlace } from "../place-cursor.ts";
import { parseInstant } from "../query-text.ts";
import type { RedeliverBody } from "./delivery-model.ts";
import { refuseUnknown } from "./read-endpoint.ts";

const FIELDS = ["ids", "from_id", "to_id", "parked", "since", "after"];

/** What is selected, and behind which message of it. */
export interface AskedRedelivery {
  readonly selection: RedeliverySelection;
  readonly afterId: number;
}

/** @throws ApiFailure `request-invalid` or `cursor-invalid`. */
export function readRedelivery(body: RedeliverBody): AskedRedelivery {
  refuseUnknown(body, FIELDS);
  const { ids, from_id: fromId, to_id: toId, parked, since, after } = body;
  const isRange = fromId !== undefined || toId !== undefined;
  const given = [ids !== undefined, isRange, parked === true, since !== undefined];
  if (given.filter((isGiven) => isGiven).length !== 1) {
    const wanted = "ids, from_id with to_id, parked, or since";
    throw new ApiFailure("request-invalid", `The body must say one of ${wanted}`);
  }
  const afterId = Number(decodePlace("delivery", after) ?? 0);
  if (ids !== undefined) {
    return { selection: { kind: "ids", ids: ids.map((id) => readId("ids", id)) }, afterId };
  }
  if (isRange) {
    return { selection: { kind: "range", ...readRange(fromId, toId) }, afterId };
  }
  if (since !== undefined) {
    return { selection: { kind: "since", sinceMs: readSince(since) }, afterId };
  }
  return { selection: { kind: "parked" }, afterId };
}

function readRange(from: unknown, to: unknown) {
  const range = { fromId: readId("from_id", from), toId: readId("to_id", to) };
  if (range.fromId <= range.toId) return range;
  const message = `Field "from_id" is ${range.fromId}, which is behind "to_id", ${range.toId}`;
  throw new ApiFailure("request-invalid", message);
}

function readId(field: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw new ApiFailure("request-invalid", `Field "${field}" must hold the id of a message`);
}

function readSince(text: string): EpochMs {
  const sinceMs = parseInstant(text);
  if (sinceMs !== undefined) return sinceMs;
  throw new ApiFailure(
    "request-invalid",
    'Field "since" must be an RFC 3339 time with an offset, such as 2026-03-02T08:15:04+08:00',
  );
}
