/** Looks at the box and says what an installation would change, or why there can be none. */

import { existsSync } from "node:fs";
import type { EpochMs } from "#base/epoch.ts";
import type { LoadedConfig } from "#config/load.ts";
import { secretPath } from "#config/secrets.ts";
import { newSecret } from "#platform/random-text.ts";
import type { Change } from "./changes.ts";
import {
  checkBasics,
  checkClock,
  checkData,
  checkPorts,
  checkSpace,
  loadServiceSettings,
  refuseIfAny,
} from "./checks.ts";
import { isSameFile } from "./executable-file.ts";
import {
  asideChange,
  enableChanges,
  executableChanges,
  settingsChanges,
  startChange,
  stopChange,
  unitChanges,
  userChange,
} from "./install-changes.ts";
import { DATA_FOLDER, EXECUTABLE_PATH, SETTINGS_PATH, UNIT_FOLDER, UNIT_PATH } from "./places.ts";
import { findReplacedServer, type ReplacedServer } from "./replaced-server.ts";
import { asidePath } from "./set-aside.ts";
import { newSettingsText, takenSettingsText } from "./settings-text.ts";
import { findUnitState, systemdVersion } from "./systemd.ts";
import type { UnitState } from "./unit-state.ts";
import { fitUnit, ownUnit } from "./unit-text.ts";

/** What the installer asked for. */
export interface InstallWish {
  /** Take the place of the Python server. */
  readonly replace: boolean;
  /** File with that server's settings; undefined: those its unit gives it. */
  readonly settingsFrom: string | undefined;
  readonly nowMs: EpochMs;
}

/** What will be changed, in order. */
export interface InstallPlan {
  readonly changes: readonly Change[];
  /** As the service will have them. */
  readonly settings: LoadedConfig;
  /** The replaced server's database, to be imported once the service is ready. */
  readonly importFrom: string | undefined;
  readonly isReplacing: boolean;
}

/** @throws AppError `box-refused` when something has to be done first; nothing is changed. */
export async function planInstall(wish: InstallWish): Promise<InstallPlan> {
  refuseIfAny("install", checkBasics("biometric-server install"));
  const unit = await findUnitState();
  const replaced =
    wish.replace && unit.kind === "python"
      ? findReplacedServer(unit, wish.settingsFrom)
      : undefined;
  const { loaded, problems } = chooseSettings(replaced);
  const isPresent = await isSameFile(process.execPath, EXECUTABLE_PATH);
  refuseIfAny("install", [
    ...checkUnit(unit, wish),
    ...(isPresent ? [] : checkExecutable()),
    ...checkClock(wish.nowMs),
    ...(replaced?.problems ?? []),
    ...problems,
    ...checkData(),
    ...(isPresent ? [] : checkSpace()),
    ...(loaded === undefined ? [] : checkPorts(loaded.config)),
  ]);
  if (loaded === undefined) throw new Error("Settings without a problem are loaded");
  const changes = [
    ...(await userChange()),
    ...chooseSettingsChanges(replaced),
    ...(replaced === undefined ? [] : replaceChanges(unit, wish.nowMs)),
    ...executableChanges(),
    ...unitChanges(fitUnit(ownUnit(), await systemdVersion())),
    ...(await enableChanges()),
  ];
  const isUp = unit.kind === "ours" && unit.activeState === "active";
  const start = isUp && changes.length === 0 ? [] : [startChange(isUp ? "restart" : "start")];
  return {
    changes: [...changes, ...start],
    settings: loaded,
    importFrom: replaced?.databasePath,
    isReplacing: replaced !== undefined,
  };
}

/** Those of the file that is there; else those of the replaced server; else the defaults. */
function chooseSettings(replaced: ReplacedServer | undefined) {
  if (existsSync(SETTINGS_PATH)) return loadServiceSettings({ file: SETTINGS_PATH });
  return loadServiceSettings({ values: replaced?.values ?? {} });
}

function chooseSettingsChanges(replaced: ReplacedServer | undefined): readonly Change[] {
  if (replaced !== undefined) {
    const text = takenSettingsText(replaced.values, replaced.origin);
    const count = Object.keys(replaced.values).length;
    return settingsChanges(text, `${count} settings of the Python server`);
  }
  // Clients know the secrets that a server has made here before.
  if (existsSync(secretPath(DATA_FOLDER, "hrisApiSecretKey"))) {
    return settingsChanges(newSettingsText(undefined), `secrets stay in ${DATA_FOLDER}/secrets`);
  }
  const text = newSettingsText({ client: newSecret(), webhook: newSecret() });
  return settingsChanges(text, "with fresh secrets");
}

function replaceChanges(unit: UnitState, nowMs: EpochMs): readonly Change[] {
  const dropIns = `${UNIT_PATH}.d`;
  return [
    stopChange(unit.activeState === "active"),
    ...(unit.path === UNIT_PATH ? [asideChange(UNIT_PATH, asidePath(UNIT_PATH, nowMs))] : []),
    ...(existsSync(dropIns) ? [asideChange(dropIns, asidePath(dropIns, nowMs))] : []),
  ];
}

function checkUnit(unit: UnitState, wish: InstallWish): readonly string[] {
  if (unit.kind === "python" && !wish.replace) {
    return [
      `"${unit.path}" starts a Python server (${unit.command}): run install --replace, which stops it, keeps its unit as ${UNIT_PATH}.before-DATE, takes its settings, installs this server, imports its database and puts it back if this one does not come up (--replace --dry-run lists every step)`,
    ];
  }
  if (unit.kind === "python" && unit.path !== UNIT_PATH) {
    return [`the Python server's unit is "${unit.path}": move it to ${UNIT_FOLDER} first`];
  }
  if (unit.kind === "other") {
    return [
      `"${unit.path}" is a service of another program (${unit.command || "no command"}): remove or rename it`,
    ];
  }
  if (wish.settingsFrom !== undefined && existsSync(SETTINGS_PATH)) {
    return [`"${SETTINGS_PATH}" is there and stays as it is: remove it, or leave out --env-from`];
  }
  if (wish.replace && unit.kind === "none") {
    return [
      "there is no Python server's unit biometric-server.service to replace: leave out --replace",
    ];
  }
  return [];
}

/** Another file is there: changing it is the work of `upgrade`, which watches what comes of it. */
function checkExecutable(): readonly string[] {
  if (!existsSync(EXECUTABLE_PATH)) return [];
  return [
    `"${EXECUTABLE_PATH}" is another version: run biometric-server upgrade "${process.execPath}"`,
  ];
}
