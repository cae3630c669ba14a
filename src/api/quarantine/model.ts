/** What `/v1/quarantine` takes and gives. */

import { type Static, t } from "elysia";
import { queryParameter } from "../query-text.ts";

/** Entries on a page when `limit` is absent, and the most that may be asked for. */
export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1000;

const nullableText = (description: string) => t.Union([t.String(), t.Null()], { description });

const ENTRY_EXAMPLE = {
  id: 12,
  status: "waiting",
  code: "bad-time",
  reason: 'Punch time "20260230081504" names a date or time of day that does not exist',
  device_id: "2401058352",
  driver: "fkweb",
  address: "192.168.1.20",
  received_at: "2026-03-02T08:15:05+08:00",
  size: 124,
  sha256: "7d0c1b5f5b1b4b0e9a1c2f6a3c8d4e5f60718293a4b5c6d7e8f9012a3b4c5d6e",
  decided_at: null,
  decided_by: null,
  punch_id: null,
};

const ENTRY_FIELDS = {
  id: t.Integer({ description: "Our number of the entry." }),
  status: t.Union([t.Literal("waiting"), t.Literal("released"), t.Literal("discarded")], {
    description:
      "`released`: it is a punch. `discarded`: a person decided that it is none. Either goes " +
      "`QUARANTINE_KEEP_DAYS` later; what waits stays until somebody decides.",
  }),
  code: t.String({
    description:
      "Why it is kept: `no-user`, `user-too-long`, `no-time`, `bad-time`, `same-second` (a stored " +
      "punch has its user and second and other codes), `rule-failed` (a fault of this server), " +
      "`log-record` (of the terminal's own log), or what the protocol says, such as `body-not-json`.",
  }),
  reason: t.String({ description: "The same for a person." }),
  device_id: nullableText("Null where even the sender is unknown."),
  driver: t.String({ description: "The protocol." }),
  address: t.String({ description: "The IP address it came from." }),
  received_at: t.String({ format: "date-time", description: "When it arrived." }),
  size: t.Integer({ minimum: 0, description: "Bytes that are kept." }),
  sha256: nullableText("Of these bytes; null where a backup without secrets left them out."),
  decided_at: t.Union([t.String({ format: "date-time" }), t.Null()], {
    description: "Null while it waits.",
  }),
  decided_by: nullableText("`operator`, or `client` and the name of an API client."),
  punch_id: t.Union([t.Integer(), t.Null()], {
    description: "The punch it became, or already was; of several the first.",
  }),
};

export const QuarantineModel = t.Object(ENTRY_FIELDS, { examples: [ENTRY_EXAMPLE] });
export type QuarantineModel = Static<typeof QuarantineModel>;

export const QuarantineRecord = t.Object(
  {
    ...ENTRY_FIELDS,
    preview: t.String({
      description:
        "Fields that tell who, when and how, a line each, as far as any can be told. Of all other " +
        "fields only the name and the length: never a template, a photo, a card or a password.",
    }),
  },
  {
    examples: [
      {
        ...ENTRY_EXAMPLE,
        preview:
          "fk_bin_data_lib: FKDataHS101\nio_mode: 1\nio_time: 20260230081504\nuser_id: 27\nverify_mode: 3",
      },
    ],
  },
);
export type QuarantineRecord = Static<typeof QuarantineRecord>;

export const QuarantinePage = t.Object({
  entries: t.Array(QuarantineModel, {
    description: "Newest first. With a filter perhaps fewer than `limit`, or none, before the end.",
  }),
  next: nullableText("Where to go on; null on the last page."),
});
export type QuarantinePage = Static<typeof QuarantinePage>;

export const QuarantineQuery = t.Object({
  after: queryParameter("The `next` of the page before; absent: the first page.", {
    type: "string",
  }),
  limit: queryParameter("Entries on the page.", {
    type: "integer",
    minimum: 1,
    maximum: PAGE_SIZE_MAX,
    default: PAGE_SIZE_DEFAULT,
  }),
  device: queryParameter("Only entries of this terminal.", { type: "string" }),
  code: queryParameter("Only entries of this code.", { type: "string" }),
  status: queryParameter("Only entries of this status.", {
    type: "string",
    enum: ["waiting", "released", "discarded"],
  }),
});
