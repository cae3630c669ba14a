/**
 * Aim: endpoints are added, changed and removed whole or not at all, on disk and in memory alike; each
 * is told what it chose from then on, and what is left of a removed one goes in bounded steps.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { ENDPOINTS_MAX, endpointId, SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import {
  addedEndpoint,
  endedTry,
  findEndpoint,
  listWaiting,
  PAYROLL,
  takeDeliveries,
} from "../support/endpoint-values.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  type TestStorage,
} from "../support/test-storage.ts";

const HOUR_MS = 3_600_000;
const laterMs = (hours: number) => epochMs(RECEIVED_AT_MS + hours * HOUR_MS);
const punch = (user: string, device = "GATE1") =>
  punchesFrom(device, [rawPunch(user, "20260302080000")]);

/** Lets every write to the endpoints fail, as a disk would, until the returned call. */
function breakEndpoints(opened: TestStorage): () => void {
  const raise = "BEGIN SELECT RAISE(ABORT, 'no'); END";
  using other = new Database(opened.path);
  other.run(`CREATE TRIGGER no_insert AFTER INSERT ON webhook_endpoints ${raise}`);
  other.run(`CREATE TRIGGER no_update AFTER UPDATE ON webhook_endpoints ${raise}`);
  return () => {
    using healer = new Database(opened.path);
    healer.run("DROP TRIGGER no_insert");
    healer.run("DROP TRIGGER no_update");
  };
}

describe("addEndpoint()", () => {
  test("adds a receiver that is told from now on, and keeps it over a restart", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punch("1")]);
    const added = await addedEndpoint(opened.storage);
    await opened.storage.append([punch("2")]);
    expect(await finishBackgroundWork(opened.storage)).toBe(1);
    for (let start = 0; start < 2; start += 1) {
      expect(await findEndpoint(opened.storage, added.id)).toEqual({
        id: endpointId(2),
        name: "payroll",
        origin: "added",
        url: "http://payroll.test/punches",
        format: "logs",
        types: undefined,
        deviceIds: undefined,
        secret: "ab".repeat(32),
        previousSecret: undefined,
        isEnabled: true,
        isFilling: false,
        unfilledCount: 0,
        createdAtMs: RECEIVED_AT_MS,
        waitingCount: 1,
        parkedCount: 0,
      });
      await opened.reopen();
    }
    const waiting = await listWaiting(opened.storage, added.id);
    expect(waiting.map(({ punch: told }) => told?.userId)).toEqual(["2"] as never);
  });

  test("leaves the first number to the endpoint of the settings", async () => {
    using opened = openTestStorage({ endpoint: undefined });
    const added = await addedEndpoint(opened.storage);
    expect(added.id).toBe(endpointId(2));
    await opened.reopen({
      endpoint: { url: "http://hris.test/", format: "logs", types: undefined },
    });
    expect((await opened.storage.listEndpoints()).map(({ id, name }) => [id, name])).toEqual([
      [SETTINGS_ENDPOINT_ID, "settings"],
      [added.id, "payroll"],
    ]);
  });

  test("gives no name twice, and none of the settings, whether or not they make an endpoint", async () => {
    using opened = openTestStorage({ endpoint: undefined });
    await addedEndpoint(opened.storage);
    expect(await opened.storage.addEndpoint(PAYROLL)).toEqual({ kind: "name-taken" });
    const named = { ...PAYROLL, name: "settings" };
    expect(await opened.storage.addEndpoint(named)).toEqual({ kind: "name-taken" });
    expect(await opened.storage.listEndpoints()).toHaveLength(1);
  });

  test("has room for so many", async () => {
    using opened = openTestStorage();
    for (let n = 2; n <= ENDPOINTS_MAX; n += 1) {
      await addedEndpoint(opened.storage, { name: `receiver ${n}` });
    }
    expect(await opened.storage.addEndpoint(PAYROLL)).toEqual({ kind: "endpoints-full" });
    await opened.storage.removeEndpoint(endpointId(2), RECEIVED_AT_MS);
    expect(await opened.storage.addEndpoint(PAYROLL)).toMatchObject({ kind: "added" });
  });

  test("changes nothing in memory when the disk took nothing", async () => {
    using opened = openTestStorage();
    const heal = breakEndpoints(opened);
    await expect(opened.storage.addEndpoint(PAYROLL)).rejects.toThrow();
    expect(await opened.storage.listEndpoints()).toHaveLength(1);
    heal();
    expect(await addedEndpoint(opened.storage)).toMatchObject({ name: "payroll" });
  });
});

describe("editEndpoint()", () => {
  test("changes what is given and nothing else, also over a restart", async () => {
    using opened = openTestStorage();
    const added = await addedEndpoint(opened.storage);
    const edit = {
      url: "https://new.test/hook",
      format: "event",
      types: ["punch.created"],
      deviceIds: [deviceId("GATE2")],
    } as const;
    expect(await opened.storage.editEndpoint(added.id, edit)).toBe("done");
    await opened.storage.append([punch("1", "GATE1"), punch("1", "GATE2")]);
    for (let start = 0; start < 2; start += 1) {
      const { secret, name } = added;
      const found = await findEndpoint(opened.storage, added.id);
      expect(found).toMatchObject({ ...edit, name, secret, waitingCount: 1 });
      await opened.reopen();
    }
    const all = { types: null, deviceIds: null };
    expect(await opened.storage.editEndpoint(added.id, all)).toBe("done");
    expect(await findEndpoint(opened.storage, added.id)).toMatchObject({
      types: undefined,
      deviceIds: undefined,
      url: "https://new.test/hook",
    });
  });

  test("leaves the settings in charge of theirs, and knows no other number", async () => {
    using opened = openTestStorage();
    const edit = { isEnabled: false };
    expect(await opened.storage.editEndpoint(SETTINGS_ENDPOINT_ID, edit)).toBe("settings-endpoint");
    expect(await opened.storage.editEndpoint(endpointId(7), edit)).toBe("unknown-endpoint");
    expect(await opened.storage.listEndpoints()).toMatchObject([{ isEnabled: true }]);
  });

  test("changes nothing in memory when the disk took nothing", async () => {
    using opened = openTestStorage();
    const added = await addedEndpoint(opened.storage);
    breakEndpoints(opened);
    const edit = { url: "http://other.test/", isEnabled: false };
    await expect(opened.storage.editEndpoint(added.id, edit)).rejects.toThrow();
    expect(await findEndpoint(opened.storage, added.id)).toEqual(added);
  });
});

describe("rotateEndpointSecret()", () => {
  test("lets the secret before sign on for a while, and is not done again in that", async () => {
    using opened = openTestStorage();
    const { id } = await addedEndpoint(opened.storage);
    const until = { previousUntilMs: laterMs(24), nowMs: RECEIVED_AT_MS };
    const first = { secret: "first new one", ...until };
    expect(await opened.storage.rotateEndpointSecret(id, first)).toBe("done");
    const again = { secret: "second", previousUntilMs: laterMs(47), nowMs: laterMs(23) };
    expect(await opened.storage.rotateEndpointSecret(id, again)).toBe("still-rotating");
    await opened.reopen();
    expect(await findEndpoint(opened.storage, id)).toMatchObject({
      secret: "first new one",
      previousSecret: { secret: PAYROLL.secret, untilMs: laterMs(24) },
    });
    const then = { secret: "second", previousUntilMs: laterMs(48), nowMs: laterMs(24) };
    expect(await opened.storage.rotateEndpointSecret(id, then)).toBe("done");
    expect(await findEndpoint(opened.storage, id)).toMatchObject({
      secret: "second",
      previousSecret: { secret: "first new one", untilMs: laterMs(48) },
    });
  });

  test("ends every earlier secret at once where nothing else was asked for", async () => {
    using opened = openTestStorage();
    const { id } = await addedEndpoint(opened.storage);
    const until = { previousUntilMs: laterMs(24), nowMs: RECEIVED_AT_MS };
    await opened.storage.rotateEndpointSecret(id, { secret: "leaked", ...until });
    const atOnce = { secret: "fresh", previousUntilMs: laterMs(1), nowMs: laterMs(1) };
    expect(await opened.storage.rotateEndpointSecret(id, atOnce)).toBe("done");
    const found = await findEndpoint(opened.storage, id);
    expect(found).toMatchObject({ secret: "fresh", previousSecret: undefined });
  });

  test("is nothing for the endpoint of the settings, nor for an unknown one", async () => {
    using opened = openTestStorage();
    const rotation = { secret: "x", previousUntilMs: laterMs(1), nowMs: RECEIVED_AT_MS };
    const { storage } = opened;
    expect(await storage.rotateEndpointSecret(SETTINGS_ENDPOINT_ID, rotation)).toBe(
      "settings-endpoint",
    );
    expect(await storage.rotateEndpointSecret(endpointId(9), rotation)).toBe("unknown-endpoint");
  });
});

describe("removeEndpoint()", () => {
  test("takes it out at once, and what waits or is parked in bounded steps", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const { id } = await addedEndpoint(storage);
    for (let user = 1; user <= 450; user += 1) await storage.append([punch(String(user))]);
    const [parked, delivered] = await listWaiting(storage, id);
    if (parked === undefined || delivered === undefined) throw new Error("Nothing waits");
    const refused = { ...endedTry(parked.id), httpStatus: 422 };
    await storage.outboxOf(id).recordAttempts([{ ...refused, kind: "parked" }]);
    await takeDeliveries(storage, id, [delivered]);
    expect(await storage.removeEndpoint(id, RECEIVED_AT_MS)).toBe("done");
    expect(await storage.removeEndpoint(id, RECEIVED_AT_MS)).toBe("unknown-endpoint");
    expect(await storage.listEndpoints()).toHaveLength(1);
    expect(await storage.continueBackgroundWork()).toBe(true);
    expect(await storage.figures()).toMatchObject({
      deliveriesWaiting: 450 + 248,
      deliveriesParked: 0,
    });
    await opened.reopen();
    await finishBackgroundWork(opened.storage);
    expect(await listWaiting(opened.storage, id)).toEqual([]);
    const totals = { deliveriesWaiting: 450, deliveriesParked: 0 };
    expect(await opened.storage.figures()).toMatchObject(totals);
    expect(await opened.storage.continueBackgroundWork()).toBe(false);
  });

  test("sets its name free, and gives its number to nobody", async () => {
    using opened = openTestStorage();
    const { id } = await addedEndpoint(opened.storage);
    await opened.storage.removeEndpoint(id, RECEIVED_AT_MS);
    const second = await addedEndpoint(opened.storage);
    expect(second.id).toBe(endpointId(id + 1));
  });

  test("keeps no secret of it", async () => {
    using opened = openTestStorage();
    const { id } = await addedEndpoint(opened.storage);
    const rotation = { secret: "new", previousUntilMs: laterMs(1), nowMs: RECEIVED_AT_MS };
    await opened.storage.rotateEndpointSecret(id, rotation);
    await opened.storage.removeEndpoint(id, RECEIVED_AT_MS);
    using other = new Database(opened.path);
    const rows = other
      .query("SELECT secret, previous_secret AS previous FROM webhook_endpoints WHERE id = 2")
      .all();
    expect(rows).toEqual([{ secret: "", previous: null }]);
  });

  test("a result that comes late for it counts for nothing", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const { id } = await addedEndpoint(storage);
    await storage.append([punch("1")]);
    const waiting = await listWaiting(storage, id);
    await storage.removeEndpoint(id, RECEIVED_AT_MS);
    await finishBackgroundWork(storage);
    await takeDeliveries(storage, id, waiting);
    const totals = { deliveriesWaiting: 1, deliveriesParked: 0 };
    expect(await storage.figures()).toMatchObject(totals);
  });
});
