/**
 * A log that keeps what it was told, so that a test can look at it.
 */

import type { Log, LogRepeat } from "#platform/log.ts";
import type { LogFields } from "#platform/log-line.ts";

export interface RecordedLine {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly event: string;
  readonly fields: LogFields;
  readonly repeat: LogRepeat | undefined;
}

export class RecordingLog implements Log {
  readonly lines: RecordedLine[] = [];

  error(event: string, fields: LogFields = {}, repeat?: LogRepeat): void {
    this.lines.push({ level: "error", event, fields, repeat });
  }

  warn(event: string, fields: LogFields = {}, repeat?: LogRepeat): void {
    this.lines.push({ level: "warn", event, fields, repeat });
  }

  info(event: string, fields: LogFields = {}, repeat?: LogRepeat): void {
    this.lines.push({ level: "info", event, fields, repeat });
  }

  debug(event: string, fields: LogFields = {}, repeat?: LogRepeat): void {
    this.lines.push({ level: "debug", event, fields, repeat });
  }

  /** The lines of one event. */
  of(event: string): readonly RecordedLine[] {
    return this.lines.filter((line) => line.event === event);
  }
}
