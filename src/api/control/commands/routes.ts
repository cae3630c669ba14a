/** Commands on the control socket: orders, lists, shows and takes back. */

import { Elysia } from "elysia";
import type { Command } from "#domain/command.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import { ArrivingBodies } from "../../arriving-bodies.ts";
import { cancel, findByNumber } from "../../devices/command-routes.ts";
import { CommandModel, DEADLINE_SECONDS } from "../../devices/model.ts";
import {
  getTerminal,
  type OrderOptions,
  orderCommands,
  readCommand,
  readCommandRequest,
} from "../../devices/order-command.ts";
import { spellCommand } from "../../devices/spell-command.ts";
import { jsonBody } from "../../json-body.ts";
import { strictInteger, strictParameters } from "../../query-text.ts";
import { ControlCommandBody, ControlCommands, PushAnswer, PushBody } from "./model.ts";
import { type PushOptions, planUserPush } from "./push-users.ts";

/** What the commands' part works on. */
export interface CommandControlOptions extends OrderOptions, PushOptions {
  readonly storage: OrderOptions["storage"] &
    PushOptions["storage"] &
    Pick<Storage, "listCommands" | "findCommand" | "cancelCommand">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who asks where being root is the login. */
const OPERATOR = "operator";
const LISTED = { fallback: 50, max: 1000 } as const;

/**
 * `GET /commands?device=&limit=`, `GET /commands/show?number=`, `POST /commands/cancel?number=`, and
 * `POST /commands/send` and `POST /commands/push-users` with a body.
 */
export function commandControl(options: CommandControlOptions) {
  const { storage, clock, log } = options;
  const bodies = new ArrivingBodies();
  const spell = (command: Command) => spellCommand(command, options.siteTimeZone);
  return new Elysia({ name: "control-commands", strictPath: true })
    .get(
      "/commands",
      async ({ request }) => {
        const given = strictParameters(request.url, ["device", "limit"]);
        const limit = strictInteger("limit", given.get("limit"), { min: 1, ...LISTED });
        const id = given.get("device");
        const device = id === undefined ? undefined : await getTerminal(storage, id);
        const commands = await storage.listCommands({ deviceId: device?.id }, limit);
        return { commands: commands.map(spell) };
      },
      { response: ControlCommands },
    )
    .get("/commands/show", async ({ request }) => spell(await findNumbered(storage, request)), {
      response: CommandModel,
    })
    .post(
      "/commands/cancel",
      async ({ request }) => {
        const { id, deviceId: device, kind } = await findNumbered(storage, request);
        await cancel(storage, id, clock.nowMs());
        log.info("command.cancelled", { command: id, device, kind, by: OPERATOR });
        return spell(await findByNumber(storage, String(id)));
      },
      { response: CommandModel },
    )
    .post(
      "/commands/send",
      async ({ body }) => {
        const asked = readCommandRequest(body, ["device"]);
        const device = await getTerminal(storage, body.device);
        const command = readCommand(asked, device, options.siteTimeZone);
        const { deadlineSeconds } = asked;
        const orderer = { device, requestedBy: OPERATOR, deadlineSeconds };
        const { commands } = await orderCommands(options, orderer, [command]);
        return { commands: commands.map(spell) };
      },
      { ...jsonBody(ControlCommandBody, { bodies }), response: ControlCommands },
    )
    .post(
      "/commands/push-users",
      async ({ body }) => {
        const device = await getTerminal(storage, body.device);
        const asked = { asked: body.users, nowMs: clock.nowMs() };
        const { commands, skipped, leftCount } = await planUserPush(options, device, asked);
        const deadlineSeconds = DEADLINE_SECONDS.fallback;
        const orderer = { device, requestedBy: OPERATOR, deadlineSeconds };
        const queued =
          commands.length === 0 ? [] : (await orderCommands(options, orderer, commands)).commands;
        return { commands: queued.map(spell), skipped, left_count: leftCount };
      },
      { ...jsonBody(PushBody, { bodies }), response: PushAnswer },
    );
}

async function findNumbered(
  storage: Pick<Storage, "findCommand">,
  request: Request,
): Promise<Command> {
  return findByNumber(storage, strictParameters(request.url, ["number"]).get("number") ?? "");
}
