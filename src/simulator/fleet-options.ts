/**
 * What a run of fake terminals is: the fleet, its punches, how it behaves and who disturbs it.
 */

import type { DeliveryName } from "./delivery.ts";
import type { DisturbanceName } from "./disturber.ts";
import type { ModelName } from "./models.ts";
import type { TerminalTiming } from "./terminal.ts";
import type { Fault } from "./upload.ts";

/** A run. */
export interface FleetOptions {
  readonly host: string;
  readonly port: number;
  readonly terminals: number;
  readonly punchesPerTerminal: number;
  /** Device ids are this and a number from 1, in at least four digits. */
  readonly devicePrefix: string;
  readonly usersPerTerminal: number;
  /** The terminals' local time at the start; where no behavior says otherwise, of the first punch. */
  readonly start: Temporal.PlainDateTime;
  /** Punches per second over the whole fleet; undefined for as fast as they are acknowledged. */
  readonly ratePerSecond: number | undefined;
  /** After this time no terminal begins a new punch; undefined for no such end. */
  readonly durationMs: number | undefined;
  /** Send all requests over one connection, as far as the server allows it. */
  readonly keepAlive: boolean;
  /** Of 100 acknowledged punches, how many are sent once more. */
  readonly duplicatePercent: number;
  /** How long one exchange may take, connecting included. */
  readonly timeoutMs: number;
  /** Tries per punch, from 1; then the terminal gives up. */
  readonly attemptsMax: number;
  readonly timing: TerminalTiming;
  /** Decides whatever looks random. */
  readonly seed: number;
  readonly behavior: FleetBehavior;
}

/** How the terminals of a fleet behave, beside sending punches. Lists go to the terminals in turn. */
export interface FleetBehavior {
  readonly models: readonly ModelName[];
  readonly deliveries: readonly DeliveryName[];
  /** A punch has the time at which it is made, by the terminal's clock. Needs a rate. */
  readonly live: boolean;
  /** The planned punches are spread over this many days before the start; 0 for from the start on. */
  readonly historyDays: number;
  /** Terminals go on polling when all is sent, until the duration ends or the run is stopped. */
  readonly staysOn: boolean;
  /** Of each `of` punches, `lost` are in the terminal's own log alone. */
  readonly losses: { readonly lost: number; readonly of: number };
  /** After this many punches a terminal loses power, and its clock shows one of the readings. */
  readonly powerLoss:
    | { readonly afterPunches: number; readonly readings: readonly string[] }
    | undefined;
  /** What goes wrong at the first try of punches, in turn. */
  readonly faults: readonly Fault[];
  /** Bytes of a photo with every punch; 0 for none. */
  readonly photoBytes: number;
  /** Terminals push every user at the start. */
  readonly pushesUsers: boolean;
  /** Terminals understand no reply, as behind a proxy that rewrites headers. */
  readonly deaf: boolean;
  /** All terminals have the id of the first. */
  readonly sharesId: boolean;
  readonly disturbances: readonly Disturbance[];
}

/** So many of one kind beside the fleet. */
export interface Disturbance {
  readonly kind: DisturbanceName;
  readonly count: number;
}

/** A fleet of the most ordinary terminals, undisturbed. */
export const PLAIN_BEHAVIOR: FleetBehavior = {
  models: ["f80"],
  deliveries: ["whole"],
  live: false,
  historyDays: 0,
  staysOn: false,
  losses: { lost: 0, of: 1 },
  powerLoss: undefined,
  faults: ["none"],
  photoBytes: 0,
  pushesUsers: false,
  deaf: false,
  sharesId: false,
  disturbances: [],
};
