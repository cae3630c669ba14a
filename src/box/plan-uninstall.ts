/** Says what taking the server off the box would change, or why it cannot be done. */

import { existsSync, renameSync, rmSync } from "node:fs";
import type { Change } from "./changes.ts";
import { checkBasics, refuseIfAny } from "./checks.ts";
import {
  DATA_FOLDER,
  EXECUTABLE_PATH,
  PREVIOUS_FOLDER,
  SERVICE,
  SERVICE_USER,
  SETTINGS_FOLDER,
  UNIT_PATH,
} from "./places.ts";
import { findAsideDropIns, findAsideUnit } from "./set-aside.ts";
import { bringUp, findUnitState, mustRun, systemctl } from "./systemd.ts";

/** What the operator asked for. */
export interface UninstallWish {
  /** Data, settings and user, too. */
  readonly purge: boolean;
  /** The unit that `install --replace` set aside comes back. */
  readonly restorePrevious: boolean;
}

/** @throws AppError `box-refused`; nothing is changed then. */
export async function planUninstall(wish: UninstallWish): Promise<readonly Change[]> {
  refuseIfAny("uninstall", checkBasics("biometric-server uninstall"));
  const unit = await findUnitState();
  const aside = wish.restorePrevious ? findAsideUnit() : undefined;
  refuseIfAny("uninstall", [
    ...(unit.kind === "python" || unit.kind === "other"
      ? [`"${unit.path}" is a service of another program: it is not for this verb to remove`]
      : []),
    ...(wish.restorePrevious && aside === undefined
      ? [`no unit "${UNIT_PATH}.before-DATE" is there to be restored: leave out --restore-previous`]
      : []),
  ]);
  return [
    ...(unit.kind === "ours" ? removeService(aside !== undefined) : []),
    ...removePaths(PREVIOUS_FOLDER, EXECUTABLE_PATH),
    ...(aside === undefined ? [] : [restore(aside)]),
    ...(wish.purge ? await purge() : []),
  ];
}

/** A service that another unit takes over stays enabled. */
function removeService(isTakenOver: boolean): readonly Change[] {
  return [
    { what: `stop ${SERVICE}`, apply: () => systemctl("stop", SERVICE) },
    {
      what: `remove ${UNIT_PATH}`,
      async apply() {
        if (!isTakenOver) await systemctl("disable", "--quiet", SERVICE);
        rmSync(UNIT_PATH, { force: true });
        await systemctl("daemon-reload");
      },
    },
  ];
}

function restore(aside: string): Change {
  return {
    what: `put ${aside} back as ${UNIT_PATH}, and start it`,
    async apply() {
      const dropIns = findAsideDropIns(aside);
      renameSync(aside, UNIT_PATH);
      if (dropIns !== undefined) renameSync(dropIns, `${UNIT_PATH}.d`);
      await systemctl("daemon-reload");
      await systemctl("enable", "--quiet", SERVICE);
      await bringUp("restart");
    },
  };
}

async function purge(): Promise<readonly Change[]> {
  return [
    ...removePaths(DATA_FOLDER, SETTINGS_FOLDER),
    { what: `remove user ${SERVICE_USER}`, apply: () => removeUser() },
  ];
}

async function removeUser(): Promise<void> {
  await mustRun(
    "sh",
    "-c",
    `! getent passwd ${SERVICE_USER} >/dev/null || userdel ${SERVICE_USER}`,
  );
}

function removePaths(...paths: readonly string[]): readonly Change[] {
  return paths
    .filter((path) => existsSync(path))
    .map((path) => ({
      what: `remove ${path}`,
      apply: async () => rmSync(path, { recursive: true, force: true }),
    }));
}
