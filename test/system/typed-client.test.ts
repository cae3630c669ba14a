/**
 * Aim: the example of the README for a TypeScript HRIS compiles against the types that the build
 * writes, would not if it named a wrong field, and runs against the executable.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(60_000);

const PROJECT = join(import.meta.dir, "../..");
const PACKAGES = join(PROJECT, "node_modules");

const readme = await Bun.file(join(PROJECT, "README.md")).text();
const [, example = ""] = /```ts\n([^`]*treaty<WebApi>.*?)```/s.exec(readme) ?? [];

/** A project that has this one as a dependency. */
const folder = mkdtempSync(join(tmpdir(), "typed-client-"));

beforeAll(async () => {
  mkdirSync(join(folder, "node_modules/@elysiajs"), { recursive: true });
  symlinkSync(PROJECT, join(folder, "node_modules/biometric-server"));
  for (const name of ["elysia", "@elysiajs/eden", "bun-types"]) {
    symlinkSync(join(PACKAGES, name), join(folder, "node_modules", name));
  }
  const config = { extends: join(PROJECT, "tsconfig.json"), include: ["hris.ts"] };
  await Bun.write(join(folder, "tsconfig.json"), JSON.stringify(config));
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly exitCode: number;
  readonly output: string;
}

/** Compiles a program of the HRIS with the settings of this project. */
async function compile(program: string): Promise<Run> {
  await Bun.write(join(folder, "hris.ts"), program);
  return run([join(PACKAGES, ".bin/tsc"), "-p", "."]);
}

async function run(command: string[], env: Record<string, string> = {}): Promise<Run> {
  const child = Bun.spawn(command, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, error] = [new Response(child.stdout).text(), new Response(child.stderr).text()];
  return { exitCode: await child.exited, output: (await out) + (await error) };
}

describe("the typed client of the README", () => {
  test("compiles", async () => {
    expect(await compile(example)).toEqual({ exitCode: 0, output: "" });
  });

  test.each([
    ["punch.user_id", "punch.user_number", "'user_number' does not exist"],
    ["log.user_id", "log.employee", "'employee' does not exist"],
    ["client_secret:", "client_password:", "'client_secret' is missing"],
    ["box.v1.punches", "box.v1.punchs", "'punchs' does not exist"],
    ["primary_only:", "only_primary:", "'only_primary' does not exist"],
    ["punches.get(", "punches.put(", "'put' does not exist"],
  ])("does not compile with %p as %p", async (right, wrong, words) => {
    expect(example).toContain(right);
    const { exitCode, output } = await compile(example.replace(right, wrong));
    expect(exitCode).not.toBe(0);
    expect(output).toContain(words);
  });

  test("runs against the executable, and prints what is stored", async () => {
    await using server = await startServer();
    await simulate(server, "--terminals", "1", "--punches", "3", "--users", "1");
    await Bun.write(join(folder, "hris.ts"), example);
    const { exitCode, output } = await run([process.execPath, "hris.ts"], {
      BIOMETRIC_API_URL: server.webUrl,
      HRIS_API_SECRET_KEY: server.secret("hris-api-secret-key"),
    });
    const punches = await server.listPunches();
    expect(punches).toHaveLength(3);
    for (const punch of punches) expect(output).toContain(`${punch.user_id} ${punch.time}`);
    for (const { user_id: user, timestamp } of await server.listLogs()) {
      const [, date = "", time = ""] = /^(\d{8})(\d{6})$/.exec(timestamp) ?? [];
      const spaced = `${date.replace(/(..)(..)$/, "-$1-$2")} ${time.replace(/(..)(..)$/, ":$1:$2")}`;
      expect(output).toContain(`"${user} ${spaced}"`);
    }
    expect([exitCode, output.slice(0, 4)]).toEqual([0, "3 [ "]);
  });
});
