/**
 * What a request of the control socket wants changed of a terminal, read from its query. It is in the
 * query, since a path loses its segments `.` and `..`, also when they are escaped.
 */

import { parseTimeZone } from "#config/values.ts";
import { parseAllowedAddress } from "#domain/allowed-address.ts";
import { DIRECTION_POLICIES } from "#domain/device.ts";
import { parseDeviceName } from "#domain/device-text.ts";
import { parseDirectionCodes } from "#domain/direction-codes.ts";
import { parseSiteDate, type SiteDate } from "#domain/site-day.ts";
import type { DeviceEdit } from "#storage/storage.ts";
import { ApiFailure } from "../../errors.ts";
import { strictParameters } from "../../query-text.ts";

/** The parameters of a request, each at most once and none empty; `id` must be there. */
export function readParameters<Name extends string>(
  request: Request,
  known: readonly Name[],
): { readonly id: string; readonly given: ReadonlyMap<Name | "id", string> } {
  const given = strictParameters<Name | "id">(request.url, ["id", ...known]);
  return { id: required(given, "id"), given };
}

/** @throws ApiFailure `parameter-invalid` when it is missing. */
export function required<Name extends string>(given: ReadonlyMap<Name, string>, name: Name) {
  const text = given.get(name);
  if (text !== undefined) return text;
  throw invalid(name, `Query parameter "${name}" is missing`);
}

export function readName(text: string): string {
  const name = parseDeviceName(text);
  if (name.ok) return name.value;
  throw invalid("name", name.error.reason);
}

/** `any` lifts the rule. */
export function readAddress(text: string): string | null {
  if (text === "any") return null;
  const rule = parseAllowedAddress(text);
  if (rule.ok) return rule.value.text;
  throw invalid("address", rule.error.reason);
}

/** `site` goes back to the site's zone. */
export function readZone(text: string): string | null {
  if (text === "site") return null;
  const zone = parseTimeZone(text);
  if (zone !== undefined) return zone;
  const wanted = "an IANA time zone such as Asia/Manila, or site";
  throw invalid(
    "zone",
    `${JSON.stringify(text.slice(0, 60))} is no time zone: wanted is ${wanted}`,
  );
}

/** `site` goes back to the site's policy, codes `library` to the tables of the libraries. */
export function readDirection(
  text: string,
  codesText: string | undefined,
): Pick<DeviceEdit, "directionPolicy" | "directionCodes"> {
  const policy = DIRECTION_POLICIES.find((word) => word === text);
  if (policy === undefined && text !== "site") {
    const wanted = [...DIRECTION_POLICIES, "site"].join(", ");
    throw invalid("direction", `${JSON.stringify(text.slice(0, 60))} is not one of ${wanted}`);
  }
  const codes = codesText === undefined ? {} : { directionCodes: readCodes(codesText) };
  return { directionPolicy: policy ?? null, ...codes };
}

/** A day of the terminal's own calendar. */
export function readDate(name: string, text: string | undefined): SiteDate | undefined {
  if (text === undefined) return undefined;
  const date = parseSiteDate(text);
  if (date.ok) return date.value;
  const shown = JSON.stringify(text.slice(0, 60));
  throw invalid(name, `${shown} is no date: wanted is a day such as 2026-03-02`);
}

export function invalid(name: string, message: string): ApiFailure {
  return new ApiFailure("parameter-invalid", message, { parameters: [name] });
}

function readCodes(text: string): string | null {
  if (text === "library") return null;
  const codes = parseDirectionCodes(text);
  if (codes.ok) return codes.value.text;
  throw invalid("codes", codes.error.reason);
}
