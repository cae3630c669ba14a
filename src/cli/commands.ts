/**
 * The verb `commands`: tells a terminal to do something and shows what became of it, by asking the
 * running server.
 */

import { Command, InvalidArgumentError } from "commander";
import { AppError } from "#base/app-error.ts";
import { COMMAND_KINDS } from "#domain/command.ts";
import { PARAMETERS_OF } from "#domain/command-parameters.ts";
import { systemClock } from "#platform/clock.ts";
import { asRecord } from "./answer-fields.ts";
import {
  commandTable,
  commandText,
  isSettled,
  isSuccess,
  outcomeLine,
  parseCommandAnswer,
  parseCommandList,
  type ShownCommand,
} from "./command-answers.ts";
import {
  acceptedBody,
  askServer,
  type ControlAnswer,
  findControlSocket,
  sendToServer,
} from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface CommandsFlags extends SettingsFlag {
  readonly json: boolean;
}

interface SendFlags extends CommandsFlags {
  readonly user: readonly string[];
  readonly name?: string;
  readonly from?: string;
  readonly to?: string;
  readonly credential?: number;
  readonly manager?: true;
  readonly enabled?: boolean;
  readonly deadline?: number;
  readonly watch: boolean;
}

/** What the verb reads from and prints to. */
interface Surroundings {
  readonly environment: CliEnvironment;
  readonly host: CliHost;
}

const PUSH_USERS = "push-users";
const WATCH_PERIOD_MS = 500;
const FAILED = 1;

const EXAMPLES = `
Kinds:
${COMMAND_KINDS.map((kind) => `  ${kind.padEnd(16)}${optionsOf(kind)}`).join("\n")}
  ${PUSH_USERS.padEnd(16)}[--user ...]: brings the users of the HRIS, or these alone, to the terminal

Examples:
  biometric-server commands send 2401058352 set-time --watch
  biometric-server commands send 2401058352 list-users --watch
  biometric-server commands send 2401058352 rename-user --user 27 --name "Ana Cruz"
  biometric-server commands send 2401058352 read-log --from 2026-03-01 --to 2026-03-02
  biometric-server commands list 2401058352
  biometric-server commands cancel 7

A terminal takes a command when it next asks for one, within some minutes. \`set-user\` replaces a user
with all its credentials; \`rename-user\` leaves them. \`read-log\` reads back to the terminal's start
date, and further only where --from says so.

Exit code: 0 done, 1 no server answers or it refuses, and with --watch also when the command failed,
expired, was cancelled, or is not known to have been done.`;

/** Makes the verb. Its actions throw `AppError` `control-unreachable` when no server answers. */
export function commandsCommand(environment: CliEnvironment, host: CliHost): Command {
  const surroundings = { environment, host };
  return new Command("commands")
    .description("Tell a terminal to do something, and see what became of it")
    .addCommand(makeSend(surroundings))
    .addCommand(makeList(surroundings))
    .addCommand(
      makeNumbered({ name: "show", does: "Show a command and its result" }, "GET", surroundings),
    )
    .addCommand(
      makeNumbered(
        { name: "cancel", does: "Take back a command that waits" },
        "POST",
        surroundings,
      ),
    )
    .addHelpText("after", EXAMPLES);
}

function makeSend(surroundings: Surroundings): Command {
  const collect = (user: string, before: readonly string[]) => [...before, user];
  return new Command("send")
    .description("Queue a command for a terminal")
    .argument("<id>", "id of the terminal, as `devices list` shows it")
    .argument("<kind>", "what to do; see the kinds below")
    .option("--user <id>", "the user, as the terminal spells it", collect, [])
    .option("--name <name>", "the name of the user, or of the terminal")
    .option("--from <time>", "local time or date, such as 2026-03-01")
    .option("--to <time>", "local time or date, included")
    .option(
      "--credential <number>",
      "the terminal's number: 0-9 finger, 11 card, 12 face",
      toNumber,
    )
    .option("--manager", "the user may open the terminal's menu")
    .option("--enabled", "the user may punch")
    .option("--no-enabled", "the user may not punch")
    .option("--deadline <minutes>", "how long it may wait for the terminal", toNumber)
    .option("--watch", "wait for the result", false)
    .option("--json", "print the command as JSON", false)
    .option(...SETTINGS_OPTION)
    .action((id: string, kind: string, flags: SendFlags) =>
      kind === PUSH_USERS
        ? pushUsers(id, flags, surroundings)
        : sendCommand({ id, kind }, flags, surroundings),
    );
}

function makeList(surroundings: Surroundings): Command {
  return new Command("list")
    .description("Show the last 50 commands, the newest first")
    .argument("[id]", "those of one terminal alone")
    .option("--json", "print them as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (id: string | undefined, flags: CommandsFlags) => {
      const query = id === undefined ? "" : `?${new URLSearchParams({ device: id })}`;
      const answer = await askServer(findSocket(flags, surroundings), "GET", `/commands${query}`);
      const body = accepted("list the commands", answer);
      const table = () => commandTable(parseCommandList(body));
      surroundings.environment.out(`${flags.json ? JSON.stringify(body) : table()}\n`);
    });
}

function makeNumbered(
  { name, does }: { readonly name: "show" | "cancel"; readonly does: string },
  method: "GET" | "POST",
  surroundings: Surroundings,
): Command {
  return new Command(name)
    .description(does)
    .argument("<number>", "number of the command, as `commands list` shows it")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (number: string, flags: CommandsFlags) => {
      const path = `/commands/${name}?${new URLSearchParams({ number })}`;
      const answer = await askServer(findSocket(flags, surroundings), method, path);
      const body = accepted(`${name} command "${number}"`, answer);
      const text = () => commandText(parseCommandAnswer(body));
      surroundings.environment.out(`${flags.json ? JSON.stringify(body) : text()}\n`);
    });
}

async function sendCommand(
  order: { readonly id: string; readonly kind: string },
  flags: SendFlags,
  surroundings: Surroundings,
): Promise<void> {
  const socket = findSocket(flags, surroundings);
  const asked = {
    device: order.id,
    kind: order.kind,
    parameters: parametersOf(flags),
    ...(flags.deadline === undefined ? {} : { deadline_seconds: flags.deadline * 60 }),
  };
  const answer = await sendToServer(socket, "/commands/send", JSON.stringify(asked));
  const body = accepted(`send "${order.kind}" to "${order.id}"`, answer);
  await follow(parseCommandList(body), flags, surroundings);
}

async function pushUsers(id: string, flags: SendFlags, surroundings: Surroundings): Promise<void> {
  const users = flags.user.length === 0 ? {} : { users: flags.user };
  const socket = findSocket(flags, surroundings);
  const asked = JSON.stringify({ device: id, ...users });
  const answer = await sendToServer(socket, "/commands/push-users", asked);
  const body = accepted(`push users to "${id}"`, answer);
  const fields = asRecord(body) ?? {};
  if (!flags.json) {
    const skipped = Object.entries(asRecord(fields.skipped) ?? {}).filter(([, n]) => n !== 0);
    for (const [reason, count] of skipped) surroundings.environment.out(`${count} ${reason}\n`);
    if (typeof fields.left_count === "number" && fields.left_count > 0) {
      const then = "push again when the terminal has taken these";
      surroundings.environment.out(`${fields.left_count} found no place: ${then}\n`);
    }
  }
  await follow(parseCommandList(body), flags, surroundings);
}

/** Tells what was queued; with `--watch` waits for the end of all of it. */
async function follow(
  queued: readonly ShownCommand[],
  flags: SendFlags,
  surroundings: Surroundings,
): Promise<void> {
  const { environment } = surroundings;
  const tell = (text: string) => flags.json || environment.out(`${text}\n`);
  if (!flags.watch) {
    if (flags.json) environment.out(`${JSON.stringify(queued.map(({ answer }) => answer))}\n`);
    for (const { id, kind, device } of queued) {
      tell(`Command ${id} (${kind}) waits for ${device}: biometric-server commands show ${id}`);
    }
    return;
  }
  const settled: ShownCommand[] = [];
  for (const { id, kind, device } of queued) {
    tell(`Command ${id} (${kind}) waits for ${device}`);
    const command = await watch(id, findSocket(flags, surroundings));
    settled.push(command);
    const isShown = queued.length === 1 && command.result !== undefined;
    tell(isShown ? commandText(command) : outcomeLine(command));
  }
  if (flags.json) environment.out(`${JSON.stringify(settled.map(({ answer }) => answer))}\n`);
  if (!settled.every(isSuccess)) environment.exitCode(FAILED);
}

/** Asks until nothing more becomes of a command: its deadline bounds that. */
async function watch(id: number, socket: string): Promise<ShownCommand> {
  for (;;) {
    const answer = await askServer(socket, "GET", `/commands/show?number=${id}`);
    const command = parseCommandAnswer(accepted(`show command "${id}"`, answer));
    if (isSettled(command)) return command;
    await new Promise<void>((resolve) => systemClock.after(WATCH_PERIOD_MS, resolve));
  }
}

function parametersOf(flags: SendFlags): Readonly<Record<string, unknown>> {
  const [userId, ...more] = flags.user;
  if (more.length > 0) {
    throw new AppError("usage", `Cannot send one command for ${flags.user.length} users`, {
      hint: `Only ${PUSH_USERS} takes several`,
    });
  }
  const given = {
    user_id: userId,
    name: flags.name,
    from: flags.from,
    until: flags.to,
    credential_number: flags.credential,
    is_manager: flags.manager,
    is_enabled: flags.enabled,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** @throws AppError `control-refused` with what the server said against it. */
function accepted(tried: string, answer: ControlAnswer): unknown {
  return acceptedBody(tried, answer, "See: biometric-server commands --help");
}

function optionsOf(kind: keyof typeof PARAMETERS_OF): string {
  const options: Readonly<Record<string, string>> = {
    user_id: "--user",
    name: "--name",
    from: "[--from]",
    until: "[--to]",
    credential_number: "--credential",
    is_manager: "[--manager]",
    is_enabled: "[--no-enabled]",
  };
  return PARAMETERS_OF[kind].map((name) => options[name] ?? name).join(" ");
}

function toNumber(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

function findSocket(flags: SettingsFlag, { host }: Surroundings): string {
  return findControlSocket(loadSettings(host, flags));
}
