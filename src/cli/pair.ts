/** The verb `pair`: opens the window in which new terminals are approved at once, or closes it. */

import { Command, InvalidArgumentError } from "commander";
import { AppError } from "#base/app-error.ts";
import { asRecord, instantOf, textOf } from "./answer-fields.ts";
import { askServer, findControlSocket } from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface PairFlags extends SettingsFlag {
  readonly minutes: number;
  readonly json: boolean;
}

const MINUTES_MAX = 24 * 60;

const EXAMPLES = `
Examples:
  biometric-server pair                  for 60 minutes new terminals are approved at once
  biometric-server pair --minutes 10
  biometric-server pair --minutes 0      not any more

Exit code: 0 done, 1 no server answers.`;

/** Makes the verb. Its action throws `AppError` `control-unreachable` when no server answers. */
export function pairCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("pair")
    .description("Approve new terminals at once for a while")
    .option("--minutes <n>", "how long from now on; 0 ends it", parseMinutes, 60)
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: PairFlags) => {
      const socketPath = findControlSocket(loadSettings(host, flags));
      const path = `/pairing?minutes=${flags.minutes}`;
      const { status, body } = await askServer(socketPath, "POST", path);
      const answer = asRecord(body);
      if (status !== 200 || answer === undefined) {
        throw new AppError("control-refused", `Cannot pair: ${textOf(answer?.message)}`);
      }
      const text =
        instantOf(answer.pairing_window_ends_at) === undefined
          ? "New terminals wait for approval"
          : `New terminals are approved at once for ${flags.minutes} min`;
      environment.out(`${flags.json ? JSON.stringify(body) : text}\n`);
    });
}

function parseMinutes(text: string): number {
  const minutes = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (minutes <= MINUTES_MAX) return minutes;
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${MINUTES_MAX}.`);
}
