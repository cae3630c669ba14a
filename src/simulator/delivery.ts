/**
 * The ways in which a request's bytes arrive: at once, or in pieces with pauses between, as slow
 * terminals and networks send them (protocol section 11). Pure.
 */

import { randomAt } from "./random.ts";

/** `whole`; `head-first`: the body 20 ms after the head; `segments`: cut in head and body. */
export type DeliveryName = "whole" | "head-first" | "segments";

/** How to cut requests, and how long to wait between the pieces. */
export interface Delivery {
  /** The pieces, in order; together they are `bytes`. */
  readonly cut: (bytes: Uint8Array, headBytes: number) => readonly Uint8Array[];
  readonly pauseMs: number;
}

const PIECE_PAUSE_MS = 20;

/** Every way by name. `seed` decides where `segments` cuts. */
export function makeDelivery(name: DeliveryName, seed: number): Delivery {
  switch (name) {
    case "whole":
      return { cut: (bytes) => [bytes], pauseMs: 0 };
    case "head-first":
      return { cut: (bytes, headBytes) => cutAt(bytes, [headBytes]), pauseMs: PIECE_PAUSE_MS };
    case "segments":
      return {
        cut: (bytes, headBytes) => cutSegments(bytes, headBytes, seed),
        pauseMs: PIECE_PAUSE_MS,
      };
  }
}

/** Once within the head, once at the very start of the body's length, once within the body. */
function cutSegments(bytes: Uint8Array, headBytes: number, seed: number): readonly Uint8Array[] {
  const bodyBytes = bytes.length - headBytes;
  const inHead = Math.floor(headBytes * randomAt(seed, bytes.length, 0));
  const inBody = headBytes + Math.floor(bodyBytes * randomAt(seed, bytes.length, 1));
  return cutAt(bytes, [inHead, headBytes + 2, inBody]);
}

function cutAt(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const inside = places.filter((place) => place > 0 && place < bytes.length);
  const sorted = [...new Set(inside)].sort((left, right) => left - right);
  return [0, ...sorted].map((start, index) => bytes.subarray(start, sorted[index] ?? bytes.length));
}
