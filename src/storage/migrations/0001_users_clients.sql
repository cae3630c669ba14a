CREATE TABLE `clients` (
	`name` text PRIMARY KEY NOT NULL,
	`secret_sha256` text,
	`scope` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`revoked_at_ms` integer
);
--> statement-breakpoint
CREATE TABLE `enrollments` (
	`id` integer PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`device_id` text NOT NULL,
	`name` text,
	`privilege` integer,
	`is_enabled` integer,
	`password_count` integer NOT NULL,
	`card_count` integer NOT NULL,
	`face_count` integer NOT NULL,
	`fingerprint_count` integer NOT NULL,
	`vein_count` integer NOT NULL,
	`credentials_text` text NOT NULL,
	`updated_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `enrollments_identity` ON `enrollments` (`user_id`,`device_id`);--> statement-breakpoint
CREATE TABLE `imported_deliveries` (
	`sha256` text PRIMARY KEY NOT NULL,
	`imported_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text,
	`department` text,
	`is_enabled` integer,
	`further_fields_text` text,
	`created_at_ms` integer NOT NULL,
	`updated_at_ms` integer NOT NULL,
	`synced_at_ms` integer
);
--> statement-breakpoint
ALTER TABLE `deliveries` ADD `is_duplicate` integer DEFAULT false NOT NULL;