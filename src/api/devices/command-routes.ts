/**
 * `/v1/devices/{id}/commands`: what a terminal is told to do, and what became of it. A command is
 * handed out when the terminal next polls, so its result comes later.
 */

import { Elysia, t } from "elysia";
import type { Command } from "#domain/command.ts";
import type { Device } from "#domain/device.ts";
import type { Storage } from "#storage/storage.ts";
import type { ArrivingBodies } from "../arriving-bodies.ts";
import { type BearerGateOptions, bearerGate } from "../auth.ts";
import { ApiFailure, PROBLEM_REFUSALS, Problem } from "../errors.ts";
import { jsonBody } from "../json-body.ts";
import { nextLink } from "../paging.ts";
import { decodePlace, encodePlace } from "../place-cursor.ts";
import { strictInteger, strictParameters, strictWord } from "../query-text.ts";
import { readRequestKey } from "../request-key.ts";

import {
  CommandBody,
  CommandModel,
  CommandPage,
  CommandQuery,
  PAGE_SIZE_DEFAULT,
  PAGE_SIZE_MAX,
} from "./model.ts";
import {
  getTerminal,
  type OrderOptions,
  orderCommands,
  readCommand,
  readCommandRequest,
} from "./order-command.ts";
import { DeviceParams } from "./routes.ts";
import { spellCommand } from "./spell-command.ts";

/** What the routes need. */
export interface CommandRoutesOptions extends OrderOptions {
  readonly storage: OrderOptions["storage"] &
    Pick<Storage, "listCommands" | "findCommand" | "cancelCommand">;
  readonly gate: BearerGateOptions;
  readonly bodies: ArrivingBodies;
}

const BODY_BYTES_MAX = 64 * 1024;
const CommandParams = t.Object({
  ...DeviceParams.properties,
  number: t.String({ description: "The `id` of a command.", documentedAs: { type: "integer" } }),
});

/** The routes: reading behind a token that may read, all else behind one with `admin`. */
export function commandRoutes(options: CommandRoutesOptions) {
  return new Elysia({ name: "commands" }).use(readingRoutes(options)).use(changingRoutes(options));
}

function readingRoutes(options: CommandRoutesOptions) {
  const { storage } = options;
  return new Elysia({ name: "commands-read" })
    .use(bearerGate(options.gate, "read"))
    .get(
      "/v1/devices/:device_id/commands",
      async ({ params, request, set }) => {
        const query = readQuery(request);
        const device = await getTerminal(storage, params.device_id);
        return listPage(options, device, { query, request, headers: set.headers });
      },
      {
        params: DeviceParams,
        query: CommandQuery,
        response: { 200: CommandPage, 400: Problem, 404: Problem, ...PROBLEM_REFUSALS },
        detail: { tags: ["Terminals"], summary: "What a terminal was told to do, newest first" },
      },
    )
    .get(
      "/v1/devices/:device_id/commands/:number",
      async ({ params, request }) => {
        strictParameters(request.url, []);
        const { device, command } = await getCommand(storage, params);
        return spellCommand(command, zoneOf(device, options));
      },
      {
        params: CommandParams,
        response: { 200: CommandModel, 400: Problem, 404: Problem, ...PROBLEM_REFUSALS },
        detail: { tags: ["Terminals"], summary: "One command and its result" },
      },
    );
}

function changingRoutes(options: CommandRoutesOptions) {
  const { storage, clock, log, bodies } = options;
  return new Elysia({ name: "commands-change" })
    .use(bearerGate(options.gate, "admin"))
    .post(
      "/v1/devices/:device_id/commands",
      async ({ params, body, request, clientId, set }) => {
        strictParameters(request.url, []);
        const requestKey = readRequestKey(request, clientId);
        const asked = readCommandRequest(body);
        const device = await getTerminal(storage, params.device_id);
        const command = readCommand(asked, device, options.siteTimeZone);
        const requestedBy = `client ${clientId}`;
        const { deadlineSeconds } = asked;
        const orderer = { device, requestedBy, deadlineSeconds, requestKey };
        const { isNew, commands } = await orderCommands(options, orderer, [command]);
        const [queued] = commands.map((each) => spellCommand(each, zoneOf(device, options)));
        if (queued === undefined) throw new ApiFailure("internal", "The command is gone");
        set.status = isNew ? 201 : 200;
        set.headers.location = `/v1/devices/${encodeURIComponent(device.id)}/commands/${queued.id}`;
        return queued;
      },
      {
        ...jsonBody(CommandBody, { bodies, bytesMax: BODY_BYTES_MAX }),
        params: DeviceParams,
        response: {
          200: CommandModel,
          201: CommandModel,
          400: Problem,
          404: Problem,
          409: Problem,
          413: Problem,
          415: Problem,
          422: Problem,
          ...PROBLEM_REFUSALS,
        },
        detail: {
          tags: ["Terminals"],
          summary: "Tell a terminal to do something",
          description:
            "The command waits for the terminal's next poll; ask for it again to see what became " +
            "of it. With an `Idempotency-Key` header the same request within 24 hours asks for " +
            "nothing more and is answered 200 with the command as it stands. `set-user` replaces a " +
            "user whole, with all credentials; `rename-user` leaves them. `read-log` reads back to the " +
            "terminal's start date, and further only where `from` says so; one at a time.",
        },
      },
    )
    .delete(
      "/v1/devices/:device_id/commands/:number",
      async ({ params, request, clientId }) => {
        strictParameters(request.url, []);
        const { device, command } = await getCommand(storage, params);
        await cancel(storage, command.id, clock.nowMs());
        log.info("command.cancelled", {
          command: command.id,
          device: device.id,
          kind: command.kind,
          by: `client ${clientId}`,
        });
        const { command: cancelled } = await getCommand(storage, params);
        return spellCommand(cancelled, zoneOf(device, options));
      },
      {
        params: CommandParams,
        response: {
          200: CommandModel,
          400: Problem,
          404: Problem,
          409: Problem,
          ...PROBLEM_REFUSALS,
        },
        detail: {
          tags: ["Terminals"],
          summary: "Take back a command that waits",
          description: "Once it was handed out it cannot be taken back: 409 `command-not-waiting`.",
        },
      },
    );
}

/**
 * Takes back a command that waits.
 * @throws ApiFailure `not-found` or `command-not-waiting`.
 */
export async function cancel(
  storage: Pick<Storage, "cancelCommand">,
  id: number,
  nowMs: Parameters<Storage["cancelCommand"]>[1],
): Promise<void> {
  const result = await storage.cancelCommand(id, nowMs);
  if (result === "done") return;
  if (result === "unknown-command") throw noCommand();
  throw new ApiFailure(
    "command-not-waiting",
    "The command was handed out or is finished: it cannot be taken back",
  );
}

/**
 * A command by its number.
 * @throws ApiFailure `not-found`.
 */
export async function findByNumber(
  storage: Pick<Storage, "findCommand">,
  numberText: string,
): Promise<Command> {
  const number = /^\d{1,15}$/.test(numberText) ? Number(numberText) : 0;
  const command = number === 0 ? undefined : await storage.findCommand(number);
  if (command === undefined) throw noCommand();
  return command;
}

async function getCommand(
  storage: CommandRoutesOptions["storage"],
  params: { readonly device_id: string; readonly number: string },
): Promise<{ readonly device: Device; readonly command: Command }> {
  const device = await getTerminal(storage, params.device_id);
  const command = await findByNumber(storage, params.number);
  if (command.deviceId !== device.id) throw noCommand();
  return { device, command };
}

function noCommand(): ApiFailure {
  return new ApiFailure("not-found", "No command has this number");
}

function readQuery(request: Request) {
  const given = strictParameters(request.url, ["after", "limit", "open"]);
  const after = decodePlace("command", given.get("after"));
  const isOpen = strictWord("open", given.get("open"), ["true", "false"]) === "true";
  const beforeId = after === undefined ? undefined : Number(after);
  const limit = strictInteger("limit", given.get("limit"), {
    min: 1,
    max: PAGE_SIZE_MAX,
    fallback: PAGE_SIZE_DEFAULT,
  });
  return { isOpen, beforeId, limit };
}

async function listPage(
  options: CommandRoutesOptions,
  device: Device,
  asked: {
    readonly query: ReturnType<typeof readQuery>;
    readonly request: Request;
    readonly headers: Record<string, string | number>;
  },
) {
  const { isOpen, beforeId, limit } = asked.query;
  const filter = { deviceId: device.id, isOpen, beforeId };
  const found = await options.storage.listCommands(filter, limit + 1);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next =
    last === undefined || found.length <= limit ? null : encodePlace("command", String(last.id));
  if (next !== null) asked.headers.link = nextLink(asked.request.url, next);
  const timeZone = zoneOf(device, options);
  return { commands: shown.map((command) => spellCommand(command, timeZone)), next };
}

function zoneOf(device: Device, { siteTimeZone }: CommandRoutesOptions): string {
  return device.timeZone ?? siteTimeZone;
}
