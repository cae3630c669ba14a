/** Users on the control socket: forgetting one. */

import { Elysia } from "elysia";
import { canonicalUserId, type LeadingZeros } from "#domain/punch-identity.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import { ApiFailure } from "../../errors.ts";
import { strictParameters } from "../../query-text.ts";
import type { WebhookDesk } from "../../webhooks/desk.ts";
import { UserPurged } from "./model.ts";

/** What the users' part works on. */
export interface UserControlOptions {
  readonly storage: Pick<Storage, "purgeUser">;
  readonly webhooks: Pick<WebhookDesk, "noteGone">;
  readonly clock: Clock;
  readonly log: Log;
  readonly leadingZeros: LeadingZeros;
}

const ACTOR = "operator";
const USER_ID_MAX = 64;

/** `POST /users/purge?user=`. */
export function userControl(options: UserControlOptions) {
  const { storage, webhooks, clock, log, leadingZeros } = options;
  let isPurging = false;
  return new Elysia({ name: "control-users", strictPath: true }).post(
    "/users/purge",
    async ({ request }) => {
      const text = strictParameters(request.url, ["user"]).get("user");
      if (text === undefined || text.length > USER_ID_MAX) {
        const message = `"user" must be the id of a user, at most ${USER_ID_MAX} characters`;
        throw new ApiFailure("parameter-invalid", message, { parameters: ["user"] });
      }
      if (isPurging) {
        throw new ApiFailure("user-being-purged", "A user is being purged: wait for that");
      }
      isPurging = true;
      try {
        const userId = canonicalUserId(text, leadingZeros);
        const purged = await storage.purgeUser(userId, { actor: ACTOR, clock });
        log.info("user.purged", { punches: purged.punchCount, by: ACTOR });
        return {
          user_id: userId,
          punch_count: purged.punchCount,
          delivery_count: purged.deliveryCount,
          enrollment_count: purged.enrollmentCount,
          command_count: purged.commandCount,
          was_known: purged.wasKnown,
        };
      } finally {
        // Also what a purge that failed has come to.
        webhooks.noteGone();
        isPurging = false;
      }
    },
    { response: UserPurged },
  );
}
