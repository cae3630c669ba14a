/**
 * The changes of a terminal: allow or block, rename, delete. Behind a token with `admin`; the
 * original took them from anybody.
 */

import { Elysia, t } from "elysia";
import { parseDeviceId, parseDeviceName } from "#domain/device-text.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import type { Clock } from "#platform/clock.ts";
import type { DeviceEdit, Storage } from "#storage/storage.ts";
import type { ArrivingBodies } from "../../arriving-bodies.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { type DeviceFollowers, noteDeviceStatus, noteDeviceUpdate } from "../../changed-devices.ts";
import { ApiFailure, failingAs, ORIGINAL_REFUSALS, OriginalError } from "../../errors.ts";
import { readJsonBody } from "../../json-body.ts";
import { ChangeAnswer, ChangeFailure, ChangeRefusal, DeviceUpdate, StatusChange } from "./model.ts";

/** What the routes need. */
export interface DeviceChangeRoutesOptions extends DeviceFollowers {
  readonly storage: Pick<Storage, "findDevice" | "updateDevice" | "addDevice" | "retireDevice">;
  readonly gate: BearerGateOptions;
  readonly clock: Clock;
  readonly bodies: ArrivingBodies;
}

/** The original's words, and ours. */
const STATUSES = { allowed: "approved", blocked: "blocked" } as const;
type StatusWord = keyof typeof STATUSES;

const UPDATE_FAILED = "Failed to update device";
const DELETE_FAILED = "Failed to delete device";
const BODY_BYTES_MAX = 64 * 1024;

/** `POST /api/devices/{id}/status`, `PUT /api/devices/{id}` and `DELETE /api/devices/{id}`. */
export function deviceChangeRoutes(options: DeviceChangeRoutesOptions) {
  const params = t.Object({ id: t.String({ description: "Id of the terminal." }) });
  const response = {
    200: ChangeAnswer,
    ...ORIGINAL_REFUSALS,
    400: t.Union([ChangeRefusal, OriginalError]),
    413: OriginalError,
    415: OriginalError,
    500: ChangeFailure,
  };
  return new Elysia({ name: "original-device-changes" })
    .use(bearerGate(options.gate, "admin"))
    .post(
      "/api/devices/:id/status",
      async ({ request, body, clientId }) =>
        failing(UPDATE_FAILED, () =>
          setStatus(options, readId(request, UPDATE_FAILED), { status: body.status, clientId }),
        ),
      {
        ...bodyOf(StatusChange, options, readStatusChange),
        params,
        response,
        detail: {
          tags: ["Original"],
          summary: "Allow or block a terminal",
          description:
            "A terminal that nobody knows is made known, so that it is let in, or not, when it " +
            "first comes. Allowing a pending one releases what it sent.",
        },
      },
    )
    .put(
      "/api/devices/:id",
      async ({ request, body, clientId }) =>
        failing(UPDATE_FAILED, () =>
          updateDevice(options, readId(request, UPDATE_FAILED), { ...body, clientId }),
        ),
      {
        ...bodyOf(DeviceUpdate, options, readUpdate),
        params,
        response: { ...response, 404: ChangeRefusal },
        detail: {
          tags: ["Original"],
          summary: "Rename a terminal",
          description: "What is absent stays as it is: renaming changes no status.",
        },
      },
    )
    .delete(
      "/api/devices/:id",
      async ({ request, clientId }) =>
        failing(DELETE_FAILED, () =>
          deleteDevice(options, readId(request, DELETE_FAILED), clientId),
        ),
      {
        params,
        response: {
          200: ChangeAnswer,
          ...ORIGINAL_REFUSALS,
          400: ChangeRefusal,
          404: ChangeRefusal,
          500: ChangeFailure,
        },
        detail: {
          tags: ["Original"],
          summary: "Take a terminal out of use",
          description: "Its records stay. Should it come again, it is met like an unknown one.",
        },
      },
    );
}

async function setStatus(
  options: DeviceChangeRoutesOptions,
  id: DeviceId,
  change: { readonly status: StatusWord | undefined; readonly clientId: string },
) {
  const { storage, clock } = options;
  const word = change.status ?? "allowed";
  const status = STATUSES[word];
  let result: string = await storage.updateDevice(id, { status });
  if (result === "unknown-device") {
    const parsed = parseDeviceId(id);
    if (!parsed.ok) throw refused("request-invalid", `${UPDATE_FAILED}: ${parsed.error.reason}`);
    result = await storage.addDevice(id, status, clock.nowMs());
  }
  if (result === "devices-full") {
    const reason = "too many terminals are known, the setting DEVICES_MAX says how many may be";
    throw refused("request-invalid", `${UPDATE_FAILED}: ${reason}`);
  }
  if (result === "built-in-device") throw builtIn(UPDATE_FAILED);
  const isChanged = result === "done";
  noteDeviceStatus(options, { id, status, isChanged, client: change.clientId });
  return { success: true as const, message: `Device ${word}` };
}

async function updateDevice(
  options: DeviceChangeRoutesOptions,
  id: DeviceId,
  update: DeviceUpdate & { readonly clientId: string },
) {
  const { clientId, device_name: name } = update;
  const status = update.status === undefined ? undefined : STATUSES[update.status];
  const edit: DeviceEdit = {
    ...(status === undefined ? {} : { status }),
    ...(name === undefined || name === null ? {} : { name: name === "" ? null : name }),
  };
  await assertShown(options, id, UPDATE_FAILED);
  const result = await options.storage.updateDevice(id, edit);
  if (result === "unknown-device") throw refused("not-found", UPDATE_FAILED);
  if (result === "built-in-device") throw builtIn(UPDATE_FAILED);
  const setting = { id, isChanged: result === "done", client: clientId };
  noteDeviceUpdate(options, { ...setting, event: "device.updated", status });
  return { success: true as const, message: "Device updated" };
}

async function deleteDevice(options: DeviceChangeRoutesOptions, id: DeviceId, clientId: string) {
  await assertShown(options, id, DELETE_FAILED);
  const result = await options.storage.retireDevice(id);
  if (result === "unknown-device") throw refused("not-found", DELETE_FAILED);
  if (result === "built-in-device") throw builtIn(DELETE_FAILED);
  if (result === "done") options.log.info("device.retired", { device: id, client: clientId });
  options.live.tellDevice(id, { type: "device_deleted" });
  return { success: true as const, message: "Device deleted" };
}

/** A retired terminal is gone for whoever looks through these endpoints. */
async function assertShown(
  { storage }: DeviceChangeRoutesOptions,
  id: DeviceId,
  failedText: string,
): Promise<void> {
  const device = await storage.findDevice(id);
  if (device === undefined || device.status === "retired") throw refused("not-found", failedText);
}

/**
 * Part of a route's options: the body is read behind the gate and checked in the contract's own
 * words; the schema documents it. An absent field and a body `null` have the original's defaults.
 */
function bodyOf<Schema extends typeof StatusChange | typeof DeviceUpdate>(
  schema: Schema,
  { bodies }: DeviceChangeRoutesOptions,
  read: (fields: Readonly<Record<string, unknown>>) => Schema["static"],
) {
  return {
    parse: "none" as const,
    body: schema,
    // An arrow, because the framework reads the text of its hooks and is lost in other forms.
    transform: async (context: { readonly request: Request; body: unknown }): Promise<void> => {
      const body = await readJsonBody(context.request, { bodies, bytesMax: BODY_BYTES_MAX });
      if (typeof body !== "object" || Array.isArray(body)) {
        throw new ApiFailure("request-invalid", "The body is not a JSON object");
      }
      context.body = read({ ...body });
    },
  };
}

function readStatusChange(fields: Readonly<Record<string, unknown>>) {
  return "status" in fields ? { status: readStatus(fields.status, "Invalid status") } : {};
}

function readUpdate(fields: Readonly<Record<string, unknown>>): DeviceUpdate {
  const { device_name: name = null } = fields;
  const refusal = `${UPDATE_FAILED}: status is neither "allowed" nor "blocked"`;
  const status = "status" in fields ? { status: readStatus(fields.status, refusal) } : {};
  if (name === null || name === "") return { device_name: name, ...status };
  if (typeof name !== "string") {
    throw refused("request-invalid", `${UPDATE_FAILED}: device_name is not a text`);
  }
  const parsed = parseDeviceName(name);
  if (!parsed.ok) throw refused("request-invalid", `${UPDATE_FAILED}: ${parsed.error.reason}`);
  return { device_name: parsed.value, ...status };
}

function readStatus(value: unknown, refusalText: string): StatusWord {
  if (value === "allowed" || value === "blocked") return value;
  throw refused("request-invalid", refusalText);
}

/** From the path as it came: the framework decodes some of it, and gives up on the rest. */
function readId(request: Request, failedText: string): DeviceId {
  const segment = new URL(request.url).pathname.split("/")[3] ?? "";
  try {
    return deviceId(decodeURIComponent(segment));
  } catch {
    throw refused(
      "request-invalid",
      `${failedText}: the id in the path is not percent-encoded UTF-8`,
    );
  }
}

/** The same shape where storage fails. */
function failing<Value>(message: string, work: () => Promise<Value>): Promise<Value> {
  const error = "Internal Server Error";
  return failingAs({ message, body: () => ({ success: false, error, message }) }, work);
}

function builtIn(failedText: string): ApiFailure {
  return refused("request-invalid", `${failedText}: manual punches belong to it`);
}

function refused(code: "request-invalid" | "not-found", message: string): ApiFailure {
  const error = code === "not-found" ? "Not Found" : "Bad Request";
  return new ApiFailure(code, message, { body: { success: false, error, message } });
}
