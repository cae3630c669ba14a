/**
 * Aim: the unit file fits the program it starts, systemd understands every line of it, and the
 * service has hardly any rights. The last two need `systemd-analyze`.
 */

import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { EXIT_CODES } from "#cli/run.ts";
import { LIMITS } from "#config/limits.ts";
import { loadConfig } from "#config/load.ts";
import { COMMIT_LIMIT_MS } from "#maintenance/service-care.ts";

const UNIT_PATH = join(import.meta.dir, "../../systemd/biometric-server.service");
const UNIT = readFileSync(UNIT_PATH, "utf8");
const EXECUTABLE = "/usr/local/bin/biometric-server";
const KILL = "/bin/kill";

/** 0 is the best, 10 the worst; below 2.5 systemd itself calls a service "OK". */
const EXPOSURE_MAX = 1.6;
/** Keys that systemd of Debian 12 (252) does not know, skips, and tells of. */
const LATER_KEYS = /Unknown key (?:name )?'(?:RestartSteps|RestartMaxDelaySec)' in section/;

/** Open files that are no connection of a terminal: the database, clients of the API, webhooks. */
const FILES_BESIDE = 10_000;

const NO_SYSTEMD =
  Bun.which("systemd-analyze") === null ? "there is no systemd-analyze" : undefined;
if (NO_SYSTEMD !== undefined) console.log(`systemd's view of the unit is skipped: ${NO_SYSTEMD}`);

/** Every value of a key, in order. */
function valuesOf(key: string): readonly string[] {
  return [...UNIT.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value = ""]) => value);
}

describe("biometric-server.service", () => {
  test("starts the installed executable, and nothing else of /usr/local/bin", () => {
    expect(valuesOf("ExecStart")).toEqual([`${EXECUTABLE} serve`]);
    expect(valuesOf("NoExecPaths")).toEqual(["/"]);
    const [runnable = ""] = valuesOf("ExecPaths");
    expect(runnable.split(" ")).toContain(EXECUTABLE);
    expect(runnable.split(" ")).toContain("-/usr/bin/systemd-notify");
    expect(runnable).not.toMatch(/\/usr\/local\/bin(?:\s|$)/);
  });

  test("is ready when it says so, and restarted when its loop or a commit stands still", () => {
    expect(valuesOf("Type")).toEqual(["notify"]);
    // The program that tells is a child of the server.
    expect(valuesOf("NotifyAccess")).toEqual(["all"]);
    const [watchdogSeconds = 0] = valuesOf("WatchdogSec").map(Number);
    expect(watchdogSeconds * 1000).toBeGreaterThan(COMMIT_LIMIT_MS);
    expect(valuesOf("WatchdogSignal")).toEqual(["SIGKILL"]);
  });

  test("is told by a program that it may run to read its settings again", () => {
    expect(valuesOf("ExecReload")).toEqual([`${KILL} -HUP $MAINPID`]);
    const [runnable = ""] = valuesOf("ExecPaths");
    // Where /bin is a link, and where it is a folder.
    expect(runnable.split(" ")).toEqual(expect.arrayContaining([`-/usr${KILL}`, `-${KILL}`]));
  });

  test("is not started again when the settings are wrong, else always", () => {
    expect(valuesOf("Restart")).toEqual(["always"]);
    expect(valuesOf("RestartPreventExitStatus")).toEqual([String(EXIT_CODES.configuration)]);
    expect(valuesOf("StartLimitIntervalSec")).toEqual(["0"]);
  });

  test("keeps the variables away that turn the executable into another program", () => {
    const [kept = ""] = valuesOf("UnsetEnvironment");
    expect(kept.split(" ").sort()).toEqual(["BUN_BE_BUN", "BUN_OPTIONS"]);
  });

  test("has the data and the control socket in folders of the server's user alone", () => {
    expect(valuesOf("User")).toEqual(["biometric-server"]);
    expect(valuesOf("Group")).toEqual(["biometric-server"]);
    expect(valuesOf("StateDirectory")).toEqual(["biometric-server"]);
    expect(valuesOf("StateDirectoryMode")).toEqual(["0700"]);
    expect(valuesOf("RuntimeDirectory")).toEqual(["biometric-server"]);
    expect(valuesOf("RuntimeDirectoryMode")).toEqual(["0700"]);
    expect(valuesOf("UMask")).toEqual(["0077"]);
  });

  test("gives the server its folders by what systemd makes of StateDirectory and RuntimeDirectory", () => {
    const environment = {
      STATE_DIRECTORY: `/var/lib/${valuesOf("StateDirectory")}`,
      RUNTIME_DIRECTORY: `/run/${valuesOf("RuntimeDirectory")}`,
    };
    expect(loadConfig({ environment, settingsFile: "/dev/null" })).toMatchObject({
      ok: true,
      value: {
        config: { dataDir: "/var/lib/biometric-server" },
        // The place where the verbs of root look for it, see src/cli/control-client.ts.
        controlSocketPath: "/run/biometric-server/control.sock",
      },
    });
  });

  test("allows more open files than there may ever be connections", () => {
    const [filesMax = 0] = valuesOf("LimitNOFILE").map(Number);
    const { deviceConnectionsMax: connectionsMax } = LIMITS;
    expect(connectionsMax.parse("50000")).toBe(50_000);
    expect(connectionsMax.parse(String(filesMax - FILES_BESIDE))).toBeUndefined();
  });

  test("lets the server ask for the box's own addresses, which goes by AF_NETLINK", () => {
    const [families = ""] = valuesOf("RestrictAddressFamilies");
    expect(families.split(" ").sort()).toEqual(["AF_INET", "AF_INET6", "AF_NETLINK", "AF_UNIX"]);
  });

  test("allows memory that is written and then run, which the compiler of the runtime needs", () => {
    expect(valuesOf("MemoryDenyWriteExecute")).toEqual([]);
  });
});

describe.skipIf(NO_SYSTEMD !== undefined)("systemd", () => {
  test("understands every line of the unit", async () => {
    const report = await verify(UNIT);
    expect(report.filter((line) => !LATER_KEYS.test(line))).toEqual([]);
  });

  test("would tell of a line that it does not understand", async () => {
    const report = await verify(UNIT.replace("ProtectClock=yes", "ProtectClocks=yes"));
    expect(report.join("\n")).toContain("Unknown key");
    expect(report.join("\n")).toContain("ProtectClocks");
  });

  test(`scores the service at ${EXPOSURE_MAX} of 10 or less`, async () => {
    const { exitCode, text } = await analyze("security", "--offline=true", UNIT_PATH);
    const [, score] = /Overall exposure level for \S+: (\d+\.\d+)/.exec(text) ?? [];
    expect([exitCode, score]).toEqual([0, expect.any(String)]);
    expect(Number(score)).toBeLessThanOrEqual(EXPOSURE_MAX);
  });
});

/**
 * What systemd says of the unit, line by line, in a root of its own where the executable is
 * installed and only the targets exist that every service needs.
 */
async function verify(unit: string): Promise<readonly string[]> {
  const root = mkdtempSync(join(tmpdir(), "biometric-unit-"));
  try {
    const units = join(root, "etc/systemd/system");
    mkdirSync(units, { recursive: true });
    for (const target of ["sysinit", "basic", "shutdown"]) {
      writeFileSync(join(units, `${target}.target`), `[Unit]\nDescription=${target}\n`);
    }
    writeFileSync(join(units, "biometric-server.service"), unit);
    for (const program of [EXECUTABLE, KILL]) {
      mkdirSync(join(root, dirname(program)), { recursive: true });
      writeFileSync(join(root, program), "");
      chmodSync(join(root, program), 0o755);
    }
    const { text } = await analyze(`--root=${root}`, "verify", "biometric-server.service");
    return text.split("\n").filter((line) => line !== "");
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function analyze(...argv: readonly string[]): Promise<{ exitCode: number; text: string }> {
  const run = Bun.spawn(["systemd-analyze", ...argv], {
    env: { ...process.env, LC_ALL: "C", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, error, exitCode] = await Promise.all([
    run.stdout.text(),
    run.stderr.text(),
    run.exited,
  ]);
  return { exitCode, text: out + error };
}
