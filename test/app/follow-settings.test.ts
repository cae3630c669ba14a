/**
 * Aim: a running server goes by every setting that is said to need no restart, and by none of what it
 * was given when it cannot have all of it.
 */

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningApp, startApp } from "#app.ts";
import { AppError } from "#base/app-error.ts";
import { type Config, SETTINGS } from "#config/config.ts";
import { loadConfig } from "#config/load.ts";
import type { Setting } from "#config/setting.ts";
import { markSettings } from "#config/setting-marks.ts";
import { systemClock } from "#platform/clock.ts";
import { RecordingLog } from "../support/recording-log.ts";

/** Read by others than the parts: by the log of `serve`, and by the very first start alone. */
const READ_ELSEWHERE = ["LOG_LEVEL", "PAIRING_WINDOW_MINUTES"];

/** A server in this process. */
interface Site extends AsyncDisposable {
  readonly folder: string;
  readonly app: RunningApp;
  readonly config: Config;
  readonly controlSocketPath: string;
}

async function startSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "follow-"));
  const environment = {
    DATA_DIR: folder,
    SERVER_HOST: "127.0.0.1",
    SERVER_PORT: "0",
    WEB_BIND: "127.0.0.1",
    WEB_PORT: "0",
    BIOMETRIC_WEBHOOK_URL: "http://hris.test/in",
  };
  const loaded = loadConfig({ environment });
  if (!loaded.ok) throw new Error("The settings cannot be used");
  const { config, controlSocketPath } = loaded.value;
  const log = new RecordingLog();
  const app = await startApp({ config, controlSocketPath, log, clock: systemClock });
  return {
    folder,
    app,
    config,
    controlSocketPath,
    async [Symbol.asyncDispose]() {
      await app.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

async function shownLimits({ app }: Site): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${app.webPort}/api/docs`);
  return answer.json();
}

test("follow() reads every setting that needs no restart", async () => {
  await using site = await startSite();
  const read = new Set<PropertyKey>();
  const watched = new Proxy(site.config, {
    get(config, key) {
      read.add(key);
      return Reflect.get(config, key);
    },
    ownKeys() {
      throw new Error("The settings are copied whole, so that nobody sees which are used");
    },
  });
  await site.app.follow(watched);
  const unread = Object.entries<Setting<unknown>>(SETTINGS)
    .filter(([key, { needsRestart }]) => !needsRestart && !read.has(key))
    .map(([, { name }]) => name);
  expect(unread).toEqual(READ_ELSEWHERE);
});

test("follow() is seen by who asks which settings the server uses", async () => {
  await using site = await startSite();
  const marks = async () => {
    const asked = await fetch("http://localhost/process", { unix: site.controlSocketPath });
    const { salt, setting_marks } = JSON.parse(await asked.text());
    return { salt, told: setting_marks };
  };
  const before = await marks();
  expect(before.told).toEqual(markSettings(site.config, before.salt));
  const changed = { ...site.config, backupKeep: 7 };
  await site.app.follow(changed);
  const after = await marks();
  expect(after.told).toEqual(markSettings(changed, after.salt));
});

test("follow() changes nothing where a file that the settings name cannot be used", async () => {
  await using site = await startSite();
  const before = await shownLimits(site);
  const webhookCaFile = join(site.folder, "authorities.pem");
  writeFileSync(webhookCaFile, "no certificate");
  const changed = { ...site.config, webhookCaFile, hrisRateLimitRequests: 7 };
  const failure = await site.app.follow(changed).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(AppError);
  expect(await shownLimits(site)).toEqual(before);
  await site.app.follow({ ...changed, webhookCaFile: undefined });
  expect(await shownLimits(site)).toMatchObject({ rate_limiting: { requests_per_window: 7 } });
});
