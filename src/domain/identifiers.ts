/**
 * The branded identifiers every other part speaks in, with their constructors.
 */

import { type Brand, brand } from "#base/brand.ts";

/** A terminal's own serial or id, exactly as it sends it: letter O and digit 0 are distinct. */
export type DeviceId = Brand<string, "DeviceId">;

/** A person's id in canonical form: see `canonicalUserId` in `punch-identity.ts`. */
export type UserId = Brand<string, "UserId">;

/** Our own number of a punch, from 1,000,001 on a new box; imported punches keep their own. */
export type PunchId = Brand<number, "PunchId">;

/** A place in the feed, counting up from 1. A row that changes moves to a new, higher position. */
export type FeedPosition = Brand<number, "FeedPosition">;

export const deviceId = (text: string): DeviceId => brand<DeviceId>(text);
export const userId = (text: string): UserId => brand<UserId>(text);
export const punchId = (value: number): PunchId => brand<PunchId>(value);
export const feedPosition = (value: number): FeedPosition => brand<FeedPosition>(value);
