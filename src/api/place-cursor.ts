/** Opaque cursors over lists that never start anew: terminals, commands and the like by their ids. */

import { ApiFailure } from "./errors.ts";

/** What a cursor runs over. */
type CursorList = "audit" | "device" | "command" | "delivery" | "quarantine";

/** An id of everything that is no terminal. */
const NUMBER = /^\d{1,15}$/;

/** Spells a place in a list: the last one that was shown. */
export function encodePlace(list: CursorList, place: string): string {
  return Buffer.from(`${list}:${place}`).toString("base64url");
}

/**
 * The place that a cursor names; undefined without one.
 * @throws ApiFailure `cursor-invalid` for text that is no cursor of this list.
 */
export function decodePlace(list: CursorList, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, "base64url").toString();
  const place = text.slice(list.length + 1);
  const isPlace = list === "device" ? place !== "" : NUMBER.test(place);
  if (isPlace && encodePlace(list, place) === cursor) return place;
  throw new ApiFailure("cursor-invalid", "The cursor is not one that this server gave out", {
    parameters: ["after"],
  });
}
