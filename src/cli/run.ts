/**
 * The command line: verbs, usage, and the exit code of every way it can end.
 */

import { Command, CommanderError } from "commander";
import { AppError } from "#base/app-error.ts";
import { backupCommand } from "./backup.ts";
import { clientsCommand } from "./clients.ts";
import { clockCommand } from "./clock.ts";
import { commandsCommand } from "./commands.ts";
import { configCommand } from "./config.ts";
import { deliveriesCommand } from "./deliveries.ts";
import { deviceCardCommand } from "./device-card.ts";
import { devicesCommand } from "./devices.ts";
import { doctorCommand } from "./doctor.ts";
import type { CliEnvironment } from "./environment.ts";
import { exportCommand } from "./export.ts";
import type { CliHost } from "./host.ts";
import { importCommand } from "./import.ts";
import { installCommand } from "./install.ts";
import { pairCommand } from "./pair.ts";
import { quarantineCommand } from "./quarantine.ts";
import { restoreCommand } from "./restore.ts";
import { serveCommand } from "./serve.ts";
import { simulateCommand } from "./simulate.ts";
import { statusCommand } from "./status.ts";
import { uninstallCommand } from "./uninstall.ts";
import { rollbackCommand, upgradeCommand } from "./upgrade.ts";
import { usersCommand } from "./users.ts";
import { versionCommand, versionText } from "./version.ts";
import { webhooksCommand } from "./webhooks.ts";

/**
 * What the program ends with. 78 is `EX_CONFIG` of sysexits(3): starting again does not help. 137 is
 * how shells show SIGKILL: the caller must end the process by that signal, so that nothing is closed.
 */
export const EXIT_CODES = { done: 0, failed: 1, usage: 2, configuration: 78, killed: 137 } as const;

/** Every verb. Each is a file of its own. */
const VERBS: readonly ((environment: CliEnvironment, host: CliHost) => Command)[] = [
  serveCommand,
  installCommand,
  upgradeCommand,
  rollbackCommand,
  uninstallCommand,
  statusCommand,
  doctorCommand,
  deviceCardCommand,
  devicesCommand,
  pairCommand,
  commandsCommand,
  clientsCommand,
  webhooksCommand,
  deliveriesCommand,
  quarantineCommand,
  backupCommand,
  restoreCommand,
  exportCommand,
  usersCommand,
  importCommand,
  simulateCommand,
  configCommand,
  clockCommand,
  versionCommand,
];

const HELP_AFTER = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with bad news
(import: some rows refused; status, doctor: something is wrong), 78 wrong settings.

Examples:
  sudo ./biometric-server install                 put it on this box, as a service
  biometric-server serve                          run the server in the foreground
  biometric-server simulate --punches 3           send it punches from a fake terminal
  biometric-server status                         see what is wrong, and what to do about it
  biometric-server doctor                         check everything that it depends on
  biometric-server device-card                    see what to type into a terminal
  biometric-server devices list                   see the terminals
  biometric-server commands send ID set-time      set a terminal's clock
  biometric-server clients add payroll            give a program access to the API
  biometric-server webhooks list                  see who is told of punches, and how that goes
  biometric-server quarantine list                see what nobody could read, and make punches of it
  biometric-server config check                   look over the settings`;

/**
 * Runs the verb that `argv` names (without program and script) to its end and returns the exit code.
 * Prints every failure itself; throws nothing.
 */
export async function runCli(argv: readonly string[], host: CliHost): Promise<number> {
  let exitCode: number = EXIT_CODES.done;
  const environment: CliEnvironment = {
    out: host.out,
    error: host.error,
    isTerminal: host.isTerminal,
    exitCode: (code) => {
      exitCode = code;
    },
  };
  try {
    await buildProgram(environment, host).parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, host);
  }
}

function buildProgram(environment: CliEnvironment, host: CliHost): Command {
  const program = new Command("biometric-server")
    .description("Takes punches from attendance terminals, keeps them, and hands them to the HRIS")
    .version(versionText(), "-V, --version", "print the version")
    .helpCommand("help [verb]", "show what a verb does")
    .addHelpText("after", HELP_AFTER)
    .showHelpAfterError('Run "biometric-server --help" to see the verbs')
    .configureOutput({ writeOut: host.out, writeErr: host.error })
    .exitOverride();
  for (const makeVerb of VERBS) {
    const verb = makeVerb(environment, host);
    inheritSettings(verb, program, "biometric-server");
    program.addCommand(verb);
  }
  return program;
}

/** A verb is made apart from the program, and so is told how to print and to end. */
function inheritSettings(verb: Command, parent: Command, path: string): void {
  const verbPath = `${path} ${verb.name()}`;
  verb.copyInheritedSettings(parent);
  verb.showHelpAfterError(`Run "${verbPath} --help" to see its options`);
  for (const child of verb.commands) inheritSettings(child, verb, verbPath);
}

/** Prints a failure and says which exit code it is. */
function report(error: unknown, host: CliHost): number {
  // Commander has printed its message already. It ends with 0 only after help or version.
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.usage;
  }
  if (error instanceof AppError) {
    host.error(`error: ${error.message}\n`);
    if (error.hint !== undefined) host.error(`hint: ${error.hint}\n`);
    if (error.code === "storage-lost") return EXIT_CODES.killed;
    if (error.code === "config-invalid") return EXIT_CODES.configuration;
    return error.code === "usage" ? EXIT_CODES.usage : EXIT_CODES.failed;
  }
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  host.error(`error: Unexpected failure, please report it\n${shown}\n`);
  return EXIT_CODES.failed;
}
