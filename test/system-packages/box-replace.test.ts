/**
 * Aim: this server takes the place of a Python server with its settings and its data, and gives it
 * back: when told to, and by itself when it does not come up.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { OriginalFile } from "../support/original-database.ts";
import { NO_SYSTEM_PACKAGES } from "./availability.ts";
import { bootMachine, type Machine } from "./container.ts";

if (NO_SYSTEM_PACKAGES !== undefined) {
  console.log(`taking the place of the Python server is skipped: ${NO_SYSTEM_PACKAGES}`);
}

const FILE = "/root/biometric-server";
const UNIT = "/etc/systemd/system/biometric-server.service";
const SETTINGS = "/etc/biometric-server/biometric-server.env";
const SECRET = "the secret # of the HRIS";
/** Stands in for the Python server: it only has to run. */
const OLD_UNIT = `[Unit]
After=network.target
[Service]
WorkingDirectory=/srv/old
Environment=WEB_PORT=5055
ExecStart=/usr/bin/python3 /srv/old/server.py
Restart=always
[Install]
WantedBy=multi-user.target
`;

let machine: Machine;
beforeAll(async () => {
  if (NO_SYSTEM_PACKAGES !== undefined) return;
  machine = await bootMachine();
  mkdirSync(machine.path("/srv/old"), { recursive: true });
  machine.write("/srv/old/server.py", "import time\ntime.sleep(100000)\n");
  machine.write("/srv/old/.env", `HRIS_API_SECRET_KEY="${SECRET}"\nBIOMETRIC_WEBHOOK_SECRET=w\n`);
  using database = new OriginalFile(machine.path("/srv/old/biometric.db"));
  for (let minute = 10; minute < 50; minute += 1) {
    database.addLog({ device_id: "2401058352", user_id: 7, timestamp: `2025010208${minute}00` });
  }
  machine.write(UNIT, OLD_UNIT);
  await machine.text("systemctl", "daemon-reload");
  await machine.text("systemctl", "enable", "--now", "biometric-server");
}, 300_000);
afterAll(async () => {
  if (NO_SYSTEM_PACKAGES === undefined) await machine[Symbol.asyncDispose]();
});

const testOnMachine = test.skipIf(NO_SYSTEM_PACKAGES !== undefined);

async function asides(): Promise<readonly string[]> {
  const names = await machine.text("ls", "/etc/systemd/system");
  return names.split("\n").filter((name) => name.includes(".before-"));
}

async function expectPythonRuns(): Promise<void> {
  expect(await machine.property("ActiveState")).toBe("active");
  expect(await machine.property("ExecStart")).toContain("python3 /srv/old/server.py");
  expect(await machine.text("systemctl", "is-enabled", "biometric-server")).toBe("enabled");
  expect(await machine.text("cat", UNIT)).toBe(OLD_UNIT.trim());
  expect(await asides()).toEqual([]);
}

describe("install over a Python server", () => {
  testOnMachine("refuses without --replace and names the steps", async () => {
    const { exitCode, error } = await machine.run(FILE, "install");
    expect(exitCode).toBe(1);
    expect(error.trimEnd().split("\n")).toHaveLength(1);
    expect(error).toMatch(
      /starts a Python server \(.*\): run install --replace, which stops it, keeps/,
    );
    await expectPythonRuns();
  });

  testOnMachine("--replace --dry-run lists every step and makes none", async () => {
    const out = await machine.text(FILE, "install", "--replace", "--dry-run");
    expect(out).toMatch(/stop the Python server/);
    expect(out).toMatch(/keep .*\.service as .*\.service\.before-\d{4}-\d\d-\d\d/);
    expect(out).toMatch(/import \/srv\/old\/biometric\.db$/);
    await expectPythonRuns();
    expect(existsSync(machine.path(SETTINGS))).toBe(false);
  });

  testOnMachine("--replace gives the place back when this server does not come up", async () => {
    await machine.text("touch", "/run/biometric-server");
    const { exitCode, error } = await machine.run(FILE, "install", "--replace");
    expect([exitCode, error.split("\n")[0]]).toEqual([1, "error: The service does not come up"]);
    await machine.text("rm", "-f", "/run/biometric-server");
    await expectPythonRuns();
    expect(existsSync(machine.path("/usr/local/bin/biometric-server"))).toBe(false);
    expect(existsSync(machine.path("/etc/biometric-server"))).toBe(false);
  });

  testOnMachine("--replace takes its settings and its punches", async () => {
    const out = await machine.text(FILE, "install", "--replace");
    expect(out).toMatch(/biometric-server .* is installed and ready/);
    const kept = machine.keptPunches();
    expect([kept.length, kept[0]]).toEqual([
      40,
      { device: "2401058352", user: "7", wallTime: "20250102081000" },
    ]);
    const settings = await machine.text("cat", SETTINGS);
    expect(settings).toContain(`HRIS_API_SECRET_KEY="${SECRET}"`);
    expect(settings).toContain("WEB_PORT=5055");
    expect(await machine.text("ss", "-ltn")).toContain(":5055");
    expect(await asides()).toHaveLength(1);
    expect(await machine.text("systemctl", "is-enabled", "biometric-server")).toBe("enabled");
    expect(await machine.text(FILE, "install", "--replace")).toMatch(/^Nothing to change/);
  });
});

describe("uninstall --restore-previous", () => {
  testOnMachine("lets the Python server run again and keeps the data", async () => {
    await machine.text("biometric-server", "uninstall", "--restore-previous");
    await expectPythonRuns();
    expect(machine.keptPunches()).toHaveLength(40);
    const again = await machine.run(FILE, "uninstall", "--restore-previous");
    expect(again.exitCode).toBe(1);
    expect(again.error).toMatch(/is a service of another program: it is not for this verb/);
  });
});
