/** The verb `export`: punches as a file for people and programs, by asking the running server. */

import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { CliEnvironment } from "./environment.ts";
import { EXPORT_FORMATS, type ExportFilter, type ExportFormat } from "./export-wish.ts";
import type { CliHost } from "./host.ts";
import { loadSettings, SETTINGS_OPTION, type SettingsFlag } from "./settings.ts";

interface ExportFlags extends SettingsFlag, ExportFilter {
  readonly format?: ExportFormat;
  readonly output?: string;
  readonly force: boolean;
}

const EXAMPLES = `
Examples:
  biometric-server export --from 2026-03-01 --to 2026-03-31 --output march.xlsx
  biometric-server export --user 27 > ana.csv
  biometric-server export --device 2401058352 --format ndjson --output /media/usb/front.ndjson

Days are those of the site's calendar, both included; without them everything is exported. CSV and
NDJSON have every field of /v1/punches, in the order of the feed; XLSX has what a person reads, by
time, and holds 50,000 punches at most. A file gets its name when it is whole.

Exit code: 0 done, 1 no server answers, it refuses, or the file cannot be written.`;

/** Makes the verb. Its action throws `AppError` `export-failed`, `control-refused` and the like. */
export function exportCommand(environment: CliEnvironment, host: CliHost): Command {
  return new Command("export")
    .description("Write punches as CSV, NDJSON or XLSX")
    .option("--from <day>", "first day, such as 2026-03-01")
    .option("--to <day>", "last day, included")
    .option("--device <id>", "only of this terminal")
    .option("--user <id>", "only of this user")
    .addOption(new Option("--direction <word>", "only these").choices(["in", "out"]))
    .addOption(
      new Option("--format <format>", "by the file's ending if not given, else csv").choices(
        EXPORT_FORMATS,
      ),
    )
    .option("-o, --output <file>", "file to be made; without it, standard output")
    .option("--force", "replace a file that is there", false)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ExportFlags) => {
      const { exportPunches } = await import("./export-run.ts");
      const { from, to, device, user, direction } = flags;
      await exportPunches({
        settings: loadSettings(host, flags),
        filter: { from, to, device, user, direction },
        format: flags.format,
        output: flags.output === undefined ? undefined : resolve(flags.output),
        isReplacing: flags.force,
        environment,
      });
    });
}
