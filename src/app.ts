/**
 * Builds every part of the server and starts and stops them in order. The only place that knows
 * them all; decides nothing of a punch.
 */

import { LiveHub } from "#api/live/hub.ts";
import { WaitingReaders } from "#api/punches/waiting-readers.ts";
import { beginAgeing } from "#app/ageing.ts";
import type { AppOptions } from "#app/app-options.ts";
import {
  beginBackups,
  beginRecovery,
  createBackground,
  startCommandCare,
} from "#app/background.ts";
import { startControl } from "#app/control.ts";
import { createDispatchers, createWebhookDesk, startDelivery } from "#app/delivery.ts";
import { OwnFigures } from "#app/figures.ts";
import { followSettings } from "#app/follow-settings.ts";
import { createQuarantineDesk } from "#app/quarantine.ts";
import { startWeb } from "#app/web.ts";
import type { Config } from "#config/config.ts";
import { loadSecrets } from "#config/secrets.ts";
import { terminalPortLimits } from "#config/terminal-port-limits.ts";
import { loadTlsFiles, type TlsFiles } from "#config/tls-files.ts";
import type { HandleIntake } from "#devices/connection-host.ts";
import { createDrivers } from "#devices/drivers.ts";
import { startDeviceListener } from "#devices/listener.ts";
import type { TerminalWatch } from "#devices/terminal-watch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { CommitQueue } from "#ingest/commit-queue.ts";
import { noteStart, openDataFolder } from "#ingest/data-folder.ts";
import { commitQueueLimits } from "#ingest/rules-of-settings.ts";
import type { CommitCounts } from "#maintenance/service-care.ts";
import { describeService } from "#maintenance/service-status.ts";
import { releaseStartMemoryLater } from "#platform/own-process.ts";
import type { Storage } from "#storage/storage.ts";
import type { Dispatchers } from "#webhooks/dispatchers.ts";

/** The running server. */
export interface RunningApp {
  /** Ports it is bound to. */
  readonly terminalPort: number;
  readonly webPort: number;
  /** Undefined: there is none. */
  readonly terminalTlsPort: number | undefined;
  /** Whether it is the first successful start on this data. */
  readonly isFirstStart: boolean;
  /**
   * Rejects with an `AppError` `storage-lost` when the process must end at once, without `stop` and
   * without closing the database (`StorageOptions.onLost`).
   */
  readonly failed: Promise<never>;
  commits(): CommitCounts;
  /**
   * Goes by other settings: from the next connection, request, punch and message on, and nothing
   * that is open is closed. Those that need a restart have to be the running ones.
   * @throws AppError when a file that they name cannot be used, or the receiver that they make cannot
   * be stored; nothing has changed then.
   */
  follow(config: Config): Promise<void>;
  /** How it is, in one line. */
  describe(): Promise<string>;
  /**
   * Takes nothing new, answers what is in flight, writes what is open and closes the database.
   * Bounded by the parts' own limits: about 10 s at worst.
   */
  stop(): Promise<void>;
}

/** A part with an end. */
interface Stoppable {
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
  const { config, clock } = options;
  const failed = makeFailure();
  let wakeReaders = () => {};
  const keep = <Part extends Stoppable>(part: Part): Part => {
    stops.push(() => part.stop());
    return part;
  };
  const told = { onLost: failed.reject, onEvents: () => wakeReaders() };
  const data = openDataFolder({ ...options, ...told });
  const { storage, watch } = data;
  stops.push(() => data.close());
  const secrets = loadSecrets(config);
  const figures = keep(new OwnFigures(clock));

  const background = keep(createBackground(options, storage, () => wakeReaders()));
  // A fill may wait for messages to be taken.
  const onRecorded = () => background.noteCommit();
  const dispatchers = await createDispatchers(options, storage, { secrets, onRecorded });
  const readers = createReaders(options, storage);
  wakeReaders = () => wakeAll(dispatchers, readers);
  const noteCommit = () => {
    background.noteCommit();
    wakeReaders();
  };
  const backups = keep(beginBackups(options, data));
  const onWork = () => background.wake();
  const webhooks = createWebhookDesk(options, { storage, dispatchers, onWork });
  const quarantine = createQuarantineDesk(options, storage, noteCommit);
  const desks = { webhooks, quarantine, onWork };
  const saving = { backups: backups.backups };
  let inForce = config;
  const shown = { figures, settingsInForce: () => inForce };
  keep(await startControl(options, { ...data, ...desks, ...readers, ...saving, ...shown }));

  keep(startCommandCare(options, storage));
  const ageing = keep(beginAgeing(options, data));
  const recovery = keep(beginRecovery(options, storage, noteCommit));
  const care = keep(await startDelivery(options, { ...data, dispatchers }));
  const queue = keep(
    createQueue(options, storage, () => {
      noteCommit();
      recovery.noteCommit();
    }),
  );
  const handleIntake = dispatchers.pace.following(figures.handleInto(queue, options));
  const tls = await loadTlsFiles(config);
  const answers = figures.toldOnWeb(options, { ...data, ...saving, dispatchers });
  const given = { storage, tls, submitIntake: handleIntake };
  const web = keep(startWeb(options, secrets, { ...given, ...answers, ...desks, ...readers }));
  await watch.start();
  keep(watch);
  const listener = keep(startListener(options, { handleIntake, watch, tls }));
  figures.listener = listener;
  // Only promises are waited for from here on, so that no terminal comes before its window.
  const isFirstStart = await noteStart(storage, config, clock);
  background.wake();
  recovery.wake();
  stops.push(releaseStartMemoryLater(clock));
  const kept = { quarantine, ageing };
  const parts = { ...kept, data, dispatchers, care, recovery, backups, queue, web, listener };
  return {
    terminalPort: listener.port,
    webPort: web.port,
    terminalTlsPort: listener.tlsPort,
    isFirstStart,
    failed: failed.promise,
    commits: () => queue.counts,
    async follow(changed) {
      await followSettings(changed, parts);
      inForce = changed;
    },
    describe: () => describeService({ storage, clock, siteTimeZone: config.siteTimeZone }),
  };
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

function createQueue(
  { config, clock, log }: AppOptions,
  storage: Storage,
  afterCommit: () => void,
): CommitQueue {
  return new CommitQueue({
    append: (batch) => storage.append(batch),
    afterCommit,
    limits: commitQueueLimits(config),
    clock,
    log,
  });
}

function startListener(
  { config, clock, log }: AppOptions,
  parts: {
    readonly handleIntake: HandleIntake;
    readonly watch: TerminalWatch;
    readonly tls: TlsFiles | undefined;
  },
) {
  const { handleIntake, watch, tls } = parts;
  const { serverTlsPort: tlsPort } = config;
  return startDeviceListener({
    hostname: config.serverHost,
    port: config.serverPort,
    tls: tls === undefined || tlsPort === undefined ? undefined : { ...tls, port: tlsPort },
    drivers: createDrivers(),
    handleIntake: watch.following(handleIntake),
    noteSighting: (sighting) => watch.notePort(sighting),
    requests: watch.requests,
    limits: terminalPortLimits(config),
    clock,
    log,
  });
}
