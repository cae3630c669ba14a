CREATE TABLE `late_punches` (
	`revision` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`punch_id` integer NOT NULL,
	`device_id` text NOT NULL,
	`instant_ms` integer NOT NULL,
	`landed_at_ms` integer NOT NULL,
	`complete_through_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `attempts` (
	`id` integer PRIMARY KEY NOT NULL,
	`delivery_id` integer NOT NULL,
	`endpoint_id` integer NOT NULL,
	`at_ms` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	`outcome` text NOT NULL,
	`http_status` integer,
	`detail` text NOT NULL,
	`reply_text` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `attempts_delivery` ON `attempts` (`delivery_id`);--> statement-breakpoint
CREATE TABLE `webhook_endpoints` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`origin` text NOT NULL,
	`url` text NOT NULL,
	`format` text NOT NULL,
	`types_text` text,
	`devices_text` text,
	`secret` text NOT NULL,
	`previous_secret` text,
	`previous_secret_until_ms` integer,
	`is_enabled` integer NOT NULL,
	`fill_after_position` integer,
	`fill_from_ms` integer,
	`created_at_ms` integer NOT NULL,
	`removed_at_ms` integer
);
--> statement-breakpoint
DROP INDEX `deliveries_waiting`;--> statement-breakpoint
DROP INDEX `deliveries_parked`;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `endpoint_id` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `type` text DEFAULT 'punch.created' NOT NULL;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `event_row_id` integer;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `body_text` text;--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`endpoint_id`,`device_id`,`id`) WHERE status = 'waiting';--> statement-breakpoint
CREATE INDEX `deliveries_refused` ON `deliveries` (`endpoint_id`,`id`) WHERE status = 'parked';--> statement-breakpoint
CREATE INDEX `deliveries_updates` ON `deliveries` (`punch_id`,`endpoint_id`) WHERE type = 'punch.updated';--> statement-breakpoint
ALTER TABLE `counters` ADD `endpoint_totals` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `counters` ADD `ledger_bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `devices` ADD `received_through_ms` integer;--> statement-breakpoint
ALTER TABLE `devices` ADD `received_evidence` text;