/**
 * The way of one punch into its table, whoever brings it: read by the rules of its terminal, given an
 * id, a direction and a place in the feed, or held with its terminal. Which punch it is, and whether
 * it is one already stored, is decided before.
 */

import type { EpochMs } from "#base/epoch.ts";
import { epochMs } from "#base/epoch.ts";
import type { Result } from "#base/result.ts";
import { acceptPunch, type UnreadablePunch } from "#domain/accept-punch.ts";
import { deviceId, type PunchId } from "#domain/identifiers.ts";
import type { RawPunch, RefusalCode } from "#domain/intake.ts";
import type { AcceptedPunch, PunchOrigin } from "#domain/punch.ts";
import { announcePunch } from "./announce-punch.ts";
import type { DeviceClocks, OwnClockView } from "./device-clocks.ts";
import type { DeviceRow } from "./devices.ts";
import type { HoldingRoom } from "./holding-room.ts";
import { type PunchPlacer, terminalDirection } from "./place-punch.ts";
import type { KnownPunch } from "./punches.ts";
import type { QuarantineReason } from "./quarantine.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** Bytes a held punch takes beside its own text: the row and its places in five indexes. */
const HELD_ROW_BYTES = 400;

/** Where a punch comes from, and when. */
export interface Arrival {
  readonly device: DeviceRow;
  readonly origin: PunchOrigin;
  readonly receivedAtMs: EpochMs;
  /** When it gets its place: later than it arrived, where a person had to look at it first. */
  readonly landedAtMs: EpochMs;
}

/** The id it was given, or why it may not be held. */
export type Entered =
  | { readonly kind: "stored"; readonly punchId: PunchId }
  | { readonly kind: "refused"; readonly code: RefusalCode };

export class PunchEntry {
  readonly #parts: WriteParts;
  readonly #placer: PunchPlacer;
  readonly #rules: StorageRules;
  readonly #ownClock: OwnClockView;
  readonly #clocks: DeviceClocks;
  readonly #room: HoldingRoom;

  constructor(options: {
    readonly parts: WriteParts;
    readonly placer: PunchPlacer;
    readonly rules: StorageRules;
    readonly ownClock: OwnClockView;
    readonly clocks: DeviceClocks;
    readonly room: HoldingRoom;
  }) {
    this.#parts = options.parts;
    this.#placer = options.placer;
    this.#rules = options.rules;
    this.#ownClock = options.ownClock;
    this.#clocks = options.clocks;
    this.#room = options.room;
  }

  /** Who and when, by the rules that hold for the terminal. */
  read(
    raw: RawPunch,
    device: DeviceRow,
    receivedAtMs: EpochMs,
  ): Result<AcceptedPunch, UnreadablePunch> {
    return acceptPunch(raw, {
      timeZone: device.timeZone ?? this.#rules.siteTimeZone,
      leadingZeros: this.#rules.leadingZeros,
      receivedAtMs,
      ownClockTrusted: this.#ownClock.isTrusted(),
      deviceStartAtMs: epochMs(device.startAtMs),
      clockEpisode: device.clockEpisode,
    });
  }

  /** Writes a punch that is not stored. Of a `refused` one nothing may stay. */
  insert(punch: AcceptedPunch, arrival: Arrival): Entered {
    const { device, receivedAtMs } = arrival;
    const isHeld = device.status === "pending" || device.heldCount > 0;
    const heldBytes = punch.raw.rawText.length + HELD_ROW_BYTES;
    const refusal = this.#room.refusePunch(device, heldBytes);
    if (refusal !== undefined) return { kind: "refused", code: refusal };
    const { counters } = this.#parts;
    const place = {
      userId: punch.userId,
      instantMs: punch.instantMs,
      deviceId: device.id,
      punchId: counters.nextPunchId(),
    };
    const isDoubtful = punch.doubtfulTime !== undefined;
    const { directionCode: code, codeLibrary: library } = punch.raw;
    const direction = terminalDirection(device, { code, library }, this.#rules);
    this.#ownClock.noteArrival(receivedAtMs);
    this.#parts.punches.insertAccepted(punch, {
      id: place.punchId,
      deviceId: device.id,
      receivedAtMs,
      feedPosition: isHeld ? null : counters.nextFeedPosition(),
      origin: arrival.origin,
      placed: isHeld ? undefined : this.#placer.resolve(place, { ...direction, isDoubtful }),
      suggestedInstantMs: isDoubtful ? this.#suggest(punch, arrival) : undefined,
    });
    if (isHeld) this.#noteHeld(device, heldBytes);
    else this.#announce(punch, place.punchId, arrival);
    return { kind: "stored", punchId: place.punchId };
  }

  #noteHeld(device: DeviceRow, heldBytes: number): void {
    this.#parts.counters.add({ heldCount: 1 });
    this.#parts.devices.put({
      ...device,
      heldCount: device.heldCount + 1,
      heldBytes: device.heldBytes + heldBytes,
    });
  }

  #announce(punch: AcceptedPunch, punchId: PunchId, arrival: Arrival): void {
    const { device, receivedAtMs, landedAtMs } = arrival;
    const { userId, instantMs, isHistoric } = punch;
    const isDoubtful = punch.doubtfulTime !== undefined;
    announcePunch(this.#parts, {
      deviceId: device.id,
      punchId,
      revision: 1,
      receivedAtMs,
      landedAtMs,
      instantMs,
      isHistoric,
      isDoubtful,
    });
    // Behind the punch in the feed, and so in the outbox.
    const place = { userId, instantMs, deviceId: device.id, punchId };
    if (!isDoubtful) this.#placer.correctBehind(place, landedAtMs);
  }

  #suggest(punch: AcceptedPunch, { device, receivedAtMs }: Arrival): EpochMs | undefined {
    const suggested = this.#clocks.suggest(device, { instantMs: punch.instantMs, receivedAtMs });
    if (suggested === undefined) this.#clocks.noteUnsuggested(deviceId(device.id));
    return suggested;
  }
}

/** Why a punch of a stored one's user and second is kept for a person to decide. */
export function sameSecond(known: KnownPunch): QuarantineReason {
  const reason = `Punch ${known.id} has the same user and second and other codes`;
  return { code: "same-second", reason };
}
