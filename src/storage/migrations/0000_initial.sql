CREATE TABLE `box` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `counters` (
	`id` integer PRIMARY KEY NOT NULL,
	`last_punch_id` integer NOT NULL,
	`last_feed_position` integer NOT NULL,
	`punch_count` integer NOT NULL,
	`held_count` integer NOT NULL,
	`quarantine_count` integer NOT NULL,
	`quarantine_bytes` integer NOT NULL,
	`quarantine_unattributed_bytes` integer NOT NULL,
	`notice_text_bytes` integer NOT NULL,
	`deliveries_waiting` integer NOT NULL,
	`deliveries_parked` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`id` integer PRIMARY KEY NOT NULL,
	`device_id` text NOT NULL,
	`punch_id` integer NOT NULL,
	`revision` integer NOT NULL,
	`event_at_ms` integer NOT NULL,
	`status` text NOT NULL,
	`attempt_count` integer NOT NULL,
	`next_attempt_at_ms` integer NOT NULL,
	`last_attempt_at_ms` integer,
	`last_http_status` integer
);
--> statement-breakpoint
CREATE INDEX `deliveries_waiting` ON `deliveries` (`device_id`,`id`) WHERE status = 'waiting';--> statement-breakpoint
CREATE TABLE `devices` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text,
	`status` text NOT NULL,
	`driver` text NOT NULL,
	`first_contact_ms` integer NOT NULL,
	`last_contact_ms` integer NOT NULL,
	`last_address` text NOT NULL,
	`reported_name` text,
	`firmware` text,
	`code_library` text,
	`details_text` text,
	`clock_text` text,
	`clock_skew_ms` integer,
	`clock_episode` integer NOT NULL,
	`start_at_ms` integer NOT NULL,
	`time_zone` text,
	`direction_policy` text,
	`allowed_address` text,
	`held_count` integer NOT NULL,
	`held_bytes` integer NOT NULL,
	`quarantine_bytes` integer NOT NULL,
	`duplicate_count` integer NOT NULL,
	`refused_count` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `direction_corrections` (
	`id` integer PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`after_instant_ms` integer NOT NULL,
	`after_device_id` text NOT NULL,
	`after_punch_id` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `direction_corrections_identity` ON `direction_corrections` (`user_id`,`after_instant_ms`,`after_device_id`,`after_punch_id`);--> statement-breakpoint
CREATE TABLE `notice_counts` (
	`id` integer PRIMARY KEY NOT NULL,
	`device_id` text NOT NULL,
	`code` text NOT NULL,
	`is_known` integer NOT NULL,
	`notice_count` integer NOT NULL,
	`last_received_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `notice_counts_identity` ON `notice_counts` (`device_id`,`code`);--> statement-breakpoint
CREATE TABLE `notice_texts` (
	`id` integer PRIMARY KEY NOT NULL,
	`device_id` text NOT NULL,
	`code` text NOT NULL,
	`received_at_ms` integer NOT NULL,
	`text` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `punches` (
	`id` integer PRIMARY KEY NOT NULL,
	`feed_position` integer,
	`revision` integer NOT NULL,
	`device_id` text NOT NULL,
	`user_id` text NOT NULL,
	`user_id_text` text NOT NULL,
	`wall_time` text NOT NULL,
	`wall_time_text` text NOT NULL,
	`time_zone` text NOT NULL,
	`instant_ms` integer NOT NULL,
	`received_at_ms` integer NOT NULL,
	`clock_episode` integer NOT NULL,
	`direction` text,
	`direction_source` text,
	`is_repeat` integer NOT NULL,
	`direction_code` text,
	`verify_mode_code` text,
	`code_library` text,
	`work_code` text,
	`local_time_flag` text,
	`doubtful_time` text,
	`is_historic` integer NOT NULL,
	`origin` text NOT NULL,
	`raw_text` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `punches_identity` ON `punches` (`device_id`,`wall_time`,`user_id`,`clock_episode`);--> statement-breakpoint
CREATE UNIQUE INDEX `punches_feed` ON `punches` (`feed_position`) WHERE feed_position IS NOT NULL;--> statement-breakpoint
CREATE INDEX `punches_timeline` ON `punches` (`user_id`,`instant_ms`,`device_id`);--> statement-breakpoint
CREATE INDEX `punches_wall_time` ON `punches` (`wall_time`);--> statement-breakpoint
CREATE INDEX `punches_held` ON `punches` (`device_id`,`id`) WHERE feed_position IS NULL;--> statement-breakpoint
CREATE TABLE `quarantine` (
	`id` integer PRIMARY KEY NOT NULL,
	`device_id` text NOT NULL,
	`driver` text NOT NULL,
	`remote_address` text NOT NULL,
	`received_at_ms` integer NOT NULL,
	`code` text NOT NULL,
	`reason` text NOT NULL,
	`sha256` blob NOT NULL,
	`bytes` blob NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `quarantine_identity` ON `quarantine` (`device_id`,`sha256`);