/** Whether systemd runs the server as it was installed. Pure. */

import { EXECUTABLE_PATH, SERVICE, UNIT_PATH } from "#box/places.ts";
import type { UnitState } from "#box/unit-state.ts";
import { shownDuration } from "#domain/time-text.ts";
import { ASK_ROOT, type Finding, fault, fine, LOOK_INTO_LOG, skipped, warning } from "./finding.ts";

/** What is known of the service. */
export interface ServiceView {
  /** Undefined where systemd does not run this machine. */
  readonly unit: UnitState | undefined;
  /** The service is what is looked at, not a server that is run by hand. */
  readonly isService: boolean;
  /** The unit's file; undefined where there is none. */
  readonly unitText: string | undefined;
  /** As this executable installs it. */
  readonly wantedUnitText: string;
  /** Whether the process runs the installed file; undefined: this user cannot see it. */
  readonly runsInstalledFile: boolean | undefined;
  /** Of the server that answers; undefined without one. */
  readonly uptimeMs: number | undefined;
}

/** Restarts of a process that has done well for so long are no news. */
const LATELY_MS = 24 * 3_600_000;
const WRONG_SETTINGS_STATUS = 78;

export function checkService(view: ServiceView): readonly Finding[] {
  const { unit, isService } = view;
  if (unit === undefined) {
    return [skipped("service", "systemd does not run this machine, or does not answer")];
  }
  if (unit.kind === "python" || unit.kind === "other") {
    return [
      fault("service", {
        found: `"${unit.path}" starts another program: ${unit.command || "no command"}`,
        wanted: "the name belongs to this server",
        fix:
          unit.kind === "python"
            ? "sudo ./biometric-server install --replace"
            : `remove or rename "${unit.path}"`,
      }),
    ];
  }
  if (unit.kind === "none" || !isService) {
    const found = "the server is run by hand, and does not start with the machine";
    return [skipped("service", found, "sudo ./biometric-server install")];
  }
  return [
    checkActive(unit),
    checkEnabled(unit),
    checkUnitFile(unit, view),
    ...checkExecutable(view),
    ...checkRestarts(unit, view),
  ];
}

function checkActive({ activeState, result, exitStatus, mainPid }: UnitState): Finding {
  if (activeState === "active") return fine("service", `${SERVICE} runs as process ${mainPid}`);
  const how = result === "success" || result === "" ? "" : ` (${result}, status ${exitStatus})`;
  const isSettings = exitStatus === WRONG_SETTINGS_STATUS;
  return fault("service", {
    found: `${SERVICE} is ${activeState}${how}`,
    wanted: "active: terminals keep their punches meanwhile",
    fix: isSettings
      ? "biometric-server config check, then: systemctl start biometric-server"
      : `${LOOK_INTO_LOG}, then: systemctl start biometric-server`,
  });
}

function checkEnabled({ isEnabled }: UnitState): Finding {
  if (isEnabled) return fine("service-enabled", "it starts with the machine");
  return fault("service-enabled", {
    found: "it does not start with the machine",
    wanted: "it runs again after a power cut",
    fix: "systemctl enable biometric-server",
  });
}

function checkUnitFile(unit: UnitState, { unitText, wantedUnitText }: ServiceView): Finding {
  const check = "service-unit";
  if (unit.needsReload) {
    return warning(check, {
      found: `"${unit.path}" was changed since systemd read it`,
      wanted: "systemd knows the unit as it is",
      fix: "systemctl daemon-reload && systemctl restart biometric-server",
    });
  }
  if (unitText !== wantedUnitText) {
    return warning(check, {
      found: `"${UNIT_PATH}" differs from the unit of this executable`,
      wanted: "the unit that was tested; own changes belong into a drop-in (systemctl edit)",
      fix: "sudo biometric-server install, which writes it and restarts",
    });
  }
  const dropIns =
    unit.dropInPaths.length === 0 ? "" : `, changed by ${unit.dropInPaths.join(", ")}`;
  return fine(check, `"${UNIT_PATH}" is the unit of this executable${dropIns}`);
}

function checkExecutable({ unit, runsInstalledFile }: ServiceView): readonly Finding[] {
  const check = "service-executable";
  if (unit === undefined || unit.mainPid === 0) return [];
  if (runsInstalledFile === undefined) {
    return [skipped(check, "only root sees which file the process runs", ASK_ROOT)];
  }
  if (runsInstalledFile) return [fine(check, `the process runs "${EXECUTABLE_PATH}"`)];
  return [
    warning(check, {
      found: `the process runs another file than the one in "${EXECUTABLE_PATH}"`,
      wanted: "the installed file: the next start would be another version, unwatched",
      fix: "systemctl restart biometric-server; use `biometric-server upgrade FILE` to change it",
    }),
  ];
}

function checkRestarts(
  { restartCount, activeState }: UnitState,
  { uptimeMs }: ServiceView,
): readonly Finding[] {
  if (activeState !== "active") return [];
  const check = "service-restarts";
  const since = uptimeMs === undefined ? "" : `, up for ${shownDuration(uptimeMs)}`;
  const found = `restarted ${restartCount} times by systemd since it was started${since}`;
  if (restartCount === 0 || (uptimeMs ?? 0) > LATELY_MS) return [fine(check, found)];
  const wanted = "it ends only when asked to";
  const fix = "journalctl -u biometric-server -p warning --since yesterday";
  return [warning(check, { found, wanted, fix })];
}
