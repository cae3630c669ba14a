/**
 * The verb `deliveries`: what was sent to the receivers of webhooks, and what is to be sent once more,
 * by asking the running server.
 */

import { Command, InvalidArgumentError } from "commander";
import { AppError } from "#base/app-error.ts";
import { asRecord, textOf } from "./answer-fields.ts";
import {
  acceptedBody,
  askServer,
  type ControlAnswer,
  findControlSocket,
  sendToServer,
} from "./control-client.ts";
import { deliveryTable, deliveryText } from "./delivery-answers.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface DeliveriesFlags extends SettingsFlag {
  readonly json: boolean;
  readonly webhook?: string;
}

interface ListFlags extends DeliveriesFlags {
  readonly status?: string;
  readonly device?: string;
  readonly since?: string;
  readonly after?: string;
  readonly limit?: number;
}

interface RedeliverFlags extends DeliveriesFlags {
  readonly from?: number;
  readonly to?: number;
  readonly since?: string;
}

/** What the verb reads from and prints to. */
interface Surroundings {
  readonly environment: CliEnvironment;
  readonly host: CliHost;
}

const WEBHOOK_OPTION = [
  "--webhook <name>",
  "name of the receiver; may be left out where there is one",
] as const;

const FAILED = 1;

const EXAMPLES = `
Examples:
  biometric-server deliveries list --status parked
  biometric-server deliveries list --webhook payroll --device 2401058352
  biometric-server deliveries show 4711
  biometric-server deliveries redeliver 4711 4712
  biometric-server deliveries redeliver --webhook payroll --from 4000 --to 4999
  biometric-server deliveries redeliver --webhook payroll --since 2026-03-02T08:00:00+08:00
  biometric-server deliveries retry-parked

A message that is sent once more keeps its webhook-id and its body. One whose punch a later message
tells anew is not sent.

Exit code: 0 done (also when there was nothing to send), 1 no server answers, it refuses, or there is
no such message.`;

/** Makes the verb. Its actions throw `AppError` `control-unreachable` when no server answers. */
export function deliveriesCommand(environment: CliEnvironment, host: CliHost): Command {
  const surroundings = { environment, host };
  return new Command("deliveries")
    .description("List the messages to the receivers of webhooks, show one, send some once more")
    .addCommand(makeList(surroundings))
    .addCommand(makeShow(surroundings))
    .addCommand(makeRedeliver(surroundings))
    .addCommand(makeRetryParked(surroundings))
    .addHelpText("after", EXAMPLES);
}

function makeList({ environment, host }: Surroundings): Command {
  return new Command("list")
    .description("Show the last 50 messages, the newest first")
    .option(...WEBHOOK_OPTION)
    .option("--status <status>", "waiting, delivered, parked or superseded")
    .option("--device <id>", "those about one terminal alone")
    .option("--since <time>", "last tried from this RFC 3339 time on")
    .option("--after <cursor>", "behind those of the list before")
    .option("--limit <count>", "so many, at most 1000", toNumber)
    .option("--json", "print them as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (flags: ListFlags) => {
      const { webhook, status, device, since, after, limit } = flags;
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries({ webhook, status, device, since, after, limit })) {
        if (value !== undefined) query.set(key, String(value));
      }
      const path = `/deliveries?${query}`;
      const answer = await askServer(findSocket(flags, host), "GET", path);
      const body = accepted("list the messages", answer);
      environment.out(`${flags.json ? JSON.stringify(body) : deliveryTable(body)}\n`);
    });
}

function makeShow({ environment, host }: Surroundings): Command {
  return new Command("show")
    .description("Show a message with its body, and what each of its tries came to")
    .argument("<id>", "of the message, as `deliveries list` shows it")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (id: string, flags: DeliveriesFlags) => {
      const body = await show(id, findSocket(flags, host));
      environment.out(`${flags.json ? JSON.stringify(body) : deliveryText(body)}\n`);
    });
}

function makeRedeliver(surroundings: Surroundings): Command {
  return new Command("redeliver")
    .description("Send messages once more: some, a range, or all since a time")
    .argument("[id...]", "of messages, as `deliveries list` shows them", toNumbers)
    .option("--from <id>", "from this message on, with --to", toNumber)
    .option("--to <id>", "up to this message, included", toNumber)
    .option("--since <time>", "all that were last tried from this RFC 3339 time on")
    .option(...WEBHOOK_OPTION)
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .action(async (ids: readonly number[], flags: RedeliverFlags) => {
      const { from, to, since } = flags;
      const ways = [ids.length > 0, from !== undefined && to !== undefined, since !== undefined];
      const isRangeWhole = (from === undefined) === (to === undefined);
      if (!isRangeWhole || ways.filter((isGiven) => isGiven).length !== 1) {
        throw new AppError("usage", "Say which messages: ids, --from with --to, or --since", {
          hint: "See: biometric-server deliveries redeliver --help",
        });
      }
      const asked = {
        ...(ids.length === 0 ? {} : { ids }),
        ...(from === undefined ? {} : { from_id: from }),
        ...(to === undefined ? {} : { to_id: to }),
        ...(since === undefined ? {} : { since }),
      };
      const [first] = ids;
      const socketPath = findSocket(flags, surroundings.host);
      const isOfOne = flags.webhook === undefined && first !== undefined;
      const webhook = isOfOne
        ? textOf(asRecord(await show(String(first), socketPath))?.webhook)
        : flags.webhook;
      await redeliver(
        asked,
        { ...flags, ...(webhook === undefined ? {} : { webhook }) },
        surroundings,
      );
    });
}

function makeRetryParked(surroundings: Surroundings): Command {
  return new Command("retry-parked")
    .description("Send everything once more that a receiver refused for good")
    .option(...WEBHOOK_OPTION)
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .action((flags: DeliveriesFlags) => redeliver({ parked: true }, flags, surroundings));
}

/** Asks until the whole selection was looked through. */
async function redeliver(
  asked: object,
  flags: DeliveriesFlags,
  { environment, host }: Surroundings,
): Promise<void> {
  const socketPath = findSocket(flags, host);
  const query = flags.webhook === undefined ? {} : { webhook: flags.webhook };
  const path = `/deliveries/redeliver?${new URLSearchParams(query)}`;
  const sum = { requeued_count: 0, superseded_count: 0, unchanged_count: 0, unknown_count: 0 };
  let after: string | undefined;
  do {
    const body = JSON.stringify({ ...asked, ...(after === undefined ? {} : { after }) });
    const answer = await sendToServer(socketPath, path, body);
    const step = asRecord(accepted("send messages once more", answer)) ?? {};
    sum.requeued_count += numberOf(step.requeued_count);
    sum.superseded_count += numberOf(step.superseded_count);
    sum.unchanged_count += numberOf(step.unchanged_count);
    sum.unknown_count += numberOf(step.unknown_count);
    after = textOf(step.next) || undefined;
  } while (after !== undefined);
  const of = flags.webhook ?? "the webhook";
  environment.out(`${flags.json ? JSON.stringify(sum) : describe(sum, of)}\n`);
  if (sum.unknown_count > 0) environment.exitCode(FAILED);
}

interface RedeliverySum {
  readonly requeued_count: number;
  readonly superseded_count: number;
  readonly unchanged_count: number;
  readonly unknown_count: number;
}

/** `of`: the receiver whose messages they are. */
function describe(sum: RedeliverySum, of: string): string {
  const say = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`;
  const { requeued_count: requeued, superseded_count: superseded } = sum;
  const { unchanged_count: unchanged, unknown_count: unknown } = sum;
  return [
    say(requeued, "message is sent once more", "messages are sent once more"),
    ...(superseded > 0 ? [say(superseded, "was told anew since", "were told anew since")] : []),
    ...(unchanged > 0
      ? [say(unchanged, "waits already or is superseded", "wait already or are superseded")]
      : []),
    ...(unknown > 0 ? [say(unknown, `is no message of ${of}`, `are no messages of ${of}`)] : []),
  ].join("; ");
}

async function show(id: string, socketPath: string): Promise<unknown> {
  const path = `/deliveries/show?${new URLSearchParams({ number: id })}`;
  return accepted(`show message "${id}"`, await askServer(socketPath, "GET", path));
}

/** @throws AppError `control-refused` with what the server said against it. */
function accepted(tried: string, answer: ControlAnswer): unknown {
  return acceptedBody(tried, answer, "See: biometric-server deliveries --help");
}

function toNumbers(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, toNumber(text)];
}

function toNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function findSocket(flags: SettingsFlag, host: CliHost): string {
  return findControlSocket(loadSettings(host, flags));
}
