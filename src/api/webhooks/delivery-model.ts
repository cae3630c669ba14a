/** What `/v1/webhooks/{id}/deliveries` takes and gives: the ledger of a receiver. */

import { type Static, t } from "elysia";
import { queryParameter } from "../query-text.ts";

/** Messages on a page when `limit` is absent, and the most that may be asked for. */
export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1000;
const REDELIVERED_IDS_MAX = 1000;

export const DELIVERY_STATUSES = ["waiting", "delivered", "parked", "superseded"] as const;

const nullableText = (description: string) => t.Union([t.String(), t.Null()], { description });
const nullableTime = (description: string) =>
  t.Union([t.String({ format: "date-time" }), t.Null()], { description });
const nullableInteger = (description: string) => t.Union([t.Integer(), t.Null()], { description });

const DELIVERY_EXAMPLE = {
  id: 4711,
  event_id: "0f1e2d3c4b5a6978-1000001-1",
  type: "punch.created",
  device_id: "2401058352",
  punch_id: 1000001,
  revision: 1,
  event_at: "2026-03-02T08:15:04+08:00",
  status: "delivered",
  attempt_count: 0,
  last_attempt_at: "2026-03-02T08:15:05+08:00",
  last_http_status: 200,
};

const DELIVERY_FIELDS = {
  id: t.Integer({ description: "Our number of the message." }),
  event_id: t.String({ description: "Its `webhook-id`, the same on every try." }),
  type: t.String({ description: "What it tells of." }),
  device_id: nullableText("Null where it is about no terminal."),
  punch_id: nullableInteger("Null where it tells of no punch."),
  revision: t.Integer({ description: "Of the punch, as the message tells it." }),
  event_at: t.String({ format: "date-time", description: "When the event was made." }),
  status: t.Union(
    [t.Literal("waiting"), t.Literal("delivered"), t.Literal("parked"), t.Literal("superseded")],
    {
      description:
        "`parked`: refused for good, until it is delivered again on request. `superseded`: a later " +
        "message tells the same punch anew, so that this one is never sent again.",
    },
  ),
  attempt_count: t.Integer({ description: "Refused tries since it last began to wait." }),
  last_attempt_at: nullableTime("Null while it was not tried."),
  last_http_status: nullableInteger("Null also where the last try had no answer."),
};

export const DeliveryModel = t.Object(DELIVERY_FIELDS, { examples: [DELIVERY_EXAMPLE] });
export type DeliveryModel = Static<typeof DeliveryModel>;

const AttemptModel = t.Object({
  at: t.String({ format: "date-time", description: "When it began." }),
  duration_ms: t.Integer({ minimum: 0 }),
  outcome: t.Union([t.Literal("delivered"), t.Literal("refused"), t.Literal("failed")], {
    description: "`failed`: the receiver as a whole is to blame, which counts against no message.",
  }),
  http_status: nullableInteger("Null where there was no answer."),
  detail: t.String({ description: "Why there was none, or what of it counted." }),
  reply: t.String({ description: "The first 2 KB of the answer, without secrets." }),
});

export const DeliveryEntry = t.Object(
  {
    ...DELIVERY_FIELDS,
    body: nullableText("As sent; null where no try has ended, or the ledger has let it go."),
    attempts: t.Array(AttemptModel, { description: "The last 100, newest first." }),
  },
  {
    examples: [
      {
        ...DELIVERY_EXAMPLE,
        body: '{"type":"punch.created","timestamp":"2026-03-02T00:15:04Z","data":{}}',
        attempts: [
          {
            at: "2026-03-02T08:15:05+08:00",
            duration_ms: 12,
            outcome: "delivered",
            http_status: 200,
            detail: "",
            reply: "ok",
          },
        ],
      },
    ],
  },
);
export type DeliveryEntry = Static<typeof DeliveryEntry>;

export const DeliveryPage = t.Object({
  deliveries: t.Array(DeliveryModel, {
    description: "Newest first. With a filter perhaps fewer than `limit`, or none, before the end.",
  }),
  next: nullableText("Where to go on; null on the last page."),
});
export type DeliveryPage = Static<typeof DeliveryPage>;

export const DeliveryQuery = t.Object({
  after: queryParameter("The `next` of the page before; absent: the first page.", {
    type: "string",
  }),
  limit: queryParameter("Messages on the page.", {
    type: "integer",
    minimum: 1,
    maximum: PAGE_SIZE_MAX,
    default: PAGE_SIZE_DEFAULT,
  }),
  status: queryParameter("Only messages of this status.", {
    type: "string",
    enum: DELIVERY_STATUSES,
  }),
  device: queryParameter("Only messages about this terminal.", { type: "string" }),
  since: queryParameter("Only what was last tried, or made and never tried, from this time on.", {
    type: "string",
    format: "date-time",
  }),
});

export const RedeliverBody = t.Object(
  {
    ids: t.Optional(
      t.Array(t.Unknown({ documentedAs: { type: "integer", minimum: 1 } }), {
        minItems: 1,
        maxItems: REDELIVERED_IDS_MAX,
        description: "These messages, by their `id`.",
      }),
    ),
    from_id: t.Optional(t.Unknown({ documentedAs: idField("From this `id` on, with `to_id`.") })),
    to_id: t.Optional(t.Unknown({ documentedAs: idField("Up to this `id`, included.") })),
    parked: t.Optional(t.Literal(true, { description: "Everything that is parked." })),
    since: t.Optional(
      t.String({
        format: "date-time",
        description: "What was last tried, or made and never tried, from this time on.",
      }),
    ),
    after: t.Optional(
      t.String({ description: "The `next` of the answer before, to go on with a long selection." }),
    ),
  },
  {
    description: "One of `ids`, `from_id` with `to_id`, `parked`, and `since`.",
    examples: [{ parked: true }],
  },
);
export type RedeliverBody = Static<typeof RedeliverBody>;

export const RedeliverAnswer = t.Object(
  {
    requeued_count: t.Integer({ description: "Messages that wait again." }),
    superseded_count: t.Integer({
      description: "Not sent, because a later message tells the same punch anew.",
    }),
    unchanged_count: t.Integer({ description: "Those that wait already, or were superseded." }),
    unknown_count: t.Integer({
      description:
        "Of `ids`, those of no message of this webhook: another's, or none that is kept.",
    }),
    next: nullableText("Not null: there is more; send the same again with this as `after`."),
  },
  {
    examples: [
      {
        requeued_count: 12,
        superseded_count: 1,
        unchanged_count: 0,
        unknown_count: 0,
        next: null,
      },
    ],
  },
);
export type RedeliverAnswer = Static<typeof RedeliverAnswer>;

function idField(description: string) {
  return { type: "integer", minimum: 1, description };
}
