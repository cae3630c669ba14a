/**
 * The verb `clients`: lists, adds and revokes API clients, by asking the running server. The secret
 * of a new client is printed once, and kept nowhere.
 */

import { Command, InvalidArgumentError } from "commander";
import { AppError } from "#base/app-error.ts";
import { CLIENT_SCOPES, parseScopes } from "#domain/client.ts";
import { asRecord, textOf } from "./answer-fields.ts";
import { alignColumns } from "./columns.ts";
import { askServer, findControlSocket } from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface ClientsFlags extends SettingsFlag {
  readonly json: boolean;
}

interface AddFlags extends ClientsFlags {
  /** With commas. */
  readonly scope: string;
}

/** What the verb reads from and prints to. */
interface Surroundings {
  readonly environment: CliEnvironment;
  readonly host: CliHost;
}

const EXAMPLES = `
Examples:
  biometric-server clients add payroll                     it may read
  biometric-server clients add hris --scope read,write     it may also change things
  biometric-server clients revoke payroll                  its tokens die at once

A client that is added gets a token for its own secret alone. Names that nobody added use the main
secret (HRIS_API_SECRET_KEY), and may do everything. For another secret: revoke, then add again.

Exit code: 0 done (also when nothing had to change), 1 no server answers or the name is taken.`;

const HEADINGS = ["NAME", "SCOPE", "SECRET", "STATUS", "SINCE"] as const;

/** Makes the verb. Its actions throw `AppError` `control-unreachable` when no server answers. */
export function clientsCommand(environment: CliEnvironment, host: CliHost): Command {
  const surroundings = { environment, host };
  const list = new Command("list")
    .description("Show every client that was added or revoked; secrets are never shown")
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .action((flags: ClientsFlags) => listClients(flags, surroundings));
  const add = new Command("add")
    .description("Make a secret for a client and print it, once")
    .argument("<name>", "the client_id that it will send")
    .option(
      "--scope <list>",
      `what it may do: some of ${CLIENT_SCOPES.join(",")}`,
      checkScope,
      "read",
    )
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .action((name: string, flags: AddFlags) => addClient(name, flags, surroundings));
  const revoke = new Command("revoke")
    .description("Refuse a name from now on, and all its tokens")
    .argument("<name>", "the client_id that it sends")
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .action((name: string, flags: ClientsFlags) => revokeClient(name, flags, surroundings));
  return new Command("clients")
    .description("List the programs that may use the API, add or revoke one")
    .addCommand(list)
    .addCommand(add)
    .addCommand(revoke)
    .addHelpText("after", EXAMPLES);
}

function checkScope(text: string): string {
  if (parseScopes(text) !== undefined) return text;
  throw new InvalidArgumentError(`It must be some of ${CLIENT_SCOPES.join(",")}.`);
}

async function listClients(flags: ClientsFlags, surroundings: Surroundings): Promise<void> {
  const { environment, host } = surroundings;
  const { body } = await askServer(findSocket(flags, host), "GET", "/clients");
  const clients = asRecord(body)?.clients;
  if (!Array.isArray(clients)) {
    throw new AppError("control-refused", "Cannot read the list of clients: it has no clients", {
      hint: "The server may be of another version: compare with `biometric-server version`",
    });
  }
  const rows = clients.map((client: unknown) => clientRow(asRecord(client) ?? {}));
  const table = rows.length === 0 ? ["No client was added"] : alignColumns([HEADINGS, ...rows]);
  const shown = flags.json ? JSON.stringify(body, undefined, 2) : table.join("\n");
  environment.out(`${shown}\n`);
}

function clientRow(client: Readonly<Record<string, unknown>>): readonly string[] {
  const isRevoked = client.revoked_at !== null;
  return [
    textOf(client.name),
    Array.isArray(client.scopes) ? client.scopes.map(textOf).join(",") : "",
    client.has_own_secret === true ? "own" : "main",
    isRevoked ? "revoked" : "active",
    textOf(isRevoked ? client.revoked_at : client.created_at).slice(0, 10),
  ];
}

/** The secret alone goes to standard output, so that a script can keep it. */
async function addClient(
  name: string,
  flags: AddFlags,
  { environment, host }: Surroundings,
): Promise<void> {
  const answer = await change("add", { name, scope: flags.scope }, findSocket(flags, host));
  if (answer.result === "exists") {
    const hint = "To replace its secret: revoke it, then add it again";
    throw new AppError("control-refused", `Cannot add "${name}": it is there already`, { hint });
  }
  const { scopes, secret } = answer;
  if (flags.json) {
    environment.out(`${JSON.stringify({ name, scopes, secret })}\n`);
    return;
  }
  const allowed = Array.isArray(scopes) ? scopes.map(textOf).join(", ") : "";
  environment.error(`${name} is added (${allowed}). Its secret, which is shown only now:\n`);
  environment.out(`${textOf(secret)}\n`);
}

async function revokeClient(
  name: string,
  flags: ClientsFlags,
  { environment, host }: Surroundings,
): Promise<void> {
  const answer = await change("revoke", { name }, findSocket(flags, host));
  if (flags.json) {
    environment.out(`${JSON.stringify({ name, result: answer.result })}\n`);
    return;
  }
  environment.out(`${name} ${answer.result === "unchanged" ? "was" : "is"} revoked\n`);
  if (answer.had_own_secret === false) {
    environment.error(
      "note: It used the main secret, which still serves other names. If it may be known to the " +
        "wrong people, change HRIS_API_SECRET_KEY, or name the clients in HRIS_ALLOWED_CLIENTS\n",
    );
  }
}

function findSocket(flags: ClientsFlags, host: CliHost): string {
  return findControlSocket(loadSettings(host, flags));
}

/** @throws AppError `control-refused` with what the server said against it. */
async function change(
  verb: "add" | "revoke",
  parameters: Readonly<Record<string, string>>,
  socketPath: string,
): Promise<Readonly<Record<string, unknown>>> {
  const path = `/clients/${verb}?${new URLSearchParams(parameters)}`;
  const { status, body } = await askServer(socketPath, "POST", path);
  const answer = asRecord(body) ?? {};
  if (status === 200) return answer;
  const said = textOf(answer.message);
  const message = `Cannot ${verb} "${parameters.name}": ${said || `status ${status}`}`;
  throw new AppError("control-refused", message, { hint: "See: biometric-server clients --help" });
}
