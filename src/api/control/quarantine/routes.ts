/** The quarantine on the control socket, where deciding is: being root is the login. */

import { Elysia } from "elysia";
import { deviceId } from "#domain/identifiers.ts";
import { ArrivingBodies } from "../../arriving-bodies.ts";
import { ApiFailure } from "../../errors.ts";
import { jsonBody } from "../../json-body.ts";
import { decodePlace } from "../../place-cursor.ts";
import type { QuarantineDesk, Supply } from "../../quarantine/desk.ts";
import { PAGE_SIZE_MAX, QuarantinePage, QuarantineRecord } from "../../quarantine/model.ts";
import { QUARANTINE_PARAMETERS, readQuarantineFilter } from "../../quarantine/read-filter.ts";
import { strictInteger, strictParameters } from "../../query-text.ts";
import { Discarded, Released, Retried, SupplyBody } from "./model.ts";

/** What the quarantine's part works on. */
export interface QuarantineControlOptions {
  readonly quarantine: QuarantineDesk;
}

const OPERATOR = "operator";
const LISTED = { min: 1, max: PAGE_SIZE_MAX, fallback: 50 } as const;

/**
 * `GET /quarantine?device=&code=&status=&after=&limit=`, `GET /quarantine/show|raw?id=`, and `POST
 * /quarantine/retry|discard?id=`, `/quarantine/retry-all?device=&code=&after=` without a body,
 * `/quarantine/supply?id=` with one.
 */
export function quarantineControl({ quarantine }: QuarantineControlOptions) {
  const bodies = new ArrivingBodies();
  const idOf = (request: Request) => strictParameters(request.url, ["id"]).get("id") ?? "";
  return new Elysia({ name: "control-quarantine", strictPath: true })
    .get(
      "/quarantine",
      async ({ request }) => {
        const given = strictParameters(request.url, ["limit", ...QUARANTINE_PARAMETERS]);
        const limit = strictInteger("limit", given.get("limit"), LISTED);
        return quarantine.list(readQuarantineFilter(given), limit);
      },
      { response: QuarantinePage },
    )
    .get("/quarantine/show", ({ request }) => quarantine.show(idOf(request)), {
      response: QuarantineRecord,
    })
    .get("/quarantine/raw", async ({ request }) => {
      const { entry, bytes } = await quarantine.get(idOf(request));
      if (entry.sha256 === undefined) throw bytesMissing(entry.id);
      return new Response(Uint8Array.from(bytes), {
        headers: { "content-type": "application/octet-stream" },
      });
    })
    .post("/quarantine/retry", ({ request }) => quarantine.retry(idOf(request), OPERATOR), {
      response: Released,
    })
    .post(
      "/quarantine/retry-all",
      async ({ request }) => {
        const given = strictParameters(request.url, ["device", "code", "after"]);
        const after = decodePlace("quarantine", given.get("after"));
        const device = given.get("device");
        const filter = {
          deviceId: device === undefined ? undefined : deviceId(device),
          code: given.get("code"),
        };
        return quarantine.retryAll(filter, Number(after ?? 0), OPERATOR);
      },
      { response: Retried },
    )
    .post(
      "/quarantine/supply",
      ({ body, request }) => quarantine.supply(idOf(request), readSupply(body), OPERATOR),
      { ...jsonBody(SupplyBody, { bodies }), response: Released },
    )
    .post(
      "/quarantine/discard",
      async ({ request }) => {
        const { id } = await quarantine.discard(idOf(request), OPERATOR);
        return { id, status: "discarded" as const };
      },
      { response: Discarded },
    );
}

/** @throws ApiFailure `request-invalid` where nothing is supplied. */
function readSupply(body: SupplyBody): Supply {
  const { user_id, time, device_id, replaces = false, goes_on = false } = body;
  if (user_id === undefined && time === undefined && !replaces) {
    throw new ApiFailure("request-invalid", "Supply a user, a time, or that it replaces a punch");
  }
  return {
    userIdText: user_id,
    wallTimeText: time,
    deviceIdText: device_id,
    replaces,
    goesOn: goes_on,
  };
}

function bytesMissing(id: number): ApiFailure {
  const message = `The bytes of entry ${id} are not here: the backup that was restored had none`;
  return new ApiFailure("not-found", message);
}
