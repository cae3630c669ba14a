/** What `/v1/webhooks` takes and gives of the receivers themselves. */

import { type Static, t } from "elysia";
import { ENDPOINTS_MAX, EVENT_TYPES } from "#domain/webhook-endpoint.ts";

const URL_LENGTH_MAX = 2048;
const DEVICES_MAX = 1000;

/** How long the secret before a new one signs on, in hours: when nothing is said, and at most. */
export const OVERLAP_HOURS = { fallback: 24, max: 168 } as const;

const FORMATS = [t.Literal("logs"), t.Literal("event"), t.Literal("standard")] as const;
const nullableText = (description: string) => t.Union([t.String(), t.Null()], { description });
const nullableTime = (description: string) =>
  t.Union([t.String({ format: "date-time" }), t.Null()], { description });
const count = (description: string) => t.Integer({ minimum: 0, description });

const WEBHOOK_EXAMPLE = {
  id: 2,
  name: "payroll",
  origin: "added",
  url: "https://payroll.example/hooks/punches",
  format: "standard",
  types: ["punch.created", "punch.updated"],
  devices: null,
  enabled: true,
  state: "active",
  paused_because: null,
  next_probe_seconds: null,
  waiting_count: 0,
  parked_count: 0,
  unfilled_count: 0,
  drain_seconds: 0,
  last_result: "delivered 200",
  last_result_at: "2026-03-02T08:15:05+08:00",
  last_delivered_at: "2026-03-02T08:15:05+08:00",
  previous_secret_until: null,
  created_at: "2026-03-01T09:00:00+08:00",
};

const WEBHOOK_FIELDS = {
  id: t.Integer({ description: "Our number of the receiver; 1 is that of the settings." }),
  name: t.String({ description: "What people call it; unique." }),
  origin: t.Union([t.Literal("settings"), t.Literal("added")], {
    description: "`settings`: the settings (`BIOMETRIC_WEBHOOK_...`) are in charge of it.",
  }),
  url: t.String({ description: "Without password and query." }),
  format: t.Union([...FORMATS], { description: "The shape of its messages." }),
  types: t.Union([t.Array(t.String()), t.Null()], {
    description: "The events it is told of; null: all that its format tells unasked.",
  }),
  devices: t.Union([t.Array(t.String()), t.Null()], {
    description: "The terminals it is told of; null: all. What is about no terminal is told, too.",
  }),
  enabled: t.Boolean(),
  state: t.Union(
    [t.Literal("active"), t.Literal("paused"), t.Literal("filling"), t.Literal("disabled")],
    {
      description:
        "`paused`: it took nothing lately and is probed until it does; its messages wait. `filling`: " +
        "it is still being given what is stored already.",
    },
  ),
  paused_because: nullableText("Why it is paused; null while it is not."),
  next_probe_seconds: t.Union([t.Integer({ minimum: 0 }), t.Null()], {
    description: "Until it is probed again; null while it is not.",
  }),
  waiting_count: count("Messages that wait for it."),
  parked_count: count("Messages that it refused for good; see `redeliver`."),
  unfilled_count: count("Places of the feed that are still to be looked through for it."),
  drain_seconds: t.Union([t.Integer({ minimum: 0 }), t.Null()], {
    description:
      "How long what waits takes at the pace of the last minute; null where that says nothing.",
  }),
  last_result: nullableText("Of its last try; null while there was none since the start."),
  last_result_at: nullableTime("Null while there was none since the start."),
  last_delivered_at: nullableTime("Null while there was none since the start."),
  previous_secret_until: nullableTime("Until then the secret before signs, too; null: none does."),
  created_at: t.String({ format: "date-time" }),
};

export const WebhookModel = t.Object(WEBHOOK_FIELDS, { examples: [WEBHOOK_EXAMPLE] });
export type WebhookModel = Static<typeof WebhookModel>;

export const WebhookList = t.Object({
  webhooks: t.Array(WebhookModel, { description: "Oldest first." }),
});

/** The only answer in which a secret is ever told. */
export const WebhookWithSecret = t.Object(
  {
    ...WEBHOOK_FIELDS,
    secret: t.String({
      description: "The key of every signature, as UTF-8. It is told here, once, and never again.",
    }),
    standard_webhooks_secret: t.String({
      description: "The same key in the form that libraries of Standard Webhooks take.",
    }),
  },
  {
    examples: [
      {
        ...WEBHOOK_EXAMPLE,
        secret: "the secret, 64 hexadecimal digits",
        standard_webhooks_secret: "whsec_dGhlIHNlY3JldCwgNjQgaGV4YWRlY2ltYWwgZGlnaXRz",
      },
    ],
  },
);
export type WebhookWithSecret = Static<typeof WebhookWithSecret>;

const URL_FIELD = t.String({
  maxLength: URL_LENGTH_MAX,
  description:
    "An http or https address. Private ones are fine; link-local ones and this server's own ports " +
    "are refused; where a name leads there, the webhook is paused. User and password in it become " +
    "basic authentication.",
});
const FORMAT_FIELD = t.Union([...FORMATS], {
  description: "`standard` tells every type of event; `logs` and `event` tell punches alone.",
});
const TYPES_FIELD = t.Union([t.Array(t.String(), { maxItems: EVENT_TYPES.length }), t.Null()], {
  description:
    "The events it wants; null: all that the format tells unasked. Of the types " +
    `${EVENT_TYPES.map((type) => `\`${type}\``).join(", ")}.`,
});
const DEVICES_FIELD = t.Union([t.Array(t.String(), { maxItems: DEVICES_MAX }), t.Null()], {
  description: "The `device_id` of the terminals it wants to hear of; null: of all.",
});

export const AddBody = t.Object(
  {
    name: t.String({
      description: `Of at most ${ENDPOINTS_MAX} receivers no two have the same name.`,
    }),
    url: URL_FIELD,
    format: t.Optional(FORMAT_FIELD),
    types: t.Optional(TYPES_FIELD),
    devices: t.Optional(DEVICES_FIELD),
    start: t.Optional(
      t.String({
        default: "now",
        description:
          "What it is given of what is stored already: nothing (`now`), `everything`, or the punches " +
          "of a day (`YYYY-MM-DD`, of the site) and all behind it. Historic punches are among them.",
      }),
    ),
  },
  {
    examples: [
      {
        name: "payroll",
        url: "https://payroll.example/hooks/punches",
        format: "standard",
        types: ["punch.created", "punch.updated"],
        devices: null,
        start: "now",
      },
    ],
  },
);
export type AddBody = Static<typeof AddBody>;

export const EditBody = t.Object(
  {
    url: t.Optional(URL_FIELD),
    format: t.Optional(FORMAT_FIELD),
    types: t.Optional(TYPES_FIELD),
    devices: t.Optional(DEVICES_FIELD),
    enabled: t.Optional(
      t.Boolean({
        description:
          "A disabled receiver is sent nothing. Enabled again, it is given what came meanwhile.",
      }),
    ),
  },
  { examples: [{ url: "https://payroll.example/hooks/v2" }] },
);
export type EditBody = Static<typeof EditBody>;

export const RotateBody = t.Object(
  {
    overlap_hours: t.Optional(
      t.Unknown({
        documentedAs: {
          type: "integer",
          minimum: 0,
          maximum: OVERLAP_HOURS.max,
          default: OVERLAP_HOURS.fallback,
          description:
            "How long the secret before signs beside the new one. 0 ends every earlier secret at " +
            "once, as after a leak.",
        },
      }),
    ),
  },
  { examples: [{ overlap_hours: OVERLAP_HOURS.fallback }] },
);
export type RotateBody = Static<typeof RotateBody>;

export const TestAnswer = t.Object(
  {
    delivered: t.Boolean({ description: "Whether the receiver answered with a 2xx." }),
    http_status: t.Union([t.Integer(), t.Null()], {
      description: "What it answered; null where there was no answer.",
    }),
    reply: nullableText("The first 500 characters of the answer, without secrets."),
    problem: nullableText("Why there was no answer."),
  },
  { examples: [{ delivered: true, http_status: 200, reply: "ok", problem: null }] },
);
export type TestAnswer = Static<typeof TestAnswer>;
