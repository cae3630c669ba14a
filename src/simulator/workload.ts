/**
 * Says who punches where and when in a simulated run, so that no two punches of a run are the same
 * one (device, user and second) to the server. Pure.
 */

import type { TerminalModel } from "./models.ts";
import { chooseAt, randomAt, randomBytesAt } from "./random.ts";
import type { SimulatedPunch } from "./simulated-punch.ts";
import type { SimulatedUser } from "./simulated-user.ts";

/** The people and the time of one terminal's punches. */
export interface WorkloadOptions {
  readonly deviceId: string;
  /** This terminal's place in the fleet, from 0: each terminal has people of its own. */
  readonly terminalIndex: number;
  /** How many people use the terminal; each punches once, then all again a second later. */
  readonly users: number;
  /** The terminal's local time at the first punch. */
  readonly start: Temporal.PlainDateTime;
  readonly model: Pick<TerminalModel, "ioModeCode" | "verifyModeCode" | "spellUserId">;
  /** Spreads the punches, in order, over a time after `start`; undefined for as in `users`. */
  readonly spread?: { readonly punches: number; readonly seconds: number; readonly seed: number };
  /** Bytes of a photo with every punch; 0 for none. */
  readonly photoBytes: number;
}

/** Of each `of` punches, `lost` are in the terminal's log alone. */
export interface LossOptions {
  readonly lost: number;
  readonly of: number;
  readonly seed: number;
  readonly terminalIndex: number;
}

const PASSWORD_NUMBER = 10;
const CARD_NUMBER = 11;
const FACE_NUMBER = 12;
const FINGER_BYTES = 612;
const FACE_BYTES = 20_000;

/** Returns a function that gives the punch at `index` (from 0). Fast when asked in order. */
export function planPunches(options: WorkloadOptions): (index: number) => SimulatedPunch {
  const { deviceId, users, model, photoBytes, terminalIndex } = options;
  const firstUser = terminalIndex * users + 1;
  const secondAt = planSeconds(options);
  let plannedSecond = 0;
  let wallTime = formatWallTime(options.start);
  return (index) => {
    const second = secondAt(index);
    if (second !== plannedSecond) {
      plannedSecond = second;
      wallTime = formatWallTime(options.start.add({ seconds: second }));
    }
    return {
      deviceId,
      userId: model.spellUserId(firstUser + (index % users)),
      wallTime,
      ioModeCode: model.ioModeCode,
      verifyModeCode: model.verifyModeCode,
      recordNumber: index + 1,
      photo: photoBytes === 0 ? undefined : makePhoto(photoBytes, terminalIndex, index),
    };
  };
}

/** Returns a function that says whether the punch at `index` (from 0) never leaves the terminal. */
export function planLosses(options: LossOptions): (index: number) => boolean {
  const { lost, of, seed, terminalIndex } = options;
  let window = -1;
  let chosen = new Set<number>();
  return (index) => {
    if (lost === 0) return false;
    const asked = Math.floor(index / of);
    if (asked !== window) {
      window = asked;
      chosen = chooseAt(lost, of, seed, terminalIndex, window);
    }
    return chosen.has(index % of);
  };
}

/**
 * The people enrolled at a terminal. The first is a manager, every fifth has a face template, and the
 * last has no credential.
 */
export function planUsers(
  options: Pick<WorkloadOptions, "terminalIndex" | "users" | "model"> & { readonly seed: number },
): readonly SimulatedUser[] {
  const { terminalIndex, users, model, seed } = options;
  return Array.from({ length: users }, (_, index) => {
    const number = terminalIndex * users + 1 + index;
    const digits = Buffer.from(String(100_000 + number));
    const credentials = [
      { backupNumber: 0, data: randomBytesAt(FINGER_BYTES, seed, number, 0) },
      { backupNumber: PASSWORD_NUMBER, data: digits },
      { backupNumber: CARD_NUMBER, data: digits },
    ];
    const face = { backupNumber: FACE_NUMBER, data: randomBytesAt(FACE_BYTES, seed, number, 1) };
    const isLast = users > 1 && index === users - 1;
    return {
      userId: model.spellUserId(number),
      name: `User ${number}`,
      privilege: index === 0 ? "MANAGER" : "USER",
      enabled: true,
      credentials: isLast ? [] : [...credentials, ...(index % 5 === 0 ? [face] : [])],
      photo: undefined,
    };
  });
}

/** Formats a local time as terminals do: 14 digits `YYYYMMDDhhmmss`. */
export function formatWallTime(time: Temporal.PlainDateTime): string {
  return time.toString({ smallestUnit: "second" }).replace(/[-:T]/g, "");
}

function planSeconds({ users, spread, terminalIndex }: WorkloadOptions): (index: number) => number {
  if (spread === undefined) return (index) => Math.floor(index / users);
  const step = spread.seconds / spread.punches;
  return (index) => Math.floor(step * (index + randomAt(spread.seed, terminalIndex, index)));
}

/** Bytes that begin and end as those of a JPEG. */
function makePhoto(bytes: number, terminalIndex: number, index: number): Uint8Array {
  const photo = randomBytesAt(bytes, terminalIndex, index);
  photo.set([0xff, 0xd8, 0xff, 0xe0]);
  photo.set([0xff, 0xd9], bytes - 2);
  return photo;
}
