/** Judges from looks at a running service whether a new executable does its work. Pure. */

import type { UnitState } from "./unit-state.ts";

/** One look. */
export interface HealthLook {
  readonly unit: Pick<
    UnitState,
    "activeState" | "mainPid" | "restartCount" | "result" | "exitStatus"
  >;
  /** What keeps it from storing; undefined: nothing. */
  readonly problem: string | undefined;
}

/** So many looks in a row, a second apart, may find a problem that goes away by itself. */
const PROBLEM_LOOKS = 5;

export class HealthWatch {
  readonly #first: HealthLook;
  #problemLooks = 0;

  /** `first` is the service as it came up. */
  constructor(first: HealthLook) {
    this.#first = first;
  }

  /** Why it has failed; undefined: it is well so far. */
  judge({ unit, problem }: HealthLook): string | undefined {
    const { mainPid, restartCount } = this.#first.unit;
    const isGone = unit.activeState !== "active" || unit.mainPid !== mainPid;
    if (isGone || unit.restartCount > restartCount) return `it ended by itself${howOf(unit)}`;
    this.#problemLooks = problem === undefined ? 0 : this.#problemLooks + 1;
    return this.#problemLooks >= PROBLEM_LOOKS ? problem : undefined;
  }
}

/** Of a process that was started again meanwhile, systemd does not tell. */
function howOf({ result, exitStatus }: HealthLook["unit"]): string {
  return result === "success" || result === "" ? "" : ` (${result}, status ${exitStatus})`;
}
