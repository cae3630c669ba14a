/**
 * Aim: nothing by others goes into the executable without its licence, and the executable shows all
 * of them.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Licence } from "#cli/licences.ts";
import manifest from "../../package.json" with { type: "json" };
import { collectLicences } from "../../scripts/licences.ts";
import { runExecutable } from "../support/running-server.ts";

const folder = mkdtempSync(join(tmpdir(), "licences-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The packages that `entrypoint` takes, found from each of its sources upwards. */
async function takenPackages(entrypoint: string): Promise<readonly string[]> {
  const names = Object.values((await bundle(entrypoint)).outputs)
    .flatMap(({ inputs }) => Object.keys(inputs))
    .filter((path) => path.includes("node_modules"))
    .map((path) => packageAround(dirname(resolve(path))));
  return [...new Set(names)].sort();
}

function packageAround(from: string): string {
  // A folder inside a package may have a manifest too.
  if (!/node_modules\/(?:@[^/]+\/)?[^/]+$/.test(from)) return packageAround(dirname(from));
  const { name, version } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  return `${name} ${version}`;
}

async function bundle(entrypoint: string): Promise<Bun.BuildMetafile> {
  const { metafile } = await Bun.build({
    entrypoints: [entrypoint],
    target: "bun",
    minify: { syntax: true },
    metafile: true,
  });
  if (metafile === undefined) throw new Error("No metafile");
  return metafile;
}

describe("the executable", () => {
  let shown: readonly Licence[];
  beforeAll(async () => {
    const run = await runExecutable(["version", "--licences", "--json"], {
      cwd: folder,
      settings: {},
    });
    expect(run).toMatchObject({ exitCode: 0, error: "" });
    shown = JSON.parse(run.out);
  });

  test("shows what it runs on and what it brings for browsers", () => {
    expect(shown.slice(0, 3).map(({ name, version }) => [name, version])).toEqual([
      ["Bun", manifest.devDependencies.bun],
      ["SQLite", expect.stringMatching(/^3\.\d+\.\d+$/)],
      ["swagger-ui", manifest.devDependencies["swagger-ui-dist"]],
    ]);
    const [bun, , swaggerUi] = shown.map(({ text }) => text);
    for (const part of ["JavaScriptCore", "boringssl", "GNU LIBRARY GENERAL PUBLIC LICENSE"]) {
      expect(bun).toContain(part);
    }
    expect(swaggerUi).toContain("Apache License");
  });

  test("shows every package that it contains, and no other", async () => {
    const packages = shown.slice(3).map(({ name, version }) => `${name} ${version}`);
    const taken = await takenPackages(join(import.meta.dir, "../../src/main.ts"));
    expect(taken.length).toBeGreaterThan(20);
    expect([...packages].sort()).toEqual([...taken]);
  });

  test("shows the words of each licence", () => {
    const words = /permission is hereby granted|permission to use|apache license|redistribution/i;
    for (const { name, text } of shown.slice(3)) {
      expect([name, words.test(text) || text.includes("public domain")]).toEqual([name, true]);
    }
  });

  test("prints them to be read: the list, then each text", async () => {
    const run = await runExecutable(["version", "--licences"], { cwd: folder, settings: {} });
    const jose = shown.find(({ name }) => name === "jose");
    const title = `jose ${jose?.version}: MIT`;
    expect(run.out.split("\n").filter((line) => line === title)).toHaveLength(1);
    expect(run.out).toContain(`\n== ${title}\n\n${jose?.text}\n`);
  });
});

describe("collectLicences()", () => {
  /** A program that takes `two` of the package, and the licences of that. */
  async function licencesOf(name: string, files: Readonly<Record<string, string>>) {
    const home = join(folder, name, "node_modules", name);
    mkdirSync(home, { recursive: true });
    const sources = { "index.js": "export const one = 1; export const two = Math.random();" };
    for (const [file, text] of Object.entries({ ...sources, ...files })) {
      writeFileSync(join(home, file), text);
    }
    const entrypoint = join(folder, name, "main.ts");
    writeFileSync(entrypoint, `import { two } from "${name}"; console.log(two);`);
    return collectLicences(await bundle(entrypoint)).slice(3);
  }

  test("takes all texts of a package", async () => {
    const files = {
      "package.json": '{ "name": "whole", "version": "1.2.3", "license": "MIT" }',
      "LICENSE.md": "Be nice",
      NOTICE: "By us",
      "license-checker.js": "",
    };
    const licences = await licencesOf("whole", files);
    expect(licences).toEqual([
      { name: "whole", version: "1.2.3", licence: "MIT", text: "Be nice\n\n\nBy us" },
    ]);
  });

  test("refuses a package without a text", async () => {
    const files = { "package.json": '{ "name": "bare", "version": "1.0.0", "license": "MIT" }' };
    await expect(licencesOf("bare", files)).rejects.toThrow(
      /\/bare": put its text into ".*bare.txt"/,
    );
  });

  test("refuses a package that names no licence", async () => {
    const files = { "package.json": '{ "name": "mute", "version": "1.0.0" }', LICENSE: "Be nice" };
    await expect(licencesOf("mute", files)).rejects.toThrow(/\/mute": its package.json/);
  });
});
