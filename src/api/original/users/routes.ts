/**
 * `GET /api/biometric/users` and `GET /api/hris/users`: everybody that the HRIS or a terminal in use
 * told of, in the original's two shapes.
 */

import { Elysia } from "elysia";
import type { UserId } from "#domain/identifiers.ts";
import type { LeadingZeros } from "#domain/punch-identity.ts";
import type { KnownUser } from "#domain/user.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate, type TokenHolder } from "../../auth.ts";
import { ApiFailure, failingAs, ORIGINAL_REFUSALS, originalErrorAs } from "../../errors.ts";
import { Places } from "../../places.ts";
import { readCount, readUserId } from "../list-query.ts";
import { answerList, answerListHead, type RecordPages } from "../long-answer.ts";
import { HrisUserAnswer, UserAnswer, UserQuery } from "./model.ts";
import { spellHrisUser, spellUser } from "./spell-user.ts";

/** What the routes need. */
export interface UserRoutesOptions {
  readonly storage: Pick<Storage, "listUserIds" | "readUsers">;
  readonly gate: BearerGateOptions;
  readonly log: Log;
  readonly leadingZeros: LeadingZeros;
}

const PATH = "/api/biometric/users";
const HRIS_PATH = "/api/hris/users";
/** Users described at once: about two milliseconds in which nothing else is served. */
const PAGE_SIZE = 100;
/** Each holds the ids of everybody, 10 MB at the most. */
const LONG_ANSWERS_MAX = 4;
const FAILED = { message: "Failed to retrieve users" };
const REFUSALS = {
  404: originalErrorAs("not-found", "User 7 not found"),
  ...ORIGINAL_REFUSALS,
  500: originalErrorAs("internal", FAILED.message),
};

type SpellUser = (user: KnownUser) => object;

/** The routes, behind a token that may read. */
export function userRoutes(options: UserRoutesOptions) {
  const answer = createAnswerer(options);
  const hidden = { detail: { hide: true } };
  return new Elysia({ name: "original-users" })
    .use(bearerGate(options.gate, "read"))
    .get(PATH, (context) => failingAs(FAILED, () => answer(context, spellUser)), {
      query: UserQuery,
      response: { 200: UserAnswer, ...REFUSALS },
      detail: {
        tags: ["Original"],
        summary: "Users, as the HRIS sent them and as terminals know them",
      },
    })
    .get(HRIS_PATH, (context) => failingAs(FAILED, () => answer(context, spellHrisUser)), {
      query: UserQuery,
      response: { 200: HrisUserAnswer, ...REFUSALS },
      detail: { tags: ["Original"], summary: "Users and their credentials on the terminals" },
    })
    .head(PATH, answerListHead, hidden)
    .head(HRIS_PATH, answerListHead, hidden);
}

function createAnswerer({ storage, gate, log, leadingZeros }: UserRoutesOptions) {
  const shared = { log, turns: gate.turns, places: new Places(LONG_ANSWERS_MAX) };
  return async ({ request, isTokenValid }: TokenHolder, spell: SpellUser): Promise<Response> => {
    const url = new URL(request.url);
    const query = url.searchParams;
    const user = readUserId(query.get("user_id"), leadingZeros);
    if (user !== undefined) return answerOne(storage, user, spell);
    const everybody = await storage.listUserIds();
    const offset = readCount(query.get("offset")) ?? 0;
    const limit = readCount(query.get("limit")) ?? everybody.length;
    return answerList(shared, {
      path: url.pathname,
      opening: { success: true, total: everybody.length },
      listName: "users",
      pages: new UserPages(storage, everybody.slice(offset, offset + limit), spell),
      isTokenValid,
    });
  };
}

async function answerOne(
  storage: UserRoutesOptions["storage"],
  id: UserId,
  spell: SpellUser,
): Promise<Response> {
  const [user] = await storage.readUsers([id]);
  if (user === undefined) throw new ApiFailure("not-found", `User ${id} not found`);
  const body = { success: true, total: 1, users: [spell(user)], returned: 1 };
  return new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });
}

/** Describes a list of users in its order. */
class UserPages implements RecordPages {
  readonly #storage: UserRoutesOptions["storage"];
  readonly #ids: readonly UserId[];
  readonly #spell: SpellUser;
  #described = 0;
  #returned = 0;

  constructor(storage: UserRoutesOptions["storage"], ids: readonly UserId[], spell: SpellUser) {
    this.#storage = storage;
    this.#ids = ids;
    this.#spell = spell;
  }

  get returned(): number {
    return this.#returned;
  }

  get isDone(): boolean {
    return this.#described >= this.#ids.length;
  }

  async next(): Promise<string> {
    const ids = this.#ids.slice(this.#described, this.#described + PAGE_SIZE);
    const users = await this.#storage.readUsers(ids);
    const separator = this.#returned > 0 && users.length > 0 ? "," : "";
    this.#described += ids.length;
    this.#returned += users.length;
    return separator + JSON.stringify(users.map(this.#spell)).slice(1, -1);
  }
}
