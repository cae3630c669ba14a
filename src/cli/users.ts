/** The verb `users`: forgets one, by asking the running server. */

import { Command } from "commander";
import { AppError } from "#base/app-error.ts";
import { asRecord, textOf } from "./answer-fields.ts";
import { askServerPatiently, findControlSocket } from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface PurgeFlags extends SettingsFlag {
  readonly yes: boolean;
  readonly json: boolean;
}

const EXAMPLES = `
Examples:
  biometric-server users purge 27          asks first
  biometric-server users purge 27 --yes    for scripts

It cannot be undone. All punches of the user go, with the messages about them (those that wait, too),
what terminals and the HRIS told of the user, and finished commands; the database overwrites them. Who
did it, when, and how much it was stays in the audit. What it cannot reach: backups made before,
requests in quarantine, the terminals themselves (first: commands send ID delete-user --user 27), and
the HRIS, whose next sync brings the name back if it is still there.

Exit code: 0 done, also when nothing was there; 1 not done; 2 not confirmed.`;

/** Makes the verb. Its action throws `AppError` `control-refused` and `control-unreachable`. */
export function usersCommand(environment: CliEnvironment, host: CliHost): Command {
  const purge = new Command("purge")
    .description("Forget a user: delete every trace that this server keeps")
    .argument("<user>", "id of the user, with or without zeros in front")
    .option("--yes", "do not ask", false)
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action((user: string, flags: PurgeFlags) => purgeUser(user, flags, { environment, host }));
  return new Command("users").description("Forget a user").addCommand(purge);
}

async function purgeUser(
  user: string,
  flags: PurgeFlags,
  { environment, host }: { readonly environment: CliEnvironment; readonly host: CliHost },
): Promise<void> {
  const socket = findControlSocket(loadSettings(host, flags));
  if (!flags.yes && !isConfirmed(user, host)) {
    throw new AppError("usage", `Nothing was purged: user "${user}" was not confirmed`, {
      hint: "Type the id when asked, or give --yes",
    });
  }
  const query = new URLSearchParams({ user });
  const { status, body } = await askServerPatiently(socket, `/users/purge?${query}`);
  const answer = asRecord(body) ?? {};
  if (status !== 200) {
    const said = textOf(answer.message) || `status ${status}`;
    throw new AppError("control-refused", `Cannot purge user "${user}": ${said}`);
  }
  const text = flags.json ? JSON.stringify(answer) : describe(answer);
  environment.out(`${text}\n`);
}

function isConfirmed(user: string, host: CliHost): boolean {
  const question = `All that is kept of user "${user}" will be gone for ever. Type the id again: `;
  return host.ask?.(question)?.trim() === user;
}

function describe(answer: Readonly<Record<string, unknown>>): string {
  const count = (name: string): number => Number(answer[name]);
  const name = answer.was_known === true ? ", the user's name" : "";
  return (
    `User "${textOf(answer.user_id)}" is purged: ${count("punch_count")} punches, ` +
    `${count("delivery_count")} messages, ${count("enrollment_count")} enrollments, ` +
    `${count("command_count")} commands${name}`
  );
}
