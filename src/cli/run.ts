/**
 * The command line: verbs, usage, and the exit code of every way it can end.
 */

import { Command, CommanderError } from "commander";
import { AppError } from "#base/app-error.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { versionText } from "./version.ts";

/**
 * What the program ends with. 78 is `EX_CONFIG` of sysexits(3): starting again does not help. 137 is
 * how shells show SIGKILL: the caller must end the process by that signal, so that nothing is closed.
 */
export const EXIT_CODES = { done: 0, failed: 1, usage: 2, configuration: 78, killed: 137 } as const;

/** Makes a verb. */
type MakeVerb = (environment: CliEnvironment, host: CliHost) => Command;

/** Every verb. Each is a file of its own, loaded when it is called: a server keeps what was loaded. */
const VERBS: Readonly<Record<string, () => Promise<MakeVerb>>> = {
  serve: async () => (await import("./serve.ts")).serveCommand,
  install: async () => (await import("./install.ts")).installCommand,
  upgrade: async () => (await import("./upgrade.ts")).upgradeCommand,
  rollback: async () => (await import("./upgrade.ts")).rollbackCommand,
  uninstall: async () => (await import("./uninstall.ts")).uninstallCommand,
  status: async () => (await import("./status.ts")).statusCommand,
  doctor: async () => (await import("./doctor.ts")).doctorCommand,
  "device-card": async () => (await import("./device-card.ts")).deviceCardCommand,
  devices: async () => (await import("./devices.ts")).devicesCommand,
  pair: async () => (await import("./pair.ts")).pairCommand,
  commands: async () => (await import("./commands.ts")).commandsCommand,
  clients: async () => (await import("./clients.ts")).clientsCommand,
  webhooks: async () => (await import("./webhooks.ts")).webhooksCommand,
  deliveries: async () => (await import("./deliveries.ts")).deliveriesCommand,
  quarantine: async () => (await import("./quarantine.ts")).quarantineCommand,
  audit: async () => (await import("./audit.ts")).auditCommand,
  backup: async () => (await import("./backup.ts")).backupCommand,
  restore: async () => (await import("./restore.ts")).restoreCommand,
  export: async () => (await import("./export.ts")).exportCommand,
  users: async () => (await import("./users.ts")).usersCommand,
  import: async () => (await import("./import.ts")).importCommand,
  simulate: async () => (await import("./simulate.ts")).simulateCommand,
  config: async () => (await import("./config.ts")).configCommand,
  clock: async () => (await import("./clock.ts")).clockCommand,
  version: async () => (await import("./version.ts")).versionCommand,
};

const HELP_AFTER = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with bad news
(import, install --replace: some rows refused; status, doctor: something is wrong), 78 wrong settings.

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
    const program = await buildProgram(argv[0], environment, host);
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, host);
  }
}

/** `word`: what stands in the verb's place. Where it is none, all are there for the help. */
async function buildProgram(
  word: string | undefined,
  environment: CliEnvironment,
  host: CliHost,
): Promise<Command> {
  const program = new Command("biometric-server")
    .description("Takes punches from attendance terminals, keeps them, and hands them to the HRIS")
    .version(versionText(), "-V, --version", "print the version")
    .helpCommand("help [verb]", "show what a verb does")
    .addHelpText("after", HELP_AFTER)
    .showHelpAfterError('Run "biometric-server --help" to see the verbs')
    .configureOutput({ writeOut: host.out, writeErr: host.error })
    .exitOverride();
  const called = word !== undefined && Object.hasOwn(VERBS, word) ? VERBS[word] : undefined;
  for (const load of called === undefined ? Object.values(VERBS) : [called]) {
    const makeVerb = await load();
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
