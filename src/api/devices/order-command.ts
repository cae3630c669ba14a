/**
 * Takes an order for a terminal from a request, of the API or of the control socket: reads it, gives
 * it its deadline, queues it, and says why where it cannot.
 */

import { epochMs } from "#base/epoch.ts";
import type { Command, DeviceCommand } from "#domain/command.ts";
import { type CommandError, parseCommand } from "#domain/command-parameters.ts";
import { type Device, MANUAL_DRIVER } from "#domain/device.ts";
import { deviceId } from "#domain/identifiers.ts";
import { wallTimeAt } from "#domain/wall-time.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { OrderOutcome, Storage } from "#storage/storage.ts";
import { ApiFailure, type ApiFailureCode } from "../errors.ts";
import { requestKeyReused } from "../request-key.ts";
import { DEADLINE_SECONDS } from "./model.ts";

/** What an order needs. */
export interface OrderOptions {
  readonly storage: Pick<Storage, "findDevice" | "queueCommands">;
  readonly clock: Clock;
  readonly log: Log;
  /** IANA zone of terminals without one of their own. */
  readonly siteTimeZone: string;
}

/** Who orders, from which terminal, and by when. */
export interface Orderer {
  readonly device: Device;
  readonly requestedBy: string;
  readonly deadlineSeconds: number;
  readonly requestKey?: string | undefined;
}

const BODY_FIELDS = ["kind", "parameters", "deadline_seconds"];

/** A request's body, read as far as no terminal has to be known. */
export interface CommandRequest {
  readonly kind: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly deadlineSeconds: number;
}

/**
 * Reads the body of an order; `more` are names that the caller reads itself.
 * @throws ApiFailure `request-invalid`.
 */
export function readCommandRequest(
  body: { readonly kind: string; readonly parameters?: Record<string, unknown> },
  more: readonly string[] = [],
): CommandRequest {
  const unknown = Object.keys(body).find((name) => ![...BODY_FIELDS, ...more].includes(name));
  if (unknown !== undefined) {
    throw new ApiFailure("request-invalid", `Unknown field "${unknown.slice(0, 100)}"`);
  }
  const seconds: unknown = Reflect.get(body, "deadline_seconds") ?? DEADLINE_SECONDS.fallback;
  const { min, max } = DEADLINE_SECONDS;
  const isWhole = typeof seconds === "number" && Number.isInteger(seconds);
  if (!isWhole || seconds < min || seconds > max) {
    const wanted = `a whole number from ${min} to ${max}`;
    throw new ApiFailure("request-invalid", `Field "deadline_seconds" must be ${wanted}`);
  }
  return { kind: body.kind, parameters: body.parameters ?? {}, deadlineSeconds: seconds };
}

/**
 * Reads a command for a terminal. Unless it is said from when, a log is read from the terminal's start
 * date on, as that is when the command is handed out.
 * @throws ApiFailure `command-kind-unknown` or `command-invalid`.
 */
export function readCommand(
  { kind, parameters }: CommandRequest,
  device: Device,
  siteTimeZone: string,
): DeviceCommand {
  const parsed = parseCommand(kind, parameters);
  if (!parsed.ok) throw refused(parsed.error);
  const command = parsed.value;
  if (command.kind !== "read-log" || command.fromWallTime !== undefined) return command;
  const startWallTime = wallTimeAt(device.startAtMs, device.timeZone ?? siteTimeZone);
  if (command.untilWallTime !== undefined && command.untilWallTime < startWallTime) {
    throw new ApiFailure(
      "command-invalid",
      `Parameter "until" is before the terminal's start date (${startWallTime}); to read older ` +
        'records say "from"',
      { parameters: ["until"] },
    );
  }
  return command;
}

/**
 * The terminal of an order.
 * @throws ApiFailure `not-found`, also for the built-in device, which is no terminal.
 */
export async function getTerminal(
  storage: Pick<Storage, "findDevice">,
  idText: string,
): Promise<Device> {
  const device = await storage.findDevice(deviceId(idText));
  if (device !== undefined && device.driver !== MANUAL_DRIVER) return device;
  throw new ApiFailure("not-found", "No terminal has this id");
}

/**
 * Queues commands for a terminal, all or none, and logs who asked.
 * @throws ApiFailure `device-not-approved`, `device-takes-no-commands`, `command-queue-full`,
 * `log-being-read` or `idempotency-key-reused`.
 */
export async function orderCommands(
  { storage, clock, log }: OrderOptions,
  orderer: Orderer,
  commands: readonly DeviceCommand[],
): Promise<{ readonly isNew: boolean; readonly commands: readonly Command[] }> {
  const { device, requestedBy, requestKey } = orderer;
  const nowMs = clock.nowMs();
  const outcome = await storage.queueCommands({
    deviceId: device.id,
    commands,
    requestedBy,
    nowMs,
    deadlineMs: epochMs(nowMs + orderer.deadlineSeconds * 1000),
    requestKey,
  });
  if (outcome.kind === "known") return { isNew: false, commands: outcome.commands };
  if (outcome.kind !== "queued") throw notQueued(outcome, device);
  for (const { id, kind } of outcome.commands) {
    log.info("command.queued", { command: id, device: device.id, kind, by: requestedBy });
  }
  return { isNew: true, commands: outcome.commands };
}

function notQueued(
  outcome: Exclude<OrderOutcome, { readonly commands: readonly Command[] }>,
  { id, status, driver }: Device,
): ApiFailure {
  switch (outcome.kind) {
    case "unknown-device":
    case "built-in-device":
      return new ApiFailure("not-found", "No terminal has this id");
    case "device-not-approved":
      return new ApiFailure(
        "device-not-approved",
        `The terminal is ${status}: "biometric-server devices approve ${id}" takes it into use`,
      );
    case "takes-no-commands":
      return new ApiFailure(
        "device-takes-no-commands",
        `The terminal speaks "${driver}", which has no commands: use the terminal's own menu`,
      );
    case "queue-full":
      return new ApiFailure(
        "command-queue-full",
        "Too many commands are open: wait until the terminal has taken some, or cancel them",
      );
    case "log-being-read": {
      const { commandId } = outcome;
      return new ApiFailure(
        "log-being-read",
        `Command ${commandId} reads the terminal's log already: wait for its result, or, while it ` +
          `waits, "biometric-server commands cancel ${commandId}"`,
      );
    }
    case "key-reused":
      return requestKeyReused();
  }
}

function refused({ code, parameter, reason }: CommandError): ApiFailure {
  const failure: ApiFailureCode =
    code === "kind-unknown" ? "command-kind-unknown" : "command-invalid";
  return new ApiFailure(failure, reason, {
    ...(parameter === undefined ? {} : { parameters: [parameter.slice(0, 100)] }),
  });
}
