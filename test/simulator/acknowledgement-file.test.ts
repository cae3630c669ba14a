/**
 * Aim: what was acknowledged is in the file after 100 ms at most and after the end, and earlier
 * content stays.
 */

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AcknowledgementFile } from "#simulator/acknowledgement-file.ts";
import { FakeClock } from "../support/fake-clock.ts";

const folder = mkdtempSync(join(tmpdir(), "acknowledgement-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

const PUNCH = {
  deviceId: "SIM0001",
  userId: "27",
  wallTime: "20260302081504",
  ioModeCode: 1,
  verifyModeCode: 3,
  recordNumber: 1,
  photo: undefined,
};

describe("AcknowledgementFile", () => {
  test("add() appends a line that is in the file 100 ms later", async () => {
    const path = join(folder, "flush");
    writeFileSync(path, "earlier\n");
    const clock = new FakeClock();
    const file = new AcknowledgementFile(path, clock);
    file.add(PUNCH);
    await clock.advance(100);
    expect(readFileSync(path, "utf8")).toBe("earlier\nSIM0001\t27\t20260302081504\n");
    file.close();
  });

  test("close() writes what waits and stops the timer", () => {
    const path = join(folder, "close");
    const clock = new FakeClock();
    const file = new AcknowledgementFile(path, clock);
    file.add(PUNCH);
    file.add({ ...PUNCH, userId: "28" });
    file.close();
    expect(readFileSync(path, "utf8")).toBe(
      "SIM0001\t27\t20260302081504\nSIM0001\t28\t20260302081504\n",
    );
    expect(clock.plannedCount).toBe(0);
  });

  test("AcknowledgementFile says which file it cannot open", () => {
    const path = join(folder, "no-such-folder", "file");
    expect(() => new AcknowledgementFile(path, new FakeClock())).toThrow(
      `Cannot open "${path}" for appending`,
    );
  });
});
