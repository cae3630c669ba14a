/** Whether the settings can be used, are safe from others, and are those that the server uses. */

import { type Stats, statSync } from "node:fs";
import { IGNORED_SETTINGS, SETTINGS } from "#config/config.ts";
import type { ConfigProblem, LoadedConfig } from "#config/load.ts";
import type { Setting } from "#config/setting.ts";
import { markSettings } from "#config/setting-marks.ts";
import { asRecord, textOf } from "../answer-fields.ts";
import { ASK_ROOT, type Finding, fault, fine, skipped, warning } from "./finding.ts";
import { reloadCommand, restartCommand, type Situation } from "./situation.ts";

const ROOT_UID = 0;

/** Reads the file's rights; its content is in `settings`. */
export function checkSettings(situation: Situation): readonly Finding[] {
  const { settings, settingsPath } = situation;
  if (!settings.ok && !situation.isRoot && settings.error.every(isUnreadable)) {
    return [skipped("settings", `this user may not read "${settingsPath}"`, ASK_ROOT)];
  }
  const rights = checkRights(settingsPath, situation);
  if (!settings.ok) {
    const found = settings.error.map(({ message }) => message).join("; ");
    const wanted = "settings that can all be used: the server does not start with these";
    const fix = "correct them, then: biometric-server config check";
    return [fault("settings", { found, wanted, fix }), ...rights];
  }
  const { settingsFile, set } = settings.value;
  const place = settingsFile === undefined ? "no settings file" : `"${settingsFile}"`;
  return [
    fine("settings", `${place}: ${set.length} set, the others have their default`),
    ...rights,
    checkNames(settings.value),
    checkInUse(settings.value, situation),
  ];
}

function isUnreadable({ code }: ConfigProblem): boolean {
  return code === "file-unreadable";
}

/** It may hold secrets, and whoever can write it commands the server. */
function checkRights(path: string, situation: Situation): readonly Finding[] {
  const check = "settings-rights";
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  const found = `"${path}" has mode ${shownMode(stats)}, owner ${stats.uid}:${stats.gid}`;
  if ((stats.mode & 0o022) !== 0) {
    const wanted = "nobody but its owner writes it: it commands the server";
    return [fault(check, { found, wanted, fix: `chmod 640 "${path}"` })];
  }
  if (situation.isService && !isReadByService(stats, situation)) {
    const wanted = "root owns it, and the group biometric-server reads it";
    const fix = `chown root:biometric-server "${path}" && chmod 640 "${path}"`;
    return [fault(check, { found, wanted, fix })];
  }
  if ((stats.mode & 0o007) !== 0) {
    const wanted = "others do not read it: it may hold secrets";
    return [warning(check, { found, wanted, fix: `chmod 640 "${path}"` })];
  }
  return [fine(check, found)];
}

function isReadByService(stats: Stats, { dataDir }: Situation): boolean {
  const folder = dataDir === undefined ? undefined : statSync(dataDir, { throwIfNoEntry: false });
  const isOfGroup = folder === undefined || folder.gid === stats.gid;
  const isRead = (stats.mode & 0o004) !== 0 || ((stats.mode & 0o040) !== 0 && isOfGroup);
  return isRead && stats.uid === ROOT_UID;
}

function checkNames({ warnings }: LoadedConfig): Finding {
  const isIgnored = (line: string) => Object.hasOwn(IGNORED_SETTINGS, line.split(" ")[0] ?? "");
  const unknown = warnings.filter((line) => !isIgnored(line));
  if (unknown.length === 0) {
    const count = warnings.length - unknown.length;
    const ignored = count === 0 ? "" : `; ${count} of the Python server have no effect here`;
    return fine("settings-names", `every name is one that this server knows${ignored}`);
  }
  return warning("settings-names", {
    found: unknown.join("; "),
    wanted: "names that are settings: see `biometric-server config check`",
    fix: "correct or remove these lines of the settings file",
  });
}

/** Compares marks, so that no value, and no secret, is told. */
function checkInUse({ config }: LoadedConfig, situation: Situation): Finding {
  const check = "settings-in-use";
  const { server } = situation;
  if (server.kind !== "answers") return skipped(check, "the server that uses them cannot be asked");
  const marks = asRecord(server.process.setting_marks);
  if (marks === undefined) {
    return skipped(check, "the server is of another version, and does not tell what it uses");
  }
  const own = markSettings(config, textOf(server.process.salt));
  const differing = Object.keys(own).filter(
    (name) => marks[name] !== undefined && marks[name] !== own[name],
  );
  if (differing.length === 0) return fine(check, "the running server uses these settings");
  const isRestart = Object.values<Setting<unknown>>(SETTINGS).some(
    ({ name, needsRestart }) => needsRestart && differing.includes(name),
  );
  return warning(check, {
    found: `the running server uses other values of ${differing.join(", ")}`,
    wanted: "the server uses what the settings say now",
    fix: isRestart ? restartCommand(situation) : reloadCommand(situation),
  });
}

function shownMode({ mode }: Stats): string {
  return (mode & 0o7777).toString(8);
}
