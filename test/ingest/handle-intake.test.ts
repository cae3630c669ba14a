/** Aim: what became of each intake is counted, with the time that it took, and a refusal is told. */

import { describe, expect, test } from "bun:test";
import type { Outcome } from "#domain/intake.ts";
import { createHandleIntake } from "#ingest/handle-intake.ts";
import { IntakeTally } from "#ingest/intake-tally.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { pollFrom, punchesFrom, rawPunch } from "../support/test-storage.ts";

const PUNCH = punchesFrom("GATE1", [rawPunch("1", "20260302080000")]);

function setUp(outcome: Outcome, afterMs = 0) {
  const [clock, log, tally] = [new FakeClock(), new RecordingLog(), new IntakeTally()];
  const submit = async () => {
    await clock.advance(afterMs);
    return outcome;
  };
  return { log, tally, handle: createHandleIntake({ queue: { submit }, tally, clock, log }) };
}

describe("createHandleIntake()", () => {
  test("counts an intake by kind and outcome, and how long its acknowledgement took", async () => {
    const { log, tally, handle } = setUp({ kind: "stored" }, 20);
    expect(await handle(PUNCH)).toEqual({ kind: "stored" });
    await handle(PUNCH);
    await handle(pollFrom("GATE1", "20260302080000"));
    const { counts, acknowledgements } = tally.figures;
    expect(counts.punches).toEqual({
      stored: 2,
      duplicate: 0,
      quarantined: 0,
      refused: 0,
      failed: 0,
    });
    expect(counts.poll.stored).toBe(1);
    expect(acknowledgements.counts[acknowledgements.bounds.indexOf(0.025)]).toBe(3);
    expect(acknowledgements.sum).toBeCloseTo(0.06, 9);
    const address = "192.0.2.7";
    const told = { kind: "punches", device: "GATE1", address, outcome: "stored", ms: 20 };
    expect(log.of("terminal.request")[0]).toMatchObject({ level: "debug", fields: told });
  });

  test("counts what is not acknowledged, without a time, and why it was refused", async () => {
    const refused = setUp({ kind: "refused", code: "quarantine-full" });
    await refused.handle(PUNCH);
    expect(refused.log.of("terminal.refused")).toHaveLength(1);
    expect(refused.tally.figures.counts.punches.refused).toBe(1);
    expect(refused.tally.figures.refusals).toMatchObject({
      "quarantine-full": 1,
      "devices-full": 0,
    });
    const failed = setUp({ kind: "failed" });
    await failed.handle(PUNCH);
    expect(failed.tally.figures.counts.punches.failed).toBe(1);
    for (const { tally } of [refused, failed]) {
      expect(tally.figures.acknowledgements.counts.every((count) => count === 0)).toBe(true);
    }
  });
});
