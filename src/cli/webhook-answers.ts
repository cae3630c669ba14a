/** Receivers of webhooks as they come over the control socket, and how people see them. Pure. */

import { shownDuration } from "#domain/time-text.ts";
import { asRecord, instantOf, textOf } from "./answer-fields.ts";
import { alignColumns } from "./columns.ts";

type Fields = Readonly<Record<string, unknown>>;

const LISTED_MAX = 2;
const HEADINGS = ["NAME", "STATE", "WAITING", "PARKED", "FORMAT", "TELLS", "URL", "LAST RESULT"];

/** Lines without the last line end, the oldest receiver first. */
export function webhookTable(body: unknown): string {
  const webhooks = recordsOf(asRecord(body)?.webhooks);
  if (webhooks.length === 0) {
    return "There is no webhook: set BIOMETRIC_WEBHOOK_URL, or see `webhooks add --help`";
  }
  const rows = webhooks.map((webhook) => [
    textOf(webhook.name),
    stateText(webhook),
    numberText(webhook.waiting_count),
    numberText(webhook.parked_count),
    textOf(webhook.format),
    choiceText(webhook),
    textOf(webhook.url),
    textOf(webhook.last_result),
  ]);
  return alignColumns([HEADINGS, ...rows]).join("\n");
}

/** One receiver in a few words, for `status`. */
export function webhookSummary(webhook: Fields, nowMs: number): string {
  const { waiting_count: waiting, parked_count: parked, drain_seconds: drain } = webhook;
  const lastMs = instantOf(webhook.last_result_at);
  const last = textOf(webhook.last_result);
  const isDraining = typeof drain === "number" && drain > 0;
  return [
    `${stateText(webhook)}; ${numberText(waiting)} waiting, ${numberText(parked)} parked`,
    ...(isDraining ? [`sent in about ${shownDuration(drain * 1000)}`] : []),
    lastMs === undefined
      ? "nothing sent since the start"
      : `last: ${last}, ${shownDuration(Math.max(0, nowMs - lastMs))} ago`,
  ].join("; ");
}

function stateText(webhook: Fields): string {
  const { state, next_probe_seconds: probe, unfilled_count: unfilled } = webhook;
  const because = textOf(webhook.paused_because);
  if (state === "paused") {
    const isProbed = typeof probe === "number";
    const what = isProbed ? `tried again in ${shownDuration(probe * 1000)}` : because;
    return `PAUSED, ${what}`;
  }
  if (state === "filling") return `filling, ${numberText(unfilled)} places of the feed left`;
  return textOf(state);
}

/** Which messages it gets. */
function choiceText({ types, devices }: Fields): string {
  const told = Array.isArray(types) ? listText(types, "types") : "all";
  return Array.isArray(devices) ? `${told} of ${listText(devices, "terminals")}` : told;
}

/** There may be a thousand of them, which `--json` lists. */
function listText(words: readonly unknown[], what: string): string {
  return words.length <= LISTED_MAX ? words.map(textOf).join(",") : `${words.length} ${what}`;
}

/** The objects of a list; none where it is no list. */
export function recordsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map((item: unknown) => asRecord(item) ?? {}) : [];
}

function numberText(value: unknown): string {
  return typeof value === "number" ? String(value) : "?";
}
