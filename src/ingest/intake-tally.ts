/**
 * What became of the intakes since the start of the process. Every punch passes here, so that noting
 * one costs some tens of nanoseconds and no memory.
 */

import { BucketCounts, type BucketFigures } from "#base/bucket-counts.ts";
import type { Intake, Outcome, RefusalCode } from "#domain/intake.ts";

type IntakeKind = Intake["kind"];
type OutcomeKind = Outcome["kind"];

/** How many intakes of each kind had each outcome. */
export type IntakeCounts = Readonly<Record<IntakeKind, Readonly<Record<OutcomeKind, number>>>>;

export interface IntakeFigures {
  readonly counts: IntakeCounts;
  readonly refusals: Readonly<Record<RefusalCode, number>>;
  /** From the whole intake to its outcome on disk, in seconds, of those that are acknowledged. */
  readonly acknowledgements: BucketFigures;
}

const BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

export class IntakeTally {
  readonly #counts = {
    poll: noOutcomes(),
    punches: noOutcomes(),
    notice: noOutcomes(),
    unreadable: noOutcomes(),
    manual: noOutcomes(),
    "command-result": noOutcomes(),
  };
  readonly #refusals: Record<RefusalCode, number> = {
    "device-blocked": 0,
    "address-not-allowed": 0,
    "id-reserved": 0,
    "devices-full": 0,
    "pending-devices-full": 0,
    "pending-punches-full": 0,
    "quarantine-full": 0,
  };
  readonly #acknowledgements = new BucketCounts(BOUNDS_SECONDS);

  note(kind: IntakeKind, outcome: Outcome, durationMs: number): void {
    this.#counts[kind][outcome.kind] += 1;
    if (outcome.kind === "refused") this.#refusals[outcome.code] += 1;
    else if (outcome.kind !== "failed") this.#acknowledgements.note(durationMs / 1000);
  }

  /** Goes on counting. */
  get figures(): IntakeFigures {
    const acknowledgements = this.#acknowledgements.figures;
    return { counts: this.#counts, refusals: this.#refusals, acknowledgements };
  }
}

function noOutcomes(): Record<OutcomeKind, number> {
  return { stored: 0, duplicate: 0, quarantined: 0, refused: 0, failed: 0 };
}
