/**
 * A batch of intakes in one transaction, a savepoint for each: a bug of ours sends one intake to
 * quarantine and leaves its neighbours stored; a failure of the engine fails the whole batch.
 */

import type { Outcome, ReceivedIntake } from "#domain/intake.ts";
import type { Log } from "#platform/log.ts";
import type { IntakeApplier } from "./apply-intake.ts";
import { engineCode, engineHint, isEngineFailure } from "./engine-error.ts";
import type { WriteParts } from "./write-parts.ts";

const FAILED: Outcome = { kind: "failed" };

/** Applies the batch; the outcomes are true once it returns. Never throws. */
export function appendBatch(
  batch: readonly ReceivedIntake[],
  writer: { readonly parts: WriteParts; readonly applier: IntakeApplier; readonly log: Log },
): readonly Outcome[] {
  const { parts, applier, log } = writer;
  try {
    const outcomes = parts.transaction(() => batch.map((received) => appendOne(received, writer)));
    for (const { event, ...fields } of applier.takeEvents()) {
      const level = event === "device.approved" ? "info" : "warn";
      log[level](event, fields, { per: fields.device });
    }
    return outcomes;
  } catch (error) {
    applier.takeEvents();
    log.error(
      "storage.failed",
      {
        intakes: batch.length,
        code: engineCode(error) ?? "bug",
        cause: String(error),
        hint: engineHint(error),
      },
      { per: engineCode(error) ?? "bug" },
    );
    return batch.map(() => FAILED);
  }
}

function appendOne(
  received: ReceivedIntake,
  writer: { readonly parts: WriteParts; readonly applier: IntakeApplier; readonly log: Log },
): Outcome {
  const { parts, applier, log } = writer;
  try {
    const outcome = parts.savepoint(
      () => applier.apply(received),
      (applied) => applied.kind !== "refused",
    );
    if (outcome.kind === "refused") applier.noteRefusal(received);
    return outcome;
  } catch (error) {
    if (isEngineFailure(error)) throw error;
    log.error(
      "intake.bug",
      {
        device: received.intake.deviceId,
        kind: received.intake.kind,
        cause: String(error),
        stack: error instanceof Error ? error.stack : undefined,
      },
      { per: String(error) },
    );
    return applier.quarantineBug(received, error);
  }
}
