/**
 * Commands as they come over the control socket, checked field by field, and how people see them.
 * Pure.
 */

import { AppError } from "#base/app-error.ts";
import { asRecord, instantOf, textOf } from "./answer-fields.ts";
import { alignColumns } from "./columns.ts";

/** A command as the verb shows it. */
export interface ShownCommand {
  readonly id: number;
  readonly device: string;
  readonly kind: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly status: string;
  readonly requestedBy: string;
  readonly createdAt: string;
  readonly deadlineAt: string;
  readonly finishedAt: string;
  readonly sentCount: number;
  /** Undefined while no result has come. */
  readonly returnCode: string | undefined;
  readonly problem: string;
  readonly result: Readonly<Record<string, unknown>> | undefined;
  readonly isResultPending: boolean;
  /** As the server wrote it. */
  readonly answer: unknown;
}

const HEADINGS = ["COMMAND", "TERMINAL", "KIND", "FOR", "STATUS", "ASKED AT", "ASKED BY", "NOTE"];
const FINAL = ["done", "failed", "unconfirmed", "expired", "cancelled"];

/** @throws AppError `control-refused` when the answer is no command. */
export function parseCommandAnswer(body: unknown): ShownCommand {
  const fields = asRecord(body);
  if (typeof fields?.id !== "number") throw unreadable("it has no number");
  return {
    id: fields.id,
    device: textOf(fields.device_id),
    kind: textOf(fields.kind),
    parameters: asRecord(fields.parameters) ?? {},
    status: textOf(fields.status),
    requestedBy: textOf(fields.requested_by),
    createdAt: timeOf(fields.created_at),
    deadlineAt: timeOf(fields.deadline_at),
    finishedAt: timeOf(fields.finished_at),
    sentCount: typeof fields.sent_count === "number" ? fields.sent_count : 0,
    returnCode: typeof fields.return_code === "string" ? fields.return_code : undefined,
    problem: textOf(fields.problem),
    result: asRecord(fields.result),
    isResultPending: fields.is_result_pending === true,
    answer: body,
  };
}

/** @throws AppError `control-refused` when the answer is no list of commands. */
export function parseCommandList(body: unknown): readonly ShownCommand[] {
  const commands = asRecord(body)?.commands;
  if (!Array.isArray(commands)) throw unreadable("it has no commands");
  return commands.map((command: unknown) => parseCommandAnswer(command));
}

/** Whether nothing more becomes of it, its records included. */
export function isSettled({ status, isResultPending }: ShownCommand): boolean {
  return FINAL.includes(status) && !isResultPending;
}

/** Whether the terminal did what was asked, without a doubt. */
export function isSuccess({ status, problem }: ShownCommand): boolean {
  return status === "done" && problem === "";
}

/** Lines without the last line end, the newest command first. */
export function commandTable(commands: readonly ShownCommand[]): string {
  if (commands.length === 0) return "No command was asked for yet";
  const rows = commands.map((command) => [
    String(command.id),
    command.device,
    command.kind,
    spellParameters(command.parameters),
    command.status,
    command.createdAt,
    command.requestedBy,
    command.problem,
  ]);
  return alignColumns([HEADINGS, ...rows]).join("\n");
}

/** One command with its result, line by line. */
export function commandText(command: ShownCommand): string {
  const said = command.returnCode === undefined ? "nothing yet" : command.returnCode || "no word";
  const lines = alignColumns([
    ["Command", String(command.id)],
    ["Terminal", command.device],
    ["Kind", command.kind],
    ["For", spellParameters(command.parameters)],
    ["Status", command.status],
    ["Asked", `${command.createdAt} by ${command.requestedBy}`],
    ["Until", command.deadlineAt],
    ["Handed out", command.sentCount === 1 ? "once" : `${command.sentCount} times`],
    ["Finished", command.finishedAt],
    ["Terminal said", said],
    ["Note", command.problem],
  ]);
  return [...lines, ...resultLines(command)].join("\n");
}

/** What became of a command, in one line. */
export function outcomeLine(command: ShownCommand): string {
  const note = command.problem === "" ? "" : `: ${command.problem}`;
  return `Command ${command.id} (${command.kind}) is ${command.status}${note}`;
}

function resultLines({ result, isResultPending }: ShownCommand): readonly string[] {
  if (isResultPending) return ["", "The records are still being worked on"];
  if (result === undefined) return [];
  const { users, ...others } = result;
  const fields = Object.entries(others).map(([name, value]) => [name, spellValue(value)]);
  return ["", ...alignColumns(fields), ...userLines(users)];
}

/** A terminal's list of users as a table. */
function userLines(users: unknown): readonly string[] {
  const rows = Array.isArray(users) ? users.map((user: unknown) => asRecord(user) ?? {}) : [];
  const names = Object.keys(rows[0] ?? {});
  if (names.length === 0) return [];
  const cells = rows.map((row) => names.map((name) => spellValue(row[name])));
  const headings = names.map((name) => name.replaceAll("_", " ").toUpperCase());
  return ["", ...alignColumns([headings, ...cells])];
}

function spellParameters(parameters: Readonly<Record<string, unknown>>): string {
  const named = Object.entries(parameters);
  return named.map(([name, value]) => `${name}=${spellValue(value)}`).join(" ");
}

function spellValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** To the second, as the server wrote it. */
function timeOf(value: unknown): string {
  return instantOf(value) === undefined ? "" : textOf(value).slice(0, 19).replace("T", " ");
}

function unreadable(found: string): AppError {
  return new AppError("control-refused", `Cannot read the server's answer: ${found}`, {
    hint: "The server may be of another version: compare with `biometric-server version`",
  });
}
