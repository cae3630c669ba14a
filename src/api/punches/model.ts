/** What `/v1/punches` takes and gives. */

import { type Static, t } from "elysia";
import { queryParameter } from "../query-text.ts";

/** Punches on a page when `limit` is absent, and the most that may be asked for. */
export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1000;

const nullableText = (description: string) => t.Union([t.String(), t.Null()], { description });

export const PunchModel = t.Object({
  id: t.Integer({ description: "Our number of the punch; it never changes." }),
  revision: t.Integer({ description: "1 when stored, one more with each correction." }),
  device_id: t.String(),
  user_id: t.String({
    description: "Canonical: without the zeros before a number, unless the site keeps them.",
  }),
  user_id_text: t.String({ description: "As the terminal sent it." }),
  time: t.String({ format: "date-time", description: "With the offset of `time_zone`." }),
  time_zone: t.String({ description: "IANA zone of the terminal." }),
  wall_time: t.String({
    description: "The terminal's reading as 14 digits, local to `time_zone`.",
  }),
  wall_time_text: t.String({ description: "The terminal's reading as it sent it." }),
  received_at: t.String({ format: "date-time", description: "Arrival by this server's clock." }),
  direction: t.Union([t.Literal("in"), t.Literal("out"), t.Null()], {
    description:
      "Null while undecided, as with a doubtful time, or a terminal that says no direction.",
  }),
  direction_source: t.Union(
    [
      t.Literal("alternate"),
      t.Literal("device"),
      t.Literal("fixed"),
      t.Literal("imported"),
      t.Null(),
    ],
    { description: "Which rule the direction came from; `device`: the terminal's own code." },
  ),
  is_repeat: t.Boolean({ description: "A second touch; it shows the direction it repeats." }),
  direction_code: nullableText("The terminal's own direction or key code."),
  device_direction: t.Union([t.Literal("in"), t.Literal("out"), t.Null()], {
    description:
      "What `direction_code` says by its library, a hint: most terminals send what is set in their " +
      "menu. Null where it says nothing, or nobody knows what it says.",
  }),
  verify_mode_code: nullableText("The terminal's own verification code."),
  verify_methods: t.Array(t.String(), {
    description:
      "What `verify_mode_code` says by its library, in the order in which they were used: " +
      "fingerprint, password, card, face, vein, iris, palm, voice, job-number. Empty: not known.",
    examples: [["card", "fingerprint"]],
  }),
  code_library: nullableText("Which table the two codes belong to."),
  work_code: nullableText("The terminal's job or work code."),
  local_time_flag: t.Union([t.Literal("skipped"), t.Literal("doubled"), t.Null()], {
    description: "The zone skips this local time, or passes it twice, and a rule decided.",
    examples: [null],
  }),
  doubtful_time: t.Union(
    [t.Literal("before-2020"), t.Literal("future"), t.Literal("unreadable"), t.Null()],
    {
      description:
        "Why the time is not believed; `unreadable`: imported, `wall_time_text` is no time.",
      examples: [null],
    },
  ),
  suggested_time: t.Union([t.String({ format: "date-time" }), t.Null()], {
    description:
      "When a punch of doubtful time may have been made, by how far off the terminal's clock was " +
      "measured; null while nothing measured says so.",
    examples: [null],
  }),
  outside_user_range: t.Boolean({
    description:
      "Whether the primary terminal expects other users (`PRIMARY_DEVICE_USER_RANGE`); false while " +
      "it expects anyone.",
  }),
  is_historic: t.Boolean({ description: "Older than the terminal's start date." }),
  origin: t.Union([
    t.Literal("live"),
    t.Literal("recovered"),
    t.Literal("imported"),
    t.Literal("manual"),
  ]),
});
export type PunchModel = Static<typeof PunchModel>;

export const PunchPage = t.Object({
  punches: t.Array(PunchModel, {
    description: "In feed order: the order in which rows were stored or last changed.",
  }),
  next: t.String({
    description:
      "The cursor for the following page. Always there: on the last page it is where to go on " +
      "later, so a reader that keeps it misses no late, corrected or released punch.",
  }),
  has_more: t.Boolean({
    description:
      "Whether more is stored behind this page now, whether or not the filters let it through.",
  }),
});

export type PunchPage = Static<typeof PunchPage>;

const RFC3339_TIME = { type: "string", format: "date-time" } as const;

export const PunchQuery = t.Object({
  after: queryParameter("The `next` of an earlier page; absent: from the first punch.", {
    type: "string",
  }),
  limit: queryParameter("Punches on the page.", {
    type: "integer",
    minimum: 1,
    maximum: PAGE_SIZE_MAX,
    default: PAGE_SIZE_DEFAULT,
  }),
  device: queryParameter("Only this terminal's.", { type: "string" }),
  user: queryParameter("Only this user's; zeros before a number count as at the site.", {
    type: "string",
  }),
  from: queryParameter("Only punches at or after this time.", RFC3339_TIME),
  to: queryParameter("Only punches before this time.", RFC3339_TIME),
  direction: queryParameter(
    "Only punches whose direction is this. One that is corrected to the other direction drops " +
      "out without notice: whoever keeps a copy reads without this filter.",
    { type: "string", enum: ["in", "out"] },
  ),
});
