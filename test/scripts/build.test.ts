/**
 * Aim: the one executable stands alone, is not changed by files around it, and can be built with a
 * replaced module.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "../../scripts/build.ts";

const folder = mkdtempSync(join(tmpdir(), "build-"));
const executable = join(folder, "biometric-server");

const PLANTED =
  'export const VERSION = "9.9.9-planted"; export const COMMIT = process.env.NODE_ENV;';

beforeAll(async () => {
  await buildExecutable({
    outfile: executable,
    replace: { "src/platform/version.ts": PLANTED },
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function run(...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  const child = Bun.spawn([executable, ...argv], {
    cwd: folder,
    env: {},
    stdout: "pipe",
    stderr: "pipe",
  });
  const out = new Response(child.stdout).text();
  const error = new Response(child.stderr).text();
  return { code: await child.exited, out: await out, error: await error };
}

test("buildExecutable() leaves one file and nothing else", () => {
  expect(readdirSync(folder)).toEqual(["biometric-server"]);
});

test("buildExecutable() takes a replaced module, and builds for production", async () => {
  const { code, out } = await run("version", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ version: "9.9.9-planted", commit: "production" });
});

test("the executable is not changed by files in its working directory", async () => {
  writeFileSync(join(folder, ".env"), "WEB_PORT=wrong\n");
  writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
  writeFileSync(join(folder, "preload.ts"), "process.exit(99);\n");
  const { code, out, error } = await run("config", "check");
  expect({ code, error }).toEqual({ code: 0, error: "" });
  expect(out).not.toContain("WEB_PORT");
});

test("buildExecutable() refuses to replace a file that is not there", async () => {
  const build = buildExecutable({ outfile: join(folder, "other"), replace: { "src/gone.ts": "" } });
  await expect(build).rejects.toThrow('Cannot replace "src/gone.ts": no such file');
});
