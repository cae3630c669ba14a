/** JSON values as the OpenAPI document is taken apart and put together again. */

import { assert } from "#base/assert.ts";

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object; undefined members are left out when it is written. */
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** @throws AssertionError for anything but an object: our own document is malformed. */
export function objectOf(value: unknown): JsonObject {
  assert(isJsonObject(value), "The OpenAPI document has no object where one belongs");
  return value;
}

/** The list, or an empty one for undefined. @throws AssertionError for anything else. */
export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined) return [];
  assert(isList(value), "The OpenAPI document has no list where one belongs");
  return value;
}

/** A new object with each member changed by `change`; undefined members are dropped. */
export function mapEntries(
  object: JsonObject,
  change: (value: Json, name: string) => Json,
): JsonObject {
  const changed: Record<string, Json> = {};
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined) changed[name] = change(value, name);
  }
  return changed;
}

/** Tells a list from an object, which `Array.isArray` does not for read-only lists. */
export function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether a value is a JSON object, and no list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
