/**
 * Makes the configuration out of the settings file and the process environment, which wins. Tells
 * every problem at once. The only reader of the process environment.
 */

import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fail, ok, type Result } from "#base/result.ts";
import { errorCode } from "#platform/files.ts";
import { type Config, IGNORED_SETTINGS, SETTINGS } from "./config.ts";
import { type FileProblem, parseEnvironmentFile } from "./environment-file.ts";
import { nearestWord } from "./nearest-word.ts";
import type { Setting } from "./setting.ts";
import { checkWebhookUrl } from "./webhook-url.ts";

/** Read when it is there and no other file is named. */
export const DEFAULT_SETTINGS_FILE = "/etc/biometric-server/biometric-server.env";
/** Named where there are to be no settings of a file. */
const NO_SETTINGS = "/dev/null";
const SETTINGS_BYTES_MAX = 1024 * 1024;

/** Name of the Unix socket on which a server takes the commands of the other verbs. */
const CONTROL_SOCKET = "control.sock";

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that is set, for a person to look at. */
export interface SetSetting {
  readonly name: string;
  readonly place: "environment" | "settings file";
  /** The text as written; of a secret only that it is one. */
  readonly shownText: string;
}

/** A configuration, with what the operator should know of how it came about. */
export interface LoadedConfig {
  readonly config: Config;
  /** Undefined when none was read. */
  readonly settingsFile: string | undefined;
  /** Every setting that is not left to its default, in the order of the table. */
  readonly set: readonly SetSetting[];
  /** Sentences about names in the file that have no effect. */
  readonly warnings: readonly string[];
  /** Where a server with these settings takes the commands of the other verbs. */
  readonly controlSocketPath: string;
}

/** One reason why there is no configuration. */
export interface ConfigProblem {
  readonly code: "file-unreadable" | "file-line" | "bad-value" | "conflict";
  /** The setting, or the file with its line. */
  readonly name: string;
  /** What was found and what is wanted, in one sentence; never a secret. */
  readonly message: string;
}

/** The variables of this process. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * Reads the settings file (`settingsFile`, which must then exist, else the default one if it
 * exists) and `environment`. Blocks while it reads; writes nothing.
 */
export function loadConfig(options: {
  readonly environment: Environment;
  readonly settingsFile?: string | undefined;
}): Result<LoadedConfig, readonly ConfigProblem[]> {
  const file = readSettingsFile(options.settingsFile);
  const places: readonly Place[] = [
    { name: "environment", values: options.environment },
    { name: "settings file", values: file.values },
  ];
  const problems = [...file.problems];
  const values = new Map<string, unknown>();
  const set: SetSetting[] = [];
  for (const [key, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const found = findText(setting.name, places);
    const value = found === undefined ? ok(setting.fallback) : parseFound(setting, found.text);
    if (value.ok) values.set(key, value.value);
    else problems.push(value.error);
    if (found !== undefined) set.push(showSetting(setting, found));
  }
  if (problems.length > 0) return fail(problems);

  // The checked exit: every key of the table is there, parsed by its own setting.
  const parsed = Object.fromEntries(values) as Config;
  const systemdFolder = firstPath(options.environment.STATE_DIRECTORY);
  const isDataDirSet = set.some(({ name }) => name === SETTINGS.dataDir.name);
  const dataDir = resolve(isDataDirSet ? parsed.dataDir : (systemdFolder ?? parsed.dataDir));
  const config: Config = { ...parsed, dataDir };
  const conflicts = findConflicts(config);
  if (conflicts.length > 0) return fail(conflicts);
  const runtimeDirectory = firstPath(options.environment.RUNTIME_DIRECTORY) ?? dataDir;
  return ok({
    config,
    settingsFile: file.path,
    set,
    warnings: findDeadNames(file.values),
    controlSocketPath: join(runtimeDirectory, CONTROL_SOCKET),
  });
}

/** Somewhere settings are written. */
interface Place {
  readonly name: SetSetting["place"];
  readonly values: Environment;
}

interface SettingsFile {
  readonly path: string | undefined;
  readonly values: Environment;
  readonly problems: readonly ConfigProblem[];
}

function readSettingsFile(wanted: string | undefined): SettingsFile {
  const path = resolve(wanted ?? DEFAULT_SETTINGS_FILE);
  let content: string;
  try {
    content = readBounded(path);
  } catch (error) {
    const reason = errorCode(error) ?? (error instanceof Error ? error.message : String(error));
    if (wanted === undefined && reason === "ENOENT") {
      return { path: undefined, values: {}, problems: [] };
    }
    const message = `Cannot read settings file "${path}" (${reason}): it must be a file that this user may read`;
    return { path, values: {}, problems: [{ code: "file-unreadable", name: path, message }] };
  }
  const parsed = parseEnvironmentFile(content);
  if (parsed.ok) {
    const values = Object.fromEntries(parsed.value.map(({ name, value }) => [name, value]));
    return { path, values, problems: [] };
  }
  return { path, values: {}, problems: parsed.error.map((problem) => lineProblem(path, problem)) };
}

/** A pipe or a device would hold up a server that reads its settings again, for ever. */
function readBounded(path: string): string {
  const found = statSync(path);
  if (!found.isFile() && path !== NO_SETTINGS) throw new Error("it is no file");
  if (found.size > SETTINGS_BYTES_MAX) {
    throw new Error(`${found.size} bytes, the most are ${SETTINGS_BYTES_MAX}`);
  }
  return readFileSync(path, "utf8");
}

const LINE_PROBLEMS: Readonly<Record<FileProblem["code"], string>> = {
  "not-an-assignment": "is no assignment: wanted is NAME=value, or # and a comment",
  "quote-not-closed": "has a quote that is not closed: wanted is a closing quote on the same line",
  "text-behind-quote": "has text behind the closing quote: wanted is nothing, or # and a comment",
};

function lineProblem(path: string, problem: FileProblem): ConfigProblem {
  const message = `Line ${problem.line} of "${path}" ${LINE_PROBLEMS[problem.code]}`;
  return { code: "file-line", name: `${path}:${problem.line}`, message };
}

interface FoundText {
  readonly text: string;
  readonly place: SetSetting["place"];
}

/** Takes the first place where the name has a text; an empty text is the same as none. */
function findText(name: string, places: readonly Place[]): FoundText | undefined {
  return places
    .map((place) => ({ text: place.values[name]?.trim() ?? "", place: place.name }))
    .find(({ text }) => text !== "");
}

function parseFound(setting: Setting<unknown>, text: string): Result<unknown, ConfigProblem> {
  const value = setting.parse(text);
  if (value !== undefined) return ok(value);
  const shown = setting.isSecret ? "The value of" : `"${withoutSecrets(text)}" for`;
  const message = `${shown} ${setting.name} cannot be used: wanted is ${setting.wanted}`;
  return fail({ code: "bad-value", name: setting.name, message });
}

function showSetting(setting: Setting<unknown>, { text, place }: FoundText): SetSetting {
  const shownText = setting.isSecret ? "(secret)" : withoutSecrets(text);
  return { name: setting.name, place, shownText };
}

/** An address may carry a password, or a key in its query, which no message shows. */
function withoutSecrets(text: string): string {
  return text
    .replace(/\/\/[^/@\s]*@/g, "//***@")
    .replace(/(:\/\/[^?]*\?).*/s, "$1***")
    .replace(/\p{C}/gu, "?")
    .slice(0, 200);
}

/** systemd separates several folders with colons. */
function firstPath(text: string | undefined): string | undefined {
  return text?.split(":").find((path) => path !== "");
}

/** Settings that are right alone and wrong together. */
export function findConflicts(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.serverPort !== 0 && config.serverPort === config.webPort) {
    const message = `"${config.webPort}" for WEB_PORT cannot be used: wanted is another port than SERVER_PORT`;
    problems.push({ code: "conflict", name: "WEB_PORT", message });
  }
  problems.push(...findTlsConflicts(config), ...findRetentionConflicts(config));
  const url = config.webhookUrl === undefined ? ok("") : checkWebhookUrl(config.webhookUrl, config);
  if (!url.ok) {
    const shown = withoutSecrets(config.webhookUrl ?? "");
    const message = `"${shown}" for BIOMETRIC_WEBHOOK_URL cannot be used: ${url.error.message}`;
    problems.push({ code: "conflict", name: "BIOMETRIC_WEBHOOK_URL", message });
  }
  return [...problems, ...findSizeConflicts(config)];
}

/** A certificate is of no use without its key, and TLS of none without both. */
function findTlsConflicts(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { tlsCertFile, tlsKeyFile, serverTlsPort, serverPort, webPort } = config;
  const refuse = (name: string, message: string) =>
    problems.push({ code: "conflict", name, message });
  if (tlsCertFile === undefined && tlsKeyFile !== undefined) {
    refuse("TLS_CERT_FILE", "TLS_KEY_FILE is set alone: wanted is TLS_CERT_FILE, too");
  } else if (tlsKeyFile === undefined && tlsCertFile !== undefined) {
    refuse("TLS_KEY_FILE", "TLS_CERT_FILE is set alone: wanted is TLS_KEY_FILE, too");
  }
  if (serverTlsPort === undefined) return problems;
  const shown = `"${serverTlsPort}" for SERVER_TLS_PORT cannot be used`;
  if (tlsCertFile === undefined && tlsKeyFile === undefined) {
    refuse("SERVER_TLS_PORT", `${shown}: wanted are TLS_CERT_FILE and TLS_KEY_FILE, too`);
  }
  if (serverTlsPort === serverPort || serverTlsPort === webPort) {
    refuse("SERVER_TLS_PORT", `${shown}: wanted is another port than SERVER_PORT and WEB_PORT`);
  }
  return problems;
}

/** What a late punch may still correct has to be there. */
function findRetentionConflicts(config: Config): ConfigProblem[] {
  const { punchRetentionDays: days, attendanceCorrectionDays } = config;
  if (days === undefined || days > attendanceCorrectionDays) return [];
  const name = "PUNCH_RETENTION_DAYS";
  const message = `"${days}" for ${name} cannot be used: wanted is more than ATTENDANCE_CORRECTION_DAYS, ${attendanceCorrectionDays}`;
  return [{ code: "conflict", name, message }];
}

/** Bounds of a terminal's bytes that leave no room for one another. */
function findSizeConflicts(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const refuse = (name: string, bytes: number, wanted: string): void => {
    const message = `"${bytes / 1024}" for ${name} cannot be used: wanted is ${wanted}`;
    problems.push({ code: "conflict", name, message });
  };
  const { deviceSniffBytesMax, deviceHeadBytesMax, deviceTextBytesMax } = config;
  const { deviceRequestBytesMax, deviceBufferedBytesMax } = config;
  if (deviceHeadBytesMax < deviceSniffBytesMax) {
    refuse(
      "DEVICE_HEAD_KIB_MAX",
      deviceHeadBytesMax,
      `at least DEVICE_SNIFF_BYTES_MAX, ${deviceSniffBytesMax} bytes`,
    );
  }
  if (deviceTextBytesMax > deviceRequestBytesMax) {
    refuse("DEVICE_TEXT_KIB_MAX", deviceTextBytesMax, "at most DEVICE_REQUEST_KIB_MAX");
  }
  // Half of it is for one large request, so that all others have the other half in any case.
  if (deviceBufferedBytesMax < 2 * deviceRequestBytesMax) {
    refuse(
      "DEVICE_BUFFERED_KIB_MAX",
      deviceBufferedBytesMax,
      `at least twice DEVICE_REQUEST_KIB_MAX, ${(2 * deviceRequestBytesMax) / 1024}`,
    );
  }
  return problems;
}

/** Names of the file that nothing reads: known ones with the reason, and likely typing errors. */
function findDeadNames(file: Environment): string[] {
  const known = new Set(Object.values(SETTINGS).map((setting) => setting.name));
  const prefixes = new Set([...known].map((name) => name.split("_")[0]));
  const warnings: string[] = [];
  for (const name of Object.keys(file)) {
    if (known.has(name)) continue;
    const reason = Object.hasOwn(IGNORED_SETTINGS, name) ? IGNORED_SETTINGS[name] : undefined;
    const nearest = nearestWord(name, [...known]);
    if (reason !== undefined) warnings.push(`${name} has no effect: ${reason}`);
    else if (nearest !== undefined) {
      warnings.push(`${name} is no setting and has no effect: did you mean ${nearest}?`);
    } else if (prefixes.has(name.split("_")[0])) {
      warnings.push(`${name} is no setting and has no effect`);
    }
  }
  return warnings;
}
