/**
 * What several checks go by: which server is meant, where its things are, and what it says of itself.
 * Reads; changes nothing.
 */

import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "#base/app-error.ts";
import type { EpochMs } from "#base/epoch.ts";
import type { Result } from "#base/result.ts";
import { SETTINGS_PATH, UNIT_PATH } from "#box/places.ts";
import { type ConfigProblem, type LoadedConfig, loadConfig } from "#config/load.ts";
import type { Clock } from "#platform/clock.ts";
import { errorCode } from "#platform/files.ts";
import type { runProgram } from "#platform/run-program.ts";
import { asRecord } from "../answer-fields.ts";
import { serviceHost } from "../box-work.ts";
import { askServer, findControlSocket } from "../control-client.ts";
import { findDatabase } from "../database-file.ts";
import type { CliHost } from "../host.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** What the checks use of the machine. */
export interface DoctorTools {
  readonly run: typeof runProgram;
  readonly clock: Clock;
  readonly isRoot: boolean;
}

/** The server as far as it can be asked. */
export type ServerView =
  | {
      readonly kind: "answers";
      readonly socketPath: string;
      readonly status: Fields;
      readonly process: Fields;
      readonly clock: Fields;
    }
  /** `reason`: why not. `isThere`: something answered, and not as it should. */
  | { readonly kind: "silent"; readonly reason: string; readonly isThere: boolean }
  /** This user may not look whether it does. */
  | { readonly kind: "hidden" };

/** What is known before the first check. */
export interface Situation {
  readonly settings: Result<LoadedConfig, readonly ConfigProblem[]>;
  /** Whether or not it is there. */
  readonly settingsPath: string;
  /** The service of this box is meant, not a server that somebody runs by hand. */
  readonly isService: boolean;
  /** Undefined where the settings do not tell. */
  readonly dataDir: string | undefined;
  /** Whether this user is kept out of it. */
  readonly isDataClosed: boolean;
  /** Undefined where there is none yet, or it cannot be seen. */
  readonly databasePath: string | undefined;
  readonly server: ServerView;
  /** Of the server; else what its database holds, in the same form; else undefined. */
  readonly status: Fields | undefined;
  readonly isRoot: boolean;
  readonly nowMs: EpochMs;
}

/** How to start the server that is meant. */
export function startCommand({ isService }: Pick<Situation, "isService">): string {
  return isService ? "systemctl start biometric-server" : "biometric-server serve";
}

/** How to restart it. */
export function restartCommand({ isService }: Pick<Situation, "isService">): string {
  return isService
    ? "systemctl restart biometric-server"
    : "stop biometric-server serve, and start it";
}

/** How to have it read its settings again. */
export function reloadCommand({ isService }: Pick<Situation, "isService">): string {
  return isService ? "systemctl reload biometric-server" : "send SIGHUP to biometric-server serve";
}

/** The settings file that was asked for, else that of the service where one is installed. */
export async function readSituation(
  host: CliHost,
  settingsFile: string | undefined,
  tools: DoctorTools,
): Promise<Situation> {
  const isNamed = settingsFile !== undefined || (host.variables.DATA_DIR ?? "") !== "";
  const isService = !isNamed && existsSync(UNIT_PATH);
  const environment = isService ? serviceHost(host).variables : host.variables;
  const settings = loadConfig({ environment, settingsFile });
  const known = settings.ok ? settings.value : whereSettingsFail(environment);
  const databasePath = known === undefined ? undefined : findDatabase(known);
  const server: ServerView =
    known === undefined
      ? { kind: "silent", reason: "The settings do not tell where it is", isThere: false }
      : await askAll(findControlSocket(known));
  const dataDir = databasePath === undefined ? known?.config.dataDir : dirname(databasePath);
  const nowMs = tools.clock.nowMs();
  return {
    settings,
    settingsPath: settingsFile ?? SETTINGS_PATH,
    isService,
    dataDir,
    isDataClosed: dataDir !== undefined && isClosed(dataDir),
    databasePath,
    server,
    status: server.kind === "answers" ? server.status : await readStored(databasePath, nowMs),
    isRoot: tools.isRoot,
    nowMs,
  };
}

/** Folders come from the environment as well: that may be enough to find the server. */
function whereSettingsFail(environment: CliHost["variables"]): LoadedConfig | undefined {
  const { DATA_DIR, STATE_DIRECTORY, RUNTIME_DIRECTORY } = environment;
  const folders = { DATA_DIR, STATE_DIRECTORY, RUNTIME_DIRECTORY };
  const loaded = loadConfig({ environment: folders, settingsFile: "/dev/null" });
  return loaded.ok ? loaded.value : undefined;
}

async function askAll(socketPath: string): Promise<ServerView> {
  try {
    const paths = ["/status", "/process", "/clock"];
    const answers = await Promise.all(paths.map((path) => askServer(socketPath, "GET", path)));
    // A server of another version may not know all of them.
    const [status = {}, process = {}, clock = {}] = answers.map((answer) =>
      answer.status === 200 ? asRecord(answer.body) : undefined,
    );
    return { kind: "answers", socketPath, status, process, clock };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (isClosed(dirname(socketPath)) || isClosed(socketPath)) return { kind: "hidden" };
    return {
      kind: "silent",
      reason: error.message,
      isThere: error.code === "control-refused",
    };
  }
}

/** Whether something is there, and this user may not look into it. */
function isClosed(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return false;
  } catch (error) {
    return errorCode(error) === "EACCES";
  }
}

async function readStored(path: string | undefined, nowMs: EpochMs): Promise<Fields | undefined> {
  if (path === undefined) return undefined;
  const { readStatusOf } = await import("../stored-status.ts");
  try {
    return readStatusOf(path, nowMs);
  } catch (error) {
    // Why it cannot be read, the check of the database tells.
    if (!(error instanceof AppError)) throw error;
    return undefined;
  }
}
