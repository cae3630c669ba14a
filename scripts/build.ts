/**
 * Builds the one executable, `dist/biometric-server`, and beside it the types of its API. Tests import `buildExecutable` to build a
 * variant with a replaced module.
 */

import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import manifest from "../package.json" with { type: "json" };
import { writeClientTypes } from "./client-types.ts";
import { collectLicences } from "./licences.ts";

const PROJECT = resolve(import.meta.dir, "..");

/** What to build. */
export interface BuildOptions {
  /** Where the executable goes. Its source map is inside. */
  readonly outfile: string;
  /** Another platform than this one, and the file of Bun for it. */
  readonly platform?: { readonly target: Bun.Build.CompileTarget; readonly runtime: string };
  /** Source text by path below the project (`src/domain/direction.ts`), in place of the file. */
  readonly replace?: Readonly<Record<string, string>>;
}

/**
 * Builds the executable and replaces `outfile` in one step, so that a running one stays whole.
 * @throws AggregateError when a source does not bundle, Error when a replaced file does not exist or
 * a package has no licence.
 */
export async function buildExecutable(options: BuildOptions): Promise<void> {
  const outfile = resolve(options.outfile);
  // The base name enters the bytes of the executable, so that only a folder is temporary.
  const folder = join(dirname(outfile), `.building-${crypto.randomUUID()}.tmp`);
  await mkdir(folder, { recursive: true });
  try {
    await bundle(join(folder, basename(outfile)), options);
    await rename(join(folder, basename(outfile)), outfile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bundle(outfile: string, options: BuildOptions): Promise<void> {
  const define = {
    "process.env.NODE_ENV": JSON.stringify("production"),
    BUILD_COMMIT: JSON.stringify(await currentCommit()),
  };
  const config = {
    entrypoints: [join(PROJECT, "src/main.ts")],
    root: join(PROJECT, "src"),
    target: "bun",
    format: "esm",
    splitting: true,
    // Never shorten identifiers: it silently switches off Elysia's limits on query numbers.
    minify: { syntax: true, whitespace: true, identifiers: false },
    files: absolutePaths(options.replace ?? {}),
  } satisfies Bun.BuildConfig;
  const { metafile } = await Bun.build({ ...config, define, metafile: true });
  if (metafile === undefined) throw new Error("The bundler does not tell what it took");
  await Bun.build({
    ...config,
    bytecode: true,
    sourcemap: "linked",
    define: {
      ...define,
      // Text in a text: a constant of JSON would be built each time anew, as an object.
      BUILD_LICENCES: JSON.stringify(JSON.stringify(collectLicences(metafile))),
    },
    compile: {
      outfile,
      ...(options.platform === undefined
        ? {}
        : { target: options.platform.target, executablePath: options.platform.runtime }),
      // A file in the working directory must not change what the executable does.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
}

function absolutePaths(replace: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(replace).map(([path, text]) => {
    // The bundler would ignore a replacement of nothing, and a test would then prove nothing.
    if (!existsSync(join(PROJECT, path))) throw new Error(`Cannot replace "${path}": no such file`);
    return [join(PROJECT, path), text] as const;
  });
  return Object.fromEntries(entries);
}

/** The commit being built, with `-dirty` when files differ from it; empty outside of a clone. */
async function currentCommit(): Promise<string> {
  const git = await Bun.$`git describe --always --dirty --abbrev=12 --exclude=*`
    .cwd(PROJECT)
    .nothrow()
    .quiet();
  return git.exitCode === 0 ? git.text().trim() : "";
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { outfile: { type: "string", default: join(PROJECT, "dist/biometric-server") } },
  });
  await buildExecutable({ outfile: values.outfile });
  await writeClientTypes(join(dirname(resolve(values.outfile)), "api.d.ts"));
  console.log(`Built ${values.outfile} (${manifest.version})`);
}
