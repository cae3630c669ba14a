/** Changes the rules of the open storage, and with them the endpoint that the settings make. */

import type { Clock } from "#platform/clock.ts";
import { guardEngine } from "./engine-error.ts";
import type { ChangeableRules, StorageRules } from "./rules.ts";
import type { Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** What changes `rules` in place, so that every part that holds them goes by the new ones at once. */
export function ruleChanges(
  parts: WriteParts,
  rules: StorageRules,
  clock: Clock,
): Pick<Storage, "changeRules"> {
  const change = (changed: ChangeableRules): void => {
    const { endpoint } = changed;
    if (!Bun.deepEquals(endpoint, rules.endpoint)) {
      guardEngine("change the endpoint of the settings", () =>
        parts.transaction(() => {
          parts.noteWrite();
          parts.endpoints.applySettings(endpoint, clock.nowMs());
        }),
      );
    }
    Object.assign(rules, changed);
  };
  return { changeRules: async (changed) => change(changed) };
}
