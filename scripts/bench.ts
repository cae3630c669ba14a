/**
 * The benchmark: the built executable (`npm run build`) beside the bare server, one table with ratios
 * and the limits of the design. Measures and prints; judges nothing by exit code.
 * `--quick` is a short version, `--only PART` measures one part of it, `--json FILE` writes the rows
 * as JSON as well.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BENCH_PARTS, measureAll } from "./bench/measure.ts";
import { formatTable, verdictOf } from "./bench/rows.ts";

const PROJECT = resolve(import.meta.dir, "..");

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    json: { type: "string" },
    executable: { type: "string", default: join(PROJECT, "dist/biometric-server") },
  },
});
const only = BENCH_PARTS.find((part) => part === values.only);
if (values.only !== undefined && only === undefined) {
  console.error(`Cannot measure "${values.only}": --only takes one of ${BENCH_PARTS.join(", ")}`);
  process.exit(2);
}

// Beside the executable and not in /tmp, which is memory on many machines.
const folder = await mkdtemp(join(PROJECT, "dist/bench-"));
try {
  const bareExecutable = join(folder, "bare-server");
  await buildBare(bareExecutable);
  const rows = await measureAll({
    ourExecutable: resolve(values.executable),
    bareExecutable,
    folder,
    quick: values.quick,
    only,
    progress: (text) => console.error(`measuring: ${text}`),
  });
  console.log(formatTable(rows));
  if (values.json !== undefined) {
    const judged = rows.map((row) => ({ ...row, verdict: verdictOf(row) }));
    await Bun.write(values.json, `${JSON.stringify(judged, undefined, 2)}\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Compiles the bare server with the flags of the product, so that both start from the same. */
async function buildBare(outfile: string): Promise<void> {
  await Bun.build({
    entrypoints: [join(PROJECT, "scripts/bench/bare-server.ts")],
    format: "esm",
    bytecode: true,
    minify: { syntax: true, whitespace: true, identifiers: false },
    compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
  });
}
