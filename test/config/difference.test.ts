/** Aim: new settings are told apart into what a running server takes over and what needs a restart. */

import { describe, expect, test } from "bun:test";
import { type Config, SETTINGS } from "#config/config.ts";
import { compareConfigs } from "#config/difference.ts";
import { loadConfig } from "#config/load.ts";

function configOf(environment: Readonly<Record<string, string>> = {}): Config {
  const loaded = loadConfig({ environment });
  if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join("\n"));
  return loaded.value.config;
}

describe("compareConfigs()", () => {
  test("finds nothing between settings that say the same", () => {
    const running = configOf({ HRIS_ALLOWED_CLIENTS: "a, b", LOG_RECOVERY_TIME: "never" });
    const wanted = configOf({ HRIS_ALLOWED_CLIENTS: "a,b", LOG_RECOVERY_TIME: "NEVER" });
    expect(compareConfigs(running, wanted)).toEqual({
      config: running,
      changed: [],
      restartNeeded: [],
    });
  });

  test("takes over what can change, and keeps the running value of what cannot", () => {
    const running = configOf({ BIOMETRIC_WEBHOOK_URL: "http://old.test/" });
    const wanted = configOf({
      WEB_PORT: "5051",
      SITE_TIME_ZONE: "Asia/Tokyo",
      BIOMETRIC_WEBHOOK_SECRET: "one of them",
      HRIS_ALLOWED_CLIENTS: "payroll",
      DEVICES_MAX: "10",
    });
    const { config, changed, restartNeeded } = compareConfigs(running, wanted);
    expect(changed).toEqual([
      "HRIS_ALLOWED_CLIENTS",
      "BIOMETRIC_WEBHOOK_URL",
      "BIOMETRIC_WEBHOOK_SECRET",
      "DEVICES_MAX",
    ]);
    expect(restartNeeded).toEqual(["WEB_PORT", "SITE_TIME_ZONE"]);
    expect(config).toEqual({ ...wanted, webPort: 5050, siteTimeZone: "Asia/Manila" });
  });

  test("keeps of a server with every other setting exactly what needs a restart", () => {
    const running = configOf();
    const values = Object.keys(SETTINGS).map((key) => [key, `other ${key}`]);
    const other: Config = { ...running, ...Object.fromEntries(values) };
    const { config, changed, restartNeeded } = compareConfigs(running, other);
    expect(restartNeeded).toEqual([
      "DATA_DIR",
      "SERVER_HOST",
      "SERVER_PORT",
      "WEB_BIND",
      "WEB_PORT",
      "WEB_HOST",
      "SERVER_TLS_PORT",
      "TLS_CERT_FILE",
      "TLS_KEY_FILE",
      "SITE_TIME_ZONE",
      "PRIMARY_DEVICE_ID",
      "PRIMARY_DEVICE_USER_RANGE",
      "USER_ID_LEADING_ZEROS",
    ]);
    expect(changed.length + restartNeeded.length).toBe(Object.keys(SETTINGS).length);
    expect(config.dataDir).toBe(running.dataDir);
    expect(config.webhookUrl).toBe(other.webhookUrl);
  });
});
