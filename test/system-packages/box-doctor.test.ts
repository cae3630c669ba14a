/**
 * Aim: `doctor` finds nothing wrong with an installed service, as root and as anybody, and names what
 * is changed about it, each with its command; that command mends it.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { NO_SYSTEM_PACKAGES } from "./availability.ts";
import { bootMachine, type Machine } from "./container.ts";

if (NO_SYSTEM_PACKAGES !== undefined) {
  console.log(`doctor on a machine with systemd is skipped: ${NO_SYSTEM_PACKAGES}`);
}

const SETTINGS = "/etc/biometric-server/biometric-server.env";
const UNIT = "/etc/systemd/system/biometric-server.service";
const DATA = "/var/lib/biometric-server";
const TIME_MARK = "/run/systemd/timesync";

let machine: Machine;
beforeAll(async () => {
  if (NO_SYSTEM_PACKAGES !== undefined) return;
  machine = await bootMachine();
  await machine.text("/root/biometric-server", "install", "--no-wait");
  // What the time service makes once it has the time.
  await machine.text("mkdir", "-p", TIME_MARK);
  await machine.text("touch", `${TIME_MARK}/synchronized`);
}, 300_000);
afterAll(async () => {
  if (NO_SYSTEM_PACKAGES === undefined) await machine[Symbol.asyncDispose]();
});

const testOnMachine = test.skipIf(NO_SYSTEM_PACKAGES !== undefined);

interface Found {
  readonly check: string;
  readonly state: string;
  readonly found: string;
  readonly fix?: string;
}

/** How it ends, and what it finds wrong, as `state: fix` by check. */
async function examine(...before: readonly string[]) {
  const argv = [...before, "/usr/local/bin/biometric-server", "doctor", "--json"];
  const { exitCode, out, error } = await machine.run(...argv);
  if (out === "") throw new Error(error);
  const shown: { groups: { findings: Found[] }[] } = JSON.parse(out);
  const findings = shown.groups.flatMap((group) => group.findings);
  const wrong = findings.filter(({ state }) => state === "fault" || state === "warning");
  const troubles = wrong.map(({ check, state, fix }) => [check, `${state}: ${fix}`]);
  return { exitCode, findings, troubles: Object.fromEntries(troubles) };
}

async function expectWell(): Promise<void> {
  await eventually("the server trusts its clock", async () => {
    return (await machine.text("biometric-server", "clock")).includes("NTP is synchronised");
  });
  const { exitCode, troubles } = await examine();
  expect([exitCode, troubles]).toEqual([0, {}]);
}

testOnMachine("a service as it was installed is well, and each check was made", async () => {
  await expectWell();
  const { findings } = await examine();
  const skipped = findings.filter(({ state }) => state === "skipped").map(({ check }) => check);
  // The machine has no firewall.
  expect(skipped).toEqual(["terminal-port-firewall", "web-port-firewall"]);
  expect(await machine.text("biometric-server", "doctor")).toMatch(
    /\n\nAll is well: \d+ ok, 2 skip/,
  );
});

testOnMachine("another user is told what only root sees, and nothing wrong", async () => {
  const { exitCode, findings, troubles } = await examine(
    "setpriv",
    "--reuid=65534",
    "--clear-groups",
  );
  expect([exitCode, troubles]).toEqual([0, {}]);
  const asked = findings.filter(({ fix }) => fix === "sudo biometric-server doctor");
  const checks = asked.map(({ check }) => check);
  expect(checks).toContain("server");
  expect(checks).toContain("settings");
  expect(checks).toContain("database");
});

testOnMachine("a service that does not start with the machine is mended as told", async () => {
  await machine.text("systemctl", "disable", "--quiet", "biometric-server");
  expect(await examine()).toMatchObject({
    exitCode: 3,
    troubles: { "service-enabled": "fault: systemctl enable biometric-server" },
  });
  await machine.text("systemctl", "enable", "--quiet", "biometric-server");
  await expectWell();
});

testOnMachine("a unit that was changed is mended as told", async () => {
  const text = await machine.text("cat", UNIT);
  machine.write(UNIT, `${text}\n# by hand\n`);
  expect((await examine()).troubles["service-unit"]).toStartWith(
    "warning: systemctl daemon-reload",
  );
  await machine.text("systemctl", "daemon-reload");
  expect((await examine()).troubles["service-unit"]).toStartWith(
    "warning: sudo biometric-server install",
  );
  await machine.text("biometric-server", "install", "--no-wait");
  await expectWell();
});

testOnMachine("settings that others read, or that the server does not use yet", async () => {
  const text = await machine.text("cat", SETTINGS);
  await machine.text("sh", "-c", `echo HRIS_TOKEN_EXPIRY_HOURS=12 >> ${SETTINGS}`);
  const { troubles } = await examine();
  expect(troubles).toEqual({ "settings-in-use": "warning: systemctl reload biometric-server" });
  await machine.text("systemctl", "reload", "biometric-server");
  await eventually("the server uses them", async () => {
    return (await examine()).troubles["settings-in-use"] === undefined;
  });
  await machine.text("chown", "root:root", SETTINGS);
  expect((await examine()).troubles).toEqual({
    "settings-rights": `fault: chown root:biometric-server "${SETTINGS}" && chmod 640 "${SETTINGS}"`,
  });
  await machine.text("chown", "root:biometric-server", SETTINGS);
  await machine.text("sh", "-c", `cat > ${SETTINGS} <<'END'\n${text}\nEND`);
  await machine.text("systemctl", "restart", "biometric-server");
  await expectWell();
});

testOnMachine("a file of the data that root has made its own", async () => {
  await machine.text("chown", "root", `${DATA}/secrets/token-signing-key`);
  expect((await examine()).troubles).toEqual({
    "data-owner": `fault: chown -R biometric-server:biometric-server "${DATA}"`,
  });
  await machine.text("chown", "-R", "biometric-server:biometric-server", DATA);
  await expectWell();
});

testOnMachine("a process that was killed, and a service that is stopped", async () => {
  await machine.text("kill", "-9", await machine.property("MainPID"));
  await eventually("the next process is well, and that it is the next is told", async () => {
    return Object.keys((await examine()).troubles).join() === "service-restarts";
  });
  await machine.text("systemctl", "stop", "biometric-server");
  const start = "systemctl start biometric-server";
  expect((await examine()).troubles).toEqual({
    server: `fault: ${start}`,
    service: `fault: journalctl -u biometric-server -n 50, then: ${start}`,
    "terminal-port": `fault: ${start}`,
    "web-port": `fault: ${start}`,
  });
  await machine.text("systemctl", "start", "biometric-server");
  await expectWell();
});
