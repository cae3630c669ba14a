/**
 * The tables of what is told to receivers: their endpoints, the outbox with its ledger, and events.
 * As in `schema.ts`, instants are UTC epoch milliseconds (`…_ms`).
 */

import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { WEBHOOK_FORMATS } from "#domain/webhook-endpoint.ts";

/** Receivers of webhooks. */
export const webhookEndpoints = sqliteTable("webhook_endpoints", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  /** Unique among those that are not removed; what people call it. */
  name: text("name").notNull(),
  /** `settings`: made from the settings, which stay in charge of it. */
  origin: text("origin", { enum: ["settings", "added"] }).notNull(),
  url: text("url").notNull(),
  format: text("format", { enum: WEBHOOK_FORMATS }).notNull(),
  /** A JSON list of event types, or null for all that the format can tell. */
  typesText: text("types_text"),
  /** A JSON list of terminals, or null for all. */
  devicesText: text("devices_text"),
  /** Empty for the one of the settings, whose secret is kept with the others. */
  secret: text("secret").notNull(),
  /** Signs beside the new one until its time is over. */
  previousSecret: text("previous_secret"),
  previousSecretUntilMs: integer("previous_secret_until_ms"),
  isEnabled: integer("is_enabled", { mode: "boolean" }).notNull(),
  /** The feed is being looked through from behind this place; null: it has caught up. */
  fillAfterPosition: integer("fill_after_position"),
  /** Only punches from this instant on are taken from the feed. */
  fillFromMs: integer("fill_from_ms"),
  createdAtMs: integer("created_at_ms").notNull(),
  removedAtMs: integer("removed_at_ms"),
});

/** The outbox and its ledger: written with what it tells of, so that neither exists without the other. */
export const deliveries = sqliteTable(
  "deliveries",
  {
    id: integer("id").primaryKey(),
    /** Empty where it is about no terminal. */
    deviceId: text("device_id").notNull(),
    /** 0 where it tells of no punch. */
    punchId: integer("punch_id").notNull(),
    /** The punch's revision that made this message: part of its stable id. */
    revision: integer("revision").notNull(),
    eventAtMs: integer("event_at_ms").notNull(),
    /** `superseded`: a later one told the same punch anew, so that it is never sent again. */
    status: text("status", { enum: ["waiting", "delivered", "parked", "superseded"] }).notNull(),
    /** Refused tries. */
    attemptCount: integer("attempt_count").notNull(),
    nextAttemptAtMs: integer("next_attempt_at_ms").notNull(),
    lastAttemptAtMs: integer("last_attempt_at_ms"),
    lastHttpStatus: integer("last_http_status"),
    /** Tells of a resend, for sites that want the replaced server's messages about them. */
    isDuplicate: integer("is_duplicate", { mode: "boolean" }).notNull().default(false),
    endpointId: integer("endpoint_id").notNull().default(1),
    type: text("type").notNull().default("punch.created"),
    /** The row of `events` that it tells of; null for a punch. */
    eventRowId: integer("event_row_id"),
    /**
     * As sent at the first try whose result was written; every later try sends the same. A try whose
     * result was lost with the process may have told the punch as it was before a correction, which
     * has its own message: nobody who keeps the first of one id stays behind for that.
     */
    bodyText: text("body_text"),
  },
  (table) => [
    index("deliveries_due")
      .on(table.endpointId, table.deviceId, table.id)
      .where(sql`status = 'waiting'`),
    index("deliveries_refused").on(table.endpointId, table.id).where(sql`status = 'parked'`),
    // Whether a message has a successor.
    index("deliveries_updates")
      .on(table.punchId, table.endpointId)
      .where(sql`type = 'punch.updated'`),
  ],
);

/** Every try of every delivery, as far back as the ledger reaches. */
export const attempts = sqliteTable(
  "attempts",
  {
    id: integer("id").primaryKey(),
    deliveryId: integer("delivery_id").notNull(),
    endpointId: integer("endpoint_id").notNull(),
    atMs: integer("at_ms").notNull(),
    durationMs: integer("duration_ms").notNull(),
    outcome: text("outcome", { enum: ["delivered", "refused", "failed"] }).notNull(),
    /** Null where there was no answer. */
    httpStatus: integer("http_status"),
    /** Why there was none, or what of it counted; empty for a success. */
    detail: text("detail").notNull(),
    /** The first 2 KB of the answer. */
    replyText: text("reply_text").notNull(),
  },
  (table) => [index("attempts_delivery").on(table.deliveryId)],
);

/** Historic punches that a person asked to be delivered, in the order of their times. */
export const historySends = sqliteTable("history_sends", {
  deviceId: text("device_id").primaryKey(),
  /** The last punch looked at; the next one follows in this order. */
  afterWallTime: text("after_wall_time").notNull(),
  afterUserId: text("after_user_id").notNull(),
  afterClockEpisode: integer("after_clock_episode").notNull(),
  /** Messages made so far. */
  sentCount: integer("sent_count").notNull(),
});

/** What happened, for people and receivers that were away. */
export const events = sqliteTable(
  "events",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    atMs: integer("at_ms").notNull(),
    type: text("type").notNull(),
    /** Empty where it is about no terminal. */
    deviceId: text("device_id").notNull(),
    /** A JSON object. */
    dataText: text("data_text").notNull(),
  },
  (table) => [index("events_time").on(table.atMs)],
);
