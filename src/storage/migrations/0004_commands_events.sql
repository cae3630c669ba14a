CREATE TABLE `commands` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`device_id` text NOT NULL,
	`kind` text NOT NULL,
	`parameters_text` text NOT NULL,
	`status` text NOT NULL,
	`requested_by` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`deadline_ms` integer NOT NULL,
	`sent_count` integer NOT NULL,
	`last_sent_at_ms` integer,
	`finished_at_ms` integer,
	`return_code` text,
	`problem` text,
	`result_text` text,
	`result_bytes` blob,
	`is_result_pending` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `commands_open` ON `commands` (`device_id`,`id`) WHERE status IN ('waiting', 'sent');--> statement-breakpoint
CREATE INDEX `commands_pending_result` ON `commands` (`id`) WHERE is_result_pending = 1;--> statement-breakpoint
CREATE INDEX `commands_device` ON `commands` (`device_id`,`id`);--> statement-breakpoint
CREATE TABLE `conditions` (
	`id` integer PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`subject` text NOT NULL,
	`raised_at_ms` integer NOT NULL,
	`last_seen_at_ms` integer NOT NULL,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `conditions_identity` ON `conditions` (`type`,`subject`);--> statement-breakpoint
CREATE TABLE `events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at_ms` integer NOT NULL,
	`type` text NOT NULL,
	`device_id` text NOT NULL,
	`data_text` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `events_time` ON `events` (`at_ms`);--> statement-breakpoint
ALTER TABLE `devices` ADD `last_record_number` text;--> statement-breakpoint
ALTER TABLE `devices` ADD `missing_record_count` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `devices` ADD `log_read_through_ms` integer;--> statement-breakpoint
ALTER TABLE `punches` ADD `record_number` text;