/** Where everything of an installed server is. The unit in `systemd/` names the same places. */

import { DEFAULT_SETTINGS_FILE } from "#config/load.ts";

/** The system service, and the user and group that it runs as. */
export const SERVICE = "biometric-server.service";
export const SERVICE_USER = "biometric-server";

export const EXECUTABLE_PATH = "/usr/local/bin/biometric-server";

/** What ran before the last upgrade. */
export const PREVIOUS_FOLDER = "/usr/local/lib/biometric-server";
export const PREVIOUS_EXECUTABLE_PATH = `${PREVIOUS_FOLDER}/biometric-server`;
export const PREVIOUS_UNIT_PATH = `${PREVIOUS_FOLDER}/${SERVICE}`;

export const UNIT_FOLDER = "/etc/systemd/system";
export const UNIT_PATH = `${UNIT_FOLDER}/${SERVICE}`;

export const SETTINGS_FOLDER = "/etc/biometric-server";
export const SETTINGS_PATH = DEFAULT_SETTINGS_FILE;

/** What systemd makes of `StateDirectory` and `RuntimeDirectory`. */
export const DATA_FOLDER = "/var/lib/biometric-server";
export const RUNTIME_FOLDER = "/run/biometric-server";
export const DATABASE_PATH = `${DATA_FOLDER}/biometric.db`;
