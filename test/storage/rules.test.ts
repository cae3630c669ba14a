/**
 * Aim: rules that change while the storage is open hold for what comes from then on, as after a
 * restart with them; one that cannot be stored leaves all as they were.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import type { Storage } from "#storage/storage.ts";
import { findEndpoint } from "../support/endpoint-values.ts";
import {
  MANILA_RULES,
  openTestStorage,
  punchesFrom,
  rawPunch,
  readFeed,
  SETTINGS_ENDPOINT,
} from "../support/test-storage.ts";

async function punch(storage: Storage, wallTime: string, device = "GATE1"): Promise<void> {
  await storage.append([punchesFrom(device, [rawPunch("7", wallTime)])]);
}

const ownEndpoint = (storage: Storage) => findEndpoint(storage, SETTINGS_ENDPOINT_ID);

describe("changeRules()", () => {
  test("lets new terminals wait from then on, and others be what they are", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await punch(storage, "20260302080000", "GATE1");
    await storage.changeRules({ ...MANILA_RULES, enrollment: "approve", devicesMax: 2 });
    for (const device of ["GATE1", "GATE2"]) await punch(storage, "20260302080500", device);
    const refused = punchesFrom("GATE3", [rawPunch("7", "20260302080000")]);
    expect(await storage.append([refused])).toMatchObject([{ kind: "refused" }]);
    const devices = await storage.listDevices();
    expect(devices.map(({ id, status }) => `${id} ${status}`).toSorted()).toEqual([
      "GATE1 approved",
      "GATE2 pending",
    ]);
  });

  test("gives later punches the direction of the new rule, and corrects as far as that goes back", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await punch(storage, "20260302080000");
    await storage.changeRules({
      ...MANILA_RULES,
      direction: { ...MANILA_RULES.direction, minimumGapMs: 60_000 },
      correctionWindowMs: 0,
    });
    await punch(storage, "20260302080030");
    await punch(storage, "20260302081000");
    // A late one before all: without a window nothing behind it is corrected.
    await punch(storage, "20260302070000");
    const punches = (await readFeed(storage)).toSorted((left, right) =>
      left.wallTime < right.wallTime ? -1 : 1,
    );
    expect(punches.map(({ direction, isRepeat }) => [direction, isRepeat])).toEqual([
      ["in", false],
      ["in", false],
      ["in", true],
      ["out", false],
    ]);
  });

  test("makes, changes and switches off the endpoint of the settings, and keeps what waits", async () => {
    using opened = openTestStorage({ endpoint: undefined });
    const { storage } = opened;
    await punch(storage, "20260302080000");
    await storage.changeRules(MANILA_RULES);
    await punch(storage, "20260302081000");
    const moved = { ...SETTINGS_ENDPOINT, url: "http://new.test/" };
    await storage.changeRules({ ...MANILA_RULES, endpoint: moved });
    await punch(storage, "20260302082000");
    expect(await ownEndpoint(storage)).toMatchObject({ url: "http://new.test/", waitingCount: 2 });
    await storage.changeRules({ ...MANILA_RULES, endpoint: undefined });
    await punch(storage, "20260302083000");
    expect(await ownEndpoint(storage)).toMatchObject({ isEnabled: false, waitingCount: 2 });
    await opened.reopen({ endpoint: undefined });
    expect(await ownEndpoint(opened.storage)).toMatchObject({ isEnabled: false, waitingCount: 2 });
  });

  test("changes no rule when the disk takes no change of the endpoint", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    {
      using other = new Database(opened.path);
      const raise = "BEGIN SELECT RAISE(ABORT, 'no'); END";
      other.run(`CREATE TRIGGER no_insert AFTER INSERT ON webhook_endpoints ${raise}`);
      other.run(`CREATE TRIGGER no_update AFTER UPDATE ON webhook_endpoints ${raise}`);
    }
    const endpoint = { ...SETTINGS_ENDPOINT, url: "http://new.test/" };
    const changed = { ...MANILA_RULES, endpoint, enrollment: "approve" } as const;
    await expect(storage.changeRules(changed)).rejects.toThrow();
    expect(await ownEndpoint(storage)).toMatchObject({ url: SETTINGS_ENDPOINT.url });
    await punch(storage, "20260302080000");
    expect(await ownEndpoint(storage)).toMatchObject({ waitingCount: 1 });
    expect(await storage.listDevices()).toMatchObject([{ status: "approved" }]);
    await storage.changeRules({ ...MANILA_RULES, enrollment: "approve" });
    await punch(storage, "20260302080000", "GATE2");
    expect((await storage.listDevices()).map(({ status }) => status).toSorted()).toEqual([
      "approved",
      "pending",
    ]);
  });
});
