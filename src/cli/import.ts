/**
 * The verb `import`: brings the replaced server's database into the running server. It opens the
 * file with the rights of whoever runs it, and only reads it.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { Command } from "commander";
import { AppError } from "#base/app-error.ts";
import type { LoadedConfig } from "#config/load.ts";
import { parseTimeZone } from "#config/values.ts";
import { systemClock } from "#platform/clock.ts";
import { errorCode } from "#platform/files.ts";
import { type OriginalDatabase, openOriginalDatabase } from "#storage/original-database.ts";
import { findControlSocket } from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { createProgress } from "./import-progress.ts";
import { type RunResult, runImport } from "./import-run.ts";
import {
  type ImportSummary,
  LISTED_REFUSALS_MAX,
  type ListedRefusal,
  refusedCount,
  summaryJson,
  summaryText,
} from "./import-summary.ts";
import { type ImportTarget, serverTarget, trialTarget } from "./import-target.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface ImportFlags extends SettingsFlag {
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly hostZone?: string;
  readonly refused?: string;
}

/** Everything was read and some rows stayed out. */
const EXIT_REFUSED = 3;

const HELP_AFTER = `
FILE is the database of the Python server: biometric.db or biometric_data.db in its folder. Stop that
server first. Terminals may send to this one before, meanwhile and after: what both have is one punch.
Punches keep their ids and directions, and no webhook tells of them; messages that the Python server
had not delivered are delivered. Terminals come allowed or blocked as they were, unless it was decided
here. Started again, also after an interruption, it goes on where it was and changes nothing twice.

Exit code: 0 everything is in, 1 failed or interrupted, 3 everything was read and some rows were refused.

Examples:
  biometric-server import --dry-run /srv/old/biometric.db
  biometric-server import /srv/old/biometric.db --refused refused.ndjson`;

/** Makes the verb. */
export function importCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("import")
    .description("Bring in the database of the Python server that this one replaces")
    .argument("<file>", "its database file")
    .option("--dry-run", "read and check the file, send nothing", false)
    .option("--host-zone <zone>", "time zone of the old host's clock (default: the site's)")
    .option("--refused <file>", "write every refused row there, one JSON object a line")
    .option("--json", "print the result as JSON", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", HELP_AFTER)
    .action((file: string, flags: ImportFlags) => importFile(file, flags, { environment, host }));
}

/** Imports a file into the running server and prints what came of it, as the verb does. */
export async function importFile(
  file: string,
  flags: ImportFlags,
  around: { readonly environment: CliEnvironment; readonly host: CliHost },
): Promise<void> {
  const { environment, host } = around;
  const loaded = loadSettings(host, flags);
  const target = targetOf(flags, loaded);
  using source = openOriginalDatabase(file);
  const refusals = new Refusals(flags.refused);
  try {
    const run = await runStoppably(source, target, { refusals, environment, host });
    const summary: ImportSummary = {
      ...run,
      file,
      schema: source.schema,
      isTrial: flags.dryRun,
      refused: refusals.first,
    };
    environment.out(`${flags.json ? summaryJson(summary) : summaryText(summary)}\n`);
    if (source.hasChanged()) throw changed(file);
    if (!run.isComplete) throw interrupted(file);
    if (refusedCount(run.tallies) > 0) environment.exitCode(EXIT_REFUSED);
  } finally {
    refusals.close();
  }
}

async function runStoppably(
  source: OriginalDatabase,
  target: ImportTarget,
  shown: {
    readonly refusals: Refusals;
    readonly environment: CliEnvironment;
    readonly host: CliHost;
  },
): Promise<RunResult> {
  const { refusals, environment, host } = shown;
  let isStopped = false;
  void host.stopRequested().then(() => {
    isStopped = true;
  });
  const { isTerminal, error } = environment;
  const progress = await createProgress({ isTerminal, error });
  try {
    return await runImport(source, target, {
      progressed: (tally) => progress.show(tally),
      refused: (table, rows) => refusals.add(rows.map((row) => ({ table, ...row }))),
      isStopped: () => isStopped,
    });
  } finally {
    progress.stop();
  }
}

function targetOf(flags: ImportFlags, loaded: LoadedConfig): ImportTarget {
  const hostTimeZone = readHostZone(flags.hostZone);
  if (!flags.dryRun) return serverTarget(findControlSocket(loaded), hostTimeZone);
  const { siteTimeZone, userIdLeadingZeros } = loaded.config;
  const nowMs = systemClock.nowMs();
  return trialTarget({ siteTimeZone, hostTimeZone, leadingZeros: userIdLeadingZeros, nowMs });
}

function readHostZone(text: string | undefined): string | undefined {
  const zone = text === undefined ? undefined : parseTimeZone(text);
  if (text === undefined || zone !== undefined) return zone;
  const message = `Cannot use "${text}" as --host-zone: an IANA time zone is wanted`;
  throw new AppError("usage", message, { hint: "Such as Asia/Manila, or UTC" });
}

/** The refused rows: the first of them for the summary, and all of them for the file. */
class Refusals {
  readonly first: ListedRefusal[] = [];
  readonly #path: string | undefined;
  readonly #descriptor: number | undefined;

  /** @throws AppError `file-unwritable`. */
  constructor(path: string | undefined) {
    this.#path = path;
    this.#descriptor = path === undefined ? undefined : this.#try(() => openSync(path, "w", 0o600));
  }

  add(rows: readonly ListedRefusal[]): void {
    this.first.push(...rows.slice(0, LISTED_REFUSALS_MAX - this.first.length));
    const descriptor = this.#descriptor;
    if (descriptor === undefined || rows.length === 0) return;
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    this.#try(() => writeSync(descriptor, lines));
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  #try<Value>(write: () => Value): Value {
    try {
      return write();
    } catch (cause) {
      const found = errorCode(cause) ?? String(cause);
      throw new AppError("file-unwritable", `Cannot write "${this.#path}": ${found}`, { cause });
    }
  }
}

function changed(file: string): AppError {
  const message = `Cannot be sure to have all of "${file}": it was written while it was read`;
  const hint = "Stop the Python server and import again: only what is new is added";
  return new AppError("file-unreadable", message, { hint });
}

function interrupted(file: string): AppError {
  const message = `Import of "${file}" was interrupted: what the summary counts is in`;
  return new AppError("interrupted", message, { hint: "Import again to go on" });
}
