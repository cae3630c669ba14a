/**
 * The tables, and with `delivery-schema.ts` the one source of their columns: drizzle-kit writes the
 * numbered migrations from both and every query is built on them. Instants are UTC epoch
 * milliseconds (`…_ms`).
 */

import { sql } from "drizzle-orm";
import { blob, index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { PUNCH_ORIGINS } from "#domain/punch.ts";

/** Facts about this box: its id, the feed epoch, the pairing window. */
export const box = sqliteTable("box", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

/** Messages of each endpoint, by its id, that wait and that are parked. */
export type EndpointTotals = Readonly<
  Record<string, { readonly waiting: number; readonly parked: number }>
>;

/** One row, written once per transaction: the next ids, and totals nobody should have to count. */
export const counters = sqliteTable("counters", {
  id: integer("id").primaryKey(),
  lastPunchId: integer("last_punch_id").notNull(),
  lastFeedPosition: integer("last_feed_position").notNull(),
  /** Punches in the feed. */
  punchCount: integer("punch_count").notNull(),
  heldCount: integer("held_count").notNull(),
  quarantineCount: integer("quarantine_count").notNull(),
  /** As `quarantinedBytes` counts them. */
  quarantineBytes: integer("quarantine_bytes").notNull(),
  /** The part of it whose sender gave no id. */
  quarantineUnattributedBytes: integer("quarantine_unattributed_bytes").notNull(),
  noticeTextBytes: integer("notice_text_bytes").notNull(),
  deliveriesWaiting: integer("deliveries_waiting").notNull(),
  deliveriesParked: integer("deliveries_parked").notNull(),
  /** The same for each endpoint, as a JSON object: in this row it costs no further page. */
  endpointTotals: text("endpoint_totals", { mode: "json" })
    .$type<EndpointTotals>()
    .notNull()
    .default({}),
  /** Bytes of the ledger's texts: bodies that were sent, and what was answered. */
  ledgerBytes: integer("ledger_bytes").notNull().default(0),
});

export const devices = sqliteTable("devices", {
  id: text("id").primaryKey(),
  name: text("name"),
  status: text("status", { enum: ["pending", "approved", "blocked", "retired"] }).notNull(),
  driver: text("driver").notNull(),
  firstContactMs: integer("first_contact_ms").notNull(),
  lastContactMs: integer("last_contact_ms").notNull(),
  lastAddress: text("last_address").notNull(),
  reportedName: text("reported_name"),
  firmware: text("firmware"),
  codeLibrary: text("code_library"),
  detailsText: text("details_text"),
  clockText: text("clock_text"),
  clockSkewMs: integer("clock_skew_ms"),
  clockEpisode: integer("clock_episode").notNull(),
  startAtMs: integer("start_at_ms").notNull(),
  /** Whether a person gave the start date. */
  isStartGiven: integer("is_start_given", { mode: "boolean" }).notNull().default(false),
  timeZone: text("time_zone"),
  directionPolicy: text("direction_policy", {
    enum: ["alternate", "device", "fixed-in", "fixed-out"],
  }),
  /** How the terminal's direction codes are read; null: by their library. */
  directionCodes: text("direction_codes"),
  allowedAddress: text("allowed_address"),
  heldCount: integer("held_count").notNull(),
  /** Bytes of held punches and of enrollments, with what the rows take beside them. */
  heldBytes: integer("held_bytes").notNull(),
  quarantineBytes: integer("quarantine_bytes").notNull(),
  duplicateCount: integer("duplicate_count").notNull(),
  refusedCount: integer("refused_count").notNull(),
  /** The newest record number, and how many before it never came. */
  lastRecordNumber: text("last_record_number"),
  missingRecordCount: integer("missing_record_count").notNull().default(0),
  /** Up to when the terminal's own log was last compared with what is stored. */
  logReadThroughMs: integer("log_read_through_ms"),
  /** Up to when all its punches have come, by its own queue; and what says so. */
  receivedThroughMs: integer("received_through_ms"),
  receivedEvidence: text("received_evidence"),
  /** When a backup was restored: until the terminal's log is read, `received_through_ms` stands. */
  receivedHoldMs: integer("received_hold_ms"),
});

export const punches = sqliteTable(
  "punches",
  {
    id: integer("id").primaryKey(),
    /** Null while the punch is held with its device. */
    feedPosition: integer("feed_position"),
    revision: integer("revision").notNull(),
    deviceId: text("device_id").notNull(),
    userId: text("user_id").notNull(),
    userIdText: text("user_id_text").notNull(),
    /** 14 digits, local to `time_zone`. */
    wallTime: text("wall_time").notNull(),
    wallTimeText: text("wall_time_text").notNull(),
    timeZone: text("time_zone").notNull(),
    instantMs: integer("instant_ms").notNull(),
    receivedAtMs: integer("received_at_ms").notNull(),
    clockEpisode: integer("clock_episode").notNull(),
    direction: text("direction", { enum: ["in", "out"] }),
    directionSource: text("direction_source", {
      enum: ["alternate", "device", "fixed", "imported"],
    }),
    isRepeat: integer("is_repeat", { mode: "boolean" }).notNull(),
    directionCode: text("direction_code"),
    verifyModeCode: text("verify_mode_code"),
    codeLibrary: text("code_library"),
    workCode: text("work_code"),
    localTimeFlag: text("local_time_flag", { enum: ["skipped", "doubled"] }),
    doubtfulTime: text("doubtful_time", { enum: ["before-2020", "future", "unreadable"] }),
    /** When a punch of doubtful time may have been. */
    suggestedInstantMs: integer("suggested_instant_ms"),
    isHistoric: integer("is_historic", { mode: "boolean" }).notNull(),
    origin: text("origin", { enum: PUNCH_ORIGINS }).notNull(),
    rawText: text("raw_text").notNull(),
    /** The terminal's own number of the record, as sent, where its protocol has one. */
    recordNumber: text("record_number"),
  },
  (table) => [
    // The identity of a punch; also serves a device's punches by wall time.
    uniqueIndex("punches_identity").on(
      table.deviceId,
      table.wallTime,
      table.userId,
      table.clockEpisode,
    ),
    // The next three also hold what readers filter by, so that what they pass over or count is
    // never looked up in the table. A correction, which moves the punch in the feed, writes them all.
    // The feed's places are not declared unique for that: the counters give each out once.
    index("punches_feed")
      .on(table.feedPosition, table.deviceId, table.userId, table.instantMs, table.direction)
      .where(sql`feed_position IS NOT NULL`),
    // The user's timeline that alternation walks.
    index("punches_timeline")
      .on(table.userId, table.instantMs, table.deviceId, table.id, table.wallTime, table.direction)
      .where(sql`feed_position IS NOT NULL`),
    // The order of logs.
    index("punches_wall_time")
      .on(table.wallTime, table.id, table.instantMs, table.deviceId, table.userId)
      .where(sql`feed_position IS NOT NULL`),
    index("punches_held").on(table.deviceId, table.id).where(sql`feed_position IS NULL`),
  ],
);

/** Punches that came although their time had been told to be complete, in the order they came. */
export const latePunches = sqliteTable("late_punches", {
  revision: integer("revision").primaryKey({ autoIncrement: true }),
  punchId: integer("punch_id").notNull(),
  deviceId: text("device_id").notNull(),
  instantMs: integer("instant_ms").notNull(),
  landedAtMs: integer("landed_at_ms").notNull(),
  /** Up to when the terminal's punches had been told to be complete. */
  completeThroughMs: integer("complete_through_ms").notNull(),
});

/** Requests, or records of them, kept raw because they could not be understood. */
export const quarantine = sqliteTable(
  "quarantine",
  {
    id: integer("id").primaryKey(),
    /** Empty when even the sender is unknown. */
    deviceId: text("device_id").notNull(),
    driver: text("driver").notNull(),
    remoteAddress: text("remote_address").notNull(),
    receivedAtMs: integer("received_at_ms").notNull(),
    code: text("code").notNull(),
    reason: text("reason").notNull(),
    sha256: blob("sha256", { mode: "buffer" }).notNull(),
    bytes: blob("bytes", { mode: "buffer" }).notNull(),
    /** What a person decided; until then it waits. */
    status: text("status", { enum: ["waiting", "released", "discarded"] })
      .notNull()
      .default("waiting"),
    decidedAtMs: integer("decided_at_ms"),
    /** As `commands.requested_by`. */
    decidedBy: text("decided_by"),
    /** The punch it became, or already was. */
    punchId: integer("punch_id"),
  },
  (table) => [
    uniqueIndex("quarantine_identity").on(table.deviceId, table.sha256),
    index("quarantine_decided").on(table.decidedAtMs).where(sql`status <> 'waiting'`),
  ],
);

/** What people did that cannot be seen in what it changed. Kept for ever. */
export const auditEntries = sqliteTable("audit_entries", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  atMs: integer("at_ms").notNull(),
  /** As `commands.requested_by`. */
  actor: text("actor").notNull(),
  /** A word of the field with a dot, such as `quarantine.discarded`. */
  action: text("action").notNull(),
  subject: text("subject").notNull(),
  /** A JSON object. */
  detailText: text("detail_text").notNull(),
});

/** How often a device sent requests that carry no punch, by the vendor's code. */
export const noticeCounts = sqliteTable(
  "notice_counts",
  {
    id: integer("id").primaryKey(),
    deviceId: text("device_id").notNull(),
    code: text("code").notNull(),
    isKnown: integer("is_known", { mode: "boolean" }).notNull(),
    noticeCount: integer("notice_count").notNull(),
    lastReceivedAtMs: integer("last_received_at_ms").notNull(),
  },
  (table) => [uniqueIndex("notice_counts_identity").on(table.deviceId, table.code)],
);

/** The first texts of requests nobody documented. */
export const noticeTexts = sqliteTable("notice_texts", {
  id: integer("id").primaryKey(),
  deviceId: text("device_id").notNull(),
  code: text("code").notNull(),
  receivedAtMs: integer("received_at_ms").notNull(),
  text: text("text").notNull(),
});

/** Corrections of directions that go on behind this row, in the background. */
export const directionCorrections = sqliteTable(
  "direction_corrections",
  {
    id: integer("id").primaryKey(),
    userId: text("user_id").notNull(),
    afterInstantMs: integer("after_instant_ms").notNull(),
    afterDeviceId: text("after_device_id").notNull(),
    afterPunchId: integer("after_punch_id").notNull(),
  },
  (table) => [
    uniqueIndex("direction_corrections_identity").on(
      table.userId,
      table.afterInstantMs,
      table.afterDeviceId,
      table.afterPunchId,
    ),
  ],
);

/** People as the HRIS or a terminal names them. A punch needs none of them. */
export const users = sqliteTable("users", {
  /** Canonical, as in `punches.user_id`. */
  id: text("id").primaryKey(),
  name: text("name"),
  department: text("department"),
  /** What the HRIS said; null when it never did. */
  isEnabled: integer("is_enabled", { mode: "boolean" }),
  /** A JSON object of everything else the HRIS sent, or null. */
  furtherFieldsText: text("further_fields_text"),
  createdAtMs: integer("created_at_ms").notNull(),
  updatedAtMs: integer("updated_at_ms").notNull(),
  /** When the HRIS last said something new of this user; null when it never sent it. */
  syncedAtMs: integer("synced_at_ms"),
});

/** A user on a terminal, as the terminal told of it. */
export const enrollments = sqliteTable(
  "enrollments",
  {
    id: integer("id").primaryKey(),
    userId: text("user_id").notNull(),
    /** Empty where an imported database did not say which terminal it was. */
    deviceId: text("device_id").notNull(),
    name: text("name"),
    privilege: integer("privilege"),
    isEnabled: integer("is_enabled", { mode: "boolean" }),
    passwordCount: integer("password_count").notNull(),
    cardCount: integer("card_count").notNull(),
    faceCount: integer("face_count").notNull(),
    fingerprintCount: integer("fingerprint_count").notNull(),
    veinCount: integer("vein_count").notNull(),
    /** The terminal's list of credentials as JSON text, verbatim; may be empty. */
    credentialsText: text("credentials_text").notNull(),
    updatedAtMs: integer("updated_at_ms").notNull(),
  },
  (table) => [uniqueIndex("enrollments_identity").on(table.userId, table.deviceId)],
);

/** API clients with a secret of their own, and names that may no longer hold a token. */
export const clients = sqliteTable("clients", {
  name: text("name").primaryKey(),
  /** Hexadecimal; null for a revoked name that only ever used the main secret. */
  secretSha256: text("secret_sha256"),
  /** Words between blanks: `read write admin`. */
  scope: text("scope").notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
  revokedAtMs: integer("revoked_at_ms"),
});

/** Undelivered messages of an imported database that are, or were, in the outbox. */
export const importedDeliveries = sqliteTable("imported_deliveries", {
  /** Of the identity of the punch it tells of, hexadecimal. */
  sha256: text("sha256").primaryKey(),
  importedAtMs: integer("imported_at_ms").notNull(),
});

/** What terminals are told to do, with what became of it. */
export const commands = sqliteTable(
  "commands",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    deviceId: text("device_id").notNull(),
    kind: text("kind").notNull(),
    /** A JSON object. */
    parametersText: text("parameters_text").notNull(),
    status: text("status", {
      enum: ["waiting", "sent", "done", "failed", "unconfirmed", "expired", "cancelled"],
    }).notNull(),
    /** Who asked: `client` and an API client's name, `operator`, or `server`. */
    requestedBy: text("requested_by").notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    /** Not handed out after this. */
    deadlineMs: integer("deadline_ms").notNull(),
    sentCount: integer("sent_count").notNull(),
    lastSentAtMs: integer("last_sent_at_ms"),
    finishedAtMs: integer("finished_at_ms"),
    returnCode: text("return_code"),
    /** Why it failed, for a person. */
    problem: text("problem"),
    resultText: text("result_text"),
    /** The binaries of the result, one behind another. */
    resultBytes: blob("result_bytes", { mode: "buffer" }),
    /** Whether somebody still has to work on the result. */
    isResultPending: integer("is_result_pending", { mode: "boolean" }).notNull(),
    /** Names the request that asked, so that its repetition asks for nothing more. */
    requestKey: text("request_key"),
  },
  (table) => [
    index("commands_open").on(table.deviceId, table.id).where(sql`status IN ('waiting', 'sent')`),
    index("commands_pending_result").on(table.id).where(sql`is_result_pending = 1`),
    index("commands_device").on(table.deviceId, table.id),
    index("commands_request").on(table.requestKey, table.id).where(sql`request_key IS NOT NULL`),
  ],
);

/** What is wrong at this moment: raised once, cleared once. */
export const conditions = sqliteTable(
  "conditions",
  {
    id: integer("id").primaryKey(),
    type: text("type").notNull(),
    /** The terminal's id, or the address where that is all there is. */
    subject: text("subject").notNull(),
    raisedAtMs: integer("raised_at_ms").notNull(),
    lastSeenAtMs: integer("last_seen_at_ms").notNull(),
    detail: text("detail").notNull(),
  },
  (table) => [uniqueIndex("conditions_identity").on(table.type, table.subject)],
);
