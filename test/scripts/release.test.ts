/**
 * Aim: a release can be made again by anybody, byte for byte, out of what package-lock.json names.
 */

import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sha256Of } from "#box/executable-file.ts";
import { checkIntegrity } from "../../scripts/runtime.ts";
import { runExecutable } from "../support/running-server.ts";

const PROJECT = join(import.meta.dir, "../..");
const folder = mkdtempSync(join(tmpdir(), "release-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a build needs, without a clone's history. */
async function copyProject(to: string): Promise<void> {
  const listed = await runExecutable(["version", "--licences", "--json"], {
    cwd: folder,
    settings: {},
  });
  const works: { readonly name: string }[] = JSON.parse(listed.out);
  const packages = [...works.slice(3).map(({ name }) => name), "bun-types", "swagger-ui-dist"];
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

test("buildExecutable() gives the same bytes in another folder, time and zone", async () => {
  const [here, there] = [join(folder, "here"), join(folder, "far/from/there")];
  await copyProject(here);
  const first = await buildIn(here, { TZ: "Asia/Manila", HOME: folder });
  mkdirSync(dirname(there), { recursive: true });
  renameSync(here, there);
  expect(await buildIn(there, { TZ: "America/Lima", LANG: "C" })).toBe(first);
});

test("checkIntegrity() takes the file that was locked, and no other", () => {
  // The sum of "abc": FIPS 180-2, appendix C.1, in base64.
  const sum =
    "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
  const locked = { version: "1.0.0", integrity: `sha512-${sum}` };
  checkIntegrity("runtime", Buffer.from("abc"), locked);
  expect(() => checkIntegrity("runtime", Buffer.from("abd"), locked)).toThrow(
    /^Cannot use runtime 1.0.0: its sum sha512-.+ is not sha512-3a81/,
  );
});
