/**
 * Writes `dist/api.d.ts`: the types of every path of the API in one file, for a typed client such as
 * `treaty` of `@elysiajs/eden`. It needs nothing but `elysia` beside it, none of our sources.
 */

import { mkdir, rename, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";

const PROJECT = resolve(import.meta.dir, "..");

/** The compiler writes out the type of a value, where it would only name one that has a name. */
const SOURCE = `import type { WebApi } from "../../src/api/server.ts";
declare const api: WebApi;
export const routes = api["~Routes"];
`;

const CONFIG = {
  extends: "../../tsconfig.json",
  compilerOptions: {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: "../..",
    outDir: "out",
  },
  include: ["routes.ts", "../../src/assets.d.ts"],
};

/**
 * Writes the file, as a whole or not at all.
 * @throws Error with the compiler's words when the sources do not compile.
 */
export async function writeClientTypes(outfile: string): Promise<void> {
  // Two folders below the project, like the paths above, so that packages are found.
  const folder = join(PROJECT, "dist", `.types-${crypto.randomUUID()}.tmp`);
  await mkdir(folder, { recursive: true });
  try {
    await Bun.write(join(folder, "routes.ts"), SOURCE);
    await Bun.write(join(folder, "tsconfig.json"), JSON.stringify(CONFIG));
    const compiler = join(PROJECT, "node_modules/.bin/tsc");
    const run = await Bun.$`${compiler} -p ${folder}`.nothrow().quiet();
    if (run.exitCode !== 0) throw new Error(`Cannot write ${outfile}:\n${run.text()}`);
    const emitted = join(folder, "out/dist", basename(folder), "routes.d.ts");
    const declaration = await Bun.file(emitted).text();
    await Bun.write(join(folder, "api.d.ts"), fileOf(declaration));
    await rename(join(folder, "api.d.ts"), outfile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fileOf(declaration: string): string {
  const start = "export declare const routes: ";
  if (!declaration.startsWith(start))
    throw new Error(`Unexpected types of the API: ${declaration.slice(0, 200)}`);
  return `/** The API of biometric-server, for a typed client. Written by \`npm run build\`. */

import type { Elysia } from "elysia";

/** Every path with what it takes and gives. */
export type WebApi = Elysia<
  "",
  { decorator: {}; store: {}; derive: {}; resolve: {} },
  { typebox: {}; error: {} },
  { schema: {}; standaloneSchema: {}; macro: {}; macroFn: {}; parser: {}; response: {} },
  Routes
>;

type Routes = ${declaration.slice(start.length)}`;
}
