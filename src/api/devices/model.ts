/** What `/v1/devices` takes and gives. */

import { type Static, t } from "elysia";
import { queryParameter } from "../query-text.ts";

/** Terminals or commands on a page when `limit` is absent, and the most that may be asked for. */
export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1000;

const nullableText = (description: string) => t.Union([t.String(), t.Null()], { description });

/** An instant, with the offset of the terminal's zone. */
export const nullableTime = (description: string) =>
  t.Union([t.String({ format: "date-time" }), t.Null()], { description });

const DEVICE_EXAMPLE = {
  device_id: "2401058352",
  name: "Main gate",
  status: "approved",
  driver: "fkweb",
  is_online: true,
  first_contact_at: "2026-02-02T09:00:00+08:00",
  last_contact_at: "2026-03-02T08:15:04+08:00",
  last_address: "192.168.1.20",
  allowed_address: null,
  firmware: "FKWF V1.00",
  code_library: "FKDataHS101",
  clock_text: "20260302081459",
  clock_skew_ms: -5000,
  start_at: "2025-12-29T09:00:00+08:00",
  time_zone: "Asia/Manila",
  direction_policy: null,
  direction_codes: null,
  held_count: 0,
  duplicate_count: 2,
  refused_count: 0,
  quarantine_bytes: 0,
  last_record_number: null,
  missing_record_count: 0,
  open_command_count: 1,
  complete_through: "2026-03-02T08:14:59+08:00",
};

const DEVICE_FIELDS = {
  device_id: t.String({ description: "As the terminal sends it." }),
  name: nullableText("Given by a person, else what the terminal calls itself."),
  status: t.Union(
    [t.Literal("pending"), t.Literal("approved"), t.Literal("blocked"), t.Literal("retired")],
    { description: "`pending`: its punches are held until somebody approves it." },
  ),
  driver: t.String({ description: "The protocol; empty while it was never in contact." }),
  is_online: t.Boolean({ description: "In contact within the last 5 minutes." }),
  first_contact_at: t.String({
    format: "date-time",
    description: "When it was first known: its first contact, or before that the word of a person.",
  }),
  last_contact_at: nullableTime("Null while it was never in contact."),
  last_address: t.String({ description: "The IP address it last came from; empty for none." }),
  allowed_address: nullableText("The only address or network it may come from; null: any."),
  firmware: nullableText("As the terminal tells it."),
  code_library: nullableText("Which table its codes belong to, as it tells it."),
  clock_text: nullableText("Its own reading of its clock at the last report."),
  clock_skew_ms: t.Union([t.Integer(), t.Null()], {
    description: "Its clock minus ours at the last report; null while unknown.",
  }),
  start_at: t.String({
    format: "date-time",
    description: "Punches before this are historic, and its log is not read further back unasked.",
  }),
  time_zone: t.String({ description: "IANA zone of its wall times: its own, or the site's." }),
  direction_policy: t.Union(
    [
      t.Literal("alternate"),
      t.Literal("device"),
      t.Literal("fixed-in"),
      t.Literal("fixed-out"),
      t.Null(),
    ],
    { description: "How its punches get their direction; null: as the site's do." },
  ),
  direction_codes: nullableText("How its direction codes are read; null: by its library."),
  held_count: t.Integer({ description: "Punches stored and not yet in the feed." }),
  duplicate_count: t.Integer({ description: "Resends of a known punch." }),
  refused_count: t.Integer({ description: "Requests closed without a reply by policy." }),
  quarantine_bytes: t.Integer({
    description:
      "Taken by what it sent, nobody could read, and waits for a person (`/v1/quarantine`), with " +
      "what each row takes beside it.",
  }),
  last_record_number: nullableText("The newest number it gave a record; null where it has none."),
  missing_record_count: t.Integer({ description: "Numbered records of it that never came." }),
  open_command_count: t.Integer({ description: "Commands that wait for it or for its result." }),
  complete_through: nullableTime(
    "Every punch that it stamped before this is here; null: nothing shows it. See /v1/completeness.",
  ),
};

export const DeviceModel = t.Object(DEVICE_FIELDS, { examples: [DEVICE_EXAMPLE] });
export type DeviceModel = Static<typeof DeviceModel>;

const NEXT = "Where to go on; null on the last page.";

export const DevicePage = t.Object({
  devices: t.Array(DeviceModel, { description: "By id." }),
  next: nullableText(NEXT),
});

const STATUSES = ["pending", "approved", "blocked", "retired"] as const;

export const DEVICE_STATUSES = STATUSES;

const AFTER = queryParameter("The `next` of the page before; absent: the first page.", {
  type: "string",
});
const limitOf = (what: string) =>
  queryParameter(`${what} on the page.`, {
    type: "integer",
    minimum: 1,
    maximum: PAGE_SIZE_MAX,
    default: PAGE_SIZE_DEFAULT,
  });

export const DeviceQuery = t.Object({
  after: AFTER,
  limit: limitOf("Terminals"),
  status: queryParameter("Only terminals of this status.", { type: "string", enum: STATUSES }),
});

export const CommandModel = t.Object(
  {
    id: t.Integer({ description: "Our number of the command." }),
    device_id: t.String(),
    kind: t.String({ description: "What the terminal is told to do." }),
    parameters: t.Record(t.String(), t.Unknown(), { description: "By the kind." }),
    status: t.Union(
      [
        t.Literal("waiting"),
        t.Literal("sent"),
        t.Literal("done"),
        t.Literal("failed"),
        t.Literal("unconfirmed"),
        t.Literal("expired"),
        t.Literal("cancelled"),
      ],
      {
        description:
          "`waiting`: for the terminal's next poll. `sent`: handed out, no result yet. `done`: the " +
          "terminal says so. `unconfirmed`: handed out, and whether it was done is not certain. " +
          "`cancelled`: taken back, or its terminal is blocked or retired. The last five are final.",
      },
    ),
    requested_by: t.String({ description: "`client` and a name, `operator`, or `server`." }),
    created_at: t.String({ format: "date-time" }),
    deadline_at: t.String({ format: "date-time", description: "Not handed out after this." }),
    sent_count: t.Integer({
      description: "How often it was handed out: a terminal may lose it and get it again.",
    }),
    last_sent_at: nullableTime("Null while it was not handed out."),
    finished_at: nullableTime("Null while it is open."),
    return_code: nullableText(
      "The terminal's own word; empty when it sent none, null while no result has come.",
    ),
    problem: nullableText("What is wrong or doubtful, for a person."),
    result: t.Union([t.Record(t.String(), t.Unknown()), t.Null()], {
      description:
        "What the terminal answered, without templates, cards and passwords; null for nothing. " +
        "`users` of a long list stay with the newest list of the terminal.",
    }),
    is_result_left_out: t.Boolean({
      description: "On a page: the result is long, and is shown with the command alone.",
    }),
    is_result_pending: t.Boolean({ description: "Whether its records are still being worked on." }),
  },
  {
    examples: [
      {
        id: 7,
        device_id: "2401058352",
        kind: "get-user",
        parameters: { user_id: "27" },
        status: "done",
        requested_by: "client hris_system",
        created_at: "2026-03-02T08:15:04+08:00",
        deadline_at: "2026-03-03T08:15:04+08:00",
        sent_count: 1,
        last_sent_at: "2026-03-02T08:15:15+08:00",
        finished_at: "2026-03-02T08:15:16+08:00",
        return_code: "OK",
        problem: null,
        result: {
          user_id: "27",
          name: "Ana Cruz",
          privilege: 0,
          is_enabled: true,
          credential_numbers: [0, 11],
        },
        is_result_left_out: false,
        is_result_pending: false,
      },
    ],
  },
);
export type CommandModel = Static<typeof CommandModel>;

export const CommandPage = t.Object({
  commands: t.Array(CommandModel, { description: "Newest first." }),
  next: nullableText(NEXT),
});

export const CommandQuery = t.Object({
  after: AFTER,
  limit: limitOf("Commands"),
  open: queryParameter("`true`: only those that are not finished.", {
    type: "string",
    enum: ["true", "false"],
  }),
});

/** How long a command may wait, in seconds: when nothing is said, at least, and at most. */
export const DEADLINE_SECONDS = { fallback: 86_400, min: 60, max: 30 * 86_400 } as const;

export const CommandBody = t.Object(
  {
    kind: t.String({ description: "What the terminal is told to do." }),
    parameters: t.Optional(
      t.Record(t.String(), t.Unknown(), { description: "Those of the kind; absent: none." }),
    ),
    deadline_seconds: t.Optional(
      t.Unknown({
        documentedAs: {
          type: "integer",
          minimum: DEADLINE_SECONDS.min,
          maximum: DEADLINE_SECONDS.max,
          default: DEADLINE_SECONDS.fallback,
          description: "How long it may wait for the terminal.",
        },
      }),
    ),
  },
  { examples: [{ kind: "rename-user", parameters: { user_id: "27", name: "Ana Cruz" } }] },
);
