/** Messages of the ledger as they come over the control socket, and how people see them. Pure. */

import { asRecord, textOf } from "./answer-fields.ts";
import { alignColumns } from "./columns.ts";
import { recordsOf } from "./webhook-answers.ts";

type Fields = Readonly<Record<string, unknown>>;

const HEADINGS = ["ID", "TYPE", "TERMINAL", "PUNCH", "STATUS", "REFUSED", "LAST TRY", "ANSWER"];

/** Lines without the last line end, the newest message first. */
export function deliveryTable(body: unknown): string {
  const deliveries = recordsOf(asRecord(body)?.deliveries);
  const next = textOf(asRecord(body)?.next);
  const more = next === "" ? [] : [`More: --after ${next}`];
  if (deliveries.length === 0) return more[0] ?? "There is no such message";
  return [...alignColumns([HEADINGS, ...deliveries.map(deliveryRow)]), ...more].join("\n");
}

/** One message with its tries and its body, line by line. */
export function deliveryText(body: unknown): string {
  const entry = asRecord(body) ?? {};
  const tries = recordsOf(entry.attempts);
  return [
    ...alignColumns([
      ["Message", numberText(entry.id)],
      ["Webhook", textOf(entry.webhook)],
      ["Event", `${textOf(entry.type)} ${textOf(entry.event_id)}`],
      ["Made", textOf(entry.event_at)],
      ["Terminal", textOf(entry.device_id)],
      ["Punch", `${numberText(entry.punch_id)} revision ${numberText(entry.revision)}`],
      ["Status", textOf(entry.status)],
    ]),
    "",
    ...(tries.length === 0 ? ["It was not tried yet"] : alignColumns(tries.map(tryRow))),
    "",
    textOf(entry.body) || "No body is kept",
  ].join("\n");
}

function deliveryRow(delivery: Fields): readonly string[] {
  return [
    numberText(delivery.id),
    textOf(delivery.type),
    textOf(delivery.device_id),
    numberText(delivery.punch_id),
    textOf(delivery.status),
    numberText(delivery.attempt_count),
    textOf(delivery.last_attempt_at),
    numberText(delivery.last_http_status),
  ];
}

function tryRow(attempt: Fields): readonly string[] {
  return [
    textOf(attempt.at),
    textOf(attempt.outcome),
    numberText(attempt.http_status),
    `${numberText(attempt.duration_ms)} ms`,
    textOf(attempt.detail),
    textOf(attempt.reply),
  ];
}

/** Empty, which is shown as a dash, where there is none. */
function numberText(value: unknown): string {
  return typeof value === "number" ? String(value) : "";
}
