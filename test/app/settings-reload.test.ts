/**
 * Aim: a reload takes the settings over whole or not at all, whenever it is asked for and however
 * often, and says in one line of the log and in the status what came of it, without a secret.
 */

import { beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SettingsFollower, SettingsReload } from "#app/settings-reload.ts";
import { AppError } from "#base/app-error.ts";
import type { Config } from "#config/config.ts";
import { loadConfig } from "#config/load.ts";
import { RecordingLog } from "../support/recording-log.ts";

const SECRET = "correct horse battery staple";

/** A server with a settings file, which notes how it is changed. */
class Bench implements Disposable, SettingsFollower {
  readonly log = new RecordingLog();
  readonly followed: Config[] = [];
  readonly told: string[] = [];
  /** Thrown by the next `follow`. */
  failure: Error | undefined;
  /** What `follow` waits for. */
  gate: Promise<void> = Promise.resolve();
  readonly reload: SettingsReload;
  readonly #folder = mkdtempSync(join(tmpdir(), "reload-"));
  readonly #path = join(this.#folder, "box.env");
  readonly #environment: Readonly<Record<string, string>>;

  constructor(text: string, environment: Readonly<Record<string, string>> = {}) {
    this.#environment = environment;
    this.write(text);
    const loaded = this.#load();
    if (!loaded.ok) throw new Error("The settings cannot be used");
    const running = loaded.value.config;
    this.reload = new SettingsReload({ load: () => this.#load(), running, log: this.log });
  }

  write(...lines: readonly string[]): void {
    writeFileSync(this.#path, `${lines.join("\n")}\n`);
  }

  /** Starts, asks, and waits for the end of it. */
  async change(...lines: readonly string[]): Promise<void> {
    this.reload.start(this);
    this.write(...lines);
    this.reload.request();
    await this.settled();
  }

  async settled(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async follow(config: Config): Promise<void> {
    const { failure } = this;
    this.failure = undefined;
    await this.gate;
    if (failure !== undefined) throw failure;
    this.followed.push(config);
  }

  async reloading(): Promise<void> {
    this.told.push("reloading");
  }

  async reloaded(): Promise<void> {
    this.told.push("reloaded");
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  #load() {
    return loadConfig({ environment: this.#environment, settingsFile: this.#path });
  }
}

describe("SettingsReload", () => {
  test("takes over what changed, and tells the names of it alone", async () => {
    using bench = new Bench("SERVER_PORT=7005");
    await bench.change(
      "BIOMETRIC_WEBHOOK_URL=http://hris.test/in?key=hidden",
      `BIOMETRIC_WEBHOOK_SECRET=${SECRET}`,
    );
    expect(bench.followed).toHaveLength(1);
    expect(bench.followed[0]?.webhookSecret).toBe(SECRET);
    expect(bench.log.lines).toEqual([
      {
        level: "info",
        event: "settings.reloaded",
        fields: { changed: "BIOMETRIC_WEBHOOK_URL,BIOMETRIC_WEBHOOK_SECRET" },
        repeat: undefined,
      },
    ]);
    expect(bench.told).toEqual(["reloading", "reloaded"]);
    expect(bench.reload.notice).toBeUndefined();
  });

  test("also without a change has the server follow, for files that settings name may have", async () => {
    using bench = new Bench("LOG_LEVEL=info");
    await bench.change("LOG_LEVEL=info");
    expect(bench.followed).toHaveLength(1);
    expect(bench.log.of("settings.reloaded")[0]?.fields).toEqual({ changed: "none" });
  });

  test("names what needs a restart, at every reload until it is taken back", async () => {
    using bench = new Bench("SERVER_PORT=7005");
    await bench.change("SERVER_PORT=7006", "WEB_HOST=box.test", "LOG_LEVEL=debug");
    expect(bench.followed[0]).toMatchObject({ serverPort: 7005, webHost: "localhost" });
    expect(bench.log.lines).toMatchObject([
      {
        level: "warn",
        fields: { changed: "LOG_LEVEL", restart_needed: "SERVER_PORT,WEB_HOST" },
      },
    ]);
    expect(bench.reload.notice).toBe("a restart is needed for SERVER_PORT, WEB_HOST");
    await bench.change("SERVER_PORT=7006", "LOG_LEVEL=debug");
    expect(bench.log.lines[1]?.fields).toEqual({ changed: "none", restart_needed: "SERVER_PORT" });
    await bench.change("SERVER_PORT=7005");
    expect(bench.log.lines[2]?.fields).toEqual({ changed: "LOG_LEVEL" });
    expect(bench.reload.notice).toBeUndefined();
  });

  test("lets the environment win over the file", async () => {
    using bench = new Bench("LOG_LEVEL=info", { LOG_LEVEL: "warn" });
    await bench.change("LOG_LEVEL=debug");
    expect(bench.followed[0]?.logLevel).toBe("warn");
    expect(bench.log.of("settings.reloaded")[0]?.fields).toEqual({ changed: "none" });
  });

  test("tells names without effect", async () => {
    using bench = new Bench("LOG_LEVEL=info");
    await bench.change("LOG_LEVELS=debug");
    expect(bench.log.of("settings.ignored")[0]?.fields).toEqual({
      reason: "LOG_LEVELS is no setting and has no effect: did you mean LOG_LEVEL?",
    });
  });
});

describe("SettingsReload refuses, and the server stays as it was,", () => {
  let refused: readonly unknown[];
  beforeEach(() => {
    refused = [];
  });

  async function refuse(bench: Bench, ...lines: readonly string[]): Promise<void> {
    await bench.change(...lines);
    expect(bench.followed).toEqual([]);
    expect(bench.told).toEqual(["reloading", "reloaded"]);
    refused = bench.log.lines.map(({ level, event, fields }) => [level, event, fields]);
    expect(JSON.stringify([refused, bench.reload.notice])).not.toContain(SECRET);
  }

  test("a file with a wrong value, whatever else is in it", async () => {
    using bench = new Bench("LOG_LEVEL=info");
    await refuse(bench, `HRIS_API_SECRET_KEY=${SECRET}`, "BACKUP_KEEP=0", "LOG_LEVEL=loud");
    const problem = `"loud" for LOG_LEVEL cannot be used: wanted is one of "error", "warn", "info", "debug"`;
    expect(refused).toEqual([["error", "settings.refused", { problem, more: 1 }]]);
    expect(bench.reload.notice).toBe(`changed settings were refused: ${problem}`);
    await bench.change("LOG_LEVEL=warn");
    expect(bench.followed[0]?.logLevel).toBe("warn");
    expect(bench.reload.notice).toBeUndefined();
  });

  test("a line that is none", async () => {
    using bench = new Bench("LOG_LEVEL=info");
    await refuse(bench, `BIOMETRIC_WEBHOOK_SECRET "${SECRET}"`);
    expect(JSON.stringify(refused)).toContain("Line 1 of");
  });

  test("settings that only fit a port that a restart brings", async () => {
    using bench = new Bench("WEB_PORT=5050");
    await refuse(bench, "WEB_PORT=5051", "BIOMETRIC_WEBHOOK_URL=http://localhost:5050/in");
    expect(JSON.stringify(refused)).toMatch(
      /BIOMETRIC_WEBHOOK_URL cannot be used: it is a port of .*; or restart the server/,
    );
  });

  test("what the server cannot follow", async () => {
    using bench = new Bench("LOG_LEVEL=info");
    bench.failure = new AppError("storage-write-failed", "Cannot change the endpoint");
    await refuse(bench, "LOG_LEVEL=debug");
    expect(refused).toEqual([
      ["error", "settings.refused", { problem: "Cannot change the endpoint", more: undefined }],
    ]);
    await bench.change("LOG_LEVEL=debug");
    expect(bench.log.of("settings.reloaded")[0]?.fields).toEqual({ changed: "LOG_LEVEL" });
  });
});

describe("SettingsReload serves who asks", () => {
  test("before the start, once it is over", async () => {
    using bench = new Bench("LOG_LEVEL=info");
    bench.write("LOG_LEVEL=debug");
    bench.reload.request();
    bench.reload.request();
    await bench.settled();
    expect(bench.told).toEqual([]);
    bench.reload.start(bench);
    await bench.settled();
    expect(bench.followed.map(({ logLevel }) => logLevel)).toEqual(["debug"]);
  });

  test("during a reload with one more behind it, however many ask", async () => {
    using bench = new Bench("LOG_LEVEL=info");
    const gate = Promise.withResolvers<void>();
    bench.gate = gate.promise;
    await bench.change("LOG_LEVEL=debug");
    bench.write("LOG_LEVEL=warn");
    for (let count = 0; count < 5; count += 1) bench.reload.request();
    await bench.settled();
    expect(bench.told).toEqual(["reloading"]);
    gate.resolve();
    await bench.settled();
    expect(bench.followed.map(({ logLevel }) => logLevel)).toEqual(["debug", "warn"]);
    expect(bench.told).toEqual(["reloading", "reloaded", "reloading", "reloaded"]);
  });

  test("not any more once it is stopped, which waits for the one under way", async () => {
    using bench = new Bench("LOG_LEVEL=info");
    const gate = Promise.withResolvers<void>();
    bench.gate = gate.promise;
    await bench.change("LOG_LEVEL=debug");
    bench.reload.request();
    const order: string[] = [];
    const stopped = bench.reload.stop().then(() => order.push("stopped"));
    await bench.settled();
    expect(order).toEqual([]);
    gate.resolve();
    await stopped;
    bench.reload.request();
    await bench.settled();
    expect(bench.followed).toHaveLength(1);
    expect(bench.told).toEqual(["reloading", "reloaded"]);
  });
});
