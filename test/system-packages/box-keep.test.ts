/**
 * Aim: on a machine with systemd the operator's files are right: a backup is made beside the service
 * and by itself, a restore puts it back for the service's own user, and a disk that is full under the
 * service costs nothing that was acknowledged, also across a restart.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { NO_SYSTEM_PACKAGES } from "./availability.ts";
import { bootMachine, type KeptPunch, type Machine } from "./container.ts";

if (NO_SYSTEM_PACKAGES !== undefined) {
  console.log(`keeping data on a machine with systemd is skipped: ${NO_SYSTEM_PACKAGES}`);
}

const DATA = "/var/lib/biometric-server";
const DISK_MEGABYTES = 256;
const LIMIT_MS = 240_000;

let machine: Machine;
beforeAll(async () => {
  if (NO_SYSTEM_PACKAGES !== undefined) return;
  machine = await bootMachine();
  // A disk of its own, small enough to be filled.
  await machine.text("mkdir", "-p", DATA);
  await machine.text(
    ...["mount", "-t", "tmpfs", "-o", `size=${DISK_MEGABYTES}M,mode=0700`, "tmpfs", DATA],
  );
  await machine.text("/root/biometric-server", "install");
}, 300_000);
afterAll(async () => {
  if (NO_SYSTEM_PACKAGES === undefined) await machine[Symbol.asyncDispose]();
});

const testOnMachine = test.skipIf(NO_SYSTEM_PACKAGES !== undefined);

/** So many punches of one terminal; all of them are acknowledged. */
async function send(prefix: string, punches: number): Promise<void> {
  const sent = await machine.text(
    ...["biometric-server", "simulate", "--terminals", "1", "--punches", String(punches)],
    ...["--device-prefix", prefix, "--attempts", "20"],
  );
  expect(sent).toMatch(/unacknowledged +0\n/);
}

/** As the service itself reads them: the disk is only there inside. */
async function keptPunches(): Promise<readonly KeptPunch[]> {
  const lines = await machine.text("biometric-server", "export", "--format", "ndjson");
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { device_id: device, user_id: user, wall_time: wallTime } = JSON.parse(line);
      return { device, user, wallTime };
    });
}

const devicesOf = (punches: readonly KeptPunch[]) =>
  [...new Set(punches.map(({ device }) => device))].toSorted();

async function ownersOf(...paths: readonly string[]): Promise<readonly string[]> {
  return (await machine.text("stat", "-c", "%a %U:%G", ...paths)).split("\n");
}

describe("backup and restore", () => {
  testOnMachine(
    "put back what the backup holds, for the service's user, and keep what was there",
    async () => {
      await send("OLD", 20);
      const made = await machine.text("biometric-server", "backup", "--to", "/root/box.backup");
      expect(made).toMatch(/^Made "\/root\/box\.backup" \([\d.]+ MB, checked, with secrets/);
      expect(await ownersOf("/root/box.backup")).toEqual(["600 root:root"]);
      await machine.text("biometric-server", "backup");
      const [own = ""] = (await machine.text("ls", `${DATA}/backups`)).split("\n");
      expect(own).toMatch(/^biometric-.*/);
      expect(await ownersOf(`${DATA}/backups/${own}`)).toEqual([
        "600 biometric-server:biometric-server",
      ]);
      await send("NEW", 5);

      const running = await machine.run("biometric-server", "restore", "/root/box.backup");
      expect(running.exitCode).toBe(1);
      expect(running.error).toMatch(/^error: .*\nhint: .*systemctl stop biometric-server/);
      expect(await keptPunches()).toHaveLength(25);

      const dryRun = await machine.text(
        ...["biometric-server", "restore", "--dry-run", "/root/box.backup"],
      );
      expect(dryRun).toContain("20");
      await machine.text("systemctl", "stop", "biometric-server");
      await machine.text("biometric-server", "restore", "/root/box.backup");
      const names = (await machine.text("ls", DATA)).split("\n");
      expect(names.filter((name) => name.startsWith("replaced-"))).toHaveLength(1);
      expect(await machine.text("find", DATA, "!", "-user", "biometric-server")).toBe("");
      expect(await machine.text("find", DATA, "-perm", "/077")).toBe("");
      await machine.text("systemctl", "start", "biometric-server");
      const kept = await keptPunches();
      expect([kept.length, devicesOf(kept)]).toEqual([20, ["OLD0001"]]);
      await send("NEXT", 1);
      expect(await keptPunches()).toHaveLength(21);
    },
    LIMIT_MS,
  );
});

describe("a full disk under the service", () => {
  const fill = () =>
    machine.run("sh", "-c", `cat /dev/zero > ${DATA}/filler; cat /dev/zero >> ${DATA}/filler`);

  /** Sends until one is not acknowledged; every one that was is kept, whatever happens then. */
  async function sendInVain(prefix: string): Promise<number> {
    const { out } = await machine.run(
      ...["biometric-server", "simulate", "--terminals", "4", "--punches", "200"],
      ...["--device-prefix", prefix, "--attempts", "1"],
    );
    expect(out).toMatch(/unacknowledged +[1-9]/);
    return Number(/^acknowledged +(\d+)$/m.exec(out)?.[1]);
  }

  testOnMachine(
    "acknowledges nothing that is not kept, and goes on by itself, also behind a restart",
    async () => {
      const before = (await keptPunches()).length;
      await fill();
      const acknowledged = await sendInVain("FULL");
      expect(await machine.property("ActiveState")).toBe("active");
      await eventually("systemctl tells it", async () =>
        (await machine.property("StatusText")).includes("FULL"),
      );
      const kept = (await keptPunches()).length - before;
      expect(kept).toBeGreaterThanOrEqual(acknowledged);

      // A restart on the full disk: what was given up is taken, too.
      await fill();
      await machine.text("systemctl", "restart", "biometric-server");
      expect((await machine.run("biometric-server", "status")).out).toMatch(/^disk +FULL/m);
      expect((await keptPunches()).length - before).toBe(kept);
      await sendInVain("AGAIN");

      await machine.text("rm", `${DATA}/filler`);
      await eventually("punches are taken again", async () => {
        const { out } = await machine.run(
          ...["biometric-server", "simulate", "--punches", "1", "--device-prefix", "BACK"],
        );
        return /^acknowledged +1$/m.test(out);
      });
      expect(await machine.property("NRestarts")).toBe("0");
      expect(devicesOf(await keptPunches())).toContain("BACK0001");
      await machine.text("systemctl", "stop", "biometric-server");
      expect(await machine.property("Result")).toBe("success");
    },
    LIMIT_MS,
  );
});
