/** Entries of the quarantine as they come over the control socket, and how people see them. Pure. */

import { asRecord, textOf } from "./answer-fields.ts";
import { alignColumns } from "./columns.ts";
import { recordsOf } from "./webhook-answers.ts";

type Fields = Readonly<Record<string, unknown>>;

const HEADINGS = ["ID", "STATUS", "RECEIVED", "TERMINAL", "CODE", "BYTES", "PUNCH", "REASON"];

/** Lines without the last line end, the newest entry first. */
export function quarantineTable(body: unknown): string {
  const entries = recordsOf(asRecord(body)?.entries);
  const next = textOf(asRecord(body)?.next);
  const more = next === "" ? [] : [`More: --after ${next}`];
  if (entries.length === 0) return more[0] ?? "There is no such entry";
  return [...alignColumns([HEADINGS, ...entries.map(entryRow)]), ...more].join("\n");
}

/** One entry, and what can be told of its content, line by line. */
export function quarantineText(body: unknown): string {
  const entry = asRecord(body) ?? {};
  const preview = textOf(entry.preview).split("\n");
  return [
    ...alignColumns([
      ["Entry", numberText(entry.id)],
      ["Status", textOf(entry.status)],
      ["Decided", `${textOf(entry.decided_at)} ${textOf(entry.decided_by)}`.trim()],
      ["Punch", numberText(entry.punch_id)],
      ["Terminal", textOf(entry.device_id)],
      ["Came from", `${textOf(entry.address)} (${textOf(entry.driver)})`],
      ["Received", textOf(entry.received_at)],
      ["Code", textOf(entry.code)],
      ["Reason", textOf(entry.reason)],
      ["Bytes", numberText(entry.size)],
      ["SHA-256", textOf(entry.sha256)],
    ]),
    "",
    ...alignColumns(preview.map((line) => [line])),
  ].join("\n");
}

/** What an entry became. */
export function releasedText(body: unknown): string {
  const answer = asRecord(body) ?? {};
  const punches = recordsOf(answer.punches).map(punchText).join(", ");
  const kept = typeof answer.kept_count === "number" ? answer.kept_count : 0;
  return [
    `Entry ${numberText(answer.id)}: ${punches}`,
    ...(kept > 0 ? [`${kept} records of it wait as entries of their own`] : []),
    ...(answer.status === "waiting" ? ["it waits for what else is in it"] : []),
  ].join("; ");
}

/** What reading all of it once more came to: a line for each that was released, and how many wait. */
export function retriedText(
  released: readonly unknown[],
  waitingByCode: ReadonlyMap<string, number>,
): string {
  const waiting = [...waitingByCode].map(([code, count]) => `${count} ${code}`).join(", ");
  return [
    ...released.map(releasedText),
    `${released.length} released; ${waiting === "" ? "nothing waits" : `still waiting: ${waiting}`}`,
  ].join("\n");
}

function punchText({ punch_id: id, fate }: Fields): string {
  switch (fate) {
    case "known":
      return `punch ${numberText(id)}, which was stored already`;
    case "replaced":
      return `punch ${numberText(id)}, in the place of the record before`;
    default:
      return `punch ${numberText(id)}`;
  }
}

function entryRow(entry: Fields): readonly string[] {
  return [
    numberText(entry.id),
    textOf(entry.status),
    textOf(entry.received_at),
    textOf(entry.device_id),
    textOf(entry.code),
    numberText(entry.size),
    numberText(entry.punch_id),
    textOf(entry.reason),
  ];
}

/** Empty, which is shown as a dash, where there is none. */
function numberText(value: unknown): string {
  return typeof value === "number" ? String(value) : "";
}
