/** The verb `clock`: shows whether the server believes the box's clock, and takes an operator's word. */

import { Command } from "commander";
import { AppError } from "#base/app-error.ts";
import { epochMs } from "#base/epoch.ts";
import { localText } from "#domain/time-text.ts";
import { asRecord, instantOf, textOf } from "./answer-fields.ts";
import { askServer, findControlSocket } from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface ClockFlags extends SettingsFlag {
  readonly json: boolean;
}

/** Why the clock is believed, by the evidence for it. */
export const CLOCK_REASONS: Readonly<Record<string, string>> = {
  synchronized: "NTP is synchronised",
  confirmed: "an operator confirmed it since the last boot",
  terminals: "most terminals agree with it",
};

const EXAMPLES = `
Examples:
  biometric-server clock             the clock, and whether it is trusted
  biometric-server clock confirm     you have compared it with another: it is right

While nothing says that the clock is right, the server sets no terminal's clock and calls no punch
too late. A confirmation holds until the next boot of the box.

Exit code: 0 done, 1 no server answers.`;

/** Makes the verb. Its actions throw `AppError` `control-unreachable` when no server answers. */
export function clockCommand(environment: CliEnvironment, host: CliHost): Command {
  const verb = new Command("clock")
    .description("Show whether the box's clock is trusted, or confirm that it is right")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action((flags: ClockFlags) =>
      ask({ method: "GET", path: "/clock" }, flags, { environment, host }),
    );
  const confirm = new Command("confirm")
    .description("Say that the clock was compared with another and is right")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .action((_: unknown, command: Command) =>
      // The same options belong to both, and commander gives them to the outer one.
      ask({ method: "POST", path: "/clock/confirm" }, command.optsWithGlobals<ClockFlags>(), {
        environment,
        host,
      }),
    );
  return verb.addCommand(confirm);
}

async function ask(
  request: { readonly method: "GET" | "POST"; readonly path: string },
  flags: ClockFlags,
  { environment, host }: { readonly environment: CliEnvironment; readonly host: CliHost },
): Promise<void> {
  const socketPath = findControlSocket(loadSettings(host, flags));
  const { status, body } = await askServer(socketPath, request.method, request.path);
  const answer = asRecord(body);
  if (status !== 200 || answer === undefined) {
    throw new AppError("control-refused", `Cannot use the clock: ${textOf(answer?.message)}`, {
      hint: "Look into the server's log",
    });
  }
  environment.out(`${flags.json ? JSON.stringify(body, undefined, 2) : describe(answer)}\n`);
}

function describe(answer: Readonly<Record<string, unknown>>): string {
  const zone = textOf(answer.site_time_zone);
  const nowMs = epochMs(instantOf(answer.now) ?? 0);
  const reason = CLOCK_REASONS[textOf(answer.evidence)];
  const lines = [
    `now       ${localText(nowMs, zone === "" ? "UTC" : zone)} ${zone}`,
    `trusted   ${reason === undefined ? "no: nothing says that it is right" : `yes: ${reason}`}`,
    `terminals ${String(answer.agreeing_count)} of ${String(answer.measured_count)} agree with it`,
  ];
  if (answer.behind_stored === true) lines.push("warning   it is before the newest stored punch");
  if (reason === undefined) {
    lines.push("", 'Switch NTP on; or compare it, then run "biometric-server clock confirm"');
  }
  return lines.join("\n");
}
