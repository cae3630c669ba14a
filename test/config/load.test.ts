/**
 * Aim: settings come from the right place, every problem is told at once, and no secret is told.
 */

import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Config, IGNORED_SETTINGS, SETTING_GROUPS, SETTINGS } from "#config/config.ts";
import {
  type ConfigProblem,
  type Environment,
  type LoadedConfig,
  loadConfig,
} from "#config/load.ts";

/** Loads with a settings file of this content, so that a file of this machine has no say. */
function load(environment: Environment, content = ""): ReturnType<typeof loadConfig> {
  const folder = mkdtempSync(join(tmpdir(), "settings-"));
  const settingsFile = join(folder, "test.env");
  try {
    writeFileSync(settingsFile, content);
    return loadConfig({ environment, settingsFile });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function loaded(environment: Environment, content = ""): LoadedConfig {
  const result = load(environment, content);
  if (!result.ok) throw new Error(`Unexpected problems ${JSON.stringify(result.error)}`);
  return result.value;
}

function problems(environment: Environment, content = ""): readonly ConfigProblem[] {
  const result = load(environment, content);
  if (result.ok) throw new Error("Unexpected success");
  return result.error;
}

describe("with nothing set", () => {
  test("loadConfig() gives the documented defaults", () => {
    const expected: Partial<Config> = {
      dataDir: resolve("data"),
      serverHost: "0.0.0.0",
      serverPort: 7005,
      webBind: "0.0.0.0",
      webPort: 5050,
      webHost: "localhost",
      logLevel: "info",
      siteTimeZone: "Asia/Manila",
      primaryDeviceId: "2401058352",
      deviceEnrollment: "approve",
      deviceHistoryDays: 35,
      deviceSetTime: true,
      userIdLeadingZeros: "drop",
      attendanceDirection: "alternate",
      attendanceMaxShiftHours: 14,
      attendanceMinimumGapSeconds: 0,
      attendanceCorrectionDays: 35,
      hrisApiSecretKey: undefined,
      hrisAllowedClients: [],
      hrisTokenExpiryHours: 24,
      hrisRateLimitRequests: 100,
      hrisRateLimitWindowMs: 60_000,
      webhookUrl: undefined,
      webhookEnabled: true,
      webhookSecret: undefined,
      webhookFormat: "logs",
      webhookCorrections: false,
      webhookExtraFields: false,
      webhookMode: "sync",
      webhookRateLimit: undefined,
      webhookTimeoutMs: 30_000,
      webhookRetriesMax: 3,
      webhookRetryDelayMs: 5000,
      deviceTextBytesMax: 65_536,
      deviceRequestBytesMax: 16_777_216,
      deviceBufferedBytesMax: 33_554_432,
      pendingDevicesMax: 64,
      pendingPunchesMax: 20_000,
      pendingBytesMax: 16_777_216,
      quarantineBytesMax: 268_435_456,
    };
    const { config, set, warnings } = loaded({});
    expect(config).toMatchObject(expected);
    expect(set).toEqual([]);
    expect(warnings).toEqual([]);
  });

  test("loadConfig() does without a settings file unless one is named", () => {
    const named = loadConfig({ environment: {}, settingsFile: "/nowhere/at-all.env" });
    expect(named).toEqual({
      ok: false,
      error: [
        {
          code: "file-unreadable",
          name: "/nowhere/at-all.env",
          message:
            'Cannot read settings file "/nowhere/at-all.env" (ENOENT): it must be a file that this user may read',
        },
      ],
    });
  });

  test("loadConfig() waits for no pipe, and reads no more than settings can be", () => {
    const folder = mkdtempSync(join(tmpdir(), "settings-"));
    const file = join(folder, "box.env");
    const read = () => {
      const result = loadConfig({ environment: {}, settingsFile: file });
      return result.ok ? "read" : result.error.map(({ message }) => message).join();
    };
    try {
      Bun.spawnSync(["mkfifo", file]);
      expect(read()).toContain("(it is no file): it must be a file");
      rmSync(file);
      writeFileSync(file, `#${"x".repeat(1024 * 1024 - 1)}`);
      expect(read()).toBe("read");
      writeFileSync(file, `#${"x".repeat(1024 * 1024)}`);
      expect(read()).toContain("(1048577 bytes, the most are 1048576)");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("places", () => {
  test("loadConfig() lets the environment win over the file, and an empty text be no setting", () => {
    const { config, set } = loaded(
      { WEB_PORT: "5051", SERVER_PORT: " ", SITE_TIME_ZONE: "" },
      "WEB_PORT=6000\nSERVER_PORT=7006\nSITE_TIME_ZONE=asia/singapore\nWEB_HOST=\n",
    );
    expect(config).toMatchObject({ webPort: 5051, serverPort: 7006, webHost: "localhost" });
    expect(config.siteTimeZone).toBe("Asia/Singapore");
    expect(set).toEqual([
      { name: "SERVER_PORT", place: "settings file", shownText: "7006" },
      { name: "WEB_PORT", place: "environment", shownText: "5051" },
      { name: "SITE_TIME_ZONE", place: "settings file", shownText: "asia/singapore" },
    ]);
  });

  test("loadConfig() takes the folders of systemd where no setting names one", () => {
    const unit = { STATE_DIRECTORY: "/var/lib/a:/var/lib/b", RUNTIME_DIRECTORY: "/run/a" };
    expect(loaded(unit).config.dataDir).toBe("/var/lib/a");
    expect(loaded(unit).controlSocketPath).toBe("/run/a/control.sock");
    expect(loaded({ ...unit, DATA_DIR: "/srv/x" }).config.dataDir).toBe("/srv/x");
    expect(loaded({ DATA_DIR: "/srv/x" }).controlSocketPath).toBe("/srv/x/control.sock");
  });
});

describe("values", () => {
  const accepted: readonly [string, string, keyof Config, unknown][] = [
    ["BIOMETRIC_WEBHOOK_ENABLED", "FALSE", "webhookEnabled", false],
    ["BIOMETRIC_WEBHOOK_ENABLED", "0", "webhookEnabled", false],
    ["BIOMETRIC_WEBHOOK_EXTRA_FIELDS", "Yes", "webhookExtraFields", true],
    ["BIOMETRIC_WEBHOOK_MODE", "ASYNC", "webhookMode", "async"],
    ["BIOMETRIC_WEBHOOK_RATE_LIMIT", "60", "webhookRateLimit", 60],
    ["BIOMETRIC_WEBHOOK_TIMEOUT", "10", "webhookTimeoutMs", 10_000],
    [
      "BIOMETRIC_WEBHOOK_URL",
      "http://10.0.0.2:8000/hook",
      "webhookUrl",
      "http://10.0.0.2:8000/hook",
    ],
    [
      "BIOMETRIC_WEBHOOK_URL",
      "http://127.0.0.1:5050/api/webhook-receiver/biometric",
      "webhookUrl",
      "http://127.0.0.1:5050/api/webhook-receiver/biometric",
    ],
    ["HRIS_ALLOWED_CLIENTS", "a, b,,c ", "hrisAllowedClients", ["a", "b", "c"]],
    ["HRIS_API_SECRET_KEY", "a b#c", "hrisApiSecretKey", "a b#c"],
    ["LOG_LEVEL", "WARNING", "logLevel", "warn"],
    ["SERVER_HOST", "::", "serverHost", "::"],
    ["SERVER_PORT", "0", "serverPort", 0],
    ["DEVICE_TEXT_KIB_MAX", "128", "deviceTextBytesMax", 131_072],
    ["WEB_HOST", "box.example.org", "webHost", "box.example.org"],
  ];
  for (const [name, text, key, value] of accepted) {
    test(`loadConfig() takes "${text}" for ${name}`, () => {
      expect(loaded({ [name]: text }).config[key]).toEqual(value as never);
    });
  }

  const refused: readonly [string, string, string][] = [
    ["WEB_PORT", "http", "an integer from 0 to 65535"],
    ["WEB_PORT", "65536", "an integer from 0 to 65535"],
    ["WEB_PORT", "-1", "an integer from 0 to 65535"],
    ["WEB_PORT", "5050.5", "an integer from 0 to 65535"],
    ["WEB_PORT", "1e3", "an integer from 0 to 65535"],
    ["HRIS_TOKEN_EXPIRY_HOURS", "0", "an integer from 1 to 87840 (hours)"],
    ["SITE_TIME_ZONE", "Manila", "an IANA time zone such as Asia/Manila"],
    ["SITE_TIME_ZONE", "+08:00", "an IANA time zone such as Asia/Manila"],
    ["SITE_TIME_ZONE", "Z", "an IANA time zone such as Asia/Manila"],
    ["SITE_TIME_ZONE", "Asia/Atlantis", "an IANA time zone such as Asia/Manila"],
    ["SITE_TIME_ZONE", "2026-03-02T00:00[Asia/Manila]", "an IANA time zone such as Asia/Manila"],
    ["DEVICE_ENROLLMENT", "closed", 'one of "approve", "open"'],
    ["ATTENDANCE_DIRECTION", "first-last", 'one of "alternate", "device", "fixed-in", "fixed-out"'],
    ["BIOMETRIC_WEBHOOK_ENABLED", "maybe", '"true" or "false"'],
    ["BIOMETRIC_WEBHOOK_FORMAT", "xml", 'one of "logs", "event", "standard"'],
    ["BIOMETRIC_WEBHOOK_MODE", "later", 'one of "sync", "async"'],
    ["BIOMETRIC_WEBHOOK_URL", "hris.example.org/hook", "an http or https address"],
    ["BIOMETRIC_WEBHOOK_URL", "ftp://hris.example.org", "an http or https address"],
    ["BIOMETRIC_WEBHOOK_URL", "http://169.254.169.254/latest", "not link-local"],
    ["BIOMETRIC_WEBHOOK_URL", "http://[fe80::1]/", "not link-local"],
    ["BIOMETRIC_WEBHOOK_URL", "http://localhost:5050/hook", "a port of this server itself"],
    [
      "BIOMETRIC_WEBHOOK_URL",
      "http://127.0.0.1:7005/api/webhook-receiver/biometric",
      "a port of this server itself",
    ],
    [
      "BIOMETRIC_WEBHOOK_URL",
      "https://localhost:5050/api/webhook-receiver/biometric",
      "a port of this server itself",
    ],
    [
      "BIOMETRIC_WEBHOOK_URL",
      "http://localhost:5050/api/webhook-receiver/biometric/",
      "with the path /api/webhook-receiver/biometric",
    ],
    ["SERVER_HOST", "256.1.1.1", "an IP address or a host name"],
    ["SERVER_HOST", "a b", "an IP address or a host name"],
    ["WEB_PORT", "7005", "another port than SERVER_PORT"],
  ];
  for (const [name, text, wanted] of refused) {
    test(`loadConfig() refuses "${text}" for ${name} and says what is wanted`, () => {
      const [problem, ...others] = problems({ [name]: text });
      expect(others).toEqual([]);
      expect(problem?.name).toBe(name);
      expect(problem?.message).toStartWith(`"${text}`);
      expect(problem?.message).toContain(`for ${name} cannot be used`);
      expect(problem?.message).toContain(wanted);
    });
  }

  test("loadConfig() refuses a text limit above the request limit", () => {
    const found = problems({ DEVICE_REQUEST_KIB_MAX: "64", DEVICE_TEXT_KIB_MAX: "65" });
    expect(found.map(({ name, code }) => [name, code])).toEqual([
      ["DEVICE_TEXT_KIB_MAX", "conflict"],
    ]);
  });

  test("loadConfig() refuses room for less than two of the largest requests", () => {
    const [problem, ...others] = problems({ DEVICE_BUFFERED_KIB_MAX: "32767" });
    expect(others).toEqual([]);
    expect(problem).toEqual({
      code: "conflict",
      name: "DEVICE_BUFFERED_KIB_MAX",
      message:
        '"32767" for DEVICE_BUFFERED_KIB_MAX cannot be used: wanted is at least twice DEVICE_REQUEST_KIB_MAX, 32768',
    });
    const found = problems({ DEVICE_REQUEST_KIB_MAX: "65536" });
    expect(found.map(({ name }) => name)).toEqual(["DEVICE_BUFFERED_KIB_MAX"]);
    const fitting = { DEVICE_REQUEST_KIB_MAX: "1024", DEVICE_BUFFERED_KIB_MAX: "2048" };
    expect(loaded(fitting).config.deviceBufferedBytesMax).toBe(2048 * 1024);
  });

  test("loadConfig() refuses half of what TLS takes", () => {
    const namesOf = (environment: Environment) => problems(environment).map(({ name }) => name);
    expect(namesOf({ TLS_CERT_FILE: "cert.pem" })).toEqual(["TLS_KEY_FILE"]);
    expect(namesOf({ TLS_KEY_FILE: "key.pem" })).toEqual(["TLS_CERT_FILE"]);
    expect(namesOf({ SERVER_TLS_PORT: "7443" })).toEqual(["SERVER_TLS_PORT"]);
    const files = { TLS_CERT_FILE: "cert.pem", TLS_KEY_FILE: "key.pem" };
    expect(namesOf({ ...files, SERVER_TLS_PORT: "5050" })).toEqual(["SERVER_TLS_PORT"]);
    expect(loaded({ ...files, SERVER_TLS_PORT: "7443" }).config.serverTlsPort).toBe(7443);
  });

  test("loadConfig() refuses a head shorter than what decides on its protocol", () => {
    const [problem, ...others] = problems({ DEVICE_HEAD_KIB_MAX: "3" });
    expect(others).toEqual([]);
    expect(problem).toEqual({
      code: "conflict",
      name: "DEVICE_HEAD_KIB_MAX",
      message:
        '"3" for DEVICE_HEAD_KIB_MAX cannot be used: wanted is at least DEVICE_SNIFF_BYTES_MAX, 4096 bytes',
    });
    const fitting = { DEVICE_HEAD_KIB_MAX: "2", DEVICE_SNIFF_BYTES_MAX: "2048" };
    expect(loaded(fitting).config.deviceHeadBytesMax).toBe(2048);
  });

  test("loadConfig() tells every problem at once, those of the file too", () => {
    const found = problems({ WEB_PORT: "x", LOG_LEVEL: "loud" }, "SERVER_PORT=y\nWEB_PORT=5050\n");
    expect(found.map(({ name }) => name)).toEqual(["SERVER_PORT", "WEB_PORT", "LOG_LEVEL"]);
  });

  test("loadConfig() tells bad lines of the file by number", () => {
    const found = problems({}, "WEB_PORT=5050\nhunter2\n");
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toMatch(/^Line 2 of ".*test\.env" is no assignment/);
    expect(JSON.stringify(found)).not.toContain("hunter2");
  });
});

describe("secrets", () => {
  test("loadConfig() never repeats a secret, or the password or query of an address", () => {
    const secret = "hunter2\u0007";
    const found = problems({
      HRIS_API_SECRET_KEY: secret,
      BIOMETRIC_WEBHOOK_URL: "ftp://u:hunter2@h/?key=hunter2",
    });
    expect(found.map(({ name }) => name)).toEqual(["HRIS_API_SECRET_KEY", "BIOMETRIC_WEBHOOK_URL"]);
    expect(JSON.stringify(found)).not.toContain("hunter2");
    const { set } = loaded({
      HRIS_API_SECRET_KEY: "hunter2",
      BIOMETRIC_WEBHOOK_URL: "http://u:hunter2@h/in?key=hunter2",
    });
    expect(set.map(({ shownText }) => shownText)).toEqual(["(secret)", "http://***@h/in?***"]);
  });
});

describe("names without effect", () => {
  test("loadConfig() warns of the replaced server's dead names and of typing errors, in the file only", () => {
    const content = [
      "DATABASE_PATH=x.db",
      "LOG_FILE=x.log",
      "DEBUG=true",
      "WEBB_PORT=1",
      "HRIS_SOMETHING=1",
      "PYTHONUNBUFFERED=1",
    ].join("\n");
    expect(loaded({ DEBUG: "*", HRIS_OTHER: "1" }, content).warnings).toEqual([
      "DATABASE_PATH has no effect: the database is DATA_DIR/biometric.db",
      "LOG_FILE has no effect: the log goes to standard output",
      "DEBUG has no effect: LOG_LEVEL=debug shows more",
      "WEBB_PORT is no setting and has no effect: did you mean WEB_PORT?",
      "HRIS_SOMETHING is no setting and has no effect",
    ]);
  });
});

describe("the table", () => {
  test("SETTINGS has each name once, and every setting is in one group", () => {
    const names = Object.values(SETTINGS).map(({ name }) => name);
    const grouped = SETTING_GROUPS.flatMap(({ settings }) => settings.map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
    expect(grouped.sort()).toEqual([...names].sort());
    expect(names.filter((name) => Object.hasOwn(IGNORED_SETTINGS, name))).toEqual([]);
  });

  test("every default is one that its own setting takes", () => {
    for (const setting of Object.values(SETTINGS)) {
      if (setting.fallbackText === "") continue;
      expect<unknown>([setting.name, setting.parse(setting.fallbackText)]).toEqual([
        setting.name,
        setting.fallback,
      ]);
    }
  });
});
