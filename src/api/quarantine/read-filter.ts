/** Reads which entries of the quarantine are asked for, and says what is wrong with it. */

import { deviceId } from "#domain/identifiers.ts";
import { QUARANTINE_STATUSES } from "#domain/quarantine.ts";
import type { QuarantineFilter } from "#storage/quarantine-storage.ts";
import { decodePlace } from "../place-cursor.ts";
import { strictWord } from "../query-text.ts";

/** The parameters that are read here. */
export const QUARANTINE_PARAMETERS = ["device", "code", "status", "after"] as const;

/** @throws ApiFailure `parameter-invalid` or `cursor-invalid`. */
export function readQuarantineFilter(
  given: Pick<ReadonlyMap<(typeof QUARANTINE_PARAMETERS)[number], string>, "get">,
): QuarantineFilter {
  const after = decodePlace("quarantine", given.get("after"));
  const device = given.get("device");
  return {
    deviceId: device === undefined ? undefined : deviceId(device),
    code: given.get("code"),
    status: strictWord("status", given.get("status"), QUARANTINE_STATUSES),
    beforeId: after === undefined ? undefined : Number(after),
  };
}
