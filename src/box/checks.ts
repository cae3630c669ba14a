/**
 * What has to be so before anything of the box is changed. Each check gives one line that says what
 * is wrong and what to do about it; all that can be told are told at once.
 */

import { existsSync, readFileSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import type { EpochMs } from "#base/epoch.ts";
import type { Config } from "#config/config.ts";
import { type LoadedConfig, loadConfig } from "#config/load.ts";
import { freeBytes, shownBytes } from "#platform/disk-space.ts";
import { OWN_SCHEMA, readMinReader } from "#storage/schema-facts.ts";
import { machineOf } from "./executable-file.ts";
import { findPortHolder } from "./listening.ts";
import { DATA_FOLDER, DATABASE_PATH, RUNTIME_FOLDER, SERVICE } from "./places.ts";

/** Set by systemd while it runs the machine. */
const SYSTEMD_MARK = "/run/systemd/system";
const SYSTEMCTL_PATHS = ["/usr/bin/systemctl", "/bin/systemctl"] as const;
/** A clock that was never set shows the start of its epoch, such as 1970, 2000 or 2015. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);
/** Room for the executable twice over, and for a good while of punches. */
const EXECUTABLE_FREE_BYTES = 300 * 1024 * 1024;
const DATA_FREE_BYTES = 256 * 1024 * 1024;

/** @throws AppError `box-refused` with every line; the first has to be done about first. */
export function refuseIfAny(verb: string, problems: readonly string[]): void {
  const [only, ...others] = problems;
  if (only === undefined) return;
  if (others.length === 0) refuse(verb, only);
  const lines = problems.map((line) => `\n  ${line}`).join("");
  throw new AppError("box-refused", `Cannot ${verb}, nothing was changed:${lines}`);
}

/** @throws AppError `box-refused` for one reason. */
export function refuse(verb: string, problem: string): never {
  throw new AppError("box-refused", `Cannot ${verb}: ${problem}`);
}

/** Whether this process may change the box, and the box can be changed by it. */
export function checkBasics(program: string): readonly string[] {
  if (!Bun.isStandaloneExecutable) {
    return ["this runs from the sources: build the executable first (npm run build)"];
  }
  if (process.getuid?.() !== 0) return [`it takes root: run it with sudo ${program}`];
  const systemctl = SYSTEMCTL_PATHS.find((path) => existsSync(path));
  if (systemctl === undefined || !existsSync(SYSTEMD_MARK)) {
    return [
      "systemd does not run this machine: run the server by hand (serve) or as your init does",
    ];
  }
  const [own, wanted] = [machineOf(process.execPath), machineOf(systemctl)];
  return own === wanted
    ? []
    : [`this file is for ${own}, and this box is ${wanted}: take that file`];
}

/** Whether a clock shows a time before this program was written. */
export function isClockUnset(nowMs: EpochMs): boolean {
  return nowMs < EARLIEST_MS;
}

/** A wrong clock gives punches wrong times, and certificates no chance. */
export function checkClock(nowMs: EpochMs): readonly string[] {
  if (!isClockUnset(nowMs)) return [];
  const shown = new Date(nowMs).toISOString().slice(0, 16).replace("T", " ");
  return [
    `the clock shows ${shown} UTC: set it (timedatectl set-time "2026-03-02 08:15:00"), and let NTP keep it`,
  ];
}

/** Whether the executable and the data have room. */
export function checkSpace(): readonly string[] {
  return [
    ...checkFree("/usr/local/bin", EXECUTABLE_FREE_BYTES),
    ...checkFree(existsSync(DATA_FOLDER) ? DATA_FOLDER : "/var/lib", DATA_FREE_BYTES),
  ];
}

function checkFree(folder: string, neededBytes: number): readonly string[] {
  const free = freeBytes(folder);
  if (free >= neededBytes) return [];
  return [
    `"${folder}" has ${shownBytes(free)} free and needs ${shownBytes(neededBytes)}: make room there`,
  ];
}

/** Whether nobody but this service, or the one it takes the place of, holds its ports. */
export function checkPorts(config: Config): readonly string[] {
  const { serverPort, serverTlsPort = 0, webPort } = config;
  const ports = [
    { name: "SERVER_TLS_PORT", port: serverTlsPort },
    { name: "SERVER_PORT", port: serverPort },
    { name: "WEB_PORT", port: webPort },
  ];
  return ports.flatMap(({ name, port }) => {
    const holder = port === 0 ? undefined : findPortHolder(port);
    if (holder === undefined || holder.isOf(SERVICE)) return [];
    const { program = "another program", pid } = holder;
    const who = pid === undefined ? program : `${program} (process ${pid})`;
    return [`port ${port} is taken by ${who}: stop that, or set ${name} to another port`];
  });
}

/** Whether this executable can work on the data that is there. */
export function checkData(): readonly string[] {
  if (!existsSync(DATABASE_PATH)) return [];
  const wanted = readMinReader(DATABASE_PATH);
  if (wanted <= OWN_SCHEMA) return [];
  return [
    `"${DATABASE_PATH}" needs an executable that knows schema ${wanted}, and this one knows ${OWN_SCHEMA}: take the newer file that last ran here`,
  ];
}

/** The settings as the service will have them, from a file or from values. */
export function loadServiceSettings(from: {
  readonly file?: string;
  readonly values?: Readonly<Record<string, string>>;
}): { readonly loaded?: LoadedConfig; readonly problems: readonly string[] } {
  const folders = { STATE_DIRECTORY: DATA_FOLDER, RUNTIME_DIRECTORY: RUNTIME_FOLDER };
  const loaded = loadConfig({
    environment: { ...from.values, ...folders },
    settingsFile: from.values === undefined ? from.file : "/dev/null",
  });
  if (!loaded.ok) return { problems: loaded.error.map(({ message }) => message) };
  const { dataDir } = loaded.value.config;
  if (dataDir === DATA_FOLDER || dataDir.startsWith(`${DATA_FOLDER}/`)) {
    return { loaded: loaded.value, problems: [] };
  }
  return {
    problems: [
      `"${dataDir}" for DATA_DIR cannot be used by the service, which may write below "${DATA_FOLDER}" alone: leave it out`,
    ],
  };
}

/** The text of a file; undefined where there is none. */
export function textOfFile(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
