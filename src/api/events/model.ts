/** What `/v1/events` takes and gives. */

import { type Static, t } from "elysia";
import { RECORDED_EVENT_TYPES } from "#domain/webhook-endpoint.ts";
import { queryParameter } from "../query-text.ts";
import { EVENT_EXAMPLES } from "./examples.ts";

/** Events on a page when `limit` is absent, and the most that may be asked for. */
export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1000;

export const EventModel = t.Object({
  id: t.String({ description: "The `webhook-id` of the messages about this event." }),
  type: t.Union(RECORDED_EVENT_TYPES.map((type) => t.Literal(type))),
  timestamp: t.String({ format: "date-time", description: "When it was noticed." }),
  data: t.Object(
    {},
    {
      additionalProperties: true,
      description:
        "By type. Its times are RFC 3339. A text that was too long ends in `…`, and `truncated` " +
        "lists the names of those that were cut.",
    },
  ),
});
export type EventModel = Static<typeof EventModel>;

export const EventPage = t.Object({
  events: t.Array(EventModel, {
    description: "In the order in which they were recorded. The example has one of each type.",
    examples: [EVENT_EXAMPLES],
  }),
  next: t.String({
    description:
      "The cursor for the following page. Always there: on the last page it is where to go on later.",
  }),
  has_more: t.Boolean({
    description: "Whether more is kept behind this page now, let through by the filters or not.",
  }),
});
export type EventPage = Static<typeof EventPage>;

export const EventQuery = t.Object({
  after: queryParameter("The `next` of an earlier page; absent: from the oldest that is kept.", {
    type: "string",
  }),
  limit: queryParameter("Events on the page.", {
    type: "integer",
    minimum: 1,
    maximum: PAGE_SIZE_MAX,
    default: PAGE_SIZE_DEFAULT,
  }),
  type: queryParameter("Only of these types, with commas between them.", { type: "string" }),
  device: queryParameter("Only about this terminal.", { type: "string" }),
});
