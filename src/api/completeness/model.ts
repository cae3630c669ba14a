/** What `/v1/completeness` takes and gives. */

import { type Static, t } from "elysia";
import type { HoldReason } from "#domain/completeness.ts";
import { nullableTime } from "../devices/model.ts";
import { PunchOriginModel } from "../punches/model.ts";
import { queryParameter } from "../query-text.ts";

/** Late punches in an answer when `limit` is absent, and the most that may be asked for. */
export const LATE_SIZE_DEFAULT = 100;
export const LATE_SIZE_MAX = 1000;
/** The highest revision that may be asked for. */
export const REVISION_MAX = 999_999_999;

/** Every reason with what it means, for a person. */
export const HOLD_REASONS: Readonly<Record<HoldReason, string>> = {
  least: "It is well; all others are further",
  "own-clock-untrusted": "The clock of this box is not trusted, so nothing moves",
  "being-released": "Punches of it are on their way into the feed",
  restored:
    "What it sent before a backup was restored may be lost: its log is to be read first, or `biometric-server devices give-up-lost ID` says that nobody waits for it",
  "no-contact": "It is not in contact",
  "no-poll": "It has not asked for work since the server started",
  "never-shown":
    "Terminals of its kind never show that nothing waits in them: it moves with its punches, if it numbers them, and with readings of its log",
  "clock-unknown": "It does not tell its time, or that of an hour which its clock passes twice",
  "shared-id": "Two terminals use its id",
  "server-started":
    "It is in contact again since the server started, and may still try again what it could not send",
  "out-of-contact":
    "It is in contact again after a silence, and may still try again what it could not send",
  unacknowledged:
    "Something of it is under way, came not whole, could not be stored, or it did not hear so: it sends that again",
  "sent-again": "It sends again what was acknowledged, so it may not hear the acknowledgements",
};

const EXCLUSIVE = "Every punch before this instant is here (exclusive)";

const Evidence = t.Union([
  t.Object({
    kind: t.Union([t.Literal("poll"), t.Literal("record")], {
      description:
        "`poll`: it asked for work, which it does when nothing waits in it. `record`: the record that " +
        "came was the next by its number, and the oldest is sent first.",
    }),
    at: t.String({ format: "date-time", description: "When that came, by this server's clock." }),
    record_number: t.Union([t.String(), t.Null()], { description: "Null for a poll." }),
  }),
  t.Null(),
]);

const Verification = t.Union([
  t.Object({
    command_id: t.Integer({ description: "Of `/v1/devices/{id}/commands`: the `read-log`." }),
    at: t.String({ format: "date-time", description: "When the log came." }),
  }),
  t.Null(),
]);

const CompleteDevice = t.Object({
  device_id: t.String(),
  name: t.Union([t.String(), t.Null()]),
  time_zone: t.String({ description: "IANA zone of the times of this terminal." }),
  complete_from: t.String({
    format: "date-time",
    description: "Its start date: what is older was not asked of it.",
  }),
  complete_through: nullableTime(
    `${EXCLUSIVE}: the later of the next two; null: nothing shows it.`,
  ),
  received_through: nullableTime("Up to when its own queue has brought its punches."),
  received_evidence: Evidence,
  verified_through: nullableTime("Up to when its own log was compared with what is stored."),
  verified_evidence: Verification,
  waits_for: t.Union([t.Literal("log"), t.Literal("operator"), t.Null()], {
    description:
      "A backup was restored, what the terminal sent since it was made may be lost, and " +
      "`received_through` stands: until its log is read, which it is asked for (`log`), or, where that " +
      "is not possible, until its next record shows by its number that none is missing, or an operator " +
      "gives up what was lost (`operator`). Null: its queue counts.",
  }),
  held_count: t.Integer({ description: "Punches on their way into the feed." }),
  quarantined: t.Integer({
    description: "Requests of it that nobody could read and that wait for a person; at most 1000.",
  }),
  missing_records: t.Integer({ description: "Numbered records of it that never came." }),
});

const LateModel = t.Object({
  revision: t.Integer({ description: "Rises with each." }),
  punch_id: t.Integer({ description: "The `id` of `/v1/punches/{id}`." }),
  device_id: t.String(),
  user_id: t.String(),
  time: t.String({ format: "date-time" }),
  time_zone: t.String({ description: "IANA zone of the terminal." }),
  landed_at: t.String({ format: "date-time", description: "When it entered the feed." }),
  complete_through: t.String({
    format: "date-time",
    description: "Up to when all was complete by then, for its terminal or the site.",
  }),
  origin: PunchOriginModel,
});

const EXAMPLE = {
  complete_through: "2026-03-16T06:02:11+08:00",
  time_zone: "Asia/Manila",
  held_back_by: {
    device_id: "2401058352",
    name: "Main gate",
    reason: "least",
    detail: HOLD_REASONS.least,
  },
  pending_devices: 0,
  held_count: 0,
  quarantined: 0,
  missing_records: 0,
  devices: [
    {
      device_id: "2401058352",
      name: "Main gate",
      time_zone: "Asia/Manila",
      complete_from: "2025-12-29T09:00:00+08:00",
      complete_through: "2026-03-16T06:02:11+08:00",
      received_through: "2026-03-16T06:02:11+08:00",
      received_evidence: {
        kind: "poll",
        at: "2026-03-16T06:02:12.480+08:00",
        record_number: null,
      },
      verified_through: "2026-03-16T02:30:04.120+08:00",
      verified_evidence: { command_id: 311, at: "2026-03-16T02:30:07.902+08:00" },
      waits_for: null,
      held_count: 0,
      quarantined: 0,
      missing_records: 0,
    },
  ],
  revision: 1,
  late: [
    {
      revision: 1,
      punch_id: 1004711,
      device_id: "2401058352",
      user_id: "27",
      time: "2026-03-14T17:31:09+08:00",
      time_zone: "Asia/Manila",
      landed_at: "2026-03-16T02:30:08+08:00",
      complete_through: "2026-03-16T02:29:58+08:00",
      origin: "recovered" as const,
    },
  ],
  next: 1,
  has_more: false,
};

export const CompletenessModel = t.Object(
  {
    complete_through: nullableTime(
      `${EXCLUSIVE}, of every terminal in use, since its start date: the least of their values. It ` +
        "never goes back, but with the data: after the restore of a backup (410 at the feed) it begins at " +
        "what that holds. Null while a terminal in use has never shown anything.",
    ),
    time_zone: t.String({ description: "IANA zone of the site." }),
    held_back_by: t.Union(
      [
        t.Object({
          device_id: t.String(),
          name: t.Union([t.String(), t.Null()]),
          reason: t.String({ description: "Why it is no further, in a word that stays." }),
          detail: t.String({ description: "The same for a person." }),
        }),
        t.Null(),
      ],
      { description: "The terminal that is behind all others; null while none is in use." },
    ),
    pending_devices: t.Integer({ description: "Terminals that wait for approval: not counted." }),
    held_count: t.Integer({
      description: "Punches that are not in the feed yet, of any terminal.",
    }),
    quarantined: t.Integer({
      description:
        "Requests that nobody could read and that wait for a person, of any sender: each may be a " +
        "punch (`/v1/quarantine`).",
    }),
    missing_records: t.Integer({
      description: "Numbered records that never came, of the terminals below.",
    }),
    devices: t.Array(CompleteDevice, { description: "The terminals in use, by id." }),
    revision: t.Integer({
      description: "Of the last late punch; 0 for none. It rises with every one.",
    }),
    late: t.Array(LateModel, {
      description: "Punches that came before what had been complete, the newest last.",
    }),
    next: t.Integer({ description: "The `late_after` of the next request." }),
    has_more: t.Boolean({ description: "Whether more late punches are listed behind these." }),
  },
  { examples: [EXAMPLE] },
);
export type CompletenessModel = Static<typeof CompletenessModel>;

export const CompletenessQuery = t.Object({
  late_after: queryParameter("The `next`, or the `revision`, of an earlier answer.", {
    type: "integer",
    minimum: 0,
    maximum: REVISION_MAX,
    default: 0,
  }),
  limit: queryParameter("Late punches in the answer.", {
    type: "integer",
    minimum: 1,
    maximum: LATE_SIZE_MAX,
    default: LATE_SIZE_DEFAULT,
  }),
});
