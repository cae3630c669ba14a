/**
 * Finds the licences of everything by others that goes into the executable: the packages that the
 * bundler really took, and what the runtime consists of.
 */

import { Database } from "bun:sqlite";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import bunTypes from "bun-types/package.json" with { type: "json" };
import manifest from "../package.json" with { type: "json" };
import type { Licence } from "../src/cli/licences.ts";

const PROJECT = resolve(import.meta.dir, "..");
/** Texts that a package should have brought along and did not, by its name; and those of GNU. */
const KEPT_TEXTS = join(import.meta.dir, "licence-texts");
const PACKAGE_PATH = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
const TEXT_NAME = /^(?:(?:un)?licen[sc]e|copying|notice)(?:-\w+)?(?:\.(?:md|txt))?$/i;

/**
 * Every work by others in a bundle, and the runtime around it. Paths in `metafile` count from the
 * working directory.
 * @throws Error when a package has no licence, or no text of one.
 */
export function collectLicences(metafile: Bun.BuildMetafile): readonly Licence[] {
  const packages = bundledPackages(metafile).map(readLicence).sort(byNameAndVersion);
  return [bunLicence(), sqliteLicence(), swaggerUiLicence(), ...packages];
}

/** The folders of the packages of which something is in the bundle. */
function bundledPackages(metafile: Bun.BuildMetafile): readonly string[] {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = inputs.flatMap((path) => PACKAGE_PATH.exec(path)?.[0] ?? []);
  return [...new Set(folders)].map((folder) => resolve(folder));
}

function byNameAndVersion(one: Licence, other: Licence): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return Bun.semver.order(one.version, other.version);
}

/** Reads the licence of the package in `folder`. @throws Error when it has none, or no text. */
function readLicence(folder: string): Licence {
  const { name, version, license }: Readonly<Record<string, unknown>> = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  if (typeof name !== "string" || typeof version !== "string" || typeof license !== "string") {
    throw new Error(`Cannot tell the licence of "${folder}": its package.json does not name one`);
  }
  const own = readdirSync(folder)
    .filter((file) => TEXT_NAME.test(file))
    .sort()
    .map((file) => join(folder, file));
  const kept = join(KEPT_TEXTS, `${name.replaceAll("/", "-")}.txt`);
  const texts = own.length === 0 && existsSync(kept) ? [kept] : own;
  if (texts.length === 0) {
    throw new Error(`Cannot tell the licence of "${folder}": put its text into "${kept}"`);
  }
  return { name, version, licence: license, text: joinTexts(texts) };
}

/** Bun's packages bring no licence along; its documentation does, and names what it links. */
function bunLicence(): Licence {
  if (bunTypes.version !== Bun.version) {
    throw new Error(
      `bun-types ${bunTypes.version} does not tell the licences of Bun ${Bun.version}`,
    );
  }
  const texts = [
    join(PROJECT, "node_modules/bun-types/docs/project/license.mdx"),
    join(KEPT_TEXTS, "LGPL-2.0.txt"),
    join(KEPT_TEXTS, "LGPL-2.1.txt"),
  ];
  return {
    name: "Bun",
    version: Bun.version,
    licence: "MIT, with parts under LGPL-2.0, LGPL-2.1 and others",
    text: joinTexts(texts),
  };
}

/** The one inside Bun. */
function sqliteLicence(): Licence {
  using database = new Database(":memory:");
  const row = database.query<{ version: string }, []>("SELECT sqlite_version() AS version").get();
  return {
    name: "SQLite",
    version: row?.version ?? "",
    licence: "public domain",
    text: "The authors of SQLite dedicated it to the public domain: https://sqlite.org/copyright.html",
  };
}

function swaggerUiLicence(): Licence {
  return {
    name: "swagger-ui",
    version: manifest.devDependencies["swagger-ui-dist"],
    licence: "Apache-2.0",
    text: joinTexts([join(PROJECT, "src/api/swagger/LICENSE.txt")]),
  };
}

function joinTexts(paths: readonly string[]): string {
  return paths.map((path) => readFileSync(path, "utf8").trim()).join("\n\n\n");
}
