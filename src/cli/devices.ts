/**
 * The verb `devices`: lists the terminals, approves and blocks them, by asking the running server.
 */

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
  biometric-server devices list --json

Exit code: 0 done (also when nothing had to change), 1 no server answers or no such terminal.`;

/** Makes the verb. Its actions throw `AppError` `control-unreachable` when no server answers. */
export function devicesCommand(environment: CliEnvironment, host: CliHost): Command {
  const list = new Command("list")
    .description("Show every terminal: status, last contact, address, held punches")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .action((flags: DevicesFlags) => listDevices(flags, environment, host));
  return new Command("devices")
    .description("List the terminals, approve or block one")
    .addCommand(list)
    .addCommand(changeCommand("approve", environment, host))
    .addCommand(changeCommand("block", environment, host))
    .addHelpText("after", EXAMPLES);
}

const CHANGES = {
  approve: { description: "Take a terminal into use and release what it sent", done: "approved" },
  block: { description: "Leave a terminal without answers from now on", done: "blocked" },
} as const;

function changeCommand(
  change: keyof typeof CHANGES,
  environment: CliEnvironment,
  host: CliHost,
): Command {
  return new Command(change)
    .description(CHANGES[change].description)
    .argument("<id>", "id of the terminal, as `devices list` shows it")
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (id: string, flags: DevicesFlags) => {
      const result = await changeDevice(change, id, findControlSocket(loadSettings(host, flags)));
      const text = `${id} ${result === "unchanged" ? "was" : "is"} ${CHANGES[change].done}`;
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
  change: keyof typeof CHANGES,
  id: string,
  socketPath: string,
): Promise<"done" | "unchanged"> {
  const path = `/devices/${change}?id=${encodeURIComponent(id)}`;
  const { status, body } = await askServer(socketPath, "POST", path);
  const result =
    typeof body === "object" && body !== null && "result" in body ? body.result : undefined;
  if (result === "done" || result === "unchanged") return result;
  if (result === "unknown-device") {
    const hint = "Ids are told apart by case and by O and 0: copy it from `devices list`";
    throw new AppError("control-refused", `Cannot ${change} "${id}": no such terminal`, { hint });
  }
  const message = `Cannot ${change} "${id}": the server answered with status ${status}`;
  throw new AppError("control-refused", message, { hint: "Look into the server's log" });
}
