/** The verb `devices`: lists the terminals and changes one, by asking the running server. */

import { Command } from "commander";
import { systemClock } from "#platform/clock.ts";
import { askServer, findControlSocket } from "./control-client.ts";
import { deviceChangeCommands } from "./device-change.ts";
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
  biometric-server devices approve 2401058352 --since 2026-03-01
  biometric-server devices rename 2401058352 "Front door"
  biometric-server devices address 2401058352 192.168.1.20
  biometric-server devices zone 2401058352 Asia/Tokyo
  biometric-server devices direction 2401058352 device --codes 0=out,1=in
  biometric-server devices send-history 2401058352 --from 2026-01-01
  biometric-server devices give-up-lost 2401058352
  biometric-server devices list --json

Exit code: 0 done (also when nothing had to change), 1 no server answers, it refuses the change, or
no such terminal.`;

/** Makes the verb. Its actions throw `AppError` `control-unreachable` when no server answers. */
export function devicesCommand(environment: CliEnvironment, host: CliHost): Command {
  const list = new Command("list")
    .description("Show every terminal: status, last contact, address, held punches, clock, rules")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .action((flags: DevicesFlags) => listDevices(flags, environment, host));
  const verb = new Command("devices")
    .description("List the terminals, take one into use, say how its punches are read")
    .addCommand(list)
    .addHelpText("after", EXAMPLES);
  for (const command of deviceChangeCommands(environment, host)) verb.addCommand(command);
  return verb;
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
