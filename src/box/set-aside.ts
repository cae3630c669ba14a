/** Units that were set aside for this server's, and come back when it goes. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { EpochMs } from "#base/epoch.ts";
import { UNIT_FOLDER, UNIT_PATH } from "./places.ts";

const MARK = ".before-";

/** Where a file or folder of the unit goes, so that systemd does not see it: `NAME.before-DATE`. */
export function asidePath(path: string, nowMs: EpochMs): string {
  const date = new Date(nowMs).toISOString().slice(0, 10);
  const names = [
    path + MARK + date,
    ...[2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${path}${MARK}${date}-${n}`),
  ];
  return names.find((name) => !existsSync(name)) ?? `${path}${MARK}${nowMs}`;
}

/** The unit that was set aside last; undefined: none was. */
export function findAsideUnit(): string | undefined {
  const prefix = `${UNIT_PATH}${MARK}`;
  return readdirSync(UNIT_FOLDER)
    .map((name) => join(UNIT_FOLDER, name))
    .filter((path) => path.startsWith(prefix))
    .sort()
    .at(-1);
}

/** The folder of drop-ins that was set aside with it; undefined: there was none. */
export function findAsideDropIns(unitAside: string): string | undefined {
  const path = unitAside.replace(UNIT_PATH, `${UNIT_PATH}.d`);
  return existsSync(path) ? path : undefined;
}
