/** What a running server takes over of new settings, and what waits for a restart. Pure. */

import { type Config, SETTINGS } from "./config.ts";
import type { Setting } from "./setting.ts";

/** The difference of new settings from those in force. */
export interface ConfigDifference {
  /** The new values, but the running ones of settings that need a restart. */
  readonly config: Config;
  /** Names of settings that `config` changes, in the order of the table. */
  readonly changed: readonly string[];
  /** Names of settings whose new value only a restart brings. */
  readonly restartNeeded: readonly string[];
}

/** Compares `wanted` with what is in force. */
export function compareConfigs(running: Config, wanted: Config): ConfigDifference {
  const values = new Map<string, unknown>();
  const changed: string[] = [];
  const restartNeeded: string[] = [];
  const [before, after] = [new Map(Object.entries(running)), new Map(Object.entries(wanted))];
  for (const [key, { name, needsRestart }] of Object.entries<Setting<unknown>>(SETTINGS)) {
    values.set(key, (needsRestart ? before : after).get(key));
    if (Bun.deepEquals(before.get(key), after.get(key))) continue;
    (needsRestart ? restartNeeded : changed).push(name);
  }
  // The checked exit: every key of the table is there, with a value of one of the two.
  return { config: Object.fromEntries(values) as Config, changed, restartNeeded };
}
