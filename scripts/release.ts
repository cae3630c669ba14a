/**
 * Builds what is given to installers: one executable per processor and their sums, in
 * `dist/release`. The same commit gives the same bytes, wherever and whenever it is built.
 */

import { mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { sha256Of } from "#box/executable-file.ts";
import manifest from "../package.json" with { type: "json" };
import { buildExecutable } from "./build.ts";
import { fetchRuntime } from "./runtime.ts";

const PROJECT = resolve(import.meta.dir, "..");
const FOLDER = join(PROJECT, "dist/release");

/**
 * The processors, as names of the files say them, and Bun for each. The one for x64 needs SSE 4.2
 * and no AVX, so that small old boxes run it too.
 */
export const PROCESSORS = {
  x64: { target: "bun-linux-x64", runtime: "@oven/bun-linux-x64" },
  arm64: { target: "bun-linux-arm64", runtime: "@oven/bun-linux-aarch64" },
} as const;

/** A processor that there is a build for. */
export type Processor = keyof typeof PROCESSORS;

/** Builds the executable for `processor`. @throws Error as `fetchRuntime` and `buildExecutable` do. */
export async function buildFor(processor: Processor, outfile: string): Promise<void> {
  const { target, runtime } = PROCESSORS[processor];
  const folder = `${outfile}-${crypto.randomUUID()}.tmp`;
  await mkdir(folder, { recursive: true });
  try {
    // The name of the file enters its bytes: it has to be that of a plain build.
    const built = join(folder, manifest.name);
    const platform = { target, runtime: await fetchRuntime(runtime, folder) };
    await buildExecutable({ outfile: built, platform });
    await rename(built, outfile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  await rm(FOLDER, { recursive: true, force: true });
  const sums: string[] = [];
  for (const processor of ["x64", "arm64"] as const) {
    const name = `${manifest.name}-${manifest.version}-linux-${processor}`;
    await buildFor(processor, join(FOLDER, name));
    sums.push(`${await sha256Of(join(FOLDER, name))}  ${name}\n`);
  }
  await Bun.write(join(FOLDER, "SHA256SUMS"), sums.join(""));
  process.stdout.write(`Built in ${FOLDER}:\n${sums.join("")}`);
}

if (import.meta.main) await main();
