/**
 * Marks of settings' values, by which two configurations are compared without telling either. Pure.
 */

import { type Config, SETTINGS } from "./config.ts";
import type { Setting } from "./setting.ts";

/**
 * A mark of each value by the setting's name: the same salt and value give the same mark. Who knows
 * the salt can try values, so it is drawn anew for each process, and marks are for operators alone.
 */
export function markSettings(config: Config, salt: string): Readonly<Record<string, string>> {
  const values: Readonly<Record<string, unknown>> = config;
  return Object.fromEntries(
    Object.entries<Setting<unknown>>(SETTINGS).map(([key, { name }]) => [
      name,
      markOf(`${salt} ${name} ${JSON.stringify(values[key]) ?? ""}`),
    ]),
  );
}

function markOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
