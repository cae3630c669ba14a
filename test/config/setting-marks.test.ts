/** Aim: two configurations are compared by marks, which differ exactly where a value does. */

import { expect, test } from "bun:test";
import type { Config } from "#config/config.ts";
import { loadConfig } from "#config/load.ts";
import { markSettings } from "#config/setting-marks.ts";

function load(environment: Readonly<Record<string, string>>): Config {
  const settings = { DATA_DIR: "/srv/punches", ...environment };
  const loaded = loadConfig({ environment: settings, settingsFile: "/dev/null" });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value.config;
}

function differing(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>) {
  return Object.keys(one).filter((name) => one[name] !== other[name]);
}

test("markSettings() gives the same marks for the same values, however they are written", () => {
  const own = markSettings(load({ WEB_PORT: "5050", HRIS_ALLOWED_CLIENTS: "a,b" }), "salt");
  const other = markSettings(load({ HRIS_ALLOWED_CLIENTS: " a , b" }), "salt");
  expect(differing(own, other)).toEqual([]);
});

test("markSettings() gives other marks where values differ, secrets and unset ones included", () => {
  const own = markSettings(load({ WEB_PORT: "5050", HRIS_API_SECRET_KEY: "one" }), "salt");
  const other = markSettings(
    load({ WEB_PORT: "5051", HRIS_API_SECRET_KEY: "two", BIOMETRIC_WEBHOOK_URL: "http://hris/" }),
    "salt",
  );
  const names = ["WEB_PORT", "HRIS_API_SECRET_KEY", "BIOMETRIC_WEBHOOK_URL"];
  expect(differing(own, other).sort()).toEqual(names.sort());
});

test("markSettings() tells nothing without the salt: with another one every mark is another", () => {
  const config = load({});
  const [own, other] = [markSettings(config, "salt"), markSettings(config, "pepper")];
  expect(differing(own, other)).toEqual(Object.keys(own));
});
