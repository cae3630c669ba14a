/** What a check came to. Pure. */

/**
 * `warning`: it works, and is unsafe or will not work for long. `fault`: something does not work, or
 * something kept is in danger. `skipped`: it could not be looked at, or there is nothing to look at.
 */
export type FindingState = "ok" | "warning" | "fault" | "skipped";

/** The result of one check. */
export interface Finding {
  /** What was looked at, in one word for people and programs: `terminal-port`. */
  readonly check: string;
  readonly state: FindingState;
  /** Where it was looked, and what is there. */
  readonly found: string;
  /** How it should be. */
  readonly wanted?: string;
  /** What to do, as a command where there is one. */
  readonly fix?: string;
}

/** Findings about one matter. */
export interface FindingGroup {
  readonly heading: string;
  readonly findings: readonly Finding[];
}

/** What is wrong, in a person's words. */
export type Trouble = Required<Pick<Finding, "found" | "wanted" | "fix">>;

export function fine(check: string, found: string): Finding {
  return { check, state: "ok", found };
}

export function warning(check: string, trouble: Trouble): Finding {
  return { check, state: "warning", ...trouble };
}

export function fault(check: string, trouble: Trouble): Finding {
  return { check, state: "fault", ...trouble };
}

/** Where the server says what it could not do. */
export const LOOK_INTO_LOG = "journalctl -u biometric-server -n 50";

/** The fix of what only root can look at. */
export const ASK_ROOT = "sudo biometric-server doctor";

/** `fix`: what would let it be looked at. */
export function skipped(check: string, found: string, fix?: string): Finding {
  return { check, state: "skipped", found, ...(fix === undefined ? {} : { fix }) };
}

/** Whether nothing is wrong. What was skipped is not known to be. */
export function isWell(groups: readonly FindingGroup[]): boolean {
  return groups.every(({ findings }) =>
    findings.every(({ state }) => state === "ok" || state === "skipped"),
  );
}
