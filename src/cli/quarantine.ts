/**
 * The verb `quarantine`: shows what terminals sent and nobody could read, and makes punches of it, by
 * asking the running server.
 */

import { writeFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { AppError } from "#base/app-error.ts";
import { errorCode } from "#platform/files.ts";
import { asRecord, textOf } from "./answer-fields.ts";
import {
  acceptedBody,
  askServer,
  type ControlAnswer,
  findControlSocket,
  openFromServer,
  sendToServer,
} from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import {
  quarantineTable,
  quarantineText,
  releasedText,
  retriedText,
} from "./quarantine-answers.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";
import { recordsOf } from "./webhook-answers.ts";

interface QuarantineFlags extends SettingsFlag {
  readonly json: boolean;
}

interface ListFlags extends QuarantineFlags {
  readonly status: string;
  readonly device?: string;
  readonly code?: string;
  readonly after?: string;
  readonly limit?: string;
}

interface ShowFlags extends QuarantineFlags {
  readonly raw?: string;
}

interface RetryFlags extends QuarantineFlags {
  readonly all: boolean;
  readonly device?: string;
  readonly code?: string;
}

interface SupplyFlags extends QuarantineFlags {
  readonly user?: string;
  readonly time?: string;
  readonly device?: string;
  readonly replace: boolean;
  readonly more: boolean;
}

/** What the verb reads from and prints to. */
interface Surroundings {
  readonly environment: CliEnvironment;
  readonly host: CliHost;
}

const ANY_STATUS = "all";
const JSON_OPTION = ["--json", "print it as JSON", false] as const;

const EXAMPLES = `
Examples:
  biometric-server quarantine list
  biometric-server quarantine list --device 2401058352 --code bad-time
  biometric-server quarantine show 12
  biometric-server quarantine retry --all             after an upgrade that may understand more
  biometric-server quarantine supply 12 --time "2026-03-02 08:15:04"
  biometric-server quarantine supply 13 --user 27 --time 20260302081504
  biometric-server quarantine supply 14 --replace     it counts, not the stored punch of that second
  biometric-server quarantine discard 15

What is supplied becomes a punch like any other, with the terminal's own record kept. A time is that
of the terminal's own clock and zone. What is released or discarded is kept for QUARANTINE_KEEP_DAYS.

Exit code: 0 done, 1 no server answers, it refuses, or the entry still cannot be read.`;

/** Makes the verb. Its actions throw `AppError` `control-unreachable` when no server answers. */
export function quarantineCommand(environment: CliEnvironment, host: CliHost): Command {
  const surroundings = { environment, host };
  return new Command("quarantine")
    .description("List what nobody could read, make punches of it, or discard it")
    .addCommand(makeList(surroundings))
    .addCommand(makeShow(surroundings))
    .addCommand(makeRetry(surroundings))
    .addCommand(makeSupply(surroundings))
    .addCommand(makeDiscard(surroundings))
    .addHelpText("after", EXAMPLES);
}

function makeList({ environment, host }: Surroundings): Command {
  return new Command("list")
    .description("Show the last 50 entries that wait, the newest first")
    .option("--status <status>", "waiting, released, discarded, or all", "waiting")
    .option("--device <id>", "those of one terminal alone")
    .option("--code <code>", "those of one reason alone, such as bad-time")
    .option("--after <cursor>", "behind those of the list before")
    .option("--limit <count>", "so many, at most 1000")
    .option(...JSON_OPTION)
    .option(...SETTINGS_OPTION)
    .action(async (flags: ListFlags) => {
      const { device, code, after, limit } = flags;
      const status = flags.status === ANY_STATUS ? undefined : flags.status;
      const path = `/quarantine?${queryOf({ status, device, code, after, limit })}`;
      const answer = await askServer(findSocket(flags, host), "GET", path);
      const body = accepted("list the entries", answer);
      environment.out(`${flags.json ? JSON.stringify(body) : quarantineTable(body)}\n`);
    });
}

function makeShow({ environment, host }: Surroundings): Command {
  return new Command("show")
    .description("Show an entry and what can be told of its content, without secrets")
    .argument("<id>", "of the entry, as `quarantine list` shows it", toId)
    .option("--raw <file>", "write its bytes as they came, which may hold secrets, to a new file")
    .option(...JSON_OPTION)
    .option(...SETTINGS_OPTION)
    .action(async (id: string, flags: ShowFlags) => {
      const socketPath = findSocket(flags, host);
      const answer = await askServer(socketPath, "GET", `/quarantine/show?${queryOf({ id })}`);
      const body = accepted(`show entry ${id}`, answer);
      if (flags.raw !== undefined) await writeRaw(socketPath, id, flags.raw);
      environment.out(`${flags.json ? JSON.stringify(body) : quarantineText(body)}\n`);
      if (flags.raw !== undefined) environment.error(`Its bytes are in "${flags.raw}"\n`);
    });
}

function makeRetry(surroundings: Surroundings): Command {
  const { environment, host } = surroundings;
  return new Command("retry")
    .description("Read an entry once more, by what this version understands")
    .argument("[id]", "of the entry", toId)
    .option("--all", "everything that waits, the oldest first", false)
    .option("--device <id>", "with --all: of one terminal alone")
    .option("--code <code>", "with --all: of one reason alone")
    .option(...JSON_OPTION)
    .option(...SETTINGS_OPTION)
    .action(async (id: string | undefined, flags: RetryFlags) => {
      if (flags.all === (id !== undefined)) {
        throw new AppError("usage", "Say which entry to read once more, or --all");
      }
      if (id === undefined) {
        await retryAll(flags, surroundings);
        return;
      }
      const path = `/quarantine/retry?${queryOf({ id })}`;
      const answer = await askServer(findSocket(flags, host), "POST", path);
      const body = accepted(`release entry ${id}`, answer);
      environment.out(`${flags.json ? JSON.stringify(body) : releasedText(body)}\n`);
    });
}

/** Asks until everything was read. */
async function retryAll(flags: RetryFlags, { environment, host }: Surroundings): Promise<void> {
  const { device, code } = flags;
  const socketPath = findSocket(flags, host);
  const released: unknown[] = [];
  const waiting: Readonly<Record<string, unknown>>[] = [];
  let after: string | undefined;
  do {
    const path = `/quarantine/retry-all?${queryOf({ device, code, after })}`;
    const answer = await askServer(socketPath, "POST", path);
    const step = asRecord(accepted("read the entries once more", answer)) ?? {};
    released.push(...recordsOf(step.released));
    waiting.push(...recordsOf(step.waiting));
    after = textOf(step.next) || undefined;
  } while (after !== undefined);
  const counts = new Map<string, number>();
  for (const { code: why } of waiting) counts.set(textOf(why), (counts.get(textOf(why)) ?? 0) + 1);
  const shown = flags.json ? JSON.stringify({ released, waiting }) : retriedText(released, counts);
  environment.out(`${shown}\n`);
}

function makeSupply({ environment, host }: Surroundings): Command {
  return new Command("supply")
    .description("Make a punch of an entry with what you know of it")
    .argument("<id>", "of the entry", toId)
    .option("--user <id>", "who it was")
    .option("--time <time>", "when, by the terminal's clock: 20260302081504 or 2026-03-02 08:15:04")
    .option("--device <id>", "which terminal it was, where the entry does not tell")
    .option("--replace", "it counts in place of the stored punch of that user and second", false)
    .option("--more", "there are further punches in it, so that it goes on waiting", false)
    .option(...JSON_OPTION)
    .option(...SETTINGS_OPTION)
    .action(async (id: string, flags: SupplyFlags) => {
      const { user, time, device, replace: replaces, more } = flags;
      const supplied = {
        ...(user === undefined ? {} : { user_id: user }),
        ...(time === undefined ? {} : { time }),
        ...(device === undefined ? {} : { device_id: device }),
        ...{ replaces, goes_on: more },
      };
      const path = `/quarantine/supply?${queryOf({ id })}`;
      const answer = await sendToServer(findSocket(flags, host), path, JSON.stringify(supplied));
      const body = accepted(`release entry ${id}`, answer);
      environment.out(`${flags.json ? JSON.stringify(body) : releasedText(body)}\n`);
    });
}

function makeDiscard({ environment, host }: Surroundings): Command {
  return new Command("discard")
    .description("Decide that an entry is no punch; it is kept for QUARANTINE_KEEP_DAYS")
    .argument("<id>", "of the entry", toId)
    .option(...JSON_OPTION)
    .option(...SETTINGS_OPTION)
    .action(async (id: string, flags: QuarantineFlags) => {
      const path = `/quarantine/discard?${queryOf({ id })}`;
      const answer = await askServer(findSocket(flags, host), "POST", path);
      const body = accepted(`discard entry ${id}`, answer);
      environment.out(`${flags.json ? JSON.stringify(body) : `Entry ${id}: discarded`}\n`);
    });
}

/** @throws AppError `file-unwritable`; a file that is there is never written over. */
async function writeRaw(socketPath: string, id: string, path: string): Promise<void> {
  const { body } = await openFromServer(socketPath, `/quarantine/raw?${queryOf({ id })}`);
  const bytes = await new Response(body).bytes();
  try {
    writeFileSync(path, bytes, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    const why = errorCode(cause) === "EEXIST" ? "there is such a file" : String(errorCode(cause));
    throw new AppError("file-unwritable", `Cannot write "${path}": ${why}`, {
      hint: "Name a new file in a folder that you may write to",
      cause,
    });
  }
}

/** @throws AppError `control-refused` with what the server said against it. */
function accepted(tried: string, answer: ControlAnswer): unknown {
  return acceptedBody(tried, answer, "See: biometric-server quarantine --help");
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, value);
  }
  return query;
}

function toId(text: string): string {
  if (/^[1-9]\d{0,14}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be a whole number.");
}

function findSocket(flags: SettingsFlag, host: CliHost): string {
  return findControlSocket(loadSettings(host, flags));
}
