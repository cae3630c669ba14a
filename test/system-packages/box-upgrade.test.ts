/**
 * Aim: another file takes the place of the installed one and proves itself for a minute, or goes
 * again by itself, and no punch goes with it.
 */

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "../../scripts/build.ts";
import { eventually } from "../support/eventually.ts";
import { NO_SYSTEM_PACKAGES } from "./availability.ts";
import { bootMachine, type Machine } from "./container.ts";

if (NO_SYSTEM_PACKAGES !== undefined) {
  console.log(`upgrades on a machine with systemd are skipped: ${NO_SYSTEM_PACKAGES}`);
}

const PROJECT = join(import.meta.dir, "../..");
const INSTALLED = "/usr/local/bin/biometric-server";
const PREVIOUS = "/usr/local/lib/biometric-server/biometric-server";
const OWN_VERSION: string = JSON.parse(sourceOf("package.json")).version;
/** An upgrade is watched for a minute. */
const LIMIT_MS = 180_000;

let machine: Machine;
let folder = "";
beforeAll(async () => {
  if (NO_SYSTEM_PACKAGES !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), "biometric-upgrade-"));
  machine = await bootMachine();
  await machine.text("/root/biometric-server", "install");
}, 300_000);
afterAll(async () => {
  if (NO_SYSTEM_PACKAGES !== undefined) return;
  await machine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const testOnMachine = test.skipIf(NO_SYSTEM_PACKAGES !== undefined);

function sourceOf(path: string): string {
  return readFileSync(join(PROJECT, path), "utf8");
}

/** A source with one text in place of another. */
function replaced(path: string, found: string, by: string): Readonly<Record<string, string>> {
  const source = sourceOf(path);
  if (!source.includes(found)) throw new Error(`${path} has no ${found}`);
  return { [path]: source.replace(found, () => by) };
}

/** Builds the executable under another version and puts it into the machine. */
async function putBuild(version: string, changes: Readonly<Record<string, string>> = {}) {
  const outfile = join(folder, version, "biometric-server");
  const manifest = replaced(
    "package.json",
    `"version": "${OWN_VERSION}"`,
    `"version": "${version}"`,
  );
  await buildExecutable({ outfile, replace: { ...manifest, ...changes } });
  const inside = `/root/biometric-server-${version}`;
  machine.put(outfile, inside);
  return inside;
}

async function runningVersion(): Promise<string> {
  const facts: { version: string } = JSON.parse(await machine.text(INSTALLED, "version", "--json"));
  return facts.version;
}

async function expectRefusal(line: RegExp, ...argv: readonly string[]): Promise<void> {
  const pid = await machine.property("MainPID");
  const { exitCode, out, error } = await machine.run("biometric-server", ...argv);
  expect([exitCode, out]).toEqual([1, ""]);
  expect(error.trimEnd().split("\n")).toHaveLength(1);
  expect(error).toMatch(line);
  expect(await machine.property("MainPID")).toBe(pid);
  expect(await machine.text("ls", "/usr/local/bin")).toBe("biometric-server");
}

describe("upgrade refuses in one line, and changes nothing", () => {
  testOnMachine("what is no executable of this server for this box", async () => {
    await expectRefusal(/there is no file "\/root\/none"/, "upgrade", "/root/none");
    machine.write("/root/text", "not a program, whatever it says");
    await expectRefusal(/"\/root\/text" is no program/, "upgrade", "/root/text");
    await expectRefusal(/is no executable of biometric-server/, "upgrade", "/usr/bin/true");
    const bytes = readFileSync(machine.path("/root/biometric-server"));
    const other =
      process.arch === "arm64" ? { code: 0x3e, name: "x64" } : { code: 0xb7, name: "arm64" };
    bytes[18] = other.code;
    await Bun.write(machine.path("/root/other-machine"), bytes);
    const wanted = new RegExp(`is for ${other.name}, and this box is ${process.arch}`);
    await expectRefusal(wanted, "upgrade", "/root/other-machine");
  });

  testOnMachine("a file that SHA256SUMS does not list", async () => {
    await machine.text("mkdir", "/root/release");
    await machine.text("cp", "/root/biometric-server", "/root/release/");
    await machine.text("sh", "-c", "cd /root/release && sha256sum * > SHA256SUMS");
    expect(
      await machine.text("biometric-server", "upgrade", "/root/release/biometric-server"),
    ).toBe("Nothing to change: this very file is installed");
    await machine.text("sh", "-c", "echo >> /root/release/biometric-server");
    await expectRefusal(/has a checksum that/, "upgrade", "/root/release/biometric-server");
  });

  testOnMachine("and rollback where nothing was upgraded", async () => {
    await expectRefusal(/there is no previous executable/, "rollback");
  });
});

describe("upgrade", () => {
  testOnMachine(
    "puts another version into place, and rollback puts the first one back",
    async () => {
      const next = await putBuild("0.2.0");
      const out = await machine.text("biometric-server", "upgrade", next);
      expect(out).toMatch(/The database is backed up in .*before-upgrade-/);
      expect(out).toEndWith(`Upgrade done: 0.2.0 runs, was ${OWN_VERSION}`);
      expect(await runningVersion()).toBe("0.2.0");
      const back = await machine.text("biometric-server", "rollback");
      expect(back).toEndWith(`Rollback done: ${OWN_VERSION} runs, was 0.2.0`);
      expect(await runningVersion()).toBe(OWN_VERSION);
    },
    LIMIT_MS,
  );

  testOnMachine(
    "comes back by itself from a file that takes 100 punches and crashes at second 50",
    async () => {
      const crash = 'setTimeout(() => process.kill(process.pid, "SIGKILL"), 50_000);';
      const ready = "    await care?.start();\n";
      const crashing = await putBuild(
        "0.3.0",
        replaced("src/cli/serve.ts", ready, `${ready}    ${crash}\n`),
      );
      const before = machine.keptPunches().length;
      const upgrade = machine.start("biometric-server", "upgrade", crashing);
      await eventually("the new file runs", async () => {
        const up = await machine.run("biometric-server", "status", "--json");
        return up.out.includes('"version": "0.3.0"');
      });
      const sent = await machine.text("biometric-server", "simulate", "--punches", "100");
      expect(sent).toMatch(/acknowledged +100/);
      const error = await upgrade.stderr.text();
      expect(await upgrade.exited).toBe(1);
      expect(error).toMatch(
        /^error: Upgrade to 0\.3\.0 failed: after \d+ s it ended by itself.*; [\d.]+ runs again, with everything that was acknowledged\n$/,
      );
      expect(await runningVersion()).toBe(OWN_VERSION);
      expect(await machine.property("ActiveState")).toBe("active");
      expect(machine.keptPunches().length - before).toBe(100);
      expect(await machine.text(PREVIOUS, "version")).toContain("0.2.0");
    },
    LIMIT_MS,
  );

  testOnMachine("comes back by itself from a file that does not start", async () => {
    const action = "  const loaded = loadSettings(host, flags);\n";
    const broken = await putBuild(
      "0.4.0",
      replaced(
        "src/cli/serve.ts",
        `${action}  const stopRequested`,
        `${action}  throw new Error("planted");\n  const stopRequested`,
      ),
    );
    const { exitCode, error } = await machine.run("biometric-server", "upgrade", broken);
    expect(exitCode).toBe(1);
    expect(error).toStartWith(
      `error: Upgrade to 0.4.0 failed: The service does not come up; ${OWN_VERSION} runs again`,
    );
    expect(error).toContain("planted");
    expect(await runningVersion()).toBe(OWN_VERSION);
    expect(await machine.property("ActiveState")).toBe("active");
    const backups = await machine.text("ls", "/var/lib/biometric-server/backups");
    expect(backups.match(/^before-upgrade-/gm)).toHaveLength(2);
  });

  testOnMachine("and rollback refuse an executable that cannot read the data", async () => {
    await machine.text("systemctl", "stop", "biometric-server");
    {
      using database = new Database(machine.path("/var/lib/biometric-server/biometric.db"));
      database.run("UPDATE schema_migrations SET min_reader = 9000 WHERE number = 1");
    }
    const next = "/root/biometric-server-0.2.0";
    await expectRefusal(/0\.2\.0 cannot read the data \(they need schema 9000/, "upgrade", next);
    await expectRefusal(/^error: Cannot rollback: 0\.2\.0 cannot read the data/, "rollback");
    expect(existsSync(machine.path(PREVIOUS))).toBe(true);
  });
});
