DROP INDEX `punches_feed`;--> statement-breakpoint
DROP INDEX `punches_timeline`;--> statement-breakpoint
DROP INDEX `punches_wall_time`;--> statement-breakpoint
CREATE INDEX `punches_feed` ON `punches` (`feed_position`,`device_id`,`user_id`,`instant_ms`,`direction`) WHERE feed_position IS NOT NULL;--> statement-breakpoint
CREATE INDEX `punches_timeline` ON `punches` (`user_id`,`instant_ms`,`device_id`,`id`,`wall_time`,`direction`) WHERE feed_position IS NOT NULL;--> statement-breakpoint
CREATE INDEX `punches_wall_time` ON `punches` (`wall_time`,`id`,`instant_ms`,`device_id`,`user_id`) WHERE feed_position IS NOT NULL;