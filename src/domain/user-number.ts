/** How the shapes of the replaced server show a user id. */

import type { UserId } from "./identifiers.ts";

/** A number where the id is one that JSON readers take exactly, else the id as text. */
export function userNumber(id: UserId): number | string {
  if (!/^(0|-?[1-9]\d*)$/.test(id)) return id;
  const value = Number(id);
  return Number.isSafeInteger(value) ? value : id;
}
