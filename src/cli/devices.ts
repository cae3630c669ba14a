/** The verb `devices`: lists the terminals and changes one, by asking the running server. */

import { Command } from "commander";
import { AppError } from "#base/app-error.ts";
import { systemClock } from "#platform/clock.ts";
import { askServer, findControlSocket } from "./control-client.ts";
import { parseDeviceList } from "./device-list.ts";
import { deviceTable } from "./device-table.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface DevicesFlags extends SettingsFlag {
  readonly json: boolean;
}

const EXAMPLES = `
Examples:
  biometric-server devices list
  biometric-server devices approve 2401058352
  biometric-server devices rename 2401058352 "Front door"
  biometric-server devices address 2401058352 192.168.1.20
  biometric-server devices list --json

Exit code: 0 done (also when nothing had to change), 1 no server answers, it refuses the change, or
no such terminal.`;

/** A change of one terminal: its words, and the argument behind the id where it takes one. */
interface Change {
  readonly description: string;
  readonly argument?: { readonly name: string; readonly description: string };
  /** What stands behind the id when it is done: "is approved". */
  readonly done: (value: string) => string;
  /** The same when it was so before. */
  readonly unchanged: (value: string) => string;
}

const CHANGES = {
  approve: {
    description: "Take a terminal into use and release what it sent",
    done: () => "is approved",
    unchanged: () => "was approved",
  },
  block: {
    description: "Leave a terminal without answers from now on",
    done: () => "is blocked",
    unchanged: () => "was blocked",
  },
  rename: {
    description: "Give a terminal a name",
    argument: { name: "name", description: "up to 100 characters" },
    done: (name) => `is called "${name}"`,
    unchanged: (name) => `was called "${name}"`,
  },
  address: {
    description: "Say from where alone a terminal may come",
    argument: {
      name: "address",
      description: "IP address, network such as 192.168.1.0/24, or `any`",
    },
    done: (address) => `may come from ${address}`,
    unchanged: (address) => `may come from ${address}, as before`,
  },
} as const satisfies Readonly<Record<string, Change>>;

/** Makes the verb. Its actions throw `AppError` `control-unreachable` when no server answers. */
export function devicesCommand(environment: CliEnvironment, host: CliHost): Command {
  const list = new Command("list")
    .description("Show every terminal: status, last contact, address, held punches")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .action((flags: DevicesFlags) => listDevices(flags, environment, host));
  const verb = new Command("devices")
    .description("List the terminals, approve, block or rename one, say where it may come from")
    .addCommand(list)
    .addHelpText("after", EXAMPLES);
  for (const [name, change] of Object.entries<Change>(CHANGES)) {
    verb.addCommand(changeCommand({ name, ...change }, environment, host));
  }
  return verb;
}

function changeCommand(
  change: Change & { readonly name: string },
  environment: CliEnvironment,
  host: CliHost,
): Command {
  const { argument } = change;
  const command = new Command(change.name)
    .description(change.description)
    .argument("<id>", "id of the terminal, as `devices list` shows it");
  if (argument !== undefined) command.argument(`<${argument.name}>`, argument.description);
  return command
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (id: string, ...rest: readonly unknown[]) => {
      const value = argument === undefined ? "" : String(rest[0]);
      const flags = command.opts<DevicesFlags>();
      const query = new URLSearchParams({ id });
      if (argument !== undefined) query.set(argument.name, value);
      const result = await changeDevice(findControlSocket(loadSettings(host, flags)), {
        name: change.name,
        id,
        query: query.toString(),
      });
      const text = `${id} ${result === "done" ? change.done(value) : change.unchanged(value)}`;
      environment.out(`${flags.json ? JSON.stringify({ id, result }) : text}\n`);
    });
}

async function listDevices(
  flags: DevicesFlags,
  environment: CliEnvironment,
  host: CliHost,
): Promise<void> {
  const { body } = await askServer(findControlSocket(loadSettings(host, flags)), "GET", "/devices");
  const shown = flags.json
    ? JSON.stringify(body, undefined, 2)
    : deviceTable(parseDeviceList(body), systemClock.nowMs());
  environment.out(`${shown}\n`);
}

async function changeDevice(
  socketPath: string,
  change: { readonly name: string; readonly id: string; readonly query: string },
): Promise<"done" | "unchanged"> {
  const { status, body } = await askServer(
    socketPath,
    "POST",
    `/devices/${change.name}?${change.query}`,
  );
  const tried = `Cannot ${change.name} "${change.id}"`;
  const result = textField(body, "result");
  if (result === "done" || result === "unchanged") return result;
  if (result === "unknown-device") {
    const hint = "Ids are told apart by case and by O and 0: copy it from `devices list`";
    throw new AppError("control-refused", `${tried}: no such terminal`, { hint });
  }
  if (result === "built-in-device") {
    const hint = "Manual punches belong to it, so it is always in use";
    throw new AppError("control-refused", `${tried}: it is the device of manual punches`, { hint });
  }
  const reason = textField(body, "message") ?? `the server answered with status ${status}`;
  throw new AppError("control-refused", `${tried}: ${reason}`, {
    hint: status === 400 ? "Nothing was changed" : "Look into the server's log",
  });
}

function textField(body: unknown, name: "result" | "message"): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === "string" ? value : undefined;
}
