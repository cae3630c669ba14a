/**
 * Reads what a request says of a receiver, of the API or of the control socket, and says what is wrong
 * with it.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { Result } from "#base/result.ts";
import { CLIENT_NAME_LENGTH_MAX, isClientName } from "#domain/client.ts";
import { parseDeviceId } from "#domain/device-text.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import { parseSiteDate, siteDateAt, siteDayRange } from "#domain/site-day.ts";
import {
  type Endpoint,
  type EndpointEdit,
  type EndpointStart,
  EVENT_TYPES,
  type EventType,
  listUntellable,
  type NewEndpoint,
  type WebhookFormat,
} from "#domain/webhook-endpoint.ts";
import { ApiFailure } from "../errors.ts";
import { type AddBody, type EditBody, OVERLAP_HOURS, type RotateBody } from "./model.ts";

/** An address in its one spelling, or why it is refused, for people. */
export type CheckUrl = (text: string) => Result<string, { readonly message: string }>;

/** What is known where a request is read. */
export interface ReadingPlace {
  readonly checkUrl: CheckUrl;
  /** IANA zone of the days that are named. */
  readonly siteTimeZone: string;
  readonly nowMs: EpochMs;
}

const ADD_FIELDS = ["name", "url", "format", "types", "devices", "start"];
const EDIT_FIELDS = ["url", "format", "types", "devices", "enabled"];
const SHOWN_LENGTH_MAX = 100;
const HOUR_MS = 3_600_000;

/**
 * An endpoint that is to be added, still without its secret.
 * @throws ApiFailure `request-invalid` or `webhook-url-refused`.
 */
export function readNewEndpoint(body: AddBody, place: ReadingPlace): Omit<NewEndpoint, "secret"> {
  refuseUnknown(body, ADD_FIELDS);
  const { name, url, format = "standard", types, devices, start = "now" } = body;
  if (!isClientName(name) || name.trim() !== name) {
    const wanted = `1 to ${CLIENT_NAME_LENGTH_MAX} characters without control characters, and without blanks at its ends`;
    throw invalid("name", `must be ${wanted}`);
  }
  return {
    name,
    url: readUrl(url, place.checkUrl),
    format,
    types: readTypes(types ?? null, format) ?? undefined,
    deviceIds: readDevices(devices ?? null) ?? undefined,
    start: readStart(start, place),
    nowMs: place.nowMs,
  };
}

/**
 * What is to be changed of an endpoint. Its types must be those of its format as both stand then.
 * @throws ApiFailure `request-invalid` or `webhook-url-refused`.
 */
export function readEdit(
  body: EditBody,
  endpoint: Pick<Endpoint, "format" | "types">,
  { checkUrl }: Pick<ReadingPlace, "checkUrl">,
): EndpointEdit {
  refuseUnknown(body, EDIT_FIELDS);
  const { url, format, types, devices, enabled } = body;
  const wanted = types === undefined ? (endpoint.types ?? null) : types;
  const read = readTypes(wanted, format ?? endpoint.format);
  return {
    ...(url === undefined ? {} : { url: readUrl(url, checkUrl) }),
    ...(format === undefined ? {} : { format }),
    ...(types === undefined ? {} : { types: read }),
    ...(devices === undefined ? {} : { deviceIds: readDevices(devices) }),
    ...(enabled === undefined ? {} : { isEnabled: enabled }),
  };
}

/**
 * How long the secret before a new one signs on, in milliseconds.
 * @throws ApiFailure `request-invalid`.
 */
export function readOverlapMs(body: RotateBody): number {
  refuseUnknown(body, ["overlap_hours"]);
  const { overlap_hours: hours = OVERLAP_HOURS.fallback } = body;
  if (typeof hours === "number" && Number.isInteger(hours) && hours >= 0) {
    if (hours <= OVERLAP_HOURS.max) return hours * HOUR_MS;
  }
  throw invalid("overlap_hours", `must be a whole number from 0 to ${OVERLAP_HOURS.max}`);
}

/** @throws ApiFailure `request-invalid` for a field that is none of these. */
export function refuseUnknown(body: object, known: readonly string[]): void {
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const message = `Unknown field "${unknown.slice(0, SHOWN_LENGTH_MAX)}": known are ${known.join(", ")}`;
  throw new ApiFailure("request-invalid", message);
}

function readUrl(text: string, checkUrl: CheckUrl): string {
  const checked = checkUrl(text);
  if (checked.ok) return checked.value;
  throw new ApiFailure(
    "webhook-url-refused",
    `Field "url" cannot be used: ${checked.error.message}`,
  );
}

/** Each once, in our order. */
function readTypes(
  words: readonly string[] | null,
  format: WebhookFormat,
): readonly EventType[] | null {
  if (words === null) return null;
  const unknown = words.find((word) => !EVENT_TYPES.some((type) => type === word));
  if (unknown !== undefined) {
    const shown = unknown.slice(0, SHOWN_LENGTH_MAX);
    throw invalid("types", `names "${shown}": known are ${EVENT_TYPES.join(", ")}`);
  }
  const types = EVENT_TYPES.filter((type) => words.includes(type));
  if (types.length === 0) {
    throw invalid("types", "is empty: to be told of nothing, disable the receiver");
  }
  const [untellable] = listUntellable(format, types);
  if (untellable === undefined) return types;
  throw invalid(
    "types",
    `names "${untellable}", for which format "${format}" has no words: use format "standard"`,
  );
}

function readDevices(texts: readonly string[] | null): readonly DeviceId[] | null {
  if (texts === null) return null;
  if (texts.length === 0) {
    throw invalid("devices", "is empty: to be told of nothing, disable the receiver");
  }
  return [...new Set(texts)].map((text) => {
    const id = parseDeviceId(text);
    if (id.ok) return id.value;
    throw invalid("devices", `holds what is no id of a terminal: ${id.error.reason}`);
  });
}

function readStart(text: string, { siteTimeZone, nowMs }: ReadingPlace): EndpointStart {
  if (text === "now" || text === "everything") return { kind: text };
  const date = parseSiteDate(text);
  const { fromMs } = date.ok ? siteDayRange(date.value, undefined, siteTimeZone) : {};
  if (fromMs === undefined) {
    throw invalid("start", 'must be "now", "everything", or a date such as 2026-03-02');
  }
  if (fromMs <= nowMs) return { kind: "from", fromMs };
  throw invalid("start", `is after today, ${siteDateAt(nowMs, siteTimeZone)}`);
}

function invalid(field: string, problem: string): ApiFailure {
  return new ApiFailure("request-invalid", `Field "${field}" ${problem}`);
}
