/**
 * Aim: imports point down, and what comes from outside stays in its one home. The checker is shown
 * to see each kind of breach, so that its silence over the real sources means something.
 */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { findBreaches, type SourceFile } from "./support/architecture.ts";
import { readSource } from "./support/source-text.ts";

const PROJECT = join(import.meta.dir, "..");

async function readProject(): Promise<readonly SourceFile[]> {
  const paths = [...new Bun.Glob("{src,test,scripts}/**/*.{ts,mts,mjs,js}").scanSync(PROJECT)];
  return Promise.all(
    paths.sort().map(async (path) => ({ path, text: await Bun.file(join(PROJECT, path)).text() })),
  );
}

test("findBreaches() finds none in this project", async () => {
  const files = await readProject();
  expect(files.length).toBeGreaterThan(50);
  expect(findBreaches(files)).toEqual([]);
});

describe("a planted breach", () => {
  const planted: readonly [string, string, string, string][] = [
    [
      "a higher rank",
      "src/domain/punch.ts",
      'import { x } from "#storage/storage.ts";',
      "domain (rank 1) may not use storage (rank 2)",
    ],
    [
      "a type alone",
      "src/domain/punch.ts",
      'import type { X } from "#storage/storage.ts";',
      "domain (rank 1) may not use storage (rank 2)",
    ],
    [
      "an equal rank",
      "src/ingest/a.ts",
      'import { x } from "#webhooks/send.ts";',
      "ingest (rank 3) may not use webhooks (rank 3)",
    ],
    [
      "the simulator knowing a driver",
      "src/simulator/terminal.ts",
      'import { x } from "#devices/fkweb/codes.ts";',
      "simulator (rank 2) may not use devices (rank 2)",
    ],
    [
      "a re-export",
      "src/base/a.ts",
      'export { x } from "#domain/punch.ts";',
      "base (rank 0) may not use domain (rank 1)",
    ],
    [
      "a dynamic import",
      "src/base/a.ts",
      'const x = await import(\n  "#domain/punch.ts");',
      "base (rank 0) may not use domain (rank 1)",
    ],
    [
      "an import over several lines",
      "src/base/a.ts",
      'import {\n  type X,\n} from\n  "#domain/punch.ts";',
      "base (rank 0) may not use domain (rank 1)",
    ],
    [
      "an import for its effect",
      "src/base/a.ts",
      'import "#domain/punch.ts";',
      "base (rank 0) may not use domain (rank 1)",
    ],
    [
      "the type of a module",
      "src/base/a.ts",
      'type X = typeof import("#domain/punch.ts");',
      "base (rank 0) may not use domain (rank 1)",
    ],
    [
      "the app from below",
      "src/api/server.ts",
      'import { x } from "#app.ts";',
      "api (rank 4) may not use app.ts (rank 6)",
    ],
    [
      "a folder without a rank",
      "src/extras/a.ts",
      'import { x } from "#base/result.ts";',
      '"extras", which has no rank',
    ],
    [
      "a way around the rank",
      "src/domain/a.ts",
      'import { x } from "../storage/storage.ts";',
      "across folders without #",
    ],
    [
      "a missing extension",
      "src/domain/a.ts",
      'import { x } from "./punch";',
      "without its extension",
    ],
    [
      "SQLite away from home",
      "src/api/a.ts",
      'import { Database } from "bun:sqlite";',
      "whose home is src/storage/",
    ],
    [
      "drizzle away from home",
      "src/app.ts",
      'import { sql } from "drizzle-orm";',
      "whose home is src/storage/",
    ],
    [
      "Elysia away from home",
      "src/ingest/a.ts",
      'import type { Elysia } from "elysia";',
      "whose home is src/api/",
    ],
    [
      "croner away from home",
      "src/maintenance/retention.ts",
      'import { Cron } from "croner";',
      "whose home is src/maintenance/jobs.ts",
    ],
    [
      "commander away from home",
      "src/main.ts",
      'import { Command } from "commander";',
      "whose home is src/cli/",
    ],
    ["an unknown package", "src/api/a.ts", 'import x from "left-pad";', "which has no home"],
    ["a second listener", "src/devices/connection.ts", "Bun.listen({});", "uses Bun.listen"],
    ["a second web server", "src/webhooks/a.ts", "Bun.serve({});", "uses Bun.serve"],
    [
      "a connection of its own",
      "src/devices/connection.ts",
      "void Bun.connect({});",
      "uses Bun.connect",
    ],
    ["a fetch of its own", "src/api/a.ts", "await fetch(url);", "uses outgoing fetch"],
    ["the environment", "src/api/a.ts", "const x = process.env.HOME;", "uses the environment"],
    ["the wall clock", "src/domain/a.ts", "const x = Date.now();", "uses the machine's clock"],
    [
      "the wall clock in disguise",
      "src/domain/a.ts",
      "const x = new Date( );",
      "uses the machine's clock",
    ],
    [
      "code in a template text",
      "src/domain/a.ts",
      `const x = \`at \${Date.now()} {\`;`,
      "uses the machine's clock",
    ],
    ["a timer of its own", "src/ingest/a.ts", "setTimeout(run, 5);", "uses timers"],
    ["an exit of its own", "src/cli/a.ts", "process.exit(1);", "uses process.exit"],
    ["an empty name", "src/domain/utils.ts", "", '"utils.ts" is a name that says nothing'],
    ["an empty folder name", "test/common/a.ts", "", '"common" is a name that says nothing'],
  ];
  for (const [name, path, text, wanted] of planted) {
    test(`findBreaches() sees ${name}`, () => {
      const breaches = findBreaches([{ path, text: `/** Planted. */\n${text}\n` }]);
      expect(breaches).toHaveLength(1);
      expect(breaches[0]).toContain(wanted);
    });
  }
});

describe("what is no breach", () => {
  const innocent: readonly [string, string, string][] = [
    [
      "a lower rank",
      "src/cli/a.ts",
      'import { x } from "#app.ts";\nimport { y } from "#base/a.ts";',
    ],
    [
      "the own folder",
      "src/devices/fkweb/a.ts",
      'import { x } from "./b.ts";\nimport { y } from "#devices/driver.ts";',
    ],
    [
      "an asset",
      "src/storage/a.ts",
      'import sql from "./migrations/0000.sql" with { type: "text" };',
    ],
    [
      "a comment",
      "src/domain/a.ts",
      '// import { x } from "#api/a.ts"; Date.now()\n/* process.exit(1) */',
    ],
    [
      "a text",
      "src/domain/a.ts",
      `const x = "Bun.listen(" + 'process.exit' + \`fetch(\${1}) Date.now\`;`,
    ],
    ["a regular expression", "src/domain/a.ts", 'const x = /["\'`]process\\.exit/; const y = "";'],
    ["the method of another thing", "src/api/a.ts", "app.fetch(request);"],
    ["a date from a value", "src/api/a.ts", "new Date(value);"],
    ["an identifier before a text", "src/api/a.ts", 'const from = x; call(from, "elysian");'],
  ];
  for (const [name, path, text] of innocent) {
    test(`findBreaches() lets ${name} pass`, () => {
      expect(findBreaches([{ path, text }])).toEqual([]);
    });
  }
});

test("readSource() tells the line of each module", () => {
  const { modules } = readSource('// "no"\nimport a from "./a.ts";\n\nexport * from "./b.ts";\n');
  expect(modules).toEqual([
    { specifier: "./a.ts", line: 2 },
    { specifier: "./b.ts", line: 4 },
  ]);
});
