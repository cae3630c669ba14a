/**
 * Looks after commands while nobody polls: ends those whose deadline has passed, and reads the lists
 * of users that terminals sent.
 *
 * States: waiting (for the next look); looking; stopped.
 */

import { type ListedUser, readUserList, type UserList } from "#devices/fkweb/user-records.ts";
import type { Enrollment } from "#domain/user.ts";
import type { Clock, Timer } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { PendingResult, SettledUserList, Storage } from "#storage/storage.ts";

/** What it works on. */
export interface CommandCareOptions {
  readonly storage: Pick<
    Storage,
    "expireCommands" | "listPendingResults" | "settleUserList" | "findDevice"
  >;
  readonly clock: Clock;
  readonly log: Log;
}

const LOOK_PERIOD_MS = 2_000;
/** No terminal holds as many users as this would take. */
const LIST_BYTES_MAX = 4 * 1024 * 1024;
/** Users of one list that its result shows; all of them are taken over. */
const SHOWN_USERS_MAX = 20_000;
/** Nobody is called so; what a terminal lists of it is shown and not taken over. */
const UNSHOWN = /\p{Cc}/u;

export class CommandCare {
  readonly #options: CommandCareOptions;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: CommandCareOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.every(LOOK_PERIOD_MS, () => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    });
  }

  /** Resolves when the list at hand is read; the others wait for the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.stop();
    await this.#looking;
  }

  /** Never rejects: what fails is tried again at the next look. */
  async #look(): Promise<void> {
    const { storage, clock, log } = this.#options;
    try {
      for (const { id, deviceId, kind, problem } of await storage.expireCommands(clock.nowMs())) {
        const fields = { command: id, device: deviceId, kind, problem };
        log.warn("command.expired", fields, { per: deviceId });
      }
      await this.#settleLists();
    } catch (error) {
      log.error("commands.failed", { cause: String(error) }, { per: "commands" });
    }
  }

  /** One after the other, since each may be large. */
  async #settleLists(): Promise<void> {
    const { storage } = this.#options;
    while (!this.#isStopped) {
      const [pending] = await storage.listPendingResults("list-users", 1);
      if (pending === undefined) return;
      await this.#settle(pending);
    }
  }

  async #settle(pending: PendingResult): Promise<void> {
    const { storage, clock, log } = this.#options;
    const { command } = pending;
    const device = await storage.findDevice(command.deviceId);
    const settled = readList(pending, device?.codeLibrary);
    await storage.settleUserList({ ...settled, commandId: command.id, nowMs: clock.nowMs() });
    const fields = { command: command.id, device: command.deviceId, users: settled.users.length };
    log.info("command.users-listed", { ...fields, problem: settled.problem });
  }
}

/** Reads a terminal's list. Pure. */
function readList(
  { command, bytes }: PendingResult,
  codeLibrary: string | undefined,
): Pick<SettledUserList, "users" | "resultText" | "problem"> {
  const resultText = command.resultText ?? "{}";
  if (bytes.length > LIST_BYTES_MAX) {
    const problem = `The list has ${bytes.length} bytes; at most ${LIST_BYTES_MAX} are read`;
    return { users: [], resultText, problem };
  }
  const binaries = bytes.length === 0 ? [] : [bytes];
  const list = readUserList({ text: resultText, binaries }, codeLibrary);
  if (!list.ok) {
    const problem = `The list cannot be read: ${list.error.reason}`;
    return { users: [], resultText, problem };
  }
  const { users, invalid, announcedCount } = list.value;
  const result = {
    user_count: users.length,
    announced_count: announcedCount ?? null,
    unreadable_count: invalid.length,
    users: users.slice(0, SHOWN_USERS_MAX).map(spellUser),
  };
  const problem = findListProblem(list.value);
  const plain = users.filter((user) => !UNSHOWN.test(user.userIdText));
  return { users: plain.map(enrollmentOf), resultText: JSON.stringify(result), problem };
}

/** Why a list cannot be all of the terminal's users. */
function findListProblem({ invalid, announcedCount, recordCount }: UserList): string | undefined {
  const [first] = invalid;
  if (first !== undefined) {
    return `${invalid.length} records cannot be read; the first: ${first.reason}`;
  }
  if (announcedCount === undefined) {
    return recordCount === 0 ? "The terminal neither counted its users nor sent any" : undefined;
  }
  return announcedCount > recordCount
    ? `The terminal announced ${announcedCount} records and sent ${recordCount}`
    : undefined;
}

function spellUser(user: ListedUser) {
  return {
    user_id: user.userIdText,
    privilege: user.privilege,
    is_enabled: user.isEnabled,
    password_count: user.passwordCount,
    card_count: user.cardCount,
    face_count: user.faceCount,
    fingerprint_count: user.fingerprintCount,
    vein_count: user.veinCount,
    palm_count: user.palmCount,
  };
}

function enrollmentOf({ palmCount: _, ...user }: ListedUser): Enrollment {
  return { ...user, name: undefined, credentials: undefined };
}
