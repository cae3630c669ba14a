CREATE TABLE `audit_entries` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at_ms` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`subject` text NOT NULL,
	`detail_text` text NOT NULL
);
--> statement-breakpoint
ALTER TABLE `devices` ADD `received_hold_ms` integer;--> statement-breakpoint
ALTER TABLE `quarantine` ADD `status` text DEFAULT 'waiting' NOT NULL;--> statement-breakpoint
ALTER TABLE `quarantine` ADD `decided_at_ms` integer;--> statement-breakpoint
ALTER TABLE `quarantine` ADD `decided_by` text;--> statement-breakpoint
ALTER TABLE `quarantine` ADD `punch_id` integer;--> statement-breakpoint
CREATE INDEX `quarantine_decided` ON `quarantine` (`decided_at_ms`) WHERE status <> 'waiting';