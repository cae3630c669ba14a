/** The changes an installation consists of. Each is left out where the box is so already. */

import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { flushFolder, moveFlushed } from "#platform/files.ts";
import { runProgram } from "#platform/run-program.ts";
import type { Change } from "./changes.ts";
import { textOfFile } from "./checks.ts";
import { placeExecutable } from "./executable-file.ts";
import {
  DATA_FOLDER,
  EXECUTABLE_PATH,
  SERVICE,
  SERVICE_USER,
  SETTINGS_FOLDER,
  SETTINGS_PATH,
  UNIT_PATH,
} from "./places.ts";
import { bringUp, findUnitState, mustRun, systemctl } from "./systemd.ts";

const NO_SHELL = "/usr/sbin/nologin";
const SETTINGS_FOLDER_MODE = 0o750;
const SETTINGS_MODE = 0o640;

/** The user and group of the service. */
export async function userChange(): Promise<readonly Change[]> {
  const { exitCode } = await runProgram(["getent", "passwd", SERVICE_USER]);
  if (exitCode === 0) return [];
  const options = ["--system", "--user-group", "--no-create-home", "--home-dir", DATA_FOLDER];
  return [
    {
      what: `make user and group ${SERVICE_USER}`,
      apply: () => mustRun("useradd", ...options, "--shell", NO_SHELL, SERVICE_USER),
      undo: async () => void (await runProgram(["userdel", SERVICE_USER])),
    },
  ];
}

/** The settings file, for root to write and the service to read. Never replaces one. */
export function settingsChanges(text: string, about: string): readonly Change[] {
  if (existsSync(SETTINGS_PATH)) return [];
  const hasFolder = existsSync(SETTINGS_FOLDER);
  return [
    {
      what: `write ${SETTINGS_PATH} (${about})`,
      async apply() {
        const gid = await groupId();
        if (!hasFolder) mkdirSync(SETTINGS_FOLDER);
        chownSync(SETTINGS_FOLDER, 0, gid);
        chmodSync(SETTINGS_FOLDER, SETTINGS_FOLDER_MODE);
        putText(SETTINGS_PATH, text, SETTINGS_MODE);
        chownSync(SETTINGS_PATH, 0, gid);
      },
      async undo() {
        rmSync(SETTINGS_PATH, { force: true });
        if (!hasFolder && existsSync(SETTINGS_FOLDER)) rmdirSync(SETTINGS_FOLDER);
      },
    },
  ];
}

/** The running file, in the place the unit starts it from. */
export function executableChanges(): readonly Change[] {
  if (existsSync(EXECUTABLE_PATH)) return [];
  return [
    {
      what: `copy this file to ${EXECUTABLE_PATH}`,
      async apply() {
        mkdirSync(dirname(EXECUTABLE_PATH), { recursive: true });
        placeExecutable(process.execPath, EXECUTABLE_PATH);
      },
      undo: async () => rmSync(EXECUTABLE_PATH, { force: true }),
    },
  ];
}

/** The unit, known to systemd. */
export function unitChanges(text: string): readonly Change[] {
  const before = textOfFile(UNIT_PATH);
  if (before === text) return [];
  return [
    {
      what: `write ${UNIT_PATH}`,
      async apply() {
        putText(UNIT_PATH, text, 0o644);
        await systemctl("daemon-reload");
      },
      async undo() {
        if (before === undefined) rmSync(UNIT_PATH, { force: true });
        else putText(UNIT_PATH, before, 0o644);
        await systemctl("daemon-reload");
      },
    },
  ];
}

/** Starts with the machine. */
export async function enableChanges(): Promise<readonly Change[]> {
  if ((await findUnitState()).isEnabled) return [];
  return [
    {
      what: `let ${SERVICE} start with the machine`,
      apply: () => systemctl("enable", "--quiet", SERVICE),
      undo: () => systemctl("disable", "--quiet", SERVICE),
    },
  ];
}

/** Comes up, or comes up anew. */
export function startChange(how: "start" | "restart"): Change {
  return {
    what: `${how} ${SERVICE} and wait until it is ready`,
    apply: () => bringUp(how),
    undo: () => systemctl("stop", SERVICE),
  };
}

/** Ends the service that this one takes the place of. */
export function stopChange(isActive: boolean): Change {
  return {
    what: `stop the Python server (${SERVICE})`,
    apply: () => systemctl("stop", SERVICE),
    undo: async () => {
      if (isActive) await systemctl("start", SERVICE);
    },
  };
}

/** Keeps a file or folder under a name that systemd does not look at. */
export function asideChange(path: string, aside: string): Change {
  return {
    what: `keep ${path} as ${aside}`,
    async apply() {
      renameSync(path, aside);
      flushFolder(dirname(path));
    },
    async undo() {
      if (existsSync(aside)) renameSync(aside, path);
      await systemctl("daemon-reload");
    },
  };
}

/** Writes a file in one step. */
export function putText(path: string, text: string, mode: number): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode });
  chmodSync(temporary, mode);
  moveFlushed(temporary, path);
}

async function groupId(): Promise<number> {
  const { out } = await runProgram(["getent", "group", SERVICE_USER]);
  return Number(out.split(":")[2] ?? statSync(SETTINGS_FOLDER).gid);
}
