/**
 * The verb `version`.
 */

import { Command } from "commander";
import { COMMIT, VERSION } from "#platform/version.ts";
import type { CliEnvironment } from "./environment.ts";

/** Makes the verb. */
export function versionCommand(environment: CliEnvironment): Command {
  return new Command("version")
    .description("Print the version, the commit it was built from and the runtime")
    .option("--json", "print it as JSON", false)
    .addHelpText("after", "\nExample:\n  biometric-server version --json")
    .action((flags: { readonly json: boolean }) => {
      const facts = { version: VERSION, commit: COMMIT ?? null, bun: Bun.version };
      environment.out(`${flags.json ? JSON.stringify(facts) : versionText()}\n`);
    });
}

/** The version in one line: `biometric-server 0.1.0 (commit 0123456789ab, Bun 1.4.5)`. */
export function versionText(): string {
  const build = COMMIT === undefined ? "" : `commit ${COMMIT}, `;
  return `biometric-server ${VERSION} (${build}Bun ${Bun.version})`;
}
