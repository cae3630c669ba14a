/**
 * The message of an event as receivers get it, in a bounded size: texts that are too long, which
 * terminals and receivers may send, are cut and marked. Knows nothing of what an event tells.
 */

import { assert } from "#base/assert.ts";
import { canonicalJson, type JsonValue } from "./canonical-json.ts";

/** What an event tells, by name. Numbers are safe integers. */
export type EventData = { readonly [name: string]: JsonValue };

/** The body of a message in format `standard`. */
export interface EventMessage {
  readonly type: string;
  /** RFC 3339, when the event was made. */
  readonly timestamp: string;
  readonly data: EventData;
}

/** The most that a body has. Canonical JSON is ASCII, so bytes are characters. */
export const MESSAGE_BYTES_MAX = 20_000;

/** What stands in the place of what is cut off. */
const MARK = "…";
const TEXT_LENGTH_MAX = 4_000;

/** The body as it is sent. Fits, if its data went through `fitData`. */
export function encodeMessage({ type, timestamp, data }: EventMessage): string {
  return canonicalJson({ type, timestamp, data });
}

/**
 * The data with every text short enough for one body: what is cut ends in `…`, and its name stands
 * in the list `truncated`. Nearly always it is the data as given.
 */
export function fitData(data: EventData): EventData {
  let fitted = data;
  for (let lengthMax = TEXT_LENGTH_MAX; !isShort(fitted); lengthMax = Math.floor(lengthMax / 2)) {
    assert(lengthMax > 0, "An event has more members than a message can hold");
    fitted = cutTexts(data, lengthMax);
  }
  return fitted;
}

/** What is around the data has a fixed length. */
const DATA_BYTES_MAX = MESSAGE_BYTES_MAX - 200;

function isShort(data: EventData): boolean {
  return canonicalJson(data).length <= DATA_BYTES_MAX;
}

function cutTexts(data: EventData, lengthMax: number): EventData {
  const truncated: string[] = [];
  const cut = Object.entries(data).map(([name, value]) => {
    if (typeof value !== "string" || value.length <= lengthMax) return [name, value] as const;
    truncated.push(name);
    // Half of a character outside the basic plane is no character.
    const kept = value.slice(0, lengthMax).replace(/[\uD800-\uDBFF]$/, "");
    return [name, kept + MARK] as const;
  });
  return { ...Object.fromEntries(cut), truncated };
}
