/**
 * `GET /api/biometric/status`: the original's tree and types. What it invented is measured here,
 * and its constants are the real settings.
 */

import { Elysia } from "elysia";
import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId, UserId } from "#domain/identifiers.ts";
import { siteDateAt, siteDayRange } from "#domain/site-day.ts";
import { type ExpectedUsers, isInUserRange, type UserRange } from "#domain/user.ts";
import { userNumber } from "#domain/user-number.ts";
import type { Storage } from "#storage/storage.ts";
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
  readonly storage: Pick<
    Storage,
    | "listDevices"
    | "findDevice"
    | "listPunchedUsers"
    | "countLogs"
    | "readUserFigures"
    | "readSyncFigures"
  >;
  readonly gate: BearerGateOptions;
  /** IANA zone of `last_seen` and of what "today" means. */
  readonly siteTimeZone: string;
  readonly primaryDeviceId: DeviceId;
  readonly expectedUsers: ExpectedUsers | undefined;
  /** Shown as `connection.api_url`. */
  readonly apiUrl: string;
  readonly webhookFigures: () => WebhookFigures;
}

/** The HRIS's own timetable, in minutes, as its documentation states it; nobody tells us better. */
const ATTENDANCE_INTERVAL_MINUTES = 15;
const USER_INTERVAL_MINUTES = 60;

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
      token_expiry_hours: options.gate.access.tokenExpiryHours,
      rate_limit_requests: options.gate.limit.rule.requests,
      rate_limit_window: options.gate.limit.rule.windowMs / 1000,
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
  const { storage, primaryDeviceId, expectedUsers } = options;
  const primary = await storage.findDevice(primaryDeviceId);
  const users = await storage.listPunchedUsers(primaryDeviceId);
  const alignment = {
    primary_device_id: primaryDeviceId,
    primary_device_users: showUsers(users),
  };
  if (expectedUsers === undefined) {
    return {
      ...alignment,
      primary_device_name: primary?.name ?? "Primary Terminal (Dynamic Users)",
      total_primary_users: users.length,
      alignment_status: "DYNAMIC",
    };
  }
  const { from, to } = expectedUsers.range;
  return {
    ...alignment,
    primary_device_name: primary?.name ?? `Primary Terminal (Users ${from}-${to})`,
    ...compareUsers(users, expectedUsers.range),
  };
}

function compareUsers(users: readonly UserId[], range: UserRange) {
  const expected = Array.from({ length: range.to - range.from + 1 }, (_, at) => range.from + at);
  const seen = new Set(users.filter((user) => isInUserRange(user, range)).map(Number));
  const missing = expected.filter((user) => !seen.has(user));
  const extra = showUsers(users.filter((user) => !isInUserRange(user, range)));
  const isPerfect = missing.length === 0 && extra.length === 0;
  return {
    expected_users: expected,
    missing_users: missing,
    extra_users: extra,
    alignment_status: isPerfect ? ("PERFECT" as const) : ("NEEDS_ATTENTION" as const),
  };
}

/** Numbers by value, then the other ids by text, as storage gives them. */
function showUsers(users: readonly UserId[]): (number | string)[] {
  const shown = users.map(userNumber);
  const numbers = shown.filter((user) => typeof user === "number");
  const texts = shown.filter((user) => typeof user === "string");
  return [...numbers.sort((one, other) => one - other), ...texts];
}

async function readConnections(options: StatusRoutesOptions): Promise<StatusAnswer["connections"]> {
  const { activeCount, biometricCount } = await options.storage.readUserFigures();
  return {
    total_active_employees: activeCount,
    employees_with_biometric_id: biometricCount,
    connection_rate_percent:
      activeCount === 0 ? 0 : Math.round((100 * biometricCount) / activeCount),
    // An id names one user: two with the same cannot be stored.
    duplicate_biometric_ids_count: 0,
    duplicate_biometric_ids: [],
  };
}

async function readSync(options: StatusRoutesOptions): Promise<StatusAnswer["sync"]> {
  const { storage, gate, siteTimeZone, primaryDeviceId } = options;
  const day = siteDateAt(gate.clock.nowMs(), siteTimeZone);
  const today = siteDayRange(day, day, siteTimeZone);
  const figures = await storage.readSyncFigures(day);
  return {
    enabled: true,
    attendance_interval: ATTENDANCE_INTERVAL_MINUTES,
    user_interval: USER_INTERVAL_MINUTES,
    auto_create_records: true,
    statistics: {
      last_sync_attempt: isoText(figures.lastAttemptMs),
      last_successful_sync: isoText(figures.lastSuccessMs),
      total_synced_today: await storage.countLogs(today),
      sync_errors_today: figures.errorCount,
      primary_device_logs_today: await storage.countLogs({ ...today, deviceId: primaryDeviceId }),
    },
  };
}

function isoText(instantMs: EpochMs | undefined): string | null {
  return instantMs === undefined ? null : new Date(instantMs).toISOString();
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
