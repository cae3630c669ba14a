/** The verb `doctor`: looks at everything that the server depends on, and says what to do about it. */

import { Command } from "commander";
import { systemClock } from "#platform/clock.ts";
import { runProgram } from "#platform/run-program.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface DoctorFlags extends SettingsFlag {
  readonly full: boolean;
  readonly webhooks: boolean;
  readonly json: boolean;
}

/** What the verb ends with when something is wrong, as `status` does. */
const EXIT_WRONG = 3;

const EXAMPLES = `
Examples:
  sudo biometric-server doctor                 look at everything, a few seconds
  sudo biometric-server doctor --no-webhooks   send no test message to receivers
  sudo biometric-server doctor --full          compare the database with its indexes, too: minutes

It changes nothing. While no server answers it looks at what is there. What only root may see is
"skipped" for others; what is skipped is not known to be well. Each receiver of webhooks gets a
signed test message, which is no punch.

Exit code: 0 all is well, 1 it could not look, 3 something is wrong: a WARNING or a FAULT.`;

/** Makes the verb. Its action throws nothing of what it finds. */
export function doctorCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("doctor")
    .description(
      "Check everything that the server depends on, and say what to do where it is wrong",
    )
    .option("--full", "check the database with every index", false)
    .option("--no-webhooks", "leave the receivers of webhooks alone")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: DoctorFlags) => {
      // Seldom used, and all of storage comes with it.
      const [{ diagnose }, { readSituation }, { isWell }, { describeFindings }] = await Promise.all(
        [
          import("./doctor/diagnose.ts"),
          import("./doctor/situation.ts"),
          import("./doctor/finding.ts"),
          import("./doctor/report.ts"),
        ],
      );
      const isRoot = process.getuid?.() === 0;
      const tools = { run: runProgram, clock: systemClock, isRoot };
      const situation = await readSituation(host, flags.settings, tools);
      const depth = flags.full ? "full" : "quick";
      const groups = await diagnose({ situation, tools, depth, withWebhooks: flags.webhooks });
      const shown = {
        well: isWell(groups),
        as_root: isRoot,
        server_answers: situation.server.kind === "answers",
        groups,
      };
      const text = flags.json ? JSON.stringify(shown, undefined, 2) : describeFindings(groups);
      environment.out(`${text}\n`);
      if (!shown.well) environment.exitCode(EXIT_WRONG);
    });
}
