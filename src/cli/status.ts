/** The verb `status`: one screen of what the server does, and what is wrong with its fix. */

import { Command } from "commander";
import { AppError } from "#base/app-error.ts";
import { shownDuration } from "#domain/time-text.ts";
import { asRecord, instantOf, textOf } from "./answer-fields.ts";
import { alignColumns } from "./columns.ts";
import { askServer, findControlSocket } from "./control-client.ts";
import { formatAge, formatSkew } from "./device-table.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

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

Exit code: 0 all is well, 1 no server answers, 3 something is wrong: a condition is open, deliveries
are parked, or nothing can be stored.`;

/** Makes the verb. Its action throws `AppError` `control-unreachable` when no server answers. */
export function statusCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("status")
    .description(
      "Show how the server and its terminals are, and what to do where they are not well",
    )
    .option("--json", "print it as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: StatusFlags) => {
      const socketPath = findControlSocket(loadSettings(host, flags));
      const { status, body } = await askServer(socketPath, "GET", "/status");
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

function describe(answer: Fields): string {
  const nowMs = instantOf(answer.now) ?? 0;
  const conditions = recordsOf(answer.conditions);
  return [
    ...describeServer(answer, nowMs),
    "",
    ...describeTerminals(recordsOf(answer.terminals), nowMs),
    "",
    ...(conditions.length === 0 ? ["No terminal has trouble"] : ["WHAT IS WRONG"]),
    ...conditions.flatMap((condition) => describeCondition(condition, nowMs)),
  ].join("\n");
}

function describeServer(answer: Fields, nowMs: number): readonly string[] {
  const pairingEndsMs = instantOf(answer.pairing_window_ends_at);
  const problem = textOf(answer.storage_problem);
  const parked = numberOf(answer.deliveries_parked);
  return alignColumns([
    ["server", `${textOf(answer.version)}, up ${shownDuration(secondsOf(answer) * 1000)}`],
    ["database", problem === "" ? "takes what comes" : `PROBLEM: ${problem}`],
    ["clock", answer.clock_trusted === true ? "trusted" : 'not trusted: see "clock"'],
    [
      "deliveries",
      `${numberOf(answer.deliveries_waiting)} waiting, ${parked} parked${parked > 0 ? ": look at the receiver, then retry them" : ""}`,
    ],
    ["quarantine", `${numberOf(answer.quarantine_count)} kept that could not be read`],
    [
      "pairing",
      pairingEndsMs === undefined || pairingEndsMs <= nowMs
        ? "closed: new terminals wait for approval unless DEVICE_ENROLLMENT is open"
        : `new terminals are approved at once for ${Math.ceil((pairingEndsMs - nowMs) / 60_000)} more min`,
    ],
  ]);
}

function describeTerminals(terminals: readonly Fields[], nowMs: number): readonly string[] {
  if (terminals.length === 0) return ["No terminal has been in contact yet"];
  return alignColumns([
    ["TERMINAL", "NAME", "STATUS", "LAST CONTACT", "CLOCK", "HELD", "ADDRESS", "ALLOWED FROM"],
    ...terminals.map((terminal) => describeTerminal(terminal, nowMs)),
  ]);
}

function describeTerminal(terminal: Fields, nowMs: number): readonly string[] {
  const lastContactMs = instantOf(terminal.last_contact_at);
  const skew = terminal.clock_skew_ms;
  return [
    textOf(terminal.id),
    textOf(terminal.name),
    textOf(terminal.status),
    lastContactMs === undefined ? "never" : formatAge(nowMs - lastContactMs),
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

function recordsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map((item: unknown) => asRecord(item) ?? {}) : [];
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function secondsOf(answer: Fields): number {
  return numberOf(answer.uptime_seconds);
}
