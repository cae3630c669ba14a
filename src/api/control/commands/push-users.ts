/**
 * Brings users of the HRIS to a terminal. Only to a terminal that has listed its users lately: whoever
 * is on it must not be written anew, which would take the credentials it has of them.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { Command, DeviceCommand } from "#domain/command.ts";
import { isFinished } from "#domain/command.ts";
import { planPush } from "#domain/command-push.ts";
import type { Device } from "#domain/device.ts";
import type { UserId } from "#domain/identifiers.ts";
import { canonicalUserId, type LeadingZeros } from "#domain/punch-identity.ts";
import type { Storage } from "#storage/storage.ts";
import { ApiFailure } from "../../errors.ts";
import type { PushAnswer } from "./model.ts";

/** What the push reads. */
export interface PushOptions {
  readonly storage: Pick<
    Storage,
    "listCommands" | "findCommand" | "listUserIds" | "readUsers" | "readEnrolledNames"
  >;
  readonly leadingZeros: LeadingZeros;
}

/** The commands of a push, and who gets none. */
export interface PlannedPush {
  readonly commands: readonly DeviceCommand[];
  readonly skipped: PushAnswer["skipped"];
  readonly leftCount: number;
}

const LIST_FRESH_MS = 86_400_000;
/** All that are kept of one terminal. */
const COMMANDS_READ_MAX = 1_200;
const USERS_AT_ONCE = 500;
/** Open commands of one terminal. */
const QUEUE_ROOM = 200;

/**
 * Plans the commands that bring users to a terminal, as many as it has room for; `asked` undefined:
 * everybody the HRIS sent.
 * @throws ApiFailure `users-unlisted`.
 */
export async function planUserPush(
  { storage, leadingZeros }: PushOptions,
  device: Device,
  { asked, nowMs }: { readonly asked: readonly string[] | undefined; readonly nowMs: EpochMs },
): Promise<PlannedPush> {
  const told = await storage.listCommands({ deviceId: device.id }, COMMANDS_READ_MAX);
  const fresh = told.find((command) => isFreshList(command, nowMs));
  // Where commands are listed, a long list of users is left out.
  const list = fresh === undefined ? undefined : await storage.findCommand(fresh.id);
  const spelled = list === undefined ? undefined : spelledIds(list, leadingZeros);
  if (list === undefined || spelled === undefined) throw usersUnlisted(device.id);
  const askedBefore = new Set(told.filter((command) => command.id > list.id).flatMap(nameOf));
  const ids: readonly UserId[] =
    asked?.map((text) => canonicalUserId(text, leadingZeros)) ?? (await storage.listUserIds());
  const room = QUEUE_ROOM - device.openCommandCount;
  const commands: DeviceCommand[] = [];
  const skipped = { unchanged: 0, disabled: 0, "no-name": 0, unfit: 0, asked: 0, unknown: 0 };
  let leftCount = 0;
  for (let start = 0; start < ids.length; start += USERS_AT_ONCE) {
    const some = ids.slice(start, start + USERS_AT_ONCE);
    const users = new Map((await storage.readUsers(some)).map((user) => [user.id, user]));
    const names = await storage.readEnrolledNames(device.id, some);
    for (const id of some) {
      const synced = users.get(id)?.synced;
      const text = spelled.get(id);
      const known =
        text === undefined && !names.has(id)
          ? undefined
          : { userIdText: text ?? id, name: names.get(id) ?? undefined };
      const plan = synced === undefined ? "unknown" : planPush({ id, ...synced }, known);
      if (typeof plan === "string") skipped[plan] += 1;
      else if (askedBefore.has(keyOf(plan))) skipped.asked += 1;
      else if (commands.length >= room) leftCount += 1;
      else commands.push(plan);
    }
  }
  return { commands, skipped, leftCount };
}

/** The terminal listed its users within a day, and all of the list was read. */
function isFreshList(command: Command, nowMs: EpochMs): boolean {
  return (
    command.kind === "list-users" &&
    command.status === "done" &&
    !command.isResultPending &&
    command.problem === undefined &&
    nowMs - (command.finishedAtMs ?? 0) <= LIST_FRESH_MS
  );
}

/** How the terminal spells each user of its list; undefined for one without users, not even none. */
function spelledIds(
  list: Command,
  leadingZeros: LeadingZeros,
): ReadonlyMap<UserId, string> | undefined {
  const result: unknown = JSON.parse(list.resultText ?? "{}");
  const users: unknown =
    typeof result === "object" && result !== null ? Reflect.get(result, "users") : undefined;
  if (!Array.isArray(users)) return undefined;
  const ids = users.map((user) => userIdOf(user));
  return new Map(ids.map((text) => [canonicalUserId(text, leadingZeros), text]));
}

function userIdOf(user: unknown): string {
  const text: unknown =
    typeof user === "object" && user !== null ? Reflect.get(user, "user_id") : undefined;
  return typeof text === "string" ? text : "";
}

/** What a command names a user, unless it came to nothing. */
function nameOf(command: Command): readonly string[] {
  const { kind, status, parameters } = command;
  const isAboutName = kind === "set-user" || kind === "rename-user";
  const isInVain = isFinished(status) && status !== "done" && status !== "unconfirmed";
  return isAboutName && !isInVain ? [`${parameters.user_id}\n${parameters.name}`] : [];
}

function keyOf(command: DeviceCommand): string {
  const isAboutName = command.kind === "set-user" || command.kind === "rename-user";
  return isAboutName ? `${command.userId}\n${command.name}` : "";
}

function usersUnlisted(id: string): ApiFailure {
  return new ApiFailure(
    "users-unlisted",
    "Which users are on the terminal is not known, and whoever is must not be written anew: have it " +
      `list them first with "biometric-server commands send ${id} list-users --watch"`,
  );
}
