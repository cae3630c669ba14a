/** All checks of the verb `doctor`, in the order in which they are shown. Repairs nothing. */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "#base/app-error.ts";
import { textOfFile } from "#box/checks.ts";
import { isSameFile } from "#box/executable-file.ts";
import { findPortHolder } from "#box/listening.ts";
import { EXECUTABLE_PATH, SERVICE, SERVICE_USER, UNIT_PATH } from "#box/places.ts";
import { readUnitState, type UnitState } from "#box/unit-state.ts";
import { fitUnit, ownUnit } from "#box/unit-text.ts";
import { loadAuthorities } from "#config/ca-file.ts";
import type { LoadedConfig } from "#config/load.ts";
import { findNewestBackup } from "#maintenance/backups.ts";
import { hostTimeZone } from "#platform/clock.ts";
import { OwnClock } from "#platform/own-clock.ts";
import type { DatabaseExamination, ExaminationDepth } from "#storage/examine-database.ts";
import { textOf } from "../answer-fields.ts";
import { checkApi } from "./check-api.ts";
import { checkBackups } from "./check-backups.ts";
import { checkClock } from "./check-clock.ts";
import { checkDatabase } from "./check-database.ts";
import { checkDisk, readDisk } from "./check-disk.ts";
import { checkFiles } from "./check-files.ts";
import { checkFirewall } from "./check-firewall.ts";
import { checkOwnCertificate } from "./check-own-certificate.ts";
import { checkPort } from "./check-ports.ts";
import { checkSecret } from "./check-secrets.ts";
import { checkService } from "./check-service.ts";
import { checkSettings } from "./check-settings.ts";
import { checkTerminals } from "./check-terminals.ts";
import { checkWebhooks } from "./check-webhooks.ts";
import {
  ASK_ROOT,
  type Finding,
  type FindingGroup,
  fault,
  fine,
  LOOK_INTO_LOG,
  skipped,
} from "./finding.ts";
import { readSecret } from "./secrets-in-use.ts";
import { type DoctorTools, type Situation, startCommand } from "./situation.ts";

/** What to look at. */
export interface Diagnosis {
  readonly situation: Situation;
  readonly tools: DoctorTools;
  readonly depth: ExaminationDepth;
  readonly withWebhooks: boolean;
}

const RUN_LIMIT_MS = 5_000;
const CLOCK_CHIPS = ["/sys/class/rtc/rtc0", "/dev/rtc0"];
const CLOSED = "this user may not look into the data folder";
const UNKNOWN_SETTINGS = "the settings cannot be used";

/** Looks at everything once; some 10 s, and longer for a large database. */
export async function diagnose(diagnosis: Diagnosis): Promise<readonly FindingGroup[]> {
  const { situation, depth, withWebhooks } = diagnosis;
  const { settings, dataDir } = situation;
  const loaded = settings.ok ? settings.value : undefined;
  const database = await checkDatabase(situation, depth);
  const network = await lookAtNetwork(diagnosis, loaded);
  return [
    { heading: "SERVER", findings: [checkServer(situation), ...(await lookAtService(diagnosis))] },
    { heading: "SETTINGS", findings: checkSettings(situation) },
    { heading: "NETWORK", findings: network },
    { heading: "CLOCK", findings: await lookAtClock(diagnosis) },
    { heading: "DISK", findings: lookAtDisk(diagnosis) },
    { heading: "DATABASE", findings: database.findings },
    {
      heading: "FILES",
      findings: dataDir === undefined ? [] : checkFiles(dataDir, await findServiceUid(diagnosis)),
    },
    { heading: "SECRETS", findings: lookAtSecrets(situation) },
    { heading: "API", findings: await lookAtApi(situation, loaded, network) },
    {
      heading: "WEBHOOKS",
      findings: withWebhooks
        ? await lookAtWebhooks(situation, loaded)
        : [skipped("webhooks", "left out as asked")],
    },
    { heading: "BACKUPS", findings: lookAtBackups(situation, database.examination) },
    { heading: "TERMINALS AND MESSAGES", findings: lookAtTerminals(situation) },
  ];
}

function checkServer(situation: Situation): Finding {
  const { server } = situation;
  if (server.kind === "answers") {
    return fine(
      "server",
      `version ${textOf(server.status.version)} answers on "${server.socketPath}"`,
    );
  }
  if (server.kind === "hidden") {
    const found = "only root and the server itself may ask it";
    return skipped("server", found, ASK_ROOT);
  }
  return fault("server", {
    found: server.reason,
    wanted: "it runs: what follows is what its files tell",
    fix: server.isThere ? LOOK_INTO_LOG : startCommand(situation),
  });
}

/** How long the server has run; undefined where none tells. */
function uptimeOf({ server }: Situation): number | undefined {
  const seconds = server.kind === "answers" ? server.status.uptime_seconds : undefined;
  return typeof seconds === "number" ? seconds * 1000 : undefined;
}

async function lookAtService({ situation, tools }: Diagnosis): Promise<readonly Finding[]> {
  const { out, exitCode } = await tools.run(
    ["systemctl", "show", "--no-pager", SERVICE],
    RUN_LIMIT_MS,
  );
  const unit = exitCode === 0 && out !== "" ? readUnitState(out) : undefined;
  const { out: version } = await tools.run(["systemctl", "--version"], RUN_LIMIT_MS);
  const systemdVersion = Number(/^systemd (\d+)/.exec(version)?.[1] ?? 0);
  return checkService({
    unit,
    isService: situation.isService,
    unitText: textOfFile(UNIT_PATH),
    wantedUnitText: fitUnit(ownUnit(), systemdVersion),
    runsInstalledFile: unit === undefined ? undefined : await runsInstalledFile(unit, tools),
    uptimeMs: uptimeOf(situation),
  });
}

/** Of a file that was replaced since, the kernel still has the bytes. */
async function runsInstalledFile(
  { mainPid }: UnitState,
  { isRoot }: DoctorTools,
): Promise<boolean | undefined> {
  const path = `/proc/${mainPid}/exe`;
  if (!isRoot || mainPid === 0 || !existsSync(path)) return undefined;
  if (!existsSync(EXECUTABLE_PATH)) return false;
  return statSync(path).ino === statSync(EXECUTABLE_PATH).ino || isSameFile(path, EXECUTABLE_PATH);
}

async function lookAtNetwork(
  { situation, tools }: Diagnosis,
  loaded: LoadedConfig | undefined,
): Promise<readonly Finding[]> {
  if (loaded === undefined) return [skipped("terminal-port", UNKNOWN_SETTINGS)];
  const { server } = situation;
  const { serverPort, serverTlsPort, webPort } = loaded.config;
  const pid = server.kind === "answers" ? server.process.pid : undefined;
  const ports = [
    { check: "terminal-port", setting: "SERVER_PORT", port: serverPort },
    { check: "web-port", setting: "WEB_PORT", port: webPort },
    ...(serverTlsPort === undefined
      ? []
      : [{ check: "tls-port", setting: "SERVER_TLS_PORT", port: serverTlsPort }]),
  ];
  const held = ports.map((port) =>
    checkPort({
      ...port,
      holder: port.port === 0 ? undefined : findPortHolder(port.port),
      serverPid: typeof pid === "number" ? pid : undefined,
      isRoot: tools.isRoot,
      startCommand: startCommand(situation),
    }),
  );
  const walled = await checkFirewall({
    ...tools,
    ports: ports
      .filter(({ port }) => port !== 0)
      .map(({ check, port }) => ({ check: `${check}-firewall`, port })),
  });
  return [...held, ...walled, ...(await checkOwnCertificate(loaded.config, situation))];
}

async function lookAtClock({ situation, tools }: Diagnosis): Promise<readonly Finding[]> {
  const { server, settings, dataDir, nowMs } = situation;
  const shown = await tools.run(["timedatectl", "show"], RUN_LIMIT_MS);
  const own =
    server.kind === "answers"
      ? {
          evidence: textOf(server.clock.evidence) || undefined,
          isBehindStored: server.clock.behind_stored === true,
        }
      : dataDir === undefined
        ? { evidence: undefined, isBehindStored: false }
        : new OwnClock(tools.clock, { confirmationFile: join(dataDir, "clock-confirmed") }).look();
  return checkClock({
    nowMs,
    evidence: own.evidence,
    isEvidenceSeen: server.kind !== "hidden" && !situation.isDataClosed,
    isBehindStored: own.isBehindStored,
    timedate: shown.exitCode === 0 ? shown.out : undefined,
    hasClockChip: CLOCK_CHIPS.some((path) => existsSync(path)),
    siteTimeZone: settings.ok ? settings.value.config.siteTimeZone : undefined,
    hostTimeZone: hostTimeZone(),
  });
}

function lookAtDisk({ situation, tools }: Diagnosis): readonly Finding[] {
  const { dataDir } = situation;
  if (dataDir === undefined) return [skipped("disk", UNKNOWN_SETTINGS)];
  if (situation.isDataClosed) return [skipped("disk", CLOSED, ASK_ROOT)];
  if (!existsSync(dataDir)) return [skipped("disk", `"${dataDir}" is not there yet`)];
  return checkDisk({ ...readDisk(dataDir, tools.clock), uptimeMs: uptimeOf(situation) });
}

/** Undefined where the server is not the service. */
async function findServiceUid({ situation, tools }: Diagnosis): Promise<number | undefined> {
  if (!situation.isService) return undefined;
  const { out, exitCode } = await tools.run(["getent", "passwd", SERVICE_USER], RUN_LIMIT_MS);
  return exitCode === 0 ? Number(out.split(":")[2]) : undefined;
}

function lookAtSecrets(situation: Situation): readonly Finding[] {
  const { settings, dataDir } = situation;
  if (!settings.ok || dataDir === undefined) return [skipped("client-secret", UNKNOWN_SETTINGS)];
  const secrets = {
    "client-secret": "hrisApiSecretKey",
    "webhook-secret": "webhookSecret",
  } as const;
  return Object.entries(secrets).map(([check, secret]) =>
    checkSecret(check, readSecret(secret, settings.value, dataDir), situation),
  );
}

async function lookAtApi(
  { server, dataDir }: Situation,
  loaded: LoadedConfig | undefined,
  network: readonly Finding[],
): Promise<readonly Finding[]> {
  if (loaded === undefined || dataDir === undefined)
    return [skipped("api-token", UNKNOWN_SETTINGS)];
  if (server.kind === "silent") return [skipped("api-token", "the server cannot be asked")];
  const webPort = network.find(({ check }) => check === "web-port");
  if (webPort?.state === "fault") {
    return [skipped("api-token", "another program may have the web port: it is told no secret")];
  }
  return [await checkApi(loaded.config, readSecret("hrisApiSecretKey", loaded, dataDir))];
}

async function lookAtWebhooks(
  situation: Situation,
  loaded: LoadedConfig | undefined,
): Promise<readonly Finding[]> {
  try {
    const authorities = await loadAuthorities(loaded?.config.webhookCaFile);
    return await checkWebhooks({ situation, authorities, lookUp: Bun.dns.lookup });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "config-invalid") throw error;
    const wanted = "a readable file of certificates in PEM";
    const fix = error.hint ?? "correct the file";
    return [fault("webhook-authorities", { found: error.message, wanted, fix })];
  }
}

function lookAtBackups(
  { databasePath, isDataClosed, status, settings, nowMs }: Situation,
  examination: DatabaseExamination | undefined,
): readonly Finding[] {
  if (isDataClosed) return [skipped("backup", CLOSED, ASK_ROOT)];
  const newest = databasePath === undefined ? undefined : findNewestBackup(databasePath);
  return checkBackups({
    nowMs,
    newestMs: newest?.madeAtMs,
    newestPath: newest?.path,
    problem: textOf(status?.backup_problem) || undefined,
    backupTime: settings.ok ? settings.value.config.backupTime : undefined,
    databaseMadeMs: examination?.madeAtMs,
  });
}

function lookAtTerminals({ status, isDataClosed }: Situation): readonly Finding[] {
  if (isDataClosed) return [skipped("terminals", CLOSED, ASK_ROOT)];
  if (status === undefined) {
    return [skipped("terminals", "neither server nor database tells of them")];
  }
  return checkTerminals(status);
}
