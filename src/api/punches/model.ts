/** What `/v1/punches` takes and gives. */

import { type Static, t } from "elysia";
import { queryParameter } from "../query-text.ts";

/** Punches on a page when `limit` is absent, and the most that may be asked for. */
export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1000;
/** How long a request may wait for something to tell. */
export const WAIT_SECONDS_MAX = 60;

const nullableText = (description: string) => t.Union([t.String(), t.Null()], { description });

/** How a punch came here. */
export const PunchOriginModel = t.Union(
  [
    t.Literal("live"),
    t.Literal("recovered"),
    t.Literal("imported"),
    t.Literal("manual"),
    t.Literal("supplied"),
  ],
  {
    description:
      "`recovered`: from the terminal's own log. `manual`: entered by a person. `supplied`: from " +
      "the terminal, which did not tell who or when, or told what cannot be read; a person said it.",
  },
);

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
  origin: PunchOriginModel,
});
export type PunchModel = Static<typeof PunchModel>;

/** A punch as a line of NDJSON or CSV; the columns of CSV have these names, in this order. */
export const PunchRow = t.Object({
  ...PunchModel.properties,
  cursor: t.String({ description: "Send it as `after` to go on behind this row." }),
});
export type PunchRow = Static<typeof PunchRow>;

const NDJSON_EXAMPLE =
  '{"id":1000001,"revision":1,"device_id":"2401058352","user_id":"7","user_id_text":"00000007",' +
  '"time":"2026-03-02T08:15:04+08:00","time_zone":"Asia/Manila","wall_time":"20260302081504",' +
  '"wall_time_text":"20260302081504","received_at":"2026-03-02T08:15:06+08:00","direction":"in",' +
  '"direction_source":"alternate","is_repeat":false,"direction_code":"1","device_direction":"in",' +
  '"verify_mode_code":"7","verify_methods":["card","fingerprint"],"code_library":"FKDataHS101",' +
  '"work_code":null,"local_time_flag":null,"doubtful_time":null,"suggested_time":null,' +
  '"outside_user_range":false,"is_historic":false,"origin":"live","cursor":"1.0f1e2d3c4b5a6978"}\n';

const CSV_EXAMPLE =
  "id,revision,device_id,user_id,user_id_text,time,time_zone,wall_time,wall_time_text,received_at," +
  "direction,direction_source,is_repeat,direction_code,device_direction,verify_mode_code," +
  "verify_methods,code_library,work_code,local_time_flag,doubtful_time,suggested_time," +
  "outside_user_range,is_historic,origin,cursor\r\n" +
  "1000001,1,2401058352,7,00000007,2026-03-02T08:15:04+08:00,Asia/Manila,20260302081504," +
  "20260302081504,2026-03-02T08:15:06+08:00,in,alternate,false,1,in,7,card fingerprint," +
  "FKDataHS101,,,,,false,false,live,1.0f1e2d3c4b5a6978\r\n";

export const PunchPage = t.Object(
  {
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
  },
  {
    furtherContent: {
      "application/x-ndjson": {
        schema: {
          type: "string",
          description: "A punch per line, as on a page, with a `cursor` beside its other members.",
        },
        example: NDJSON_EXAMPLE,
      },
      "text/csv": {
        schema: {
          type: "string",
          description:
            "A line of names, then a punch per line (RFC 4180, UTF-8). Null is an empty value, " +
            "`verify_methods` has blanks between its words. A text that a spreadsheet would run as " +
            "a formula has an apostrophe before it.",
        },
        example: CSV_EXAMPLE,
      },
    },
  },
);

export type PunchPage = Static<typeof PunchPage>;

const RFC3339_TIME = { type: "string", format: "date-time" } as const;

export const PunchQuery = t.Object({
  after: queryParameter("The `next` of an earlier page; absent: from the first punch.", {
    type: "string",
  }),
  limit: queryParameter(
    `Punches on the page; absent: ${PAGE_SIZE_DEFAULT}, and in NDJSON and CSV all that are stored.`,
    { type: "integer", minimum: 1, maximum: PAGE_SIZE_MAX },
  ),
  wait: queryParameter(
    "Seconds that the answer may take while there is nothing to tell. It comes as soon as there is.",
    { type: "integer", minimum: 0, maximum: WAIT_SECONDS_MAX, default: 0 },
  ),
  format: queryParameter("What `Accept` says otherwise.", {
    type: "string",
    enum: ["json", "ndjson", "csv"],
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
