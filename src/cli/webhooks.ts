/**
 * The verb `webhooks`: the receivers of webhooks, by asking the running server. A new secret is printed
 * once, and shown nowhere else.
 */

import { Command, InvalidArgumentError } from "commander";
import { AppError } from "#base/app-error.ts";
import { EVENT_TYPES, WEBHOOK_FORMATS } from "#domain/webhook-endpoint.ts";
import { asRecord, textOf } from "./answer-fields.ts";
import {
  acceptedBody,
  askServer,
  askServerPatiently,
  type ControlAnswer,
  findControlSocket,
  sendToServer,
} from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";
import { webhookTable } from "./webhook-answers.ts";

interface WebhooksFlags extends SettingsFlag {
  readonly json: boolean;
}

interface ChoiceFlags extends WebhooksFlags {
  readonly url?: string;
  readonly format?: string;
  /** With commas, or `all`; the same for the terminals. */
  readonly types?: string;
  readonly devices?: string;
  readonly start?: string;
}

/** What the verb reads from and prints to. */
interface Surroundings {
  readonly environment: CliEnvironment;
  readonly host: CliHost;
}

const FAILED = 1;

const EXAMPLES = `
Examples:
  biometric-server webhooks list
  biometric-server webhooks add payroll https://payroll.example/hooks/punches
  biometric-server webhooks add archive http://10.0.0.7/in --format event --start everything
  biometric-server webhooks add gates http://10.0.0.8/in --devices 2401058352 --types punch.created
  biometric-server webhooks test payroll
  biometric-server webhooks edit payroll --url https://payroll.example/hooks/v2
  biometric-server webhooks rotate-secret payroll --overlap 48
  biometric-server webhooks disable payroll

Each receiver has messages of its own, and one that is down holds up no other. \`add\` and
\`rotate-secret\` print the secret, once: first as the key that it is, then as libraries of Standard
Webhooks take it. What comes while a receiver is disabled it is given when it is enabled again. The
receiver "settings" is that of BIOMETRIC_WEBHOOK_URL, and is changed there.

Types of events: ${EVENT_TYPES.join(", ")}

Exit code: 0 done, 1 no server answers or it refuses, and with test also when the message was not
taken.`;

/** Makes the verb. Its actions throw `AppError` `control-unreachable` when no server answers. */
export function webhooksCommand(environment: CliEnvironment, host: CliHost): Command {
  const surroundings = { environment, host };
  return new Command("webhooks")
    .description("List the receivers of webhooks, add, change, test or remove one")
    .addCommand(makeList(surroundings))
    .addCommand(makeAdd(surroundings))
    .addCommand(makeEdit(surroundings))
    .addCommand(makeRotate(surroundings))
    .addCommand(makeSwitch("enable", surroundings))
    .addCommand(makeSwitch("disable", surroundings))
    .addCommand(makeTest(surroundings))
    .addCommand(makeRemove(surroundings))
    .addHelpText("after", EXAMPLES);
}

function makeList({ environment, host }: Surroundings): Command {
  return new Command("list")
    .description("Show every receiver, how it is, and what waits for it; secrets are never shown")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (flags: WebhooksFlags) => {
      const answer = await askServer(findSocket(flags, host), "GET", "/webhooks");
      const body = accepted("list the webhooks", answer);
      environment.out(`${flags.json ? JSON.stringify(body, undefined, 2) : webhookTable(body)}\n`);
    });
}

function makeAdd(surroundings: Surroundings): Command {
  return withChoice(new Command("add"))
    .description("Add a receiver, and print its secret once")
    .argument("<name>", "what to call it")
    .argument("<url>", "http or https address")
    .option(
      "--start <when>",
      "what it is given of what is stored: now (nothing), everything, or a date such as 2026-03-01",
      "now",
    )
    .action(async (name: string, url: string, flags: ChoiceFlags) => {
      const asked = { name, url, ...choiceOf(flags), start: flags.start };
      const answer = await send("/webhooks/add", asked, findSocket(flags, surroundings.host));
      tellSecret(`${name} is added`, accepted(`add "${name}"`, answer), flags, surroundings);
    });
}

function makeEdit({ environment, host }: Surroundings): Command {
  return withChoice(new Command("edit"))
    .description("Change what a receiver is told, how, or where")
    .argument("<name>", "as `webhooks list` shows it")
    .option("--url <url>", "http or https address")
    .action(async (name: string, flags: ChoiceFlags) => {
      const { url } = flags;
      const asked = { ...(url === undefined ? {} : { url }), ...choiceOf(flags) };
      if (Object.keys(asked).length === 0) {
        throw new AppError("usage", `Nothing to change of "${name}"`, {
          hint: "See: biometric-server webhooks edit --help",
        });
      }
      const body = await edit(name, asked, findSocket(flags, host));
      environment.out(`${flags.json ? JSON.stringify(body) : `${name} is changed`}\n`);
    });
}

function makeSwitch(which: "enable" | "disable", { environment, host }: Surroundings): Command {
  const enabled = which === "enable";
  const does = enabled
    ? "Send to a receiver again, with what came meanwhile"
    : "Send nothing to a receiver, and keep what waits for it";
  return new Command(which)
    .description(does)
    .argument("<name>", "as `webhooks list` shows it")
    .option("--json", "print the receiver as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (name: string, flags: WebhooksFlags) => {
      const body = await edit(name, { enabled }, findSocket(flags, host));
      environment.out(`${flags.json ? JSON.stringify(body) : `${name} is ${which}d`}\n`);
    });
}

function makeRotate(surroundings: Surroundings): Command {
  return new Command("rotate-secret")
    .description("Make a new secret and print it once; the one before signs beside it for a while")
    .argument("<name>", "as `webhooks list` shows it")
    .option("--overlap <hours>", "how long; 0 ends every earlier secret at once", toHours)
    .option("--json", "print the receiver with its secret as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (name: string, flags: WebhooksFlags & { readonly overlap?: number }) => {
      const { overlap } = flags;
      const asked = overlap === undefined ? {} : { overlap_hours: overlap };
      const path = `/webhooks/rotate-secret?${new URLSearchParams({ name })}`;
      const answer = await send(path, asked, findSocket(flags, surroundings.host));
      const body = accepted(`rotate the secret of "${name}"`, answer);
      const until = textOf(asRecord(body)?.previous_secret_until);
      const before =
        until === "" ? "no earlier secret signs any more" : `the one before signs until ${until}`;
      tellSecret(`${name} has a new secret; ${before}`, body, flags, surroundings);
    });
}

function makeTest({ environment, host }: Surroundings): Command {
  return new Command("test")
    .description("Send a signed test message, and show what the receiver answers")
    .argument("<name>", "as `webhooks list` shows it")
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (name: string, flags: WebhooksFlags) => {
      const path = `/webhooks/test?${new URLSearchParams({ name })}`;
      const answer = await askServerPatiently(findSocket(flags, host), path);
      const body = accepted(`test "${name}"`, answer);
      const result = asRecord(body) ?? {};
      const said = result.http_status === null ? textOf(result.problem) : testReply(result);
      const text = result.delivered === true ? `${name} took it` : `${name} did NOT take it`;
      environment.out(`${flags.json ? JSON.stringify(body) : `${text}: ${said}`}\n`);
      if (result.delivered !== true) environment.exitCode(FAILED);
    });
}

function makeRemove({ environment, host }: Surroundings): Command {
  return new Command("remove")
    .description("Take a receiver out; what waits for it or is parked is deleted")
    .argument("<name>", "as `webhooks list` shows it")
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (name: string, flags: WebhooksFlags) => {
      const path = `/webhooks/remove?${new URLSearchParams({ name })}`;
      const answer = await askServerPatiently(findSocket(flags, host), path);
      const body = accepted(`remove "${name}"`, answer);
      environment.out(`${flags.json ? JSON.stringify(body) : `${name} is removed`}\n`);
    });
}

/** The options by which a receiver chooses its messages. */
function withChoice(command: Command): Command {
  return command
    .option("--format <format>", `shape of the messages: ${WEBHOOK_FORMATS.join(", ")}`)
    .option("--types <list>", "types of events with commas, or all that the format tells unasked")
    .option("--devices <list>", "ids of terminals with commas, or all")
    .option("--json", "print the receiver as JSON", false)
    .option(...SETTINGS_OPTION);
}

function choiceOf({ format, types, devices }: ChoiceFlags) {
  return {
    ...(format === undefined ? {} : { format }),
    ...(types === undefined ? {} : { types: listOrAll(types) }),
    ...(devices === undefined ? {} : { devices: listOrAll(devices) }),
  };
}

function listOrAll(text: string): readonly string[] | null {
  if (text === "all") return null;
  return text.split(",").filter((word) => word !== "");
}

async function edit(name: string, asked: object, socketPath: string): Promise<unknown> {
  const path = `/webhooks/edit?${new URLSearchParams({ name })}`;
  return accepted(`change "${name}"`, await send(path, asked, socketPath));
}

/** The secret alone goes to standard output, in its two forms. */
function tellSecret(
  ...[what, body, flags, { environment }]: [
    what: string,
    body: unknown,
    flags: WebhooksFlags,
    surroundings: Surroundings,
  ]
): void {
  if (flags.json) {
    environment.out(`${JSON.stringify(body)}\n`);
    return;
  }
  const fields = asRecord(body) ?? {};
  environment.error(`${what}. Its secret, which is shown only now, as it is and for libraries:\n`);
  environment.out(`${textOf(fields.secret)}\n${textOf(fields.standard_webhooks_secret)}\n`);
}

function testReply(result: Readonly<Record<string, unknown>>): string {
  const reply = textOf(result.reply).replace(/\p{C}/gu, " ").trim();
  return reply === "" ? `${result.http_status}` : `${result.http_status} ${reply}`;
}

/** @throws AppError `control-refused` with what the server said against it. */
function accepted(tried: string, answer: ControlAnswer): unknown {
  return acceptedBody(tried, answer, "See: biometric-server webhooks --help");
}

function send(path: string, asked: object, socketPath: string): Promise<ControlAnswer> {
  return sendToServer(socketPath, path, JSON.stringify(asked));
}

function toHours(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of hours.");
}

function findSocket(flags: SettingsFlag, host: CliHost): string {
  return findControlSocket(loadSettings(host, flags));
}
