/**
 * Aim: one file and one verb put the server on a machine with systemd, or say in one line why not and
 * change nothing; what runs then survives restarts under load and a frozen process, and goes again.
 */

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { NO_SYSTEM_PACKAGES } from "./availability.ts";
import { bootMachine, type Machine } from "./container.ts";

if (NO_SYSTEM_PACKAGES !== undefined) {
  console.log(`installing on a machine with systemd is skipped: ${NO_SYSTEM_PACKAGES}`);
}

const FILE = "/root/biometric-server";
const DATA = "/var/lib/biometric-server";
const SETTINGS = "/etc/biometric-server/biometric-server.env";
const UNIT = "/etc/systemd/system/biometric-server.service";
const INSTALLED = "/usr/local/bin/biometric-server";
const CLEAN_CHANGES = [
  "make user and group biometric-server",
  `write ${SETTINGS} (with fresh secrets)`,
  `copy this file to ${INSTALLED}`,
  `write ${UNIT}`,
  "let biometric-server.service start with the machine",
  "start biometric-server.service and wait until it is ready",
];

let machine: Machine;
beforeAll(async () => {
  if (NO_SYSTEM_PACKAGES === undefined) machine = await bootMachine();
}, 300_000);
afterAll(async () => {
  if (NO_SYSTEM_PACKAGES === undefined) await machine[Symbol.asyncDispose]();
});

const testOnMachine = test.skipIf(NO_SYSTEM_PACKAGES !== undefined);

/** Nothing of the server is anywhere. */
function expectUntouched(): void {
  const places = [INSTALLED, UNIT, "/etc/biometric-server", "/usr/local/lib/biometric-server"];
  expect(places.filter((path) => existsSync(machine.path(path)))).toEqual([]);
  expect(readdirSync(machine.path("/usr/local/bin"))).toEqual([]);
}

async function expectRefusal(line: RegExp | string, ...argv: readonly string[]): Promise<void> {
  const { exitCode, out, error } = await machine.run(...argv);
  expect([exitCode, out]).toEqual([1, ""]);
  expect(error.trimEnd().split("\n")).toHaveLength(1);
  expect(error).toMatch(line);
}

describe("install refuses in one line, and changes nothing", () => {
  testOnMachine("for somebody who is not root", async () => {
    const [nobody, folder] = [["--reuid=65534", "--clear-groups"], machine.path("/root")];
    mkdirSync(machine.path("/srv"), { recursive: true });
    machine.put(`${folder}/biometric-server`, "/srv/biometric-server");
    await expectRefusal(
      /^error: Cannot install: it takes root: run it with sudo/,
      "setpriv",
      ...nobody,
      "/srv/biometric-server",
      "install",
    );
    expectUntouched();
  });

  testOnMachine("while another program has a port", async () => {
    const holder = machine.start("systemd-socket-activate", "-l", "7005", "sleep", "60");
    await eventually("the port is taken", async () =>
      (await machine.text("ss", "-ltn")).includes(":7005"),
    );
    await expectRefusal(
      /port 7005 is taken by systemd-socket.* \(process \d+\): stop/,
      FILE,
      "install",
    );
    await machine.run("pkill", "systemd-socket");
    await holder.exited;
    expectUntouched();
  });

  testOnMachine("when the clock was never set", async () => {
    const past = ["faketime", "2001-02-03 04:05:06"];
    await expectRefusal(/the clock shows 2001-02-03 04:05 UTC: set it/, ...past, FILE, "install");
    expectUntouched();
  });

  testOnMachine("when there is no room", async () => {
    await machine.text("mount", "-t", "tmpfs", "-o", "size=64M", "tmpfs", "/usr/local/bin");
    await expectRefusal(
      /"\/usr\/local\/bin" has 64 MB free and needs 300 MB: make room/,
      FILE,
      "install",
    );
    await machine.text("umount", "/usr/local/bin");
    expectUntouched();
  });

  testOnMachine("when the data are a newer version's, or no data of ours", async () => {
    const path = machine.path(`${DATA}/biometric.db`);
    mkdirSync(machine.path(DATA));
    {
      using database = new Database(path, { create: true });
      database.run("CREATE TABLE schema_migrations (min_reader INTEGER)");
      database.run("INSERT INTO schema_migrations VALUES (9000)");
    }
    await expectRefusal(
      /needs an executable that knows schema 9000, .*: take the newer file/,
      FILE,
      "install",
    );
    writeFileSync(path, "nothing of ours");
    const { exitCode, error } = await machine.run(FILE, "install");
    expect([exitCode, error.split("\n")[0]]).toEqual([
      1,
      expect.stringMatching(/Cannot read database .*SQLITE_NOTADB/),
    ]);
    rmSync(machine.path(DATA), { recursive: true });
    expectUntouched();
  });

  testOnMachine("where a service of another program has the name", async () => {
    machine.write(UNIT, "[Service]\nExecStart=/bin/sleep 1000\n");
    await machine.text("systemctl", "daemon-reload");
    await expectRefusal(
      /is a service of another program \(\/bin\/sleep 1000\): remove or rename it/,
      FILE,
      "install",
    );
    rmSync(machine.path(UNIT));
    await machine.text("systemctl", "daemon-reload");
    expectUntouched();
  });
});

describe("install", () => {
  testOnMachine("lists every change of a dry run and makes none", async () => {
    const lines = (await machine.text(FILE, "install", "--dry-run")).split("\n");
    expect(lines.map((line) => line.trim()).slice(1)).toEqual(CLEAN_CHANGES);
    expectUntouched();
  });

  testOnMachine(
    "undoes what it did when the service does not come up, and shows its log",
    async () => {
      // In the way of the service's folder.
      await machine.text("touch", "/run/biometric-server");
      const { exitCode, error } = await machine.run(FILE, "install");
      expect(exitCode).toBe(1);
      expect(error).toStartWith("error: The service does not come up\nhint: Its last lines");
      await machine.text("rm", "-f", "/run/biometric-server");
      expect((await machine.run("getent", "passwd", "biometric-server")).exitCode).toBe(2);
      expectUntouched();
    },
  );

  testOnMachine("makes everything, from the single file, and nothing the second time", async () => {
    const lines = (await machine.text(FILE, "install")).split("\n");
    expect(lines.slice(0, CLEAN_CHANGES.length)).toEqual(CLEAN_CHANGES);
    expect(lines.find((line) => line.includes("7005"))).toBeDefined();
    const modes = [SETTINGS, "/etc/biometric-server", INSTALLED, UNIT, DATA].map((path) =>
      machine.text("stat", "-c", "%a %U:%G", path),
    );
    expect(await Promise.all(modes)).toEqual([
      "640 root:biometric-server",
      "750 root:biometric-server",
      "755 root:root",
      "644 root:root",
      "700 biometric-server:biometric-server",
    ]);
    expect(await machine.text("systemctl", "is-enabled", "biometric-server")).toBe("enabled");
    const pid = await machine.property("MainPID");
    expect(await machine.text(FILE, "install")).toMatch(
      /^Nothing to change: .* is installed and runs$/,
    );
    expect(await machine.property("MainPID")).toBe(pid);
  });

  testOnMachine("leaves a service that keeps a first punch, and says so in one line", async () => {
    const sent = await machine.text("biometric-server", "simulate", "--punches", "1");
    expect(sent).toMatch(/acknowledged +1/);
    expect(machine.keptPunches()).toHaveLength(1);
    await machine.text("systemctl", "restart", "biometric-server");
    expect(await machine.property("StatusText")).toMatch(
      /^1 terminal in use, [01] punch(?:es)? today, 0 deliveries waiting$/,
    );
    expect(await machine.text("biometric-server", "status")).toContain("SIM0001");
  });

  testOnMachine("leaves nothing to be warned of in the journal", async () => {
    const warnings = ["-p", "warning", "-u", "biometric-server", "-o", "cat", "--no-pager"];
    // The starts that this test made fail are not the service's own.
    const own = await machine.text("journalctl", ...warnings, "_COMM=biometric-serve");
    expect(own).toBe("");
  });

  testOnMachine("leaves the installed file alone when it is another one", async () => {
    machine.put(machine.path(FILE), "/root/other");
    await machine.text("sh", "-c", "echo >> /root/other");
    await expectRefusal(
      /is another version: run biometric-server upgrade "\/root\/other"/,
      "/root/other",
      "install",
    );
  });
});

describe("the service", () => {
  testOnMachine("loses and doubles nothing over restarts under load", async () => {
    const before = machine.keptPunches().length;
    const load = machine.start(
      ...["biometric-server", "simulate", "--terminals", "10", "--punches", "400"],
      ...["--device-prefix", "LOAD", "--attempts", "100"],
    );
    for (let restart = 1; restart <= 3; restart += 1) {
      await eventually(
        "more punches are kept",
        () => machine.keptPunches().length > before + restart * 300,
      );
      await machine.text("systemctl", "restart", "biometric-server");
    }
    expect(await load.stdout.text()).toMatch(/unacknowledged +0\n/);
    const kept = machine.keptPunches().slice(before);
    expect(kept).toHaveLength(4000);
    expect(new Set(kept.map((punch) => JSON.stringify(punch))).size).toBe(4000);
  });

  testOnMachine("is started again by the watchdog when its process is frozen", async () => {
    machine.write(`${UNIT}.d/short.conf`, "[Service]\nWatchdogSec=3\n");
    await machine.text("systemctl", "daemon-reload");
    await machine.text("systemctl", "restart", "biometric-server");
    const pid = await machine.property("MainPID");
    await Bun.sleep(4_000);
    expect(await machine.property("MainPID")).toBe(pid);
    await machine.text("kill", "-STOP", pid);
    await eventually("another process runs", async () => {
      const now = await machine.property("MainPID");
      return now !== pid && now !== "0" && (await machine.property("ActiveState")) === "active";
    });
    expect(await machine.property("NRestarts")).toBe("1");
    rmSync(machine.path(`${UNIT}.d`), { recursive: true });
    await machine.text("systemctl", "daemon-reload");
    await machine.text("systemctl", "restart", "biometric-server");
  });

  testOnMachine(
    "reads its settings again when it is told to, and says what came of it",
    async () => {
      const [text, pid] = [await machine.text("cat", SETTINGS), await machine.property("MainPID")];
      const reload = async (more: string, status: RegExp): Promise<void> => {
        writeFileSync(machine.path(SETTINGS), `${text}\n${more}\n`);
        await machine.text("systemctl", "reload", "biometric-server");
        await eventually(`the status ${status}`, async () =>
          status.test(await machine.property("StatusText")),
        );
        expect(await machine.property("ActiveState")).toBe("active");
      };
      await reload(
        "SERVER_PORT=7006\nBACKUP_KEEP=4",
        / waiting; a restart is needed for SERVER_PORT$/,
      );
      await reload(
        "BACKUP_KEEP=none",
        / waiting; changed settings were refused: "none" for BACKUP_/,
      );
      await reload("", / waiting$/);
      expect(await machine.property("MainPID")).toBe(pid);
      const lines = await machine.text("journalctl", "-u", "biometric-server", "-o", "cat");
      expect(lines.split("\n").filter((line) => line.startsWith("settings."))).toEqual([
        "settings.reloaded changed=BACKUP_KEEP restart_needed=SERVER_PORT",
        expect.stringMatching(
          /^settings\.refused problem="\\"none\\" for BACKUP_KEEP cannot be used/,
        ),
        "settings.reloaded changed=BACKUP_KEEP",
      ]);
    },
  );

  testOnMachine("is not started again and again with wrong settings", async () => {
    const text = await machine.text("cat", SETTINGS);
    writeFileSync(machine.path(SETTINGS), `${text}\nWEB_PORT=none\n`);
    expect((await machine.run("systemctl", "restart", "biometric-server")).exitCode).toBe(1);
    expect(await machine.property("ActiveState")).toBe("failed");
    expect(await machine.property("ExecMainStatus")).toBe("78");
    const errors = ["-p", "err", "-u", "biometric-server", "-o", "cat", "--no-pager"];
    const told = await machine.text("journalctl", ...errors, "_COMM=biometric-serve");
    expect(told).toMatch(/^error: .*"none" for WEB_PORT/m);
    writeFileSync(machine.path(SETTINGS), text);
    await machine.text("systemctl", "restart", "biometric-server");
  });

  testOnMachine("stops in order", async () => {
    await machine.text("systemctl", "stop", "biometric-server");
    expect(await machine.property("Result")).toBe("success");
    expect(
      statSync(machine.path(`${DATA}/biometric.db-wal`), { throwIfNoEntry: false })?.size ?? 0,
    ).toBe(0);
    await machine.text("systemctl", "start", "biometric-server");
  });
});

describe("uninstall", () => {
  testOnMachine("keeps data and settings, with which another install goes on", async () => {
    const [before, settings] = [machine.keptPunches().length, await machine.text("cat", SETTINGS)];
    expect(await machine.text("biometric-server", "uninstall")).toEndWith(
      "Removed; data and settings stay",
    );
    expect(existsSync(machine.path(INSTALLED))).toBe(false);
    expect(existsSync(machine.path(UNIT))).toBe(false);
    await machine.text(FILE, "install");
    expect(machine.keptPunches()).toHaveLength(before);
    expect(await machine.text("cat", SETTINGS)).toBe(settings);
  });

  testOnMachine("--purge asks, and leaves nothing", async () => {
    const { exitCode, error } = await machine.run("biometric-server", "uninstall", "--purge");
    expect([exitCode, error]).toEqual([
      1,
      "error: Cannot purge without a yes: nothing was changed\nhint: Type purge when asked, or give --yes\n",
    ]);
    await machine.text("biometric-server", "uninstall", "--purge", "--yes");
    expect(existsSync(machine.path(DATA))).toBe(false);
    expect((await machine.run("getent", "passwd", "biometric-server")).exitCode).toBe(2);
    expectUntouched();
    expect(await machine.text(FILE, "uninstall")).toBe("Nothing to remove");
  });
});
