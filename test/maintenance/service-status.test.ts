/** Aim: the line that `systemctl status` shows tells what is stored, and first of all a problem. */

import { describe, expect, test } from "bun:test";
import { AppError } from "#base/app-error.ts";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { describeService } from "#maintenance/service-status.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { openTestStorage, punchesFrom, RECEIVED_AT_MS, rawPunch } from "../support/test-storage.ts";

const OPTIONS = { clock: new FakeClock(RECEIVED_AT_MS), siteTimeZone: "Asia/Manila" };

describe("describeService()", () => {
  test("counts what there is, and the punches of the site's day", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    expect(await describeService({ ...OPTIONS, storage })).toBe(
      "0 terminals in use, 0 punches today, 0 deliveries waiting",
    );
    await storage.append([
      punchesFrom("GATE", [rawPunch("7", "20260302081504"), rawPunch("7", "20260301235959")]),
      punchesFrom("NEW", [rawPunch("7", "20260302081504")]),
    ]);
    await storage.approveDevice(deviceId("GATE"));
    while (await storage.continueBackgroundWork()) {
      // Until everything that was held is in the feed.
    }
    expect(await describeService({ ...OPTIONS, storage })).toBe(
      "1 terminal in use, 1 waiting for approval, 1 punch today, 2 deliveries waiting",
    );
  });

  test("tells why nothing can be stored, instead of counts", async () => {
    using opened = openTestStorage();
    const storage = Object.assign(Object.create(opened.storage), {
      probe: async () => {
        throw new AppError("storage-write-failed", "Cannot store anything since noon: SQLITE_FULL");
      },
    });
    expect(await describeService({ ...OPTIONS, storage, clock: new FakeClock(epochMs(0)) })).toBe(
      "PROBLEM: Cannot store anything since noon: SQLITE_FULL",
    );
  });
});
