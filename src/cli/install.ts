/** The verb `install`: puts this file on the box as a service, once, or not at all. */

import { Command } from "commander";
import { AppError } from "#base/app-error.ts";
import type { InstallPlan } from "#box/plan-install.ts";
import { systemClock } from "#platform/clock.ts";
import { VERSION } from "#platform/version.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";

interface InstallFlags {
  readonly replace: boolean;
  readonly envFrom?: string;
  readonly dryRun: boolean;
  readonly wait: boolean;
  readonly printUnit: boolean;
}

const HELP_AFTER = `
Run as root, it looks first whether everything is as it must be, and changes nothing when it is not.
What it then changes it tells line by line; a failure on the way undoes what was done. Run again, it
changes nothing. On a terminal it waits at the end for the first contact of an attendance terminal.

In place of the Python server (--replace): its service is stopped and its unit kept as
biometric-server.service.before-DATE, its settings are taken from what its unit names or from
--env-from, this server is started, and its database is imported. Where this server does not come up,
the Python server is put back and started.

Exit code: 0 installed, or nothing to change; 1 refused or failed; 3 installed, and some rows of the
Python server's database were refused.

Examples:
  sudo ./biometric-server install --dry-run      every change, and none is made
  sudo ./biometric-server install
  sudo ./biometric-server install --replace --env-from /srv/old/.env`;

/** Makes the verb. Its action throws `AppError` `box-refused` or `box-failed`. */
export function installCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("install")
    .description("Put this file on the box as a service that starts with it")
    .option("--replace", "take the place of the Python server, with its settings and data", false)
    .option("--env-from <file>", "with --replace: the file with the Python server's settings")
    .option("--dry-run", "list every change and make none", false)
    .option("--no-wait", "do not wait for the first terminal")
    .option("--print-unit", "print the unit of the service and do nothing", false)
    .addHelpText("after", HELP_AFTER)
    .action((flags: InstallFlags) => install(flags, environment, host));
}

async function install(flags: InstallFlags, environment: CliEnvironment, host: CliHost) {
  if (flags.printUnit) {
    const { ownUnit } = await import("#box/unit-text.ts");
    environment.out(ownUnit());
    return;
  }
  if (flags.envFrom !== undefined && !flags.replace) {
    throw new AppError("usage", "Cannot take settings without --replace", {
      hint: "Give --replace, too; a new box gets a settings file of its own",
    });
  }
  const { planInstall } = await import("#box/plan-install.ts");
  const plan = await planInstall({
    replace: flags.replace,
    settingsFrom: flags.envFrom,
    nowMs: systemClock.nowMs(),
  });
  if (flags.dryRun) return environment.out(describePlan(plan));
  if (plan.changes.length === 0) {
    environment.out(`Nothing to change: biometric-server ${VERSION} is installed and runs\n`);
    return;
  }
  const { applyChanges } = await import("#box/changes.ts");
  const { watchChanges } = await import("./box-work.ts");
  await applyChanges(plan.changes, watchChanges(environment, host));
  environment.out(`biometric-server ${VERSION} is installed and ready\n`);
  await finish(plan, flags, { environment, host });
}

function describePlan({ changes, importFrom }: InstallPlan): string {
  const lines = changes.map(({ what }) => what);
  if (importFrom !== undefined) lines.push(`import ${importFrom}`);
  if (lines.length === 0) return "Nothing to change\n";
  return `${["This would be changed, in this order:", ...lines.map((line) => `  ${line}`)].join("\n")}\n`;
}

/** What comes after the service is up, and is no reason to take it away again. */
async function finish(
  plan: InstallPlan,
  flags: InstallFlags,
  { environment, host }: { readonly environment: CliEnvironment; readonly host: CliHost },
): Promise<void> {
  const { serviceHost } = await import("./box-work.ts");
  if (plan.importFrom !== undefined) {
    const { importFile } = await import("./import.ts");
    const importFlags = { dryRun: false, json: false };
    await importFile(plan.importFrom, importFlags, { environment, host: serviceHost(host) });
  } else if (plan.isReplacing) {
    environment.out("No database of the Python server was found: biometric-server import FILE\n");
  }
  const { anyCardLines } = await import("./device-card.ts");
  const { SETTINGS_PATH } = await import("#box/places.ts");
  const card = await anyCardLines(plan.settings.config, "biometric-server");
  environment.out(
    `The HRIS's secret: grep HRIS_API_SECRET_KEY ${SETTINGS_PATH}\n\n${card.join("\n")}\n`,
  );
  if (!flags.wait || !environment.isTerminal) return;
  const { waitForTerminal } = await import("./first-contact.ts");
  await waitForTerminal(environment, host);
}
