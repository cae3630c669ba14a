/** Where a verb finds the database when no server answers. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LoadedConfig } from "#config/load.ts";

/** Where the unit of a box has its data; a verb of root does not get the unit's environment. */
const UNIT_DATA_DIR = "/var/lib/biometric-server";

/** The database of the settings if it is there, else that of the unit; undefined without any. */
export function findDatabase({ config }: Pick<LoadedConfig, "config">): string | undefined {
  const paths = [config.dataDir, UNIT_DATA_DIR].map((folder) => join(folder, "biometric.db"));
  return paths.find((path) => existsSync(path));
}
