/**
 * `GET /api/biometric/status`: the original's tree and types. What it invented is measured here,
 * and its constants are the real settings.
 */

import { Elysia } from "elysia";
import type { DeviceId } from "#domain/identifiers.ts";
import { parseSiteDate, siteDayRange } from "#domain/site-day.ts";
import { localText } from "#domain/time-text.ts";
import { userNumber } from "#domain/user-number.ts";
import type { PunchFilter, Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { ORIGINAL_REFUSALS } from "../../errors.ts";
import {
  connectionStatus,
  type ListedDevice,
  lastSeenText,
  listDevicesForHris,
} from "../listed-devices.ts";
import { StatusAnswer, type StatusDevice } from "./model.ts";

/** What the status tells of the webhook. */
export interface WebhookFigures {
  readonly enabled: boolean;
  readonly url: string;
  readonly mode: string;
  /** Deliveries per minute; 0 for no limit. */
  readonly rateLimit: number;
  readonly timeoutSeconds: number;
  readonly retryEnabled: boolean;
}

/** What the route needs. */
export interface StatusRoutesOptions {
  readonly storage: Pick<Storage, "listDevices" | "findDevice" | "listPunchedUsers" | "countLogs">;
  readonly gate: BearerGateOptions;
  /** IANA zone of `last_seen` and of what "today" means. */
  readonly siteTimeZone: string;
  readonly primaryDeviceId: DeviceId;
  /** Shown as `connection.api_url`. */
  readonly apiUrl: string;
  readonly rateLimit: { readonly requests: number; readonly windowSeconds: number };
  readonly webhookFigures: () => WebhookFigures;
}

/** The HRIS's own timetable, in minutes, as its documentation states it; nobody tells us better. */
const ATTENDANCE_INTERVAL_MINUTES = 15;
const USER_INTERVAL_MINUTES = 60;

/** The original's name for a primary terminal that has none. */
const PRIMARY_DEVICE_NAME = "Primary Terminal (Dynamic Users)";

/** The route, behind a token that may read. */
export function statusRoutes(options: StatusRoutesOptions) {
  return new Elysia({ name: "original-status" })
    .use(bearerGate(options.gate, "read"))
    .get("/api/biometric/status", ({ clientId }) => readStatus(options, clientId), {
      response: { 200: StatusAnswer, ...ORIGINAL_REFUSALS },
      detail: { tags: ["Original"], summary: "Terminals, users, settings and the webhook" },
    });
}

async function readStatus(options: StatusRoutesOptions, clientId: string): Promise<StatusAnswer> {
  const devices = (await listDevicesForHris(options.storage)).map((entry) =>
    spellDevice(entry, options),
  );
  const isConnected = devices.some((device) => device.connection_status === "connected");
  return {
    success: true,
    connection: {
      status: isConnected ? "connected" : "disconnected",
      api_url: options.apiUrl,
      last_test: new Date(options.gate.clock.nowMs()).toISOString(),
    },
    devices: devices.length === 0 ? null : devices,
    alignment: await readAlignment(options),
    connections: await readConnections(options),
    sync: await readSync(options),
    config: {
      client_id: clientId,
      token_expiry_hours: options.gate.tokens.expiryHours,
      rate_limit_requests: options.rateLimit.requests,
      rate_limit_window: options.rateLimit.windowSeconds,
      primary_device_id: options.primaryDeviceId,
    },
    webhook: spellWebhook(options.webhookFigures()),
  };
}

function spellDevice({ device, status }: ListedDevice, options: StatusRoutesOptions): StatusDevice {
  const isPrimary = device.id === options.primaryDeviceId;
  const state = connectionStatus(device.lastContactMs, options.gate.clock.nowMs());
  return {
    id: device.id,
    name: device.name ?? "Unnamed",
    status,
    last_seen: lastSeenText(device, options.siteTimeZone),
    connection_status: state === "connected" ? "connected" : "disconnected",
    is_primary: isPrimary,
    device_type: isPrimary ? "PRIMARY" : "SECONDARY",
  };
}

async function readAlignment(options: StatusRoutesOptions): Promise<StatusAnswer["alignment"]> {
  const { storage, primaryDeviceId } = options;
  const primary = await storage.findDevice(primaryDeviceId);
  const users = await storage.listPunchedUsers(primaryDeviceId);
  return {
    primary_device_id: primaryDeviceId,
    primary_device_name: primary?.name ?? PRIMARY_DEVICE_NAME,
    total_primary_users: users.length,
    primary_device_users: users.map(userNumber),
    alignment_status: "DYNAMIC",
  };
}

async function readConnections(options: StatusRoutesOptions): Promise<StatusAnswer["connections"]> {
  const users = await options.storage.listPunchedUsers(undefined);
  return {
    total_active_employees: users.length,
    employees_with_biometric_id: users.length,
    connection_rate_percent: 100,
    duplicate_biometric_ids_count: 0,
    duplicate_biometric_ids: [],
  };
}

async function readSync(options: StatusRoutesOptions): Promise<StatusAnswer["sync"]> {
  const { storage, primaryDeviceId } = options;
  const today = rangeOfToday(options);
  return {
    enabled: true,
    attendance_interval: ATTENDANCE_INTERVAL_MINUTES,
    user_interval: USER_INTERVAL_MINUTES,
    auto_create_records: true,
    statistics: {
      last_sync_attempt: null,
      last_successful_sync: null,
      total_synced_today: await storage.countLogs(today),
      sync_errors_today: 0,
      primary_device_logs_today: await storage.countLogs({ ...today, deviceId: primaryDeviceId }),
    },
  };
}

function rangeOfToday({ gate, siteTimeZone }: StatusRoutesOptions): PunchFilter {
  const today = parseSiteDate(localText(gate.clock.nowMs(), siteTimeZone).slice(0, 10));
  return today.ok ? siteDayRange(today.value, today.value, siteTimeZone) : {};
}

function spellWebhook(figures: WebhookFigures): StatusAnswer["webhook"] {
  return {
    enabled: figures.enabled,
    url: figures.url,
    mode: figures.mode,
    rate_limit: figures.rateLimit,
    timeout: figures.timeoutSeconds,
    retry_enabled: figures.retryEnabled,
  };
}
