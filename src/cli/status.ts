/** The verb `status`: one screen of what the server does, and what is wrong with its fix. */

import { Command } from "commander";
import { AppError } from "#base/app-error.ts";
import type { LoadedConfig } from "#config/load.ts";
import { shownDuration } from "#domain/time-text.ts";
import { systemClock } from "#platform/clock.ts";
import { shownBytes } from "#platform/disk-space.ts";
import { asRecord, instantOf, textOf } from "./answer-fields.ts";
import { alignColumns } from "./columns.ts";
import { askServer, findControlSocket } from "./control-client.ts";
import { formatAge, formatSkew } from "./device-table.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";
import { recordsOf, webhookSummary } from "./webhook-answers.ts";

interface StatusFlags extends SettingsFlag {
  readonly json: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** What the verb ends with when the server answers and something is wrong. */
const EXIT_WRONG = 3;

const EXAMPLES = `
Examples:
  biometric-server status            terminals, deliveries, and what is wrong with its fix
  biometric-server status --json     the same for a program

While no server answers, what its database holds is shown instead, as far as this user may read it;
--json then says "server_answers": false, and nothing of the process.

Exit code: 0 all is well, 1 no server answers, 3 something is wrong: a condition is open, deliveries
are parked, the last backup failed, the disk is low, or nothing can be stored.`;

/**
 * Makes the verb. Its action throws `AppError` `control-unreachable` when no server answers, once it
 * has shown what can be shown.
 */
export function statusCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("status")
    .description(
      "Show how the server and its terminals are, and what to do where they are not well",
    )
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: StatusFlags) => {
      const settings = loadSettings(host, flags);
      const asked = askServer(findControlSocket(settings), "GET", "/status");
      const { status, body } = await asked.catch(async (error: unknown) => {
        if (isUnreachable(error)) await showStored(settings, flags, environment);
        throw error;
      });
      const answer = asRecord(body);
      if (status !== 200 || answer === undefined || !Array.isArray(answer.conditions)) {
        const found = textOf(answer?.message) || `status ${status}`;
        throw new AppError("control-refused", `Cannot read the server's status: ${found}`, {
          hint: "The server may be of another version: compare with `biometric-server version`",
        });
      }
      environment.out(`${flags.json ? JSON.stringify(body, undefined, 2) : describe(answer)}\n`);
      if (answer.well !== true) environment.exitCode(EXIT_WRONG);
    });
}

function isUnreachable(error: unknown): boolean {
  return error instanceof AppError && error.code === "control-unreachable";
}

/** Shows what the database holds, if there is one; or why it cannot be read. */
async function showStored(
  settings: LoadedConfig,
  flags: StatusFlags,
  environment: CliEnvironment,
): Promise<void> {
  // Seldom used, and all of storage comes with it.
  const { readStoredStatus } = await import("./stored-status.ts");
  try {
    const stored = readStoredStatus(settings, systemClock.nowMs());
    if (stored === undefined) return;
    const text = flags.json ? JSON.stringify(stored, undefined, 2) : describe(stored);
    environment.out(`${text}\n`);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    environment.error(`error: ${error.message}\n`);
  }
}

function describe(answer: Fields): string {
  const nowMs = instantOf(answer.now) ?? 0;
  const conditions = recordsOf(answer.conditions);
  return [
    ...(answer.server_answers === false ? describeStored(answer) : describeServer(answer, nowMs)),
    "",
    ...describeTerminals(recordsOf(answer.terminals), nowMs),
    "",
    ...(conditions.length === 0 ? ["No terminal has trouble"] : ["WHAT IS WRONG"]),
    ...conditions.flatMap((condition) => describeCondition(condition, nowMs)),
  ].join("\n");
}

/** Of a server that does not answer. */
function describeStored(answer: Fields): readonly string[] {
  return alignColumns([
    ["server", "DOES NOT ANSWER: this is what its database held at last"],
    ["database", textOf(answer.read_from)],
    ...describeTotals(answer),
    describeBackup(answer),
  ]);
}

function describeServer(answer: Fields, nowMs: number): readonly string[] {
  const pairingEndsMs = instantOf(answer.pairing_window_ends_at);
  const problem = textOf(answer.storage_problem);
  return alignColumns([
    ["server", `${textOf(answer.version)}, up ${shownDuration(secondsOf(answer) * 1000)}`],
    ["database", problem === "" ? "takes what comes" : `PROBLEM: ${problem}`],
    ["complete", describeCompleteness(answer, nowMs)],
    describeDisk(answer),
    ["clock", answer.clock_trusted === true ? "trusted" : 'not trusted: see "clock"'],
    ...describeTotals(answer),
    ...recordsOf(answer.webhooks).map((webhook) => [
      "webhook",
      `${textOf(webhook.name)}: ${webhookSummary(webhook, nowMs)}`,
    ]),
    describeBackup(answer),
    ...describeLimits(answer),
    [
      "pairing",
      pairingEndsMs === undefined || pairingEndsMs <= nowMs
        ? "closed: new terminals wait for approval unless DEVICE_ENROLLMENT is open"
        : `new terminals are approved at once for ${Math.ceil((pairingEndsMs - nowMs) / 60_000)} more min`,
    ],
  ]);
}

const LOOK = ": see `quarantine list`";

function describeTotals(answer: Fields): readonly (readonly string[])[] {
  const parked = numberOf(answer.deliveries_parked);
  const unread = numberOf(answer.quarantine_count);
  const advice = parked > 0 ? ": look at the receiver, then retry them" : "";
  return [
    ["deliveries", `${numberOf(answer.deliveries_waiting)} waiting, ${parked} parked${advice}`],
    ["quarantine", `${unread} kept that could not be read${unread > 0 ? LOOK : ""}`],
  ];
}

function describeDisk(answer: Fields): readonly string[] {
  const free = `${shownBytes(numberOf(answer.disk_free_bytes))} free`;
  if (answer.disk === "full") return ["disk", `FULL, ${free}: nothing is taken until 24 MB are`];
  if (answer.disk === "low") return ["disk", `LOW, ${free}: backups and the ledger have stopped`];
  return ["disk", free];
}

/** Nothing where none was reached. */
function describeLimits(answer: Fields): readonly (readonly string[])[] {
  const reached = recordsOf(answer.limits_reached).map(({ limit, count, setting }) => {
    const raisedBy = textOf(setting) === "" ? "" : ` (${textOf(setting)})`;
    return `${textOf(limit)} ${numberOf(count)} x${raisedBy}`;
  });
  return reached.length === 0 ? [] : [["limits", `reached since the start: ${reached.join(", ")}`]];
}

function describeBackup(answer: Fields): readonly string[] {
  const madeMs = instantOf(answer.last_backup_at);
  const nowMs = instantOf(answer.now) ?? 0;
  const newest = madeMs === undefined ? "none yet" : `made ${formatAge(nowMs - madeMs)}`;
  const problem = textOf(answer.backup_problem);
  return ["backup", problem === "" ? newest : `${newest}; PROBLEM: ${problem}`];
}

/** How far back every punch is here, and which terminal is why it is no less. */
function describeCompleteness(answer: Fields, nowMs: number): string {
  const throughMs = instantOf(answer.complete_through);
  const heldBack = asRecord(answer.held_back_by);
  const through =
    throughMs === undefined
      ? "not known yet"
      : `every punch up to ${formatAge(nowMs - throughMs)} is here`;
  if (heldBack === undefined) return through;
  return `${through}; behind is ${textOf(heldBack.id)}: ${textOf(heldBack.detail)}`;
}

function describeTerminals(terminals: readonly Fields[], nowMs: number): readonly string[] {
  if (terminals.length === 0) return ["No terminal has been in contact yet"];
  return alignColumns([
    [
      "TERMINAL",
      "NAME",
      "STATUS",
      "LAST CONTACT",
      "COMPLETE",
      "CLOCK",
      "HELD",
      "ADDRESS",
      "ALLOWED FROM",
    ],
    ...terminals.map((terminal) => describeTerminal(terminal, nowMs)),
  ]);
}

function describeTerminal(terminal: Fields, nowMs: number): readonly string[] {
  const lastContactMs = instantOf(terminal.last_contact_at);
  const completeMs = instantOf(terminal.complete_through);
  const skew = terminal.clock_skew_ms;
  return [
    textOf(terminal.id),
    textOf(terminal.name),
    textOf(terminal.status),
    lastContactMs === undefined ? "never" : formatAge(nowMs - lastContactMs),
    completeMs === undefined ? "" : formatAge(nowMs - completeMs),
    formatSkew(typeof skew === "number" ? skew : undefined),
    String(numberOf(terminal.held_count)),
    textOf(terminal.last_address),
    textOf(terminal.allowed_address) || "any",
  ];
}

function describeCondition(condition: Fields, nowMs: number): readonly string[] {
  const { type, subject, detail, fix } = condition;
  const since = formatAge(nowMs - (instantOf(condition.raised_at) ?? nowMs));
  return [
    ...alignColumns([[`${textOf(subject)}: ${textOf(type)}, since ${since}`]]),
    ...alignColumns([[`  ${textOf(detail)}`], [`  fix: ${textOf(fix)}`]]),
  ];
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function secondsOf(answer: Fields): number {
  return numberOf(answer.uptime_seconds);
}
