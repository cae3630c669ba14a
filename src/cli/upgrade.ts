/** The verbs `upgrade` and `rollback`: another executable takes the place of the one that runs. */

import { Command } from "commander";
import type { Candidate, Release } from "#box/candidate.ts";
import { systemClock } from "#platform/clock.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";

const UPGRADE_HELP = `
The file is looked over first: made for this box, unharmed where SHA256SUMS lies beside it, able to
read the data. The database is backed up, the service restarted, and watched for a minute: when it
ends by itself or cannot store, the old executable is put back and started. Data never goes back:
whatever was acknowledged meanwhile stays.

Exit code: 0 the file runs, or ran before; 1 refused, or failed and the old one runs again.

Example:
  sudo biometric-server upgrade ./biometric-server`;

const ROLLBACK_HELP = `
The executable that ran before the last upgrade comes back the same way as an upgrade, and this one
becomes the previous. It is refused when the old one cannot read the data any more.

Exit code: 0 the previous one runs, 1 refused, or failed and this one runs again.`;

/** Makes the verb. Its action throws `AppError` `box-refused` or `box-failed`. */
export function upgradeCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("upgrade")
    .description("Let another file take the place of the installed one, and come back if it fails")
    .argument("<file>", "the other executable")
    .addHelpText("after", UPGRADE_HELP)
    .action((file: string) => upgrade(file, environment, host));
}

/** Makes the verb. Its action throws `AppError` `box-refused` or `box-failed`. */
export function rollbackCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("rollback")
    .description("Let the executable before the last upgrade run again")
    .addHelpText("after", ROLLBACK_HELP)
    .action(() => rollback(environment, host));
}

async function upgrade(file: string, environment: CliEnvironment, host: CliHost): Promise<void> {
  const { planUpgrade } = await import("#box/plan-upgrade.ts");
  const plan = await planUpgrade("upgrade", file);
  if (plan === undefined) {
    environment.out("Nothing to change: this very file is installed\n");
    return;
  }
  await runExchange("Upgrade", plan, { environment, host });
}

async function rollback(environment: CliEnvironment, host: CliHost): Promise<void> {
  const { planRollback } = await import("#box/plan-upgrade.ts");
  await runExchange("Rollback", await planRollback(), { environment, host });
}

async function runExchange(
  name: string,
  plan: { readonly candidate: Candidate; readonly current: Release },
  { environment, host }: { readonly environment: CliEnvironment; readonly host: CliHost },
): Promise<void> {
  const { probeService, watchChanges } = await import("./box-work.ts");
  const { snapshot } = await import("#box/plan-upgrade.ts");
  const { exchange } = await import("#box/exchange.ts");
  const { candidate, current } = plan;
  const watch = watchChanges(environment, host);
  const made = snapshot(systemClock.nowMs(), candidate);
  if (made !== undefined) watch.tell(`The database is backed up in ${made}`);
  await exchange({ name, candidate, current, clock: systemClock, probe: probeService, ...watch });
  environment.out(`${name} done: ${candidate.release.version} runs, was ${current.version}\n`);
}
