/** What the server is made of before any of its parts. */

import type { Config } from "#config/config.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";

/** What `startApp` needs. */
export interface AppOptions {
  readonly config: Config;
  /** Where the local verbs reach the server. */
  readonly controlSocketPath: string;
  readonly log: Log;
  readonly clock: Clock;
}
