/**
 * The verb `serve`: runs the server in the foreground until it is asked to end.
 */

import { Command } from "commander";
import { SettingsReload } from "#app/settings-reload.ts";
import { type RunningApp, startApp } from "#app.ts";
import { type LoadedConfig, loadConfig } from "#config/load.ts";
import { secretPath } from "#config/secrets.ts";
import { webSchemeOf } from "#config/tls-files.ts";
import { ServiceCare } from "#maintenance/service-care.ts";
import { systemClock } from "#platform/clock.ts";
import { type ClosableLog, createLog, type Log } from "#platform/log.ts";
import { findServiceManager } from "#platform/service-manager.ts";
import { VERSION } from "#platform/version.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { reachableAddresses } from "./own-addresses.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";
import { startNotice } from "./start-notice.ts";

const HELP_AFTER = `
Settings come from the environment, then from the settings file: the one given, else
/etc/biometric-server/biometric-server.env if it exists. Nothing has to be set.
SIGINT or SIGTERM ends it after the requests under way; a second one ends it at once. SIGHUP lets it
read the settings again while it runs: with anything wrong in them it keeps those that it has, and what
needs a restart is told in the log. On a terminal SIGHUP ends it, for that has been closed.

Exit code: 0 ended as asked, 1 could not start or failed, 78 wrong settings, 137 killed itself
because the disk does not keep the database: the next start takes every punch from the log beside it.

Examples:
  biometric-server serve
  DATA_DIR=/srv/punches SITE_TIME_ZONE=Asia/Manila biometric-server serve`;

/** Makes the verb. Its action throws `AppError` when the server cannot start. */
export function serveCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("serve")
    .description("Run the server in the foreground")
    .option(...SETTINGS_OPTION)
    .addHelpText("after", HELP_AFTER)
    .action((flags: SettingsFlag) => serve(flags, environment, host));
}

async function serve(
  flags: SettingsFlag,
  environment: CliEnvironment,
  host: CliHost,
): Promise<void> {
  const loaded = loadSettings(host, flags);
  const stopRequested = host.stopRequested();
  const log = openLog(loaded, environment, host);
  const reload = createReload(loaded, log, host);
  host.onReloadRequested(() => reload.request());
  try {
    for (const warning of loaded.warnings) log.warn("settings.ignored", { reason: warning });
    const app = await startApp({
      config: loaded.config,
      controlSocketPath: loaded.controlSocketPath,
      log,
      clock: systemClock,
    });
    const care = createServiceCare(app, { reload, log, host });
    await care?.start();
    for (const line of noticeOf(app, loaded, host)) environment.out(`${line}\n`);
    reload.start({
      async follow(config) {
        await app.follow(config);
        log.setLevel(config.logLevel);
      },
      reloading: async () => care?.reloading(),
      reloaded: async () => care?.reloaded(),
    });
    log.info("server.stopping", { signal: await Promise.race([stopRequested, app.failed]) });
    await Promise.race([reload.stop(), app.failed]);
    await Promise.race([care?.stop(), app.failed]);
    await Promise.race([app.stop(), app.failed]);
    log.info("server.stopped");
  } finally {
    log.flush();
  }
}

/** A settings file that was there at the start has to be there again. */
function createReload(
  { config: running, settingsFile }: LoadedConfig,
  log: Log,
  { variables: environment }: CliHost,
): SettingsReload {
  return new SettingsReload({
    load: () => loadConfig({ environment, settingsFile }),
    running,
    log,
  });
}

/** Undefined where no service manager wants to be told. */
function createServiceCare(
  app: RunningApp,
  {
    reload,
    log,
    host,
  }: { readonly reload: SettingsReload; readonly log: Log; readonly host: CliHost },
): ServiceCare | undefined {
  const manager = findServiceManager(host.variables, log);
  if (manager === undefined) return undefined;
  const { commits } = app;
  const describe = async () => {
    const { notice } = reload;
    const line = await app.describe();
    return notice === undefined ? line : `${line}; ${notice}`;
  };
  return new ServiceCare({ manager, commits, describe, clock: systemClock, log });
}

function openLog(loaded: LoadedConfig, environment: CliEnvironment, host: CliHost): ClosableLog {
  const { NO_COLOR: noColor } = host.variables;
  return createLog({
    write: environment.out,
    clock: systemClock,
    level: loaded.config.logLevel,
    journal: host.isJournal,
    colour: environment.isTerminal && (noColor ?? "") === "",
  });
}

function noticeOf(app: RunningApp, loaded: LoadedConfig, host: CliHost): readonly string[] {
  const { config } = loaded;
  return startNotice({
    isFirstStart: app.isFirstStart,
    version: VERSION,
    programName: host.programName,
    dataDir: config.dataDir,
    clientSecretPath:
      config.hrisApiSecretKey === undefined
        ? secretPath(config.dataDir, "hrisApiSecretKey")
        : undefined,
    terminalAddresses: reachableAddresses(config.serverHost),
    terminalPort: app.terminalPort,
    terminalTlsPort: app.terminalTlsPort,
    webAddresses: reachableAddresses(config.webBind),
    webPort: app.webPort,
    webScheme: webSchemeOf(config),
    pairingMinutes: config.pairingWindowMinutes,
    enrollment: config.deviceEnrollment,
  });
}
