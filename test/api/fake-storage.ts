/**
 * Storage in memory for tests of the API: punches and devices are given, and read back by the
 * contract of `Storage`. What the API never calls is refused.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { ApiClient, NewClient } from "#domain/client.ts";
import type { Command } from "#domain/command.ts";
import type { Completeness, LateQuery } from "#domain/completeness.ts";
import type { Condition, ConditionChange } from "#domain/condition.ts";
import type { Device } from "#domain/device.ts";
import {
  type DeviceId,
  deviceId,
  type FeedPosition,
  feedPosition,
  type PunchId,
  punchId,
  type UserId,
  userId,
} from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import type { KeptEntry } from "#domain/quarantine.ts";
import type { RecordedEvent } from "#domain/recorded-event.ts";
import type { SiteDate } from "#domain/site-day.ts";
import { type KnownUser, type SyncedUser, type SyncOutcome, withSaid } from "#domain/user.ts";
import { parseWallTime, resolveInstant } from "#domain/wall-time.ts";
import { type Endpoint, SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import type { EndpointOutbox, LedgerEntry } from "#storage/endpoint-outbox.ts";
import type { EventFilter, EventPage } from "#storage/event-storage.ts";
import type { QuarantinePage } from "#storage/quarantine-storage.ts";
import type {
  CommandFilter,
  DeviceChange,
  DeviceEdit,
  EndedFeedEpoch,
  FeedPage,
  LogPeriod,
  LogSlice,
  PunchFilter,
  Storage,
  StorageFigures,
  SyncFigures,
  UserFigures,
  UserLogs,
} from "#storage/storage.ts";

/** A stored punch of user 6 at 2026-03-02 08:15:04 in Manila, with what a test wants otherwise. */
export function samplePunch(id: number, change: Partial<Punch> = {}): Punch {
  const wallTime = parseWallTime(change.wallTimeText ?? "20260302081504");
  if (!wallTime.ok) throw new Error(`No wall time: ${change.wallTimeText}`);
  const timeZone = change.timeZone ?? "Asia/Manila";
  return {
    id: punchId(id),
    feedPosition: feedPosition(id),
    revision: 1,
    deviceId: deviceId("2401058352"),
    userId: userId("6"),
    userIdText: "00000006",
    wallTime: wallTime.value,
    wallTimeText: "20260302081504",
    timeZone,
    instantMs: resolveInstant(wallTime.value, timeZone).instantMs,
    receivedAtMs: epochMs(Date.UTC(2026, 2, 2, 0, 15, 6)),
    direction: "in",
    directionSource: "alternate",
    isRepeat: false,
    directionCode: "1",
    verifyModeCode: "1",
    codeLibrary: "FKDataHS101",
    workCode: undefined,
    localTimeFlag: undefined,
    doubtfulTime: undefined,
    suggestedInstantMs: undefined,
    isHistoric: false,
    origin: "live",
    ...change,
  };
}

/** An approved terminal, last in contact at the start of the fake clock. */
export function sampleDevice(id: string, change: Partial<Device> = {}): Device {
  return {
    id: deviceId(id),
    name: undefined,
    status: "approved",
    driver: "fkweb",
    firstContactMs: epochMs(Date.UTC(2026, 2, 1, 16, 0, 0)),
    lastContactMs: epochMs(Date.UTC(2026, 2, 2, 0, 15, 4)),
    lastAddress: "192.0.2.7",
    allowedAddress: undefined,
    firmware: undefined,
    codeLibrary: undefined,
    clockText: undefined,
    clockSkewMs: undefined,
    startAtMs: epochMs(Date.UTC(2026, 0, 26)),
    timeZone: undefined,
    directionPolicy: undefined,
    directionCodes: undefined,
    heldCount: 0,
    duplicateCount: 0,
    refusedCount: 0,
    lastRecordNumber: undefined,
    missingRecordCount: 0,
    clockEpisode: 0,
    quarantineBytes: 0,
    openCommandCount: 0,
    waitsFor: undefined,
    completeThroughMs: undefined,
    ...change,
  };
}

/** A finished command to set the clock of the sample terminal. */
export function sampleCommand(id: number, change: Partial<Command> = {}): Command {
  return {
    id,
    deviceId: deviceId("2401058352"),
    kind: "set-time",
    parameters: {},
    status: "done",
    requestedBy: "operator",
    createdAtMs: epochMs(Date.UTC(2026, 2, 2, 0, 15, 4)),
    deadlineMs: epochMs(Date.UTC(2026, 2, 3, 0, 15, 4)),
    sentCount: 1,
    lastSentAtMs: epochMs(Date.UTC(2026, 2, 2, 0, 15, 15)),
    finishedAtMs: epochMs(Date.UTC(2026, 2, 2, 0, 15, 16)),
    returnCode: "OK",
    problem: undefined,
    resultText: undefined,
    isResultLeftOut: false,
    resultByteCount: 0,
    isResultPending: false,
    ...change,
  };
}

/** The receiver of the settings, to which nothing waits. */
export function sampleEndpoint(change: Partial<Endpoint> = {}): Endpoint {
  return {
    id: SETTINGS_ENDPOINT_ID,
    name: "settings",
    origin: "settings",
    url: "http://hris.example/hook",
    format: "logs",
    types: undefined,
    deviceIds: undefined,
    secret: "",
    previousSecret: undefined,
    isEnabled: true,
    isFilling: false,
    unfilledCount: 0,
    createdAtMs: epochMs(Date.UTC(2026, 2, 1, 16, 0, 0)),
    waitingCount: 0,
    parkedCount: 0,
    ...change,
  };
}

/** A message that was delivered at once. */
export function sampleEntry(id: number): LedgerEntry {
  const atMs = epochMs(Date.UTC(2026, 2, 2, 0, 15, 4));
  return {
    id,
    eventId: `box-1000001-${id}`,
    type: "punch.created",
    deviceId: deviceId("2401058352"),
    punchId: punchId(1_000_001),
    revision: 1,
    eventAtMs: atMs,
    status: "delivered",
    attemptCount: 0,
    lastAttemptAtMs: atMs,
    lastHttpStatus: 200,
    bodyText: "{}",
    attempts: [],
  };
}

/** A punch without a user. */
export function sampleKept(id: number): KeptEntry {
  const bytes = new TextEncoder().encode('{"io_time":"20260302081504","user_id":""}');
  return {
    entry: {
      id,
      deviceId: deviceId("2401058352"),
      driver: "fkweb",
      remoteAddress: "192.0.2.7",
      receivedAtMs: epochMs(Date.UTC(2026, 2, 2, 0, 15, 6)),
      code: "no-user",
      reason: "Punch has no user id",
      byteCount: bytes.length,
      sha256: "00".repeat(32),
      status: "waiting",
      decidedAtMs: undefined,
      decidedBy: undefined,
      punchId: undefined,
    },
    bytes,
  };
}

export class FakeStorage implements Storage {
  feedEpoch = "epoch-one";
  endedFeedEpochs: readonly EndedFeedEpoch[] = [];
  readonly commands: Command[] = [];
  readonly punches: Punch[] = [];
  readonly devices: Device[] = [];
  readonly quarantined: KeptEntry[] = [];
  readonly userIds: UserId[] = [];
  readonly clients = new Map<string, ApiClient>();
  hasEndpoint = true;
  /** Every call of `sendHistory` that was granted. */
  readonly historyAsked: (readonly [DeviceId, SiteDate | undefined])[] = [];
  pairingWindowEndsAt: EpochMs | undefined;
  readonly users = new Map<UserId, KnownUser>();
  deliveriesWaiting = 0;
  deliveriesParked = 0;
  syncFigures: SyncFigures = { lastAttemptMs: undefined, lastSuccessMs: undefined, errorCount: 0 };
  userFigures: UserFigures = { activeCount: 0, biometricCount: 0 };
  /** Every call of `listLogs`, as its `page` argument. */
  readonly logPages: LogSlice[] = [];
  /** Called with every call of `listLogs`. */
  onLogPage: () => void = () => undefined;
  /** Thrown by `listLogs` from this call on, counted from 1. */
  failLogsFromCall = Number.POSITIVE_INFINITY;

  async changeRules(): Promise<void> {}

  async listPunchesAfter(
    after: FeedPosition,
    limit: number,
    filter: PunchFilter,
  ): Promise<FeedPage> {
    const behind = this.#released(filter)
      .filter((punch) => (punch.feedPosition ?? 0) > after)
      .sort((left, right) => (left.feedPosition ?? 0) - (right.feedPosition ?? 0));
    const punches = behind.slice(0, limit);
    const last = punches.at(-1)?.feedPosition;
    return { punches, nextAfter: last ?? after, hasMore: behind.length > limit };
  }

  async findPunch(id: PunchId): Promise<Punch | undefined> {
    return this.punches.find((punch) => punch.id === id);
  }

  async listLogs(filter: PunchFilter, page: LogSlice): Promise<readonly Punch[]> {
    this.logPages.push({ ...page });
    this.onLogPage();
    if (this.logPages.length >= this.failLogsFromCall) throw new Error("disk on fire");
    const { before } = page;
    return this.#released(filter)
      .sort((left, right) => compareLogs(right, left))
      .filter((punch) => before === undefined || compareLogs(punch, before) < 0)
      .slice(page.offset, page.offset + page.limit);
  }

  async countLogs(filter: PunchFilter): Promise<number> {
    return this.#released(filter).length;
  }

  async summarizeLogs(period: LogPeriod): Promise<readonly UserLogs[]> {
    const byUser = Map.groupBy(this.#released(period), (punch) => punch.userId);
    return [...byUser]
      .map(([user, punches]) => ({
        userId: user,
        logCount: punches.length,
        outCount: punches.filter((punch) => punch.direction === "out").length,
      }))
      .sort((left, right) => (left.userId < right.userId ? -1 : 1));
  }

  async listPunchedUsers(device: DeviceId | undefined): Promise<readonly UserId[]> {
    const users = this.#released({ deviceId: device }).map((punch) => punch.userId);
    return [...new Set(users)].sort();
  }

  async listDevices(): Promise<readonly Device[]> {
    return this.devices;
  }

  async findDevice(id: DeviceId): Promise<Device | undefined> {
    return this.devices.find((device) => device.id === id);
  }

  async approveDevice(id: DeviceId): Promise<DeviceChange> {
    return this.updateDevice(id, { status: "approved" });
  }

  async blockDevice(id: DeviceId): Promise<DeviceChange> {
    return this.updateDevice(id, { status: "blocked" });
  }

  async updateDevice(id: DeviceId, edit: DeviceEdit): Promise<DeviceChange> {
    const index = this.devices.findIndex((device) => device.id === id);
    const device = this.devices[index];
    if (device === undefined) return "unknown-device";
    const next: Device = {
      ...device,
      status: edit.status ?? device.status,
      name: edit.name === undefined ? device.name : (edit.name ?? undefined),
      allowedAddress:
        edit.allowedAddress === undefined
          ? device.allowedAddress
          : (edit.allowedAddress ?? undefined),
      startAtMs: edit.startAtMs ?? device.startAtMs,
      timeZone: edit.timeZone === undefined ? device.timeZone : (edit.timeZone ?? undefined),
      directionPolicy:
        edit.directionPolicy === undefined
          ? device.directionPolicy
          : (edit.directionPolicy ?? undefined),
      directionCodes:
        edit.directionCodes === undefined
          ? device.directionCodes
          : (edit.directionCodes ?? undefined),
    };
    if (Bun.deepEquals(next, device)) return "unchanged";
    this.devices[index] = next;
    return "done";
  }

  async findClient(name: string): Promise<ApiClient | undefined> {
    return this.clients.get(name);
  }

  async listClients(): Promise<readonly ApiClient[]> {
    return [...this.clients.values()];
  }

  async addClient(client: NewClient): Promise<"done" | "exists"> {
    const before = this.clients.get(client.name);
    if (before !== undefined && before.revokedAtMs === undefined) return "exists";
    this.clients.set(client.name, { ...client, revokedAtMs: undefined });
    return "done";
  }

  async revokeClient(name: string, nowMs: EpochMs): Promise<"done" | "unchanged"> {
    const before = this.clients.get(name);
    if (before?.revokedAtMs !== undefined) return "unchanged";
    const client = before ?? { name, secretSha256: undefined, scopes: [], createdAtMs: nowMs };
    this.clients.set(name, { ...client, revokedAtMs: nowMs });
    return "done";
  }

  async retireDevice(id: DeviceId): Promise<DeviceChange> {
    const index = this.devices.findIndex((device) => device.id === id);
    const device = this.devices[index];
    if (device === undefined) return "unknown-device";
    if (device.status === "retired") return "unchanged";
    this.devices[index] = { ...device, status: "retired" };
    return "done";
  }

  async giveUpLost(id: DeviceId): Promise<DeviceChange> {
    const index = this.devices.findIndex((device) => device.id === id);
    const device = this.devices[index];
    if (device === undefined) return "unknown-device";
    if (device.waitsFor === undefined) return "unchanged";
    this.devices[index] = { ...device, waitsFor: undefined };
    return "done";
  }

  async sendHistory(id: DeviceId, fromDate: SiteDate | undefined) {
    if (!this.devices.some((device) => device.id === id)) return "unknown-device";
    if (!this.hasEndpoint) return "no-endpoint";
    this.historyAsked.push([id, fromDate]);
    return "done";
  }

  async openPairingWindow(fromMs: EpochMs, untilMs: EpochMs): Promise<void> {
    this.pairingWindowEndsAt = untilMs > fromMs ? untilMs : undefined;
  }

  async findPairingWindow(): Promise<EpochMs | undefined> {
    return this.pairingWindowEndsAt;
  }

  outboxOf(): EndpointOutbox {
    return {
      requeueParkedDeliveries: async (limit) => {
        const count = Math.min(limit, this.deliveriesParked);
        this.deliveriesWaiting += count;
        this.deliveriesParked -= count;
        return {
          requeuedCount: count,
          supersededCount: 0,
          unchangedCount: 0,
          hasMore: false,
          lastId: count,
        };
      },
      redeliver: neverCalled,
      listDeliveries: async () => ({ deliveries: [], nextBeforeId: undefined }),
      findDelivery: async (id) => sampleEntry(id),
      findOldestWaiting: async () => undefined,
      listDevicesWithDeliveries: neverCalled,
      listWaitingDeliveries: neverCalled,
      recordAttempts: neverCalled,
    };
  }

  async trimLedger(): Promise<boolean> {
    return false;
  }

  listWaitingQuarantine = neverCalled;
  releaseQuarantined = neverCalled;
  purgePunches = neverCalled;
  purgeUser = neverCalled;
  listAudit = neverCalled;
  discardQuarantined = neverCalled;

  async listQuarantine(): Promise<QuarantinePage> {
    return { entries: this.quarantined.map(({ entry }) => entry), nextBeforeId: undefined };
  }

  async findQuarantined(id: number): Promise<KeptEntry | undefined> {
    return this.quarantined.find(({ entry }) => entry.id === id);
  }

  async trimQuarantine(): Promise<boolean> {
    return false;
  }

  async figures(): Promise<StorageFigures> {
    return {
      punchCount: this.#released({}).length,
      lastFeedPosition: feedPosition(
        Math.max(0, ...this.punches.map((punch) => punch.feedPosition ?? 0)),
      ),
      lastPunchId: Math.max(0, ...this.punches.map((punch) => punch.id)),
      heldCount: 0,
      quarantineCount: 0,
      quarantineBytes: 0,
      quarantineBytesMax: 0,
      deliveriesWaiting: this.deliveriesWaiting,
      deliveriesParked: this.deliveriesParked,
      databaseBytes: 0,
      walBytes: 0,
      ledgerBytes: 0,
      checkpointCount: 0,
      checkpointFailedCount: 0,
    };
  }

  async syncUsers(users: readonly SyncedUser[]): Promise<readonly SyncOutcome[]> {
    for (const user of users) {
      const statement = withSaid(NOTHING_SAID, user);
      if (statement === undefined) throw new Error("Tests send no long fields here");
      this.users.set(user.id, {
        id: user.id,
        synced: { ...statement, updatedAtMs: epochMs(0) },
        enrollments: [],
        hasPunched: false,
      });
    }
    return users.map(() => "stored");
  }

  async listUserIds(): Promise<readonly UserId[]> {
    return [...this.userIds, ...this.users.keys()];
  }

  async readUsers(ids: readonly UserId[]): Promise<readonly KnownUser[]> {
    return ids.map((id) => this.users.get(id)).filter((user) => user !== undefined);
  }

  async listCommands(filter: CommandFilter, limit: number): Promise<readonly Command[]> {
    return this.commands
      .filter(({ deviceId: id }) => filter.deviceId === undefined || id === filter.deviceId)
      .sort((left, right) => right.id - left.id)
      .slice(0, limit);
  }

  async findCommand(id: number): Promise<Command | undefined> {
    return this.commands.find((command) => command.id === id);
  }

  async noteRefusedSync(): Promise<void> {
    return;
  }

  async readSyncFigures(): Promise<SyncFigures> {
    return this.syncFigures;
  }

  async readUserFigures(): Promise<UserFigures> {
    return this.userFigures;
  }

  completeness: Completeness = {
    throughMs: undefined,
    heldBack: undefined,
    devices: [],
    pendingDeviceCount: 0,
    heldCount: 0,
    quarantinedCount: 0,
    lateRevision: 0,
    late: [],
    hasMoreLate: false,
  };

  /** Every call of `readCompleteness`, as its argument. */
  readonly completenessAsked: LateQuery[] = [];

  async readCompleteness(late: LateQuery): Promise<Completeness> {
    this.completenessAsked.push(late);
    return this.completeness;
  }

  queueCommands = neverCalled;
  cancelCommand = neverCalled;
  expireCommands = neverCalled;
  readEnrolledNames = neverCalled;
  listPendingResults = neverCalled;
  settleUserList = neverCalled;
  queueLogReadings = neverCalled;
  recoverRecords = neverCalled;
  settleLog = neverCalled;
  addDevice = neverCalled;
  readonly conditionChanges: ConditionChange[] = [];

  async listConditions(): Promise<readonly Condition[]> {
    return [];
  }

  async recordConditions(changes: readonly ConditionChange[]): Promise<void> {
    this.conditionChanges.push(...changes);
  }

  readonly events: RecordedEvent[] = [];
  recordEvent = neverCalled;

  async listEventsAfter(after: number, limit: number, filter: EventFilter): Promise<EventPage> {
    const first = this.events[0]?.sequence ?? 1;
    const behind = this.events
      .filter(({ sequence }) => sequence > after)
      .filter(({ type }) => filter.types?.includes(type) ?? true)
      .filter(({ deviceId: id }) => filter.deviceId === undefined || id === filter.deviceId);
    const events = behind.slice(0, limit);
    const hasMore = behind.length > limit;
    const last = hasMore ? events.at(-1)?.sequence : await this.findLastEvent();
    return { events, nextAfter: last ?? after, hasMore, hasGap: after < first - 1 };
  }

  async findLastEvent(): Promise<number> {
    return this.events.at(-1)?.sequence ?? 0;
  }

  importer: Storage["importer"] = { reserveIds: neverCalled, importRows: neverCalled };
  append = neverCalled;
  continueBackgroundWork = neverCalled;
  markStarted = neverCalled;

  async listEndpoints(): Promise<readonly Endpoint[]> {
    if (!this.hasEndpoint) return [];
    const { deliveriesWaiting: waitingCount, deliveriesParked: parkedCount } = this;
    return [sampleEndpoint({ waitingCount, parkedCount })];
  }

  addEndpoint = neverCalled;
  editEndpoint = neverCalled;
  rotateEndpointSecret = neverCalled;
  removeEndpoint = neverCalled;
  proveStoring = neverCalled;
  probe = async (): Promise<void> => undefined;
  close = neverCalled;

  #released(filter: PunchFilter): Punch[] {
    return this.punches.filter(
      (punch) =>
        punch.feedPosition !== undefined &&
        (filter.deviceId === undefined || punch.deviceId === filter.deviceId) &&
        (filter.userId === undefined || punch.userId === filter.userId) &&
        (filter.fromMs === undefined || punch.instantMs >= filter.fromMs) &&
        (filter.beforeMs === undefined || punch.instantMs < filter.beforeMs) &&
        (filter.direction === undefined || punch.direction === filter.direction),
    );
  }
}

const NOTHING_SAID = {
  name: undefined,
  department: undefined,
  isEnabled: undefined,
  furtherFieldsText: undefined,
};

async function neverCalled(): Promise<never> {
  throw new Error("The API calls nothing of this kind");
}

function compareLogs(
  left: { readonly wallTime: string; readonly id: number },
  right: { readonly wallTime: string; readonly id: number },
): number {
  if (left.wallTime !== right.wallTime) return left.wallTime < right.wallTime ? -1 : 1;
  return left.id - right.id;
}
