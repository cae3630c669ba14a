/**
 * The local control socket: HTTP on a Unix socket that only its owner may open, which is the whole
 * login. The verbs of the command line speak it; nothing on the network reaches it.
 */

import { lstatSync, type Stats, unlinkSync } from "node:fs";
import { Elysia } from "elysia";
import { AppError } from "#base/app-error.ts";
import type { Device } from "#domain/device.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { DeviceChange, Storage } from "#storage/storage.ts";
import { ControlChange, type ControlDevice, ControlDevices } from "./control-model.ts";
import { ApiFailure, answerFailure } from "./errors.ts";
import { strictParameters } from "./query-text.ts";

/** What the control socket works on. */
export interface ControlOptions {
  readonly storage: Pick<
    Storage,
    "listDevices" | "findPairingWindow" | "approveDevice" | "blockDevice"
  >;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after a device was approved, so that its held punches are released. */
  readonly onDeviceApproved: () => void;
}

/** The control socket and where it is. */
export interface ControlSocketOptions extends ControlOptions {
  /** Path of the socket file, at most 107 bytes; its folder must exist. */
  readonly path: string;
}

/** The listening control socket. */
export interface RunningControlSocket {
  /** Closes every connection and removes the socket file. */
  stop(): Promise<void>;
}

/** Leaves the owner alone with the right to connect, from the moment the file exists. */
const OWNER_ONLY_MASK = 0o177;

/**
 * Opens the control socket with mode 0600. The socket file of a dead server is removed first.
 * @throws AppError `port-unavailable` when another server answers on it, the path is taken by
 * something else, or it cannot be made.
 */
export async function startControlSocket(
  options: ControlSocketOptions,
): Promise<RunningControlSocket> {
  const { path } = options;
  await removeStaleSocket(path);
  const app = createControlApi(options);
  const server = listen(path, app.fetch);
  const own = statOf(path);
  return {
    async stop() {
      await server.stop(true);
      const left = statOf(path);
      if (left !== undefined && left.ino === own?.ino) unlinkSync(path);
    },
  };
}

/** The control routes without a socket. */
export function createControlApi({ storage, clock, log, onDeviceApproved }: ControlOptions) {
  const app = new Elysia({ name: "control", strictPath: true })
    .onError(({ code, error, request, path }) =>
      answerFailure(log, () => app.routes, { code, error, request, path }),
    )
    .get(
      "/devices",
      async () => ({
        devices: (await storage.listDevices()).map(spellDevice),
        pairing_window_ends_at: isoTime(await storage.findPairingWindow(clock.nowMs())),
      }),
      { response: ControlDevices },
    )
    .post(
      "/devices/approve",
      async ({ request }) => {
        const id = readTarget(request);
        const result = await storage.approveDevice(id);
        if (result === "done") onDeviceApproved();
        return report(log, "device.approved", { id, result });
      },
      { response: ControlChange },
    )
    .post(
      "/devices/block",
      async ({ request }) => {
        const id = readTarget(request);
        const result = await storage.blockDevice(id);
        return report(log, "device.blocked", { id, result });
      },
      { response: ControlChange },
    );
  return app;
}

/** In the query, since a path loses its segments `.` and `..`, also when they are escaped. */
function readTarget(request: Request): DeviceId {
  const id = strictParameters(request.url, ["id"]).get("id");
  if (id !== undefined) return deviceId(id);
  const parameters = ["id"];
  throw new ApiFailure("parameter-invalid", 'Query parameter "id" is missing', { parameters });
}

function report(
  log: Log,
  event: string,
  change: { readonly id: DeviceId; readonly result: DeviceChange },
) {
  if (change.result === "done") log.info(event, { device: change.id });
  return { result: change.result };
}

function spellDevice(device: Device): ControlDevice {
  return {
    id: device.id,
    name: device.name ?? null,
    status: device.status,
    driver: device.driver,
    last_contact_at: new Date(device.lastContactMs).toISOString(),
    last_address: device.lastAddress,
    held_count: device.heldCount,
    duplicate_count: device.duplicateCount,
    refused_count: device.refusedCount,
    clock_skew_ms: device.clockSkewMs ?? null,
    firmware: device.firmware ?? null,
  };
}

function isoTime(instantMs: number | undefined): string | null {
  return instantMs === undefined ? null : new Date(instantMs).toISOString();
}

/** The mask is the process's own, so it is put back before anything else can run. */
function listen(path: string, fetch: (request: Request) => Response | Promise<Response>) {
  const maskBefore = process.umask(OWNER_ONLY_MASK);
  try {
    return Bun.serve({ unix: path, fetch, development: false });
  } catch (cause) {
    throw new AppError("port-unavailable", `Cannot open control socket "${path}"`, {
      hint: "The folder must exist and be writable, and the path be no longer than 107 bytes.",
      cause,
    });
  } finally {
    process.umask(maskBefore);
  }
}

async function removeStaleSocket(path: string): Promise<void> {
  const found = statOf(path);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new AppError("port-unavailable", `Cannot open control socket "${path}": it is a file`, {
      hint: "Move the file away; the server removes nothing that it did not make.",
    });
  }
  if (await isAnswered(path)) {
    throw new AppError("port-unavailable", `Cannot open control socket "${path}": it is in use`, {
      hint: "Another biometric-server runs on the same data; stop it first.",
    });
  }
  unlinkSync(path);
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Whether a living process accepts connections on the socket: a dead one's file refuses them. */
async function isAnswered(path: string): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: path, socket: { data() {} } });
    socket.terminate();
    return true;
  } catch {
    // A refused connection is the answer "no"; the bind that follows reports anything worse.
    return false;
  }
}
