/**
 * What a fake terminal keeps beside its queue: people, clock, own log, name. Commands read and change
 * it; a restart keeps it.
 */

import type { DeviceClock } from "./device-clock.ts";
import type { Library } from "./models.ts";
import type { PunchLog } from "./punch-log.ts";
import type { SimulatedUser } from "./simulated-user.ts";
import { userKey } from "./user-records.ts";

/** What a terminal has in it at first. */
export interface DeviceStateOptions {
  readonly name: string;
  readonly library: Library;
  readonly clock: DeviceClock;
  readonly log: PunchLog;
  /** Called when the people are first asked for. */
  readonly makeUsers: () => readonly SimulatedUser[];
}

/** The memory of one terminal. */
export class DeviceState {
  readonly clock: DeviceClock;
  readonly log: PunchLog;
  name: string;
  readonly #options: DeviceStateOptions;
  #users: Map<string, SimulatedUser> | undefined;

  constructor(options: DeviceStateOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.log = options.log;
    this.name = options.name;
  }

  /** Everybody who is enrolled, in the order they came. */
  listUsers(): readonly SimulatedUser[] {
    return [...this.#people().values()];
  }

  /** The user under any spelling of the id that means the same to the terminal. */
  findUser(userId: string): SimulatedUser | undefined {
    return this.#people().get(this.#keyOf(userId));
  }

  /** Puts a user in the place of the one with the same id. */
  setUser(user: SimulatedUser): void {
    this.#people().set(this.#keyOf(user.userId), user);
  }

  /** Forgets a user. */
  deleteUser(userId: string): void {
    this.#people().delete(this.#keyOf(userId));
  }

  #keyOf(userId: string): string {
    return userKey(this.#options.library, userId);
  }

  #people(): Map<string, SimulatedUser> {
    this.#users ??= new Map(
      this.#options.makeUsers().map((user) => [this.#keyOf(user.userId), user]),
    );
    return this.#users;
  }
}
