/** The verb `audit`: what people decided, discarded and deleted, by asking the running server. */

import { Command, InvalidArgumentError } from "commander";
import { asRecord, textOf } from "./answer-fields.ts";
import { alignColumns } from "./columns.ts";
import { acceptedBody, askServer, findControlSocket } from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface AuditFlags extends SettingsFlag {
  readonly after?: string;
  readonly limit?: number;
  readonly json: boolean;
}

const HEADINGS = ["TIME", "WHO", "DID", "TO", "DETAIL"];

const EXAMPLES = `
Examples:
  biometric-server audit
  biometric-server audit --limit 1000 --json

Newest first: users that were purged, decisions on quarantine, lost punches that were given up,
restores.

Exit code: 0 done, 1 no server answers, or it refuses.`;

/** Makes the verb. Its action throws `AppError` `control-refused` and `control-unreachable`. */
export function auditCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("audit")
    .description("Show what people decided, discarded and deleted")
    .option("--limit <count>", "how many, at most 1000", toCount)
    .option("--after <cursor>", "older ones than those of the page before")
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: AuditFlags) => {
      const query = new URLSearchParams();
      if (flags.after !== undefined) query.set("after", flags.after);
      if (flags.limit !== undefined) query.set("limit", String(flags.limit));
      const socket = findControlSocket(loadSettings(host, flags));
      const answered = await askServer(socket, "GET", `/audit?${query}`);
      const body = acceptedBody("show the audit", answered);
      environment.out(
        `${flags.json ? JSON.stringify(body, undefined, 2) : shown(asRecord(body) ?? {})}\n`,
      );
    });
}

function shown({ entries, next }: Readonly<Record<string, unknown>>): string {
  const rows = (Array.isArray(entries) ? entries : []).map((entry) => {
    const { at, actor, action, subject, detail } = asRecord(entry) ?? {};
    return [...[at, actor, action, subject].map(textOf), detailOf(asRecord(detail) ?? {})];
  });
  if (rows.length === 0) return "Nothing is noted";
  const more = next === null ? [] : [`Older ones: biometric-server audit --after ${textOf(next)}`];
  return [...alignColumns([HEADINGS, ...rows]), ...more].join("\n");
}

function detailOf(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}

function toCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= 1000) return Number(text);
  throw new InvalidArgumentError("It must be a whole number from 1 to 1000.");
}
