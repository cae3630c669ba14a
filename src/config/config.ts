/**
 * Every setting of the program in one table: name, default, unit, limits, meaning, and whether a
 * running server can take a new value. The type `Config`, the table in the README, `config check`
 * and what a reload takes over are made from it. Reads nothing itself.
 */

import { DIRECTION_POLICIES } from "#domain/device.ts";
import { parseUserRange } from "#domain/user.ts";
import { WEBHOOK_FORMATS } from "#domain/webhook-endpoint.ts";
import { LIMITS } from "./limits.ts";
import { choice, flag, integer, list, type Setting, seconds, secret, text } from "./setting.ts";
import {
  parseAddress,
  parseDailyTime,
  parseHostName,
  parseLabel,
  parsePath,
  parseTimeZone,
} from "./values.ts";
import { parseWebhookUrl, WEBHOOK_URL_WANTED } from "./webhook-url.ts";

const DAYS_MAX = 3660;
const PORT_MAX = 65_535;

/** Where things are, and where the server listens. */
const PLACES = {
  dataDir: text({
    name: "DATA_DIR",
    needsRestart: true,
    meaning:
      "Folder of the database and the secrets. Under systemd without this setting: `STATE_DIRECTORY`.",
    wanted: "a path",
    fallback: "./data",
    parse: parsePath,
  }),
  serverHost: text({
    name: "SERVER_HOST",
    needsRestart: true,
    meaning: "Address on which terminals are received.",
    wanted: "an IP address or a host name",
    fallback: "0.0.0.0",
    parse: parseAddress,
  }),
  serverPort: integer({
    name: "SERVER_PORT",
    needsRestart: true,
    meaning: "Port on which terminals are received; 0 takes any free one.",
    min: 0,
    max: PORT_MAX,
    fallback: 7005,
  }),
  webBind: text({
    name: "WEB_BIND",
    needsRestart: true,
    meaning: "Address on which the API is served.",
    wanted: "an IP address or a host name",
    fallback: "0.0.0.0",
    parse: parseAddress,
  }),
  webPort: integer({
    name: "WEB_PORT",
    needsRestart: true,
    meaning: "Port on which the API is served; 0 takes any free one.",
    min: 0,
    max: PORT_MAX,
    fallback: 5050,
  }),
  webHost: text({
    name: "WEB_HOST",
    needsRestart: true,
    meaning: "Host name shown in addresses that the API tells; binds nothing.",
    wanted: "a host name or an IP address",
    fallback: "localhost",
    parse: parseHostName,
  }),
  serverTlsPort: integer({
    name: "SERVER_TLS_PORT",
    needsRestart: true,
    meaning:
      "Port on which terminals that speak TLS (1.0 to 1.3) are received, beside the other; it takes both TLS files. Unset: none.",
    min: 1,
    max: PORT_MAX,
    fallback: undefined,
  }),
  tlsCertFile: text({
    name: "TLS_CERT_FILE",
    needsRestart: true,
    meaning:
      "Certificate of this server with its chain (PEM). With it and its key the API is served by HTTPS alone.",
    wanted: "a path",
    fallback: undefined,
    parse: parsePath,
  }),
  tlsKeyFile: text({
    name: "TLS_KEY_FILE",
    needsRestart: true,
    meaning: "Private key of the certificate (PEM), readable by the server's user.",
    wanted: "a path",
    fallback: undefined,
    parse: parsePath,
  }),
  logLevel: choice({
    name: "LOG_LEVEL",
    meaning:
      "The least important events that are still logged; `debug` tells each request of a terminal or client, and each try of a webhook.",
    words: ["error", "warn", "info", "debug"],
    fallback: "info",
    aliases: { warning: "warn", critical: "error", fatal: "error" },
  }),
} as const;

/** The site, its terminals and its rules of attendance. */
const SITE = {
  siteTimeZone: text({
    name: "SITE_TIME_ZONE",
    needsRestart: true,
    meaning: "Time zone of the terminals' clocks.",
    wanted: "an IANA time zone such as Asia/Manila",
    fallback: "Asia/Manila",
    parse: parseTimeZone,
  }),
  primaryDeviceId: text({
    name: "PRIMARY_DEVICE_ID",
    needsRestart: true,
    meaning: "The terminal that the API and webhooks call primary.",
    wanted: "the id of a terminal, 1 to 64 characters",
    fallback: "2401058352",
    parse: parseLabel,
  }),
  primaryDeviceUserRange: text({
    name: "PRIMARY_DEVICE_USER_RANGE",
    needsRestart: true,
    meaning:
      "Users that are expected at the primary terminal; punches of others there are stored and marked. Unset: anyone.",
    wanted: "two numbers such as 1-8, at most 10000 users",
    fallback: undefined,
    parse: (value) => (parseUserRange(value) === undefined ? undefined : value),
  }),
  deviceEnrollment: choice({
    name: "DEVICE_ENROLLMENT",
    meaning:
      "What an unknown terminal becomes: `approve` holds its punches until a person approves it, `open` takes it at once.",
    words: ["approve", "open"],
    fallback: "approve",
  }),
  pairingWindowMinutes: integer({
    name: "PAIRING_WINDOW_MINUTES",
    meaning: "How long after the very first start new terminals are approved at once; 0 is never.",
    min: 0,
    max: 24 * 60,
    fallback: 60,
    unit: "minutes",
  }),
  deviceHistoryDays: integer({
    name: "DEVICE_HISTORY_DAYS",
    meaning: "Punches this long before a terminal's first contact are still sent by webhook.",
    min: 0,
    max: DAYS_MAX,
    fallback: 35,
    unit: "days",
  }),
  deviceSetTime: flag({
    name: "DEVICE_SET_TIME",
    meaning:
      "Whether a terminal's clock is set when it is off by more than 2 minutes and the box's own is trusted.",
    fallback: true,
  }),
  logRecoveryTime: text({
    name: "LOG_RECOVERY_TIME",
    meaning:
      "When every terminal's own log is compared with what is stored, daily, in the site's time; what is missing is added.",
    wanted: "a time such as 02:30, or never",
    fallback: "02:30",
    parse: parseDailyTime,
  }),
  userIdLeadingZeros: choice({
    name: "USER_ID_LEADING_ZEROS",
    needsRestart: true,
    meaning: "`drop`: the ids `0027` and `27` are one person; `keep`: they are two.",
    words: ["drop", "keep"],
    fallback: "drop",
  }),
  attendanceDirection: choice({
    name: "ATTENDANCE_DIRECTION",
    meaning: "How a punch gets its direction, unless its terminal has a rule of its own.",
    words: DIRECTION_POLICIES,
    fallback: "alternate",
  }),
  attendanceMaxShiftHours: integer({
    name: "ATTENDANCE_MAX_SHIFT_HOURS",
    meaning: "`alternate`: after this long without a punch the next one is `in`; 0 is never.",
    min: 0,
    max: 168,
    fallback: 14,
    unit: "hours",
  }),
  attendanceMinimumGapSeconds: integer({
    name: "ATTENDANCE_MINIMUM_GAP_SECONDS",
    meaning: "`alternate`: a second touch within this time repeats the first; 0 is off.",
    min: 0,
    max: 3600,
    fallback: 0,
    unit: "seconds",
  }),
  attendanceCorrectionDays: integer({
    name: "ATTENDANCE_CORRECTION_DAYS",
    meaning: "`alternate`: how far back a late punch corrects the directions behind it.",
    min: 0,
    max: DAYS_MAX,
    fallback: 35,
    unit: "days",
  }),
} as const;

/** Who may read the API. */
const HRIS = {
  hrisApiSecretKey: secret({
    name: "HRIS_API_SECRET_KEY",
    meaning:
      "Main secret: of every client that was not added with one of its own. Unset: made once, in `DATA_DIR/secrets/`.",
  }),
  hrisAllowedClients: list({
    name: "HRIS_ALLOWED_CLIENTS",
    meaning:
      "Client ids that get a token for the main secret; empty is everyone with it. Added clients need no entry.",
  }),
  hrisTokenExpiryHours: integer({
    name: "HRIS_TOKEN_EXPIRY_HOURS",
    meaning: "Life of a token.",
    min: 1,
    max: 24 * DAYS_MAX,
    fallback: 24,
    unit: "hours",
  }),
  hrisRateLimitRequests: integer({
    name: "HRIS_RATE_LIMIT_REQUESTS",
    meaning: "Requests of one client that are answered within the window.",
    min: 1,
    max: 1_000_000,
    fallback: 100,
  }),
  hrisRateLimitWindowMs: seconds({
    name: "HRIS_RATE_LIMIT_WINDOW",
    meaning: "The window of the request limit.",
    min: 1,
    max: 86_400,
    fallback: 60,
  }),
} as const;

/** Where punches are pushed. */
const WEBHOOK = {
  webhookUrl: text({
    name: "BIOMETRIC_WEBHOOK_URL",
    meaning: "Receiver of the punches. Webhooks are on when it is set.",
    wanted: WEBHOOK_URL_WANTED,
    fallback: undefined,
    parse: parseWebhookUrl,
  }),
  webhookEnabled: flag({
    name: "BIOMETRIC_WEBHOOK_ENABLED",
    meaning: "`false` switches webhooks off although a receiver is set.",
    fallback: true,
  }),
  webhookSecret: secret({
    name: "BIOMETRIC_WEBHOOK_SECRET",
    meaning: "Key of the signatures. Unset: made once, in `DATA_DIR/secrets/`.",
  }),
  webhookFormat: choice({
    name: "BIOMETRIC_WEBHOOK_FORMAT",
    meaning:
      "Shape of the messages: `logs` and `event` are the Python server's, `standard` tells every event.",
    words: WEBHOOK_FORMATS,
    fallback: "logs",
  }),
  webhookCorrections: flag({
    name: "BIOMETRIC_WEBHOOK_CORRECTIONS",
    meaning:
      "Formats `logs` and `event`: sends a punch once more when it is corrected; `standard` always does.",
    fallback: false,
  }),
  webhookExtraFields: flag({
    name: "BIOMETRIC_WEBHOOK_EXTRA_FIELDS",
    meaning: "Formats `logs` and `event`: adds our own fields behind those of the format.",
    fallback: false,
  }),
  webhookDuplicates: flag({
    name: "BIOMETRIC_WEBHOOK_DUPLICATES",
    meaning: "Sends a message also when a terminal repeats a punch, marked `is_duplicate`.",
    fallback: false,
  }),
  webhookCaFile: text({
    name: "BIOMETRIC_WEBHOOK_CA_FILE",
    meaning:
      "File of certificates (PEM) that those of receivers may be signed by, beside the well-known authorities.",
    wanted: "a path",
    fallback: undefined,
    parse: parsePath,
  }),
  webhookMode: choice({
    name: "BIOMETRIC_WEBHOOK_MODE",
    meaning:
      "Accepted for the replaced server's settings; both deliver at once, after the terminal is answered.",
    words: ["sync", "async"],
    fallback: "sync",
  }),
  webhookRateLimit: integer({
    name: "BIOMETRIC_WEBHOOK_RATE_LIMIT",
    meaning: "Most messages within 60 seconds; what is above waits. Unset: no limit.",
    min: 1,
    max: 1_000_000,
    fallback: undefined,
  }),
  webhookTimeoutMs: seconds({
    name: "BIOMETRIC_WEBHOOK_TIMEOUT",
    meaning: "How long the receiver may take to answer.",
    min: 1,
    max: 600,
    fallback: 30,
  }),
  webhookRetriesMax: integer({
    name: "BIOMETRIC_WEBHOOK_MAX_RETRIES",
    meaning: "Further tries of a message that the receiver refuses (4xx), before it is parked.",
    min: 0,
    max: 100,
    fallback: 3,
  }),
  webhookRetryDelayMs: seconds({
    name: "BIOMETRIC_WEBHOOK_RETRY_DELAY",
    meaning: "Wait before the first further try; it doubles with each.",
    min: 1,
    max: 86_400,
    fallback: 5,
  }),
} as const;

/** How what is stored is kept. */
const KEEPING = {
  backupTime: text({
    name: "BACKUP_TIME",
    meaning:
      "When a backup is made in `DATA_DIR/backups/`, daily, in the site's time; one that was missed is made up for.",
    wanted: "a time such as 01:30, or never",
    fallback: "01:30",
    parse: parseDailyTime,
  }),
  backupKeep: integer({
    name: "BACKUP_KEEP",
    meaning: "Backups that are kept there; older ones are removed once a newer one is whole.",
    min: 1,
    max: 1000,
    fallback: 3,
  }),
} as const;

/** Every setting, under the name by which the program reads it. */
export const SETTINGS = { ...PLACES, ...SITE, ...HRIS, ...WEBHOOK, ...KEEPING, ...LIMITS } as const;

/** The same in groups, with a heading each, for people. */
export const SETTING_GROUPS: readonly {
  readonly heading: string;
  readonly settings: readonly Setting<unknown>[];
}[] = [
  { heading: "Places and ports", settings: Object.values(PLACES) },
  { heading: "Site and attendance", settings: Object.values(SITE) },
  { heading: "Access of the HRIS", settings: Object.values(HRIS) },
  { heading: "Webhook", settings: Object.values(WEBHOOK) },
  { heading: "Backup", settings: Object.values(KEEPING) },
  { heading: "Limits", settings: Object.values(LIMITS) },
];

/** The value of every setting. Durations are in milliseconds, sizes in bytes, unless named else. */
export type Config = {
  readonly [Key in keyof typeof SETTINGS]: (typeof SETTINGS)[Key] extends Setting<infer Value>
    ? Value
    : never;
};

/** Names that a settings file may hold without effect, and why. */
export const IGNORED_SETTINGS: Readonly<Record<string, string>> = {
  BIOMETRIC_WEBHOOK_RETRY_ENABLED: "messages are always tried again",
  BIOMETRIC_WEBHOOK_ALLOWED_IPS: "it had no effect in the replaced server either",
  BIOMETRIC_WEBHOOK_ALERT_EMAILS: "it had no effect in the replaced server either",
  DATABASE_PATH: "the database is DATA_DIR/biometric.db",
  LOG_FILE: "the log goes to standard output",
  DEBUG: "LOG_LEVEL=debug shows more",
  REQUEST_LOGGING: "LOG_LEVEL=debug shows more",
  BIOMETRIC_API_URL: "it belongs to the HRIS",
  BIOMETRIC_CLIENT_ID: "it belongs to the HRIS",
  BIOMETRIC_SYNC_ENABLED: "it belongs to the HRIS",
  BIOMETRIC_SYNC_ATTENDANCE_INTERVAL: "it belongs to the HRIS",
  BIOMETRIC_SYNC_USER_INTERVAL: "it belongs to the HRIS",
  BIOMETRIC_AUTO_CREATE_RECORDS: "it belongs to the HRIS",
};
