/** Runs a verb in this process, as a shell that is no terminal would, and keeps what it prints. */

import { runCli } from "#cli/run.ts";

/** How a verb ended, and what it said. */
export interface VerbResult {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** `dataDir` is where the verb looks for the server's control socket. */
export async function runVerb(dataDir: string, ...argv: readonly string[]): Promise<VerbResult> {
  return runVerbUntil(() => Promise.resolve("SIGTERM"), dataDir, argv);
}

/** The same, with the signal that asks the verb to end. */
export async function runVerbUntil(
  stopRequested: () => Promise<string>,
  dataDir: string,
  argv: readonly string[],
): Promise<VerbResult> {
  const printed = { out: "", error: "" };
  const code = await runCli(argv, {
    out: (text) => {
      printed.out += text;
    },
    error: (text) => {
      printed.error += text;
    },
    isTerminal: false,
    isJournal: false,
    variables: { DATA_DIR: dataDir },
    programName: "biometric-server",
    stopRequested,
    onReloadRequested: () => undefined,
  });
  return { code, ...printed };
}
