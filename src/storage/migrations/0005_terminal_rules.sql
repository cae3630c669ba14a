CREATE TABLE `history_sends` (
	`device_id` text PRIMARY KEY NOT NULL,
	`after_wall_time` text NOT NULL,
	`after_user_id` text NOT NULL,
	`after_clock_episode` integer NOT NULL,
	`sent_count` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `devices` ADD `is_start_given` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `devices` ADD `direction_codes` text;--> statement-breakpoint
ALTER TABLE `punches` ADD `suggested_instant_ms` integer;