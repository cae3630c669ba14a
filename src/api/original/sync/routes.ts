/**
 * `POST /api/biometric/sync` and `POST /api/hris/sync`: the HRIS says who its users are. The original
 * acknowledged and stored nothing; here they are stored, each with a result of its own.
 */

import { Elysia } from "elysia";
import type { UserId } from "#domain/identifiers.ts";
import type { LeadingZeros } from "#domain/punch-identity.ts";
import { siteDateAt } from "#domain/site-day.ts";
import { FURTHER_FIELDS_BYTES_MAX, type SyncedUser } from "#domain/user.ts";
import { userNumber } from "#domain/user-number.ts";
import type { Storage, SyncAttempt } from "#storage/storage.ts";
import type { ArrivingBodies } from "../../arriving-bodies.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import {
  ApiFailure,
  failingAs,
  ORIGINAL_REFUSALS,
  OriginalError,
  originalErrorAs,
} from "../../errors.ts";
import { readJsonBody } from "../../json-body.ts";
import { localIsoText } from "../iso-time.ts";
import { HrisSyncAnswer, SyncAnswer, SyncBody, type SyncResult, USERS_MAX } from "./model.ts";
import { readUser, type UserRefusal } from "./read-user.ts";

/** What the routes need. */
export interface SyncRoutesOptions {
  readonly storage: Pick<Storage, "syncUsers" | "noteRefusedSync">;
  readonly gate: BearerGateOptions;
  readonly bodies: ArrivingBodies;
  /** IANA zone of `processed_at`, and of the day that errors belong to. */
  readonly siteTimeZone: string;
  readonly leadingZeros: LeadingZeros;
}

const BODY_BYTES_MAX = 1024 * 1024;
const ACKNOWLEDGED = { success: true, message: "Sync request acknowledged" } as const;
const FAILED = "Failed to process sync request";
const REFUSALS = {
  400: OriginalError,
  413: OriginalError,
  ...ORIGINAL_REFUSALS,
  500: originalErrorAs("internal", FAILED),
};
const DESCRIPTION =
  "All users of a request are stored in one go, and each has a result. The same request again " +
  "changes nothing. Of users with the same id the last one counts. Nobody has to be known to punch.";

/** The routes, behind a token that may write. */
export function syncRoutes(options: SyncRoutesOptions) {
  return new Elysia({ name: "original-sync" })
    .use(bearerGate(options.gate, "write"))
    .post(
      "/api/biometric/sync",
      async ({ body }) => {
        const results = await storeUsers(options, body.users ?? []);
        const { siteTimeZone, gate } = options;
        return {
          ...ACKNOWLEDGED,
          received_users: results.length,
          processed_at: localIsoText(gate.clock.nowMs(), siteTimeZone),
          results,
        };
      },
      {
        ...syncBody(options, "body-malformed"),
        response: { 200: SyncAnswer, ...REFUSALS },
        detail: {
          tags: ["Original"],
          summary: "Tell who the users are",
          description: DESCRIPTION,
        },
      },
    )
    .post(
      "/api/hris/sync",
      async ({ body }) => {
        const results = await storeUsers(options, body.users ?? []);
        return { ...ACKNOWLEDGED, received_users: results.length, results };
      },
      {
        ...syncBody(options, "media-type-unsupported"),
        response: { 200: HrisSyncAnswer, 415: OriginalError, ...REFUSALS },
        detail: {
          tags: ["Original"],
          summary: "Tell who the users are (older path)",
          description: DESCRIPTION,
        },
      },
    );
}

/**
 * The body of a sync, read once the gate is passed. `notJson`: what one is refused with that is not
 * declared as JSON, or not there at all. A refused request counts as an attempt too.
 */
function syncBody(
  options: SyncRoutesOptions,
  notJson: "body-malformed" | "media-type-unsupported",
) {
  return {
    parse: "none" as const,
    body: SyncBody,
    // An arrow, because the framework reads the text of its hooks and is lost in other forms.
    transform: async (context: { readonly request: Request; body: unknown }): Promise<void> => {
      context.body = await readBody(context.request, options).catch(async (error: unknown) => {
        await options.storage.noteRefusedSync(attemptNow(options, 1));
        throw error instanceof ApiFailure && error.code === "media-type-unsupported"
          ? new ApiFailure(notJson, error.message)
          : error;
      });
    },
  };
}

async function readBody(request: Request, { bodies }: SyncRoutesOptions): Promise<unknown> {
  const body = await readJsonBody(request, { bodies, bytesMax: BODY_BYTES_MAX });
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw refusal("the body is not a JSON object");
  }
  const users: unknown = Reflect.get(body, "users");
  if (users === undefined) return {};
  if (!Array.isArray(users)) throw refusal('"users" is not a list');
  if (users.length <= USERS_MAX) return { users };
  throw refusal(
    `"users" has ${users.length} entries, at most ${USERS_MAX} are taken in one request`,
  );
}

/** The beginning of the text is the original's. */
function refusal(problem: string): ApiFailure {
  return new ApiFailure("request-invalid", `${FAILED}: ${problem}`);
}

/** Stores what can be stored, in one transaction; a result per entry, in order. */
async function storeUsers(
  options: SyncRoutesOptions,
  entries: readonly unknown[],
): Promise<SyncResult[]> {
  const read = entries.map((entry) => readUser(entry, options.leadingZeros));
  const users = new Map<UserId, SyncedUser>();
  const lastIndex = new Map<UserId, number>();
  for (const [index, user] of read.entries()) {
    if (!user.ok) continue;
    users.set(user.value.id, user.value);
    lastIndex.set(user.value.id, index);
  }
  await options.gate.turns.next();
  const attempt = attemptNow(options, read.length - users.size);
  const outcomes = await failingAs({ message: FAILED }, () =>
    options.storage.syncUsers([...users.values()], attempt),
  );
  const outcomeOf = new Map([...users.keys()].map((id, index) => [id, outcomes[index]]));
  return read.map((user, index) => {
    if (!user.ok) return refused(index, user.error);
    const { id } = user.value;
    const last = lastIndex.get(id);
    if (last !== index) return refused(index, { id, reason: `Index ${last} has the same user` });
    const outcome = outcomeOf.get(id) ?? "full";
    if (outcome === "full") return refused(index, { id, reason: TOO_MANY_USERS });
    if (outcome === "too-long") return refused(index, { id, reason: FURTHER_FIELDS_TOO_LONG });
    return { index, user_id: userNumber(id), result: outcome };
  });
}

const TOO_MANY_USERS = "So many users are known that no further one is taken";
const FURTHER_FIELDS_TOO_LONG =
  "With those that are known, the further fields have more than " +
  `${FURTHER_FIELDS_BYTES_MAX} bytes of JSON: send null for those that may go`;

function refused(index: number, { id, reason }: UserRefusal): SyncResult {
  return { index, user_id: id === undefined ? null : userNumber(id), result: "refused", reason };
}

function attemptNow({ gate, siteTimeZone }: SyncRoutesOptions, errorCount: number): SyncAttempt {
  const atMs = gate.clock.nowMs();
  return { atMs, siteDay: siteDateAt(atMs, siteTimeZone), errorCount };
}
