/** `/v1/devices`: the terminals with their health. What they are told is `command-routes.ts`. */

import { Elysia, t } from "elysia";
import type { Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../auth.ts";
import { PROBLEM_REFUSALS, Problem } from "../errors.ts";
import { nextLink } from "../paging.ts";
import { decodePlace, encodePlace } from "../place-cursor.ts";
import { strictInteger, strictParameters, strictWord } from "../query-text.ts";

import {
  DEVICE_STATUSES,
  DeviceModel,
  DevicePage,
  DeviceQuery,
  PAGE_SIZE_DEFAULT,
  PAGE_SIZE_MAX,
} from "./model.ts";
import { getTerminal } from "./order-command.ts";
import { type DeviceSite, spellDevice } from "./spell-device.ts";

/** What the routes need. */
export interface TerminalRoutesOptions extends DeviceSite {
  readonly storage: Pick<Storage, "listDevices" | "findDevice">;
  readonly gate: BearerGateOptions;
}

/** `GET /v1/devices` and `GET /v1/devices/{id}`, behind a token that may read. */
export function terminalRoutes(options: TerminalRoutesOptions) {
  const { storage } = options;
  return new Elysia({ name: "devices" })
    .use(bearerGate(options.gate, "read"))
    .get("/v1/devices", ({ request, set }) => listPage(options, request, set.headers), {
      query: DeviceQuery,
      response: { 200: DevicePage, 400: Problem, ...PROBLEM_REFUSALS },
      detail: { tags: ["Terminals"], summary: "The terminals and their health, page by page" },
    })
    .get(
      "/v1/devices/:device_id",
      async ({ params, request }) => {
        strictParameters(request.url, []);
        return spellDevice(await getTerminal(storage, params.device_id), options);
      },
      {
        params: DeviceParams,
        response: { 200: DeviceModel, 400: Problem, 404: Problem, ...PROBLEM_REFUSALS },
        detail: { tags: ["Terminals"], summary: "One terminal and its health" },
      },
    );
}

/** The path of everything about one terminal. */
export const DeviceParams = t.Object({
  device_id: t.String({ description: "The terminal's `device_id`." }),
});

async function listPage(
  options: TerminalRoutesOptions,
  request: Request,
  headers: Record<string, string | number>,
) {
  const given = strictParameters(request.url, ["after", "limit", "status"]);
  const after = decodePlace("device", given.get("after"));
  const status = strictWord("status", given.get("status"), DEVICE_STATUSES);
  const limit = strictInteger("limit", given.get("limit"), {
    min: 1,
    max: PAGE_SIZE_MAX,
    fallback: PAGE_SIZE_DEFAULT,
  });
  const behind = (await options.storage.listDevices())
    .filter((device) => status === undefined || device.status === status)
    .filter((device) => after === undefined || device.id > after)
    .sort((left, right) => (left.id < right.id ? -1 : 1));
  const shown = behind.slice(0, limit);
  const last = shown.at(-1);
  const next = last === undefined || behind.length <= limit ? null : encodePlace("device", last.id);
  if (next !== null) headers.link = nextLink(request.url, next);
  return { devices: shown.map((device) => spellDevice(device, options)), next };
}
