/** The verbs under `devices` that change one terminal, each by asking the running server. */

import { Command } from "commander";
import { AppError } from "#base/app-error.ts";
import { DIRECTION_POLICIES } from "#domain/device.ts";
import { asRecord, textOf } from "./answer-fields.ts";
import { askServer, findControlSocket } from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface ChangeFlags extends SettingsFlag {
  readonly json: boolean;
}

/** A change of one terminal: its words, and what it takes beside the id. */
interface Change {
  readonly name: string;
  readonly description: string;
  /** The argument behind the id; its name is that of the query's parameter. */
  readonly argument?: { readonly name: string; readonly description: string };
  readonly option?: {
    /** Of the query's parameter. */
    readonly name: string;
    readonly flags: string;
    readonly description: string;
  };
  /** What stands behind the id when it is done: "is approved". */
  readonly done: (value: string, option: string | undefined) => string;
  /** The same when it was so before. */
  readonly unchanged: (value: string, option: string | undefined) => string;
}

const FROM_NOW_ON = "for punches that come from now on; those in the feed stay as they are";

const CHANGES: readonly Change[] = [
  {
    name: "approve",
    description: "Take a terminal into use and release what it sent",
    option: {
      name: "since",
      flags: "--since <date>",
      description: "older punches are history: in the feed, not sent by webhook until asked for",
    },
    done: (_, since) => `is approved${since === undefined ? "" : `; it starts with ${since}`}`,
    unchanged: () => "was approved",
  },
  {
    name: "block",
    description: "Leave a terminal without answers from now on: it keeps its records",
    done: () => "is blocked",
    unchanged: () => "was blocked",
  },
  {
    name: "retire",
    description: "Take a terminal out of use; its punches stay, nobody waits for it any more",
    done: () => "is retired",
    unchanged: () => "was retired",
  },
  {
    name: "rename",
    description: "Give a terminal a name",
    argument: { name: "name", description: "up to 100 characters" },
    done: (name) => `is called "${name}"`,
    unchanged: (name) => `was called "${name}"`,
  },
  {
    name: "address",
    description: "Say from where alone a terminal may come",
    argument: {
      name: "address",
      description: "IP address, network such as 192.168.1.0/24, or `any`",
    },
    done: (address) => `may come from ${address}`,
    unchanged: (address) => `may come from ${address}, as before`,
  },
  {
    name: "zone",
    description: "Say in which time zone the clock of a terminal runs",
    argument: { name: "zone", description: "IANA zone such as Asia/Tokyo, or `site`" },
    done: (zone) => `has the time zone ${zone}, ${FROM_NOW_ON}`,
    unchanged: (zone) => `had the time zone ${zone}`,
  },
  {
    name: "direction",
    description: "Say how the punches of a terminal get their direction",
    argument: { name: "direction", description: `${DIRECTION_POLICIES.join(", ")}, or \`site\`` },
    option: {
      name: "codes",
      flags: "--codes <codes>",
      description:
        "for `device`, what its codes say: a list such as 0=out,1=in,2=unknown; older, newer or packed; library",
    },
    done: (direction) => `has the direction rule ${direction}, ${FROM_NOW_ON}`,
    unchanged: (direction) => `had the direction rule ${direction}`,
  },
  {
    name: "send-history",
    description: "Send by webhook what is older than the start date of a terminal",
    option: { name: "from", flags: "--from <date>", description: "no older ones than this day's" },
    done: () => "has its history sent, oldest first; what was sent before goes out once more",
    unchanged: () => "has its history sent",
  },
  {
    name: "give-up-lost",
    description:
      "After a restore, wait no longer for what a terminal sent since the backup was made",
    done: () =>
      "is waited for no longer: what it sent before the restore and nobody has stays lost",
    unchanged: () => "was not waited for",
  },
];

/** Makes them. Their actions throw `AppError` `control-unreachable` when no server answers. */
export function deviceChangeCommands(
  environment: CliEnvironment,
  host: CliHost,
): readonly Command[] {
  return CHANGES.map((change) => changeCommand(change, environment, host));
}

function changeCommand(change: Change, environment: CliEnvironment, host: CliHost): Command {
  const { argument, option } = change;
  const command = new Command(change.name)
    .description(change.description)
    .argument("<id>", "id of the terminal, as `devices list` shows it");
  if (argument !== undefined) command.argument(`<${argument.name}>`, argument.description);
  if (option !== undefined) command.option(option.flags, option.description);
  return command
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (id: string, ...rest: readonly unknown[]) => {
      const value = argument === undefined ? "" : String(rest[0]);
      const flags = command.opts<ChangeFlags & Record<string, unknown>>();
      const given = option === undefined ? undefined : flags[option.name];
      const optionValue = given === undefined ? undefined : String(given);
      const query = new URLSearchParams({ id });
      if (argument !== undefined) query.set(argument.name, value);
      if (option !== undefined && optionValue !== undefined) query.set(option.name, optionValue);
      const result = await changeDevice(findControlSocket(loadSettings(host, flags)), {
        name: change.name,
        id,
        query: query.toString(),
      });
      const text = `${id} ${change[result](value, optionValue)}`;
      environment.out(`${flags.json ? JSON.stringify({ id, result }) : text}\n`);
    });
}

/** What can be wrong with a terminal, and what to do about it. */
const REFUSALS: Readonly<Record<string, { readonly reason: string; readonly hint: string }>> = {
  "unknown-device": {
    reason: "no such terminal",
    hint: "Ids are told apart by case and by O and 0: copy it from `devices list`",
  },
  "built-in-device": {
    reason: "it is the device of manual punches",
    hint: "Manual punches belong to it, so it is always in use",
  },
  "no-endpoint": {
    reason: "no webhook receiver is set",
    hint: "Set BIOMETRIC_WEBHOOK_URL and start the server again",
  },
};

async function changeDevice(
  socketPath: string,
  change: { readonly name: string; readonly id: string; readonly query: string },
): Promise<"done" | "unchanged"> {
  const { name } = change;
  const { status, body } = await askServer(socketPath, "POST", `/devices/${name}?${change.query}`);
  const answer = asRecord(body);
  const result = textOf(answer?.result);
  if (result === "done" || result === "unchanged") return result;
  const tried = `Cannot ${name} "${change.id}"`;
  const refusal = REFUSALS[result];
  if (refusal !== undefined) {
    throw new AppError("control-refused", `${tried}: ${refusal.reason}`, { hint: refusal.hint });
  }
  const told = textOf(answer?.message);
  const reason = told === "" ? `the server answered with status ${status}` : told;
  throw new AppError("control-refused", `${tried}: ${reason}`, {
    hint: status === 400 ? "Nothing was changed" : "Look into the server's log",
  });
}
