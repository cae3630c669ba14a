/**
 * Reads the settings again when it is asked to, and brings the running server to them. With anything
 * wrong in them nothing changes, and the server goes on as it was.
 *
 * States: starting (who asks is served after the start); idle; reading (however many ask meanwhile,
 * the settings are read once more behind it); stopped (nobody is served any more).
 */

import { AppError } from "#base/app-error.ts";
import type { Result } from "#base/result.ts";
import type { Config } from "#config/config.ts";
import { compareConfigs } from "#config/difference.ts";
import { type ConfigProblem, findConflicts, type LoadedConfig } from "#config/load.ts";
import type { Log } from "#platform/log.ts";

/** The server as the reload sees it. */
export interface SettingsFollower {
  /** Goes by other settings. @throws AppError when it cannot; nothing has changed then. */
  follow(config: Config): Promise<void>;
  /** Called before the settings are read. Must not reject. */
  reloading(): Promise<void>;
  /** Called when the server goes by them, or does not. Must not reject. */
  reloaded(): Promise<void>;
}

/** What the reload works on. */
export interface SettingsReloadOptions {
  /** Reads the settings. */
  readonly load: () => Result<LoadedConfig, readonly ConfigProblem[]>;
  /** Those that the server is started with. */
  readonly running: Config;
  readonly log: Log;
}

export class SettingsReload {
  readonly #options: SettingsReloadOptions;
  #running: Config;
  #follower: SettingsFollower | undefined;
  #isAsked = false;
  #isStopped = false;
  #reading: Promise<void> | undefined;
  #notice: string | undefined;

  constructor(options: SettingsReloadOptions) {
    this.#options = options;
    this.#running = options.running;
  }

  /** What the last reload left to do, for people; undefined: nothing. */
  get notice(): string | undefined {
    return this.#notice;
  }

  /** Asks for a reload. At any time, also before `start` and after `stop`. */
  request(): void {
    this.#isAsked = true;
    this.#readIfAsked();
  }

  /** Serves who asked since the process began, and from here on. */
  start(follower: SettingsFollower): void {
    this.#follower = follower;
    this.#readIfAsked();
  }

  /** Resolves when the server is not being changed any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#reading;
  }

  #readIfAsked(): void {
    const follower = this.#follower;
    if (!this.#isAsked || follower === undefined) return;
    if (this.#isStopped || this.#reading !== undefined) return;
    this.#isAsked = false;
    this.#reading = this.#reload(follower).finally(() => {
      this.#reading = undefined;
      this.#readIfAsked();
    });
  }

  async #reload(follower: SettingsFollower): Promise<void> {
    await follower.reloading();
    const loaded = this.#options.load();
    if (loaded.ok) await this.#follow(loaded.value, follower);
    else this.#refuse(loaded.error.map(({ message }) => message));
    await follower.reloaded();
  }

  async #follow({ config: wanted, warnings }: LoadedConfig, follower: SettingsFollower) {
    const { log } = this.#options;
    const { config, changed, restartNeeded } = compareConfigs(this.#running, wanted);
    // A new port that only a restart brings may be what made the others fit.
    const conflicts = findConflicts(config);
    if (conflicts.length > 0) {
      this.#refuse(conflicts.map(({ message }) => `${message}; or restart the server`));
      return;
    }
    try {
      await follower.follow(config);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#refuse([error.message]);
      return;
    }
    this.#running = config;
    for (const reason of warnings) log.warn("settings.ignored", { reason });
    const fields = { changed: changed.join(",") || "none" };
    if (restartNeeded.length === 0) {
      this.#notice = undefined;
      log.info("settings.reloaded", fields);
    } else {
      this.#notice = `a restart is needed for ${restartNeeded.join(", ")}`;
      log.warn("settings.reloaded", { ...fields, restart_needed: restartNeeded.join(",") });
    }
  }

  #refuse([problem = "", ...more]: readonly string[]): void {
    this.#notice = `changed settings were refused: ${problem}`;
    const others = more.length === 0 ? undefined : more.length;
    this.#options.log.error("settings.refused", { problem, more: others });
  }
}
