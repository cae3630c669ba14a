/**
 * The rules on which file may use what, as a pure function over source texts.
 */

import { posix } from "node:path";
import { lineAt, readSource } from "./source-text.ts";

/** A source file: its path from the project's root, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Folders and lone files of `src/` by rank: a file may use its own folder and lower ranks. */
const RANKS: Readonly<Record<string, number>> = {
  base: 0,
  domain: 1,
  platform: 1,
  config: 2,
  devices: 2,
  storage: 2,
  simulator: 2,
  box: 3,
  ingest: 3,
  webhooks: 3,
  maintenance: 3,
  api: 4,
  app: 5,
  "app.ts": 6,
  cli: 7,
  "main.ts": 8,
};

/** Modules from outside, and the only places that may name them. Longest match first. */
const MODULE_HOMES: readonly { readonly module: RegExp; readonly homes: readonly string[] }[] = [
  { module: /^bun:sqlite$|^drizzle-orm(\/|$)/, homes: ["src/storage/"] },
  { module: /^elysia(\/|$)|^@elysiajs\//, homes: ["src/api/"] },
  { module: /^croner$/, homes: ["src/maintenance/jobs.ts"] },
  { module: /^commander$|^cli-progress$|^write-excel-file\//, homes: ["src/cli/"] },
  { module: /^yaml$|^csv-stringify\//, homes: ["src/api/"] },
  { module: /^prom-client\//, homes: ["src/api/metrics/exposition.ts"] },
  { module: /^standardwebhooks$/, homes: ["src/webhooks/sign.ts"] },
  { module: /^node:|^bun$/, homes: ["src/"] },
  { module: /^\.\.\/\.\.\/systemd\//, homes: ["src/box/unit-text.ts"] },
  // The version of the program is in the manifest.
  { module: /^\.\.\/\.\.\/package\.json$/, homes: ["src/platform/version.ts"] },
];

/** Doings that have one home. The patterns look at code without comments and texts. */
const USE_HOMES: readonly {
  readonly what: string;
  readonly use: RegExp;
  readonly homes: readonly string[];
}[] = [
  { what: "Bun.listen", use: /\bBun\.listen\b/g, homes: ["src/devices/listener.ts"] },
  {
    what: "Bun.connect",
    use: /\bBun\.connect\b/g,
    homes: ["src/simulator/", "src/api/control/socket.ts"],
  },
  {
    what: "Bun.serve",
    use: /\bBun\.serve\b/g,
    homes: ["src/api/server.ts", "src/api/control/socket.ts"],
  },
  {
    what: "outgoing fetch",
    use: /(?<![.\w]|function )fetch\s*\(/g,
    homes: ["src/webhooks/send.ts", "src/cli/control-client.ts", "src/cli/doctor/check-api.ts"],
  },
  {
    what: "the environment",
    use: /\bprocess\.env\b|\b(?:Bun|import\.meta)\.env\b/g,
    homes: ["src/config/load.ts"],
  },
  {
    what: "the machine's clock",
    use: /\bDate\.now\b|\bperformance\.now\b|\bnew Date\(\s*\)|\bTemporal\.Now\b/g,
    homes: ["src/platform/clock.ts"],
  },
  {
    what: "timers",
    use: /(?<![.\w])set(?:Timeout|Interval)\s*\(|\bBun\.sleep/g,
    homes: ["src/platform/clock.ts"],
  },
  { what: "process.exit", use: /\bprocess\.exit\b/g, homes: ["src/main.ts"] },
];

/** Names that say nothing of what is inside. */
const EMPTY_NAMES = /^(?:index|utils?|helpers?|types|common|misc|shared)(?:\.|$)/;

/** Every breach, as `path:line what is wrong`. Files outside of `src/` have no rules but names. */
export function findBreaches(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const breaches = checkNames(file.path);
    if (!file.path.startsWith("src/") || file.path.endsWith(".d.ts")) return breaches;
    const source = readSource(file.text);
    for (const { specifier, line } of source.modules) {
      const breach = checkModule(file.path, specifier);
      if (breach !== undefined) breaches.push(`${file.path}:${line} ${breach}`);
    }
    for (const { what, use, homes } of USE_HOMES) {
      if (isAtHome(file.path, homes)) continue;
      for (const { index } of source.code.matchAll(use)) {
        const line = lineAt(source.code, index);
        breaches.push(`${file.path}:${line} uses ${what}, whose home is ${homes.join(" and ")}`);
      }
    }
    return breaches;
  });
}

function checkNames(path: string): string[] {
  return path
    .split("/")
    .filter((name) => EMPTY_NAMES.test(name))
    .map((name) => `${path}:1 "${name}" is a name that says nothing`);
}

function checkModule(path: string, specifier: string): string | undefined {
  const home = MODULE_HOMES.find(({ module }) => module.test(specifier));
  if (home !== undefined) {
    if (isAtHome(path, home.homes)) return undefined;
    return `imports "${specifier}", whose home is ${home.homes.join(" and ")}`;
  }
  if (!/^(?:#|\.\.?\/)/.test(specifier)) return `imports "${specifier}", which has no home`;
  return checkOwnModule(path, specifier);
}

function checkOwnModule(path: string, specifier: string): string | undefined {
  if (!/\.[a-z]+$/.test(specifier)) return `imports "${specifier}" without its extension`;
  const target = specifier.startsWith("#")
    ? posix.join("src", specifier.slice(1))
    : posix.join(posix.dirname(path), specifier);
  const [from, to] = [partOf(path), partOf(target)];
  if (from === to) return undefined;
  if (!specifier.startsWith("#")) return `imports "${specifier}" across folders without #`;
  const [fromRank, toRank] = [RANKS[from], RANKS[to]];
  if (fromRank === undefined) return `is in "${from}", which has no rank`;
  if (toRank === undefined) return `imports "${specifier}" of "${to}", which has no rank`;
  if (toRank < fromRank) return undefined;
  return `imports "${specifier}": ${from} (rank ${fromRank}) may not use ${to} (rank ${toRank})`;
}

/** The folder below `src/`, or the file if it lies there itself. */
function partOf(path: string): string {
  return path.split("/")[1] ?? path;
}

function isAtHome(path: string, homes: readonly string[]): boolean {
  return homes.some((home) => (home.endsWith("/") ? path.startsWith(home) : path === home));
}
