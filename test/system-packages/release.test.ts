/**
 * Aim: what `npm run release` makes can be made again by anybody, byte for byte, and runs on the
 * processors it is for: on arm64, and on x64 without AVX, as in small old boxes. Both are emulated.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sha256Of } from "#box/executable-file.ts";
import manifest from "../../package.json" with { type: "json" };
import { EXECUTABLE, runExecutable, startServer } from "../support/running-server.ts";
import { punchKey, readAcknowledged, simulate } from "../system/simulation.ts";
import { NO_SYSTEM_PACKAGES } from "./availability.ts";

if (NO_SYSTEM_PACKAGES !== undefined) {
  console.log(`releases for other processors are skipped: ${NO_SYSTEM_PACKAGES}`);
}

const PROJECT = join(import.meta.dir, "../..");
const RELEASE = join(PROJECT, "dist/release");
const NAMES = ["x64", "arm64"].map(
  (processor) => `biometric-server-${manifest.version}-linux-${processor}`,
);
const [X64, ARM64] = NAMES.map((name) => join(RELEASE, name)) as [string, string];
const PUNCHES = 40;
/** An emulated processor is some ten times slower. */
const LIMIT_MS = 180_000;

const testReleased = test.skipIf(NO_SYSTEM_PACKAGES !== undefined);
const folder = mkdtempSync(join(tmpdir(), "released-"));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  if (NO_SYSTEM_PACKAGES !== undefined) return;
  const release = Bun.spawn([process.execPath, "scripts/release.ts"], {
    cwd: PROJECT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  expect(await release.exited).toBe(0);
}, 300_000);

/** Writes a program that runs `executable` on an emulated processor. */
async function emulated(name: string, emulator: readonly string[], executable: string) {
  const path = join(folder, name);
  const [program = "", ...options] = emulator;
  const command = [Bun.which(program), ...options, executable].join(" ");
  await Bun.write(path, `#!/bin/sh\nexec ${command} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The life of a server: it tells its version, serves, takes punches, stops, and has kept them. */
async function expectWorking(executable: string): Promise<void> {
  const version = await runExecutable(["version", "--json"], {
    cwd: folder,
    settings: {},
    executable,
  });
  expect(JSON.parse(version.out)).toMatchObject({ version: manifest.version, bun: Bun.version });
  await using server = await startServer({ executable, settings: { DEVICE_ENROLLMENT: "open" } });
  const acks = join(server.folder, "acknowledged");
  const pace = ["--terminals", "4", "--punches", String(PUNCHES / 4), "--acks", acks];
  expect(await simulate(server, ...pace)).toMatchObject({
    acknowledged: PUNCHES,
    unacknowledged: 0,
  });
  const health = await fetch(`${server.webUrl}/healthz`);
  expect([health.status, await health.json()]).toMatchObject([200, { status: "alive" }]);
  expect(await server.stop()).toBe(0);
  await server.start();
  const kept = (await server.listPunches()).map(punchKey).sort();
  expect(kept).toEqual([...readAcknowledged(acks)].sort());
  expect(kept).toHaveLength(PUNCHES);
}

/** What a build needs, without a clone's history. */
async function copyProject(to: string): Promise<void> {
  const listed = await runExecutable(["version", "--licences", "--json"], {
    cwd: folder,
    settings: {},
  });
  const works: { readonly name: string }[] = JSON.parse(listed.out);
  const packages = [...works.slice(3).map(({ name }) => name), "bun-types"];
  const paths = packages.map((name) => `node_modules/${name}`).filter(isThere);
  for (const path of ["src", "scripts", "systemd", "package.json", "tsconfig.json", ...paths]) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(PROJECT, path), join(to, path), { recursive: true });
  }
}

/** False for a package that lies inside of another. */
function isThere(path: string): boolean {
  return Bun.file(join(PROJECT, path, "package.json")).size > 0;
}

async function buildIn(project: string, env: Readonly<Record<string, string>>): Promise<string> {
  const outfile = join(project, "dist/biometric-server");
  const call = `await (await import("./scripts/build.ts")).buildExecutable({ outfile: ${JSON.stringify(outfile)} })`;
  const build = Bun.spawn([process.execPath, "-e", call], {
    cwd: project,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  expect(await build.exited).toBe(0);
  return sha256Of(outfile);
}

describe("npm run release", () => {
  testReleased("makes the same bytes in another folder, time and zone", async () => {
    const [here, there] = [join(folder, "here"), join(folder, "far/from/there")];
    await copyProject(here);
    const first = await buildIn(here, { TZ: "Asia/Manila", HOME: folder });
    mkdirSync(dirname(there), { recursive: true });
    renameSync(here, there);
    expect(await buildIn(there, { TZ: "America/Lima", LANG: "C" })).toBe(first);
  });

  testReleased("sums up both files", async () => {
    const lines = readFileSync(join(RELEASE, "SHA256SUMS"), "utf8").split("\n");
    const wanted = NAMES.map(async (name) => `${await sha256Of(join(RELEASE, name))}  ${name}`);
    expect(lines).toEqual([...(await Promise.all(wanted)), ""]);
  });

  testReleased("gives the bytes of a plain build, on the processor of that", async () => {
    const plain = process.arch === "arm64" ? ARM64 : X64;
    expect(await sha256Of(plain)).toBe(await sha256Of(EXECUTABLE));
  });

  testReleased(
    "makes a file for arm64 that works",
    async () => {
      const emulator = ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"];
      await expectWorking(await emulated("on-arm64", emulator, ARM64));
    },
    LIMIT_MS,
  );

  testReleased.skipIf(process.arch !== "x64")(
    "makes a file for x64 that works without AVX",
    async () => {
      const emulator = ["qemu-x86_64-static", "-cpu", "Nehalem"];
      await expectWorking(await emulated("on-nehalem", emulator, X64));
    },
    LIMIT_MS,
  );
});
