/** Findings in short, for comparison: what is wrong by its check, with its fix. */

import type { Finding } from "#cli/doctor/finding.ts";

/** The state of each check. */
export function statesOf(findings: readonly Finding[]): Readonly<Record<string, string>> {
  return Object.fromEntries(findings.map(({ check, state }) => [check, state]));
}

/** What is not `ok`, as `state: fix`, by its check. */
export function troublesOf(findings: readonly Finding[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    findings
      .filter(({ state }) => state !== "ok")
      .map(({ check, state, fix = "" }) => [check, `${state}: ${fix}`]),
  );
}
