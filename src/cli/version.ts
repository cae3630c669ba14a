/**
 * The verb `version`.
 */

import { Command } from "commander";
import { COMMIT, VERSION } from "#platform/version.ts";
import type { CliEnvironment } from "./environment.ts";

interface VersionFlags {
  readonly json: boolean;
  readonly licences: boolean;
}

/** Makes the verb. */
export function versionCommand(environment: CliEnvironment): Command {
  return new Command("version")
    .description("Print the version, the commit it was built from and the runtime")
    .option("--licences", "print what others made of it, with their licences", false)
    .option("--json", "print it as JSON", false)
    .addHelpText("after", "\nExample:\n  biometric-server version --json")
    .action(async (flags: VersionFlags) => {
      const text = flags.licences ? await licences(flags) : await version(flags);
      environment.out(`${text}\n`);
    });
}

async function version({ json }: VersionFlags): Promise<string> {
  return json ? JSON.stringify(await facts()) : versionText();
}

async function licences({ json }: VersionFlags): Promise<string> {
  const { licencesText, readLicences } = await import("./licences.ts");
  return json ? JSON.stringify(readLicences()) : licencesText(readLicences());
}

/** What `upgrade` wants to know of a file before it takes the place of this one, and others may. */
async function facts() {
  // All of storage comes with it.
  const { OWN_MIN_READER, OWN_SCHEMA } = await import("#storage/schema-facts.ts");
  return {
    program: "biometric-server",
    version: VERSION,
    commit: COMMIT ?? null,
    bun: Bun.version,
    schema: OWN_SCHEMA,
    min_reader: OWN_MIN_READER,
  };
}

/** The version in one line: `biometric-server 0.1.0 (commit 0123456789ab, Bun 1.4.5)`. */
export function versionText(): string {
  const build = COMMIT === undefined ? "" : `commit ${COMMIT}, `;
  return `biometric-server ${VERSION} (${build}Bun ${Bun.version})`;
}
