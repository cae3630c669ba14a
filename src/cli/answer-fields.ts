/**
 * Fields of what the server answers over the control socket, each looked at before it is used: the
 * server may be another version than the verb. Pure.
 */

/** The fields of a JSON object; undefined where it is none. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.fromEntries(Object.entries(value));
}

/** A text; empty where it is none. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** RFC 3339 text to epoch milliseconds; undefined where it is none. */
export function instantOf(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
