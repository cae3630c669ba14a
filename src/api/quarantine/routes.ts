/** `/v1/quarantine`: what terminals sent and nobody could read. Deciding of it is for the box alone. */

import { Elysia, t } from "elysia";
import { type BearerGateOptions, bearerGate } from "../auth.ts";
import { PROBLEM_REFUSALS, Problem } from "../errors.ts";
import { nextLink } from "../paging.ts";
import { strictInteger, strictParameters } from "../query-text.ts";
import type { QuarantineDesk } from "./desk.ts";
import {
  PAGE_SIZE_DEFAULT,
  PAGE_SIZE_MAX,
  QuarantinePage,
  QuarantineQuery,
  QuarantineRecord,
} from "./model.ts";
import { QUARANTINE_PARAMETERS, readQuarantineFilter } from "./read-filter.ts";

/** What the routes need. */
export interface QuarantineRoutesOptions {
  readonly quarantine: QuarantineDesk;
  readonly gate: BearerGateOptions;
}

const PARAMETERS = ["limit", ...QUARANTINE_PARAMETERS] as const;
const PAGE_SIZE = { min: 1, max: PAGE_SIZE_MAX, fallback: PAGE_SIZE_DEFAULT } as const;

/** `GET /v1/quarantine` and `GET /v1/quarantine/{id}`, behind a token that may read. */
export function quarantineRoutes({ quarantine, gate }: QuarantineRoutesOptions) {
  return new Elysia({ name: "quarantine" })
    .use(bearerGate(gate, "read"))
    .get(
      "/v1/quarantine",
      async ({ request, set }) => {
        const given = strictParameters(request.url, PARAMETERS);
        const limit = strictInteger("limit", given.get("limit"), PAGE_SIZE);
        const page = await quarantine.list(readQuarantineFilter(given), limit);
        if (page.next !== null) set.headers.link = nextLink(request.url, page.next);
        return page;
      },
      {
        query: QuarantineQuery,
        response: { 200: QuarantinePage, 400: Problem, ...PROBLEM_REFUSALS },
        detail: {
          tags: ["Quarantine"],
          summary: "What terminals sent and nobody could read, newest first",
          description:
            "Requests, or single records of them, that are kept as they came and acknowledged. On " +
            "the box `biometric-server quarantine` makes a punch of one, or discards it.",
        },
      },
    )
    .get(
      "/v1/quarantine/:quarantine_id",
      async ({ params, request }) => {
        strictParameters(request.url, []);
        return quarantine.show(params.quarantine_id);
      },
      {
        params: QuarantineParams,
        response: { 200: QuarantineRecord, 400: Problem, 404: Problem, ...PROBLEM_REFUSALS },
        detail: {
          tags: ["Quarantine"],
          summary: "One entry, and what can be told of its content",
        },
      },
    );
}

const QuarantineParams = t.Object({
  quarantine_id: t.String({
    description: "The `id` of an entry.",
    documentedAs: { type: "integer" },
  }),
});
