/** The verb `restore`: puts a backup in the place of what the box has, while no server runs. */

import { resolve } from "node:path";
import { Command } from "commander";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface RestoreFlags extends SettingsFlag {
  readonly dryRun: boolean;
  readonly json: boolean;
}

const EXAMPLES = `
Examples:
  biometric-server restore --dry-run FILE     check it, and say what it would mean
  systemctl stop biometric-server
  biometric-server restore FILE               what was there is kept in DATA_DIR/replaced-...
  systemctl start biometric-server

What a restore brings with it:
  Readers of the feed get 410 cursor-reset, with the time from which they have to read again.
  Ids go on a million further, so that none means two things.
  What this box has taken back since stays so: revoked clients, removed or changed receivers, blocked
  terminals. A backup of another box brings its secrets; one of this box leaves them as they are.
  Messages that waited are sent, perhaps once more, under the same webhook-id.
  Commands that waited are not given again.
  Users that were purged since the backup are back: they are named, so that you purge them again.
  Every terminal is asked for its own log since the backup, and what is missing is added. Until then
  /v1/completeness stands where the backup was; one without a log waits for devices give-up-lost ID,
  unless it numbers its records and the next one shows that none is missing.

Exit code: 0 done, 1 nothing was changed.`;

/** Makes the verb. Its action throws `AppError` as `restoreBackup`. */
export function restoreCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("restore")
    .description("Put a backup in the place of what the box has")
    .argument("<file>", "the backup")
    .option("--dry-run", "change nothing", false)
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, flags: RestoreFlags) => {
      // Seldom used, and all of storage comes with it.
      const { describeRestore, restore } = await import("./restore-run.ts");
      const settings = loadSettings(host, flags);
      const report = await restore(resolve(file), settings, flags.dryRun);
      environment.out(`${flags.json ? JSON.stringify(report) : describeRestore(report)}\n`);
    });
}
