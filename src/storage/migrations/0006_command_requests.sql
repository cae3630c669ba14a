ALTER TABLE `commands` ADD `request_key` text;--> statement-breakpoint
CREATE INDEX `commands_request` ON `commands` (`request_key`,`id`) WHERE request_key IS NOT NULL;