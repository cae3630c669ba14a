/**
 * Instants: branded so that a duration, a count or a local reading is never taken for one.
 */

import { type Brand, brand } from "./brand.ts";

/** An instant: milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = Brand<number, "EpochMs">;

/** Marks a number of milliseconds since 1970-01-01T00:00:00Z as an instant. */
export const epochMs = (value: number): EpochMs => brand<EpochMs>(value);
