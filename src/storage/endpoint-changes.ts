/**
 * What a person changes of the endpoints: adds and removes them, edits them, replaces their secrets.
 * Each change is one transaction. Bringing an endpoint up to the feed's end is `endpoint-fill.ts`.
 */

import type { EpochMs } from "#base/epoch.ts";
import {
  ENDPOINTS_MAX,
  type Endpoint,
  type EndpointEdit,
  type EndpointId,
  type EndpointStart,
  lacksSecret,
  type NewEndpoint,
  SETTINGS_ENDPOINT_NAME,
  type SecretRotation,
} from "#domain/webhook-endpoint.ts";
import { ONLY_WHAT_ENTERED } from "./endpoint-fill.ts";
import type { AddedEndpoint, EndpointChange, EndpointStorage } from "./endpoint-storage.ts";
import { type BookedEndpoint, shownEndpoint } from "./endpoints.ts";
import { guardEngine } from "./engine-error.ts";
import type { WriteParts } from "./write-parts.ts";

/** The part of `Storage` that changes endpoints. */
type EndpointChanger = Omit<EndpointStorage, "listEndpoints">;

/** The methods of `Storage` that change endpoints. */
export function endpointChanges(parts: WriteParts): EndpointChanger {
  return {
    addEndpoint: async (added) => addEndpoint(parts, added),
    editEndpoint: async (id, edit) => editEndpoint(parts, id, edit),
    rotateEndpointSecret: async (id, rotation) => rotateSecret(parts, id, rotation),
    removeEndpoint: async (id, nowMs) => removeEndpoint(parts, id, nowMs),
  };
}

function addEndpoint(parts: WriteParts, added: NewEndpoint): AddedEndpoint {
  const { endpoints } = parts;
  const { name, url, format, secret } = added;
  const isTaken = endpoints.list().some((endpoint) => endpoint.name === name);
  if (isTaken || name === SETTINGS_ENDPOINT_NAME) return { kind: "name-taken" };
  if (endpoints.list().length >= ENDPOINTS_MAX) return { kind: "endpoints-full" };
  const row = {
    name,
    origin: "added",
    url,
    format,
    typesText: listText(added.types),
    devicesText: listText(added.deviceIds),
    secret,
    isEnabled: true,
    ...fillOf(added.start),
    createdAtMs: added.nowMs,
  } as const;
  const booked = change(parts, `add endpoint "${name}"`, () => endpoints.add(row));
  return { kind: "added", endpoint: shown(parts, booked) };
}

function editEndpoint(parts: WriteParts, id: EndpointId, edit: EndpointEdit): EndpointChange {
  const endpoint = parts.endpoints.find(id);
  if (endpoint === undefined) return "unknown-endpoint";
  if (endpoint.origin === "settings") return "settings-endpoint";
  const { url, format, types, deviceIds, isEnabled } = edit;
  const columns = {
    ...(url === undefined ? {} : { url }),
    ...(format === undefined ? {} : { format }),
    ...(types === undefined ? {} : { typesText: listText(types) }),
    ...(deviceIds === undefined ? {} : { devicesText: listText(deviceIds) }),
    ...(isEnabled === undefined ? {} : { isEnabled }),
    ...(isEnabled === false ? stopOf(parts, endpoint) : {}),
  };
  if (Object.keys(columns).length === 0) return "done";
  change(parts, `change endpoint "${endpoint.name}"`, () => parts.endpoints.change(id, columns));
  return "done";
}

function rotateSecret(
  parts: WriteParts,
  id: EndpointId,
  { secret, previousUntilMs, nowMs }: SecretRotation,
): EndpointChange | "still-rotating" {
  const endpoint = parts.endpoints.find(id);
  if (endpoint === undefined) return "unknown-endpoint";
  if (endpoint.origin === "settings") return "settings-endpoint";
  const isOverlapping = previousUntilMs > nowMs && !lacksSecret(endpoint);
  const { previousSecret, name } = endpoint;
  if (isOverlapping && previousSecret !== undefined && previousSecret.untilMs > nowMs) {
    return "still-rotating";
  }
  const columns = isOverlapping
    ? { secret, previousSecret: endpoint.secret, previousSecretUntilMs: previousUntilMs }
    : { secret, previousSecret: null, previousSecretUntilMs: null };
  change(parts, `rotate the secret of "${name}"`, () => parts.endpoints.change(id, columns));
  return "done";
}

/** Its messages are deleted in the background. The row stays, so that its number is not given again. */
function removeEndpoint(parts: WriteParts, id: EndpointId, nowMs: EpochMs): EndpointChange {
  const endpoint = parts.endpoints.find(id);
  if (endpoint === undefined) return "unknown-endpoint";
  if (endpoint.origin === "settings") return "settings-endpoint";
  const columns = {
    removedAtMs: nowMs,
    isEnabled: false,
    secret: "",
    previousSecret: null,
    previousSecretUntilMs: null,
  };
  change(parts, `remove endpoint "${endpoint.name}"`, () => {
    parts.endpoints.change(id, columns);
    // By its totals the background work knows that there may be something to delete.
    parts.counters.addDeliveries(id, {});
  });
  return "done";
}

function change<Value>(parts: WriteParts, what: string, write: () => Value): Value {
  return guardEngine(what, () =>
    parts.transaction(() => {
      parts.noteWrite();
      return write();
    }),
  );
}

/** Where the fill of a new endpoint begins; without one it is told what comes from here on. */
function fillOf(start: EndpointStart) {
  if (start.kind === "now") return {};
  return { fillAfterPosition: 0, ...(start.kind === "from" ? { fillFromMs: start.fromMs } : {}) };
}

/** From the place where it stops it is filled when it is enabled again. */
function stopOf(parts: WriteParts, { isEnabled, fillAfterPosition }: BookedEndpoint) {
  if (!isEnabled || fillAfterPosition !== undefined) return {};
  return {
    fillAfterPosition: parts.counters.values.lastFeedPosition,
    fillFromMs: ONLY_WHAT_ENTERED,
  };
}

function listText(values: readonly string[] | null | undefined): string | null {
  return values === null || values === undefined ? null : JSON.stringify(values);
}

function shown(parts: WriteParts, booked: BookedEndpoint): Endpoint {
  return shownEndpoint(booked, parts.counters.values);
}
