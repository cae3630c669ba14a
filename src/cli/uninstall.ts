/** The verb `uninstall`: takes the service off the box, and its data only when told to. */

import { Command } from "commander";
import { AppError } from "#base/app-error.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";

interface UninstallFlags {
  readonly purge: boolean;
  readonly restorePrevious: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

const HELP_AFTER = `
Data (/var/lib/biometric-server) and settings (/etc/biometric-server) stay, and a later install goes on
with them, unless --purge is given: every punch is gone then. What was not finished goes on when it is
run again.

Exit code: 0 done, 1 refused or failed.

Examples:
  sudo biometric-server uninstall
  sudo biometric-server uninstall --restore-previous     and the Python server runs again
  sudo biometric-server uninstall --purge --yes          without asking`;

/** Makes the verb. Its action throws `AppError` `box-refused` or `box-failed`. */
export function uninstallCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("uninstall")
    .description("Take the service off this box; data and settings stay")
    .option("--purge", "remove data, settings and user, too", false)
    .option("--restore-previous", "put back the unit that install --replace set aside", false)
    .option("--yes", "do not ask before a purge", false)
    .option("--dry-run", "list every change and make none", false)
    .addHelpText("after", HELP_AFTER)
    .action((flags: UninstallFlags) => uninstall(flags, environment, host));
}

async function uninstall(flags: UninstallFlags, environment: CliEnvironment, host: CliHost) {
  const { planUninstall } = await import("#box/plan-uninstall.ts");
  const changes = await planUninstall(flags);
  if (changes.length === 0) return environment.out("Nothing to remove\n");
  if (flags.dryRun) {
    const lines = changes.map(({ what }) => `  ${what}\n`).join("");
    return environment.out(`This would be changed, in this order:\n${lines}`);
  }
  if (flags.purge && !flags.yes) confirmPurge(host);
  const { applyChanges } = await import("#box/changes.ts");
  const { watchChanges } = await import("./box-work.ts");
  await applyChanges(changes, watchChanges(environment, host));
  environment.out(flags.purge ? "Removed, with all data\n" : "Removed; data and settings stay\n");
}

function confirmPurge(host: CliHost): void {
  const answer = host.ask?.("Every punch on this box is removed for ever. Type purge to go on:");
  if (answer?.trim() === "purge") return;
  throw new AppError("box-refused", "Cannot purge without a yes: nothing was changed", {
    hint: "Type purge when asked, or give --yes",
  });
}
