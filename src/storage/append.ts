/**
 * A batch of intakes in one transaction, a savepoint for each: a bug of ours sends one intake to
 * quarantine and leaves its neighbours stored; a failure of the engine fails the whole batch.
 */

import type { Outcome, ReceivedIntake } from "#domain/intake.ts";
import { shownDuration } from "#domain/time-text.ts";
import type { Log } from "#platform/log.ts";
import type { IntakeApplier } from "./apply-intake.ts";
import type { ClockNews, DeviceClocks } from "./device-clocks.ts";
import { engineCode, engineHint, isEngineFailure } from "./engine-error.ts";
import type { StorageEvent, StorageEvents } from "./events.ts";
import type { WriteParts } from "./write-parts.ts";

const FAILED: Outcome = { kind: "failed" };
const GOOD_NEWS: ReadonlySet<StorageEvent["event"]> = new Set([
  "device.approved",
  "command.queued",
  "command.sent",
  "command.done",
]);

/** What a batch is applied with. */
export interface BatchWriter {
  readonly parts: WriteParts;
  readonly applier: IntakeApplier;
  readonly clocks: DeviceClocks;
  readonly events: StorageEvents;
  readonly log: Log;
  readonly onTwins: (device: string, detail: string) => void;
}

/** Applies the batch; the outcomes are true once it returns. */
export function appendBatch(
  batch: readonly ReceivedIntake[],
  writer: BatchWriter,
): readonly Outcome[] {
  const outcomes = commitBatch(batch, writer);
  const told = writer.events.take();
  for (const { event, device, detail } of told) {
    if (event === "device.twins") writer.onTwins(device, detail);
  }
  tellEvents(told, writer.log);
  for (const news of writer.clocks.takeNews()) tellClock(writer.log, news);
  return outcomes;
}

/** Logs what the transaction that was committed has to tell. */
export function tellEvents(told: readonly StorageEvent[], log: Log): void {
  for (const { event, isRepeat, ...fields } of told) {
    if (isRepeat === true) continue;
    const level = GOOD_NEWS.has(event) ? "info" : "warn";
    log[level](event, fields, { per: fields.device });
  }
}

function tellClock(log: Log, { device, isOff, skewMs }: ClockNews): void {
  if (!isOff) {
    log.info("device.clock-right", { device, skewMs }, { per: device });
    return;
  }
  const shown = `${shownDuration(Math.abs(skewMs))} ${skewMs < 0 ? "slow" : "fast"}`;
  const hint =
    "Beyond 2 min it is set by itself, while DEVICE_SET_TIME is on and this box's own clock is " +
    'trusted ("biometric-server clock" shows that); else set it in the menu of the terminal';
  log.warn(
    "device.clock-off",
    { device, skewMs, detail: `Its clock is ${shown}`, hint },
    { per: device },
  );
}

function commitBatch(batch: readonly ReceivedIntake[], writer: BatchWriter): readonly Outcome[] {
  try {
    return writer.parts.transaction(() => {
      const outcomes = batch.map((received) => appendOne(received, writer));
      tellQuarantined(batch, writer.parts);
      return outcomes;
    });
  } catch (error) {
    writer.events.dropBehind(0);
    const code = engineCode(error) ?? "bug";
    const fields = {
      intakes: batch.length,
      code,
      cause: String(error),
      hint: engineHint(error),
    };
    writer.log.error("storage.failed", fields, { per: code });
    return batch.map(() => FAILED);
  }
}

/** Any request may come so late that what went into quarantine before it is due to be told. */
function tellQuarantined(
  batch: readonly ReceivedIntake[],
  { quarantineNews, eventLog }: WriteParts,
) {
  const nowMs = batch.at(-1)?.receivedAtMs;
  if (nowMs === undefined) return;
  for (const event of quarantineNews.takeDue(nowMs)) eventLog.add(event);
}

function appendOne(received: ReceivedIntake, writer: BatchWriter): Outcome {
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
