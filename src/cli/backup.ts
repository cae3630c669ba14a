/** The verb `backup`: one file with the database and its secrets, made beside the running server. */

import { resolve } from "node:path";
import { Command } from "commander";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface BackupFlags extends SettingsFlag {
  readonly to?: string;
  readonly database?: string;
  readonly withoutSecrets: boolean;
  readonly json: boolean;
}

const EXAMPLES = `
Examples:
  biometric-server backup                          into DATA_DIR/backups, beside the daily ones
  biometric-server backup --to /media/usb          into that folder, named by the time
  biometric-server backup --to /root/box.backup --without-secrets

The file holds everything of DATA_DIR: the database and, unless told otherwise, the secrets that the
server made; not the settings file. Whoever reads it reads all of that: it is readable by its owner
alone. It is an SQLite database, checked before it gets its name. While no server answers, the
database is read where it is.

Exit code: 0 done, 1 there is no backup.`;

/** Makes the verb. Its action throws `AppError` `backup-failed`, `control-refused` and the like. */
export function backupCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("backup")
    .description("Make one file of everything that the server keeps")
    .option("--to <path>", "file to be made, or a folder for it")
    .option(
      "--without-secrets",
      "leave out secrets and the bytes in quarantine, so that the file gives nobody access",
      false,
    )
    .option("--database <file>", "ask no server, and back this database up")
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: BackupFlags) => {
      // Seldom used, and all of storage comes with it.
      const { backUp, describeBackup } = await import("./backup-run.ts");
      const made = await backUp({
        to: flags.to === undefined ? undefined : resolve(flags.to),
        withSecrets: !flags.withoutSecrets,
        from: flags.database === undefined ? loadSettings(host, flags) : resolve(flags.database),
        environment,
      });
      environment.out(`${flags.json ? JSON.stringify(made) : describeBackup(made)}\n`);
    });
}
