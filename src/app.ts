/**
 * Builds every part of the server and starts and stops them in order. The only place that knows
 * them all; decides nothing of a punch.
 */

import { startControlSocket } from "#api/control/socket.ts";
import { findReadiness } from "#api/health/find-readiness.ts";
import { LiveHub } from "#api/live/hub.ts";
import { WaitingReaders } from "#api/punches/waiting-readers.ts";
import { startWebServer } from "#api/server.ts";
import { WebhookDesk, type WebhookDeskOptions } from "#api/webhooks/desk.ts";
import { loadAuthorities } from "#config/ca-file.ts";
import type { Config } from "#config/config.ts";
import { loadSecrets, type Secrets } from "#config/secrets.ts";
import { terminalPortLimits } from "#config/terminal-port-limits.ts";
import { NEVER } from "#config/values.ts";
import { checkWebhookUrl } from "#config/webhook-url.ts";
import type { HandleIntake } from "#devices/connection-host.ts";
import { createDrivers } from "#devices/drivers.ts";
import { startDeviceListener } from "#devices/listener.ts";
import type { TerminalWatch } from "#devices/terminal-watch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { expectedUsersOf, parseUserRange, type UserRange } from "#domain/user.ts";
import { BackgroundLoop } from "#ingest/background-loop.ts";
import { CommandCare } from "#ingest/command-care.ts";
import { CommitQueue } from "#ingest/commit-queue.ts";
import { type DataFolder, databasePathOf, noteStart, openDataFolder } from "#ingest/data-folder.ts";
import { createHandleIntake } from "#ingest/handle-intake.ts";
import { endpointUrl } from "#ingest/rules-of-settings.ts";
import { type RunningBackups, startBackups } from "#maintenance/backup-schedule.ts";
import { watchBox } from "#maintenance/box-watch.ts";
import { startDeliveryCare } from "#maintenance/delivery-care.ts";
import { type StepLoop, startRecovery } from "#maintenance/recovery.ts";
import type { CommitCounts } from "#maintenance/service-care.ts";
import { describeService } from "#maintenance/service-status.ts";
import { type Clock, hostTimeZone } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { ownProgram, releaseStartMemoryLater, residentBytes } from "#platform/own-process.ts";
import { VERSION } from "#platform/version.ts";
import type { Storage } from "#storage/storage.ts";
import { deliveryOf } from "#webhooks/delivery-of-settings.ts";
import { Dispatchers } from "#webhooks/dispatchers.ts";
import { watchEndpoints } from "#webhooks/endpoint-watch.ts";
import { shownUrl } from "#webhooks/shown-url.ts";

/** What `startApp` needs. */
export interface AppOptions {
  readonly config: Config;
  /** Where the local verbs reach the server. */
  readonly controlSocketPath: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** The running server. */
export interface RunningApp {
  /** Ports it is bound to. */
  readonly terminalPort: number;
  readonly webPort: number;
  /** Whether it is the first successful start on this data. */
  readonly isFirstStart: boolean;
  /**
   * Rejects with an `AppError` `storage-lost` when the process must end at once, without `stop` and
   * without closing the database (`StorageOptions.onLost`).
   */
  readonly failed: Promise<never>;
  commits(): CommitCounts;
  /** How it is, in one line. */
  describe(): Promise<string>;
  /**
   * Takes nothing new, answers what is in flight, writes what is open and closes the database.
   * Bounded by the parts' own limits: about 10 s at worst.
   */
  stop(): Promise<void>;
}

/**
 * Starts everything; terminals are let in last, when all that serves them is ready.
 * @throws AppError when the data folder, the database or a port cannot be had; whatever had been
 * started is stopped again.
 */
export async function startApp(options: AppOptions): Promise<RunningApp> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const stopPart of stops.splice(0).reverse()) {
      await stopPart().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    return { ...(await startParts(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  options: AppOptions,
  stops: (() => Promise<void>)[],
): Promise<Omit<RunningApp, "stop">> {
  const { config, log, clock } = options;
  const failed = makeFailure();
  let wakeReaders = () => {};
  const told = { onLost: failed.reject, onEvents: () => wakeReaders() };
  const data = openDataFolder({ ...options, ...told });
  const { storage, disk, ownClock, watch } = data;
  stops.push(() => data.close());
  const secrets = loadSecrets(config);

  const background = createBackground(options, storage, () => wakeReaders());
  stops.push(() => background.stop());
  const dispatchers = await createDispatchers(options, storage, { secrets, background });
  const readers = createReaders(options, storage);
  wakeReaders = () => wakeAll(dispatchers, readers);
  const noteCommit = () => {
    background.noteCommit();
    wakeReaders();
  };
  const { backups, stop: stopBackups } = beginBackups(options, data);
  stops.push(stopBackups);
  const onWork = () => background.wake();
  const webhooks = createWebhookDesk(options, { storage, dispatchers, onWork });
  const control = await startControlSocket({
    path: options.controlSocketPath,
    storage,
    clock,
    ownClock,
    log,
    live: readers.live,
    backups,
    disk,
    ...siteOf(config),
    webhooks,
    ...alwaysCalling(onWork),
    openConditions: () => watch.conditions(),
  });
  stops.push(() => control.stop());

  stops.push(startCommandCare(options, storage));
  const recovery = beginRecovery(options, storage, noteCommit);
  stops.push(() => recovery.stop());
  stops.push(await startDelivery(options, { ...data, dispatchers }));
  const queue = createQueue(options, storage, () => {
    noteCommit();
    recovery.noteCommit();
  });
  stops.push(() => queue.stop());
  const handleIntake = createHandleIntake(queue, log);
  const web = startWebServer({
    ...webOptions(options, storage, secrets),
    readiness: () => findReadiness({ storage, disk, ownClock }),
    webhooks,
    webhookDelivery: await webhooks.ofSettings(),
    onDeviceApproved: onWork,
    submitIntake: handleIntake,
    ...readers,
  });
  stops.push(() => web.stop());
  await watch.start();
  stops.push(() => watch.stop());
  const listener = startListener(options, handleIntake, watch);
  stops.push(() => listener.stop());
  // Only promises are waited for from here on, so that no terminal comes before its window.
  const isFirstStart = await noteStart(storage, config, clock);
  background.wake();
  recovery.wake();
  stops.push(releaseStartMemoryLater(clock));
  return {
    terminalPort: listener.port,
    webPort: web.port,
    isFirstStart,
    failed: failed.promise,
    commits: () => queue.counts,
    describe: () => describeService({ storage, clock, siteTimeZone: config.siteTimeZone }),
  };
}

function beginBackups(
  { config, clock, log }: AppOptions,
  { disk, watch }: DataFolder,
): RunningBackups {
  const { backupTime, backupKeep: keptMax, siteTimeZone } = config;
  const time = backupTime === NEVER ? undefined : backupTime;
  const places = { databasePath: databasePathOf(config), program: ownProgram() };
  const running = startBackups({ ...places, keptMax, time, siteTimeZone, clock, log });
  watch.lookWith(watchBox({ disk, backups: running.backups }));
  return running;
}

function makeFailure() {
  const failed = Promise.withResolvers<never>();
  // During the start nobody listens yet.
  failed.promise.catch(() => {});
  return failed;
}

function wakeAll(dispatchers: Dispatchers, readers: ReturnType<typeof createReaders>): void {
  dispatchers.wake();
  readers.live.wake();
  readers.waitingReaders.wake();
}

/** Who is told at once of what enters the feed. */
function createReaders({ config, clock, log }: AppOptions, storage: Storage) {
  const live = new LiveHub({
    storage,
    clock,
    log,
    siteTimeZone: config.siteTimeZone,
    primaryDeviceId: deviceId(config.primaryDeviceId),
  });
  return { live, waitingReaders: new WaitingReaders(clock) };
}

/** Returns what stops it. */
async function startDelivery(
  options: AppOptions,
  parts: DataFolder & { readonly dispatchers: Dispatchers },
): Promise<() => Promise<void>> {
  const { config, clock, log } = options;
  const { watch, dispatchers } = parts;
  await dispatchers.refresh();
  watch.lookWith(watchEndpoints({ ...parts, clock }));
  const loopOver = loopsOf(options);
  const stopCare = startDeliveryCare({ ...parts, settings: config, clock, log, loopOver });
  return async () => {
    await stopCare();
    await dispatchers.stop();
  };
}

/** Returns what stops it. */
function startCommandCare({ clock, log }: AppOptions, storage: Storage): () => Promise<void> {
  const care = new CommandCare({ storage, clock, log });
  care.start();
  return () => care.stop();
}

function beginRecovery(options: AppOptions, storage: Storage, afterStep: () => void): StepLoop {
  const { config, clock, log } = options;
  const { logRecoveryTime, siteTimeZone } = config;
  const recoveryTime = logRecoveryTime === NEVER ? undefined : logRecoveryTime;
  const loopOver = loopsOf(options);
  return startRecovery({ storage, clock, log, recoveryTime, siteTimeZone, afterStep, loopOver });
}

function loopsOf({ clock, log }: AppOptions) {
  return (step: () => Promise<boolean>) => new BackgroundLoop({ step, clock, log });
}

function siteOf(config: Config) {
  return { siteTimeZone: config.siteTimeZone, leadingZeros: config.userIdLeadingZeros };
}

function createBackground(
  { clock, log }: AppOptions,
  storage: Storage,
  wakeReaders: () => void,
): BackgroundLoop {
  const step = async () => {
    const hasMore = await storage.continueBackgroundWork();
    // Released punches are in the feed and the outbox without any commit of the queue's.
    wakeReaders();
    return hasMore;
  };
  return new BackgroundLoop({ step, clock, log });
}

function createQueue(
  { config, log }: AppOptions,
  storage: Storage,
  afterCommit: () => void,
): CommitQueue {
  return new CommitQueue({
    append: (batch) => storage.append(batch),
    afterCommit,
    limits: {
      depthMax: config.commitQueueDepthMax,
      bytesMax: config.commitQueueBytesMax,
      batchMax: config.commitBatchMax,
    },
    log,
  });
}

/** @throws AppError `config-invalid` when the file of authorities cannot be used. */
async function createDispatchers(
  { config, clock, log }: AppOptions,
  storage: Storage,
  parts: { readonly secrets: Secrets; readonly background: BackgroundLoop },
): Promise<Dispatchers> {
  const primaryDeviceId = deviceId(config.primaryDeviceId);
  const authorities = await loadAuthorities(config.webhookCaFile);
  return new Dispatchers({
    storage,
    clock,
    log,
    random: Math.random,
    // A fill may wait for messages to be taken.
    onRecorded: () => parts.background.noteCommit(),
    settings: deliveryOf(config, { secret: parts.secrets.webhookSecret, authorities }),
    siteTimeZone: config.siteTimeZone,
    primaryDeviceId,
    expectedUsers: expectedUsersOf(primaryDeviceId, primaryUserRange(config)),
  });
}

/** The users that are expected at the primary terminal; undefined: anyone. */
function primaryUserRange({ primaryDeviceUserRange = "" }: Config): UserRange | undefined {
  return parseUserRange(primaryDeviceUserRange);
}

/** Whatever was changed, there may be work in the background. */
function alwaysCalling(onWork: () => void) {
  return { onDeviceApproved: onWork, onHistoryAsked: onWork, onImported: onWork };
}

function createWebhookDesk(
  { config, clock, log }: AppOptions,
  parts: Pick<WebhookDeskOptions, "storage" | "dispatchers" | "onWork">,
): WebhookDesk {
  const { siteTimeZone } = config;
  const checkUrl = (url: string) => checkWebhookUrl(url, config);
  return new WebhookDesk({ ...parts, clock, log, siteTimeZone, checkUrl });
}

function webOptions(options: AppOptions, storage: Storage, secrets: Secrets) {
  const { config, clock, log } = options;
  const { webhookUrl } = config;
  return {
    hostname: config.webBind,
    port: config.webPort,
    storage,
    clock,
    log,
    ...siteOf(config),
    serverTimeZone: hostTimeZone(),
    primaryDeviceId: deviceId(config.primaryDeviceId),
    primaryUserRange: primaryUserRange(config),
    apiUrl: `http://${config.webHost}:${config.webPort}`,
    tokens: {
      signingKey: new TextEncoder().encode(secrets.tokenSigningKey),
      expiryHours: config.hrisTokenExpiryHours,
      clientSecret: secrets.hrisApiSecretKey,
      allowedClients: config.hrisAllowedClients,
    },
    rateLimit: {
      requests: config.hrisRateLimitRequests,
      windowSeconds: config.hrisRateLimitWindowMs / 1000,
    },
    webhookFigures: () => ({
      enabled: endpointUrl(config) !== undefined,
      url: webhookUrl === undefined ? "" : shownUrl(webhookUrl),
      mode: config.webhookMode,
      rateLimit: config.webhookRateLimit ?? 0,
      timeoutSeconds: config.webhookTimeoutMs / 1000,
      retryEnabled: true,
    }),
    startedAtMonotonicMs: clock.monotonicMs(),
    residentBytes,
    version: VERSION,
  };
}

function startListener(options: AppOptions, handleIntake: HandleIntake, watch: TerminalWatch) {
  const { config, clock, log } = options;
  return startDeviceListener({
    hostname: config.serverHost,
    port: config.serverPort,
    drivers: createDrivers(),
    handleIntake: watch.following(handleIntake),
    noteSighting: (sighting) => watch.notePort(sighting),
    noteUnfinished: (address) => watch.noteUnfinished(address),
    limits: terminalPortLimits(config),
    clock,
    log,
  });
}
