/**
 * Aim: the range of users of the primary terminal marks punches wherever they are read, takes
 * nothing away, and is off unless it is set.
 */

import { describe, expect, test } from "bun:test";
import { deviceId } from "#domain/identifiers.ts";
import { punchesFrom, rawPunch } from "../support/test-storage.ts";
import { field, listField } from "./api-fixture.ts";
import { StoredApi } from "./stored-api.ts";

const RANGE = { primaryDeviceId: deviceId("GATE"), primaryUserRange: { from: 1, to: 8 } };

async function fill({ storage }: StoredApi): Promise<void> {
  const outcomes = await storage.append([
    punchesFrom("GATE", [rawPunch("00000008", "20260302080000")]),
    punchesFrom("GATE", [rawPunch("9", "20260302080001")]),
    punchesFrom("DOOR", [rawPunch("9", "20260302080002")]),
    punchesFrom("GATE", [rawPunch("E-1", "20260302080003")]),
  ]);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["stored", "stored", "stored", "stored"]);
}

async function marksOf(api: StoredApi, path: string, list: string): Promise<unknown[]> {
  const records = listField((await api.get(path)).json, list);
  return records.map((record) => field(record, "outside_user_range"));
}

describe("outside_user_range", () => {
  test("marks punches of others at the primary terminal, and refuses none", async () => {
    using api = new StoredApi({}, RANGE);
    await fill(api);
    expect(await marksOf(api, "/v1/punches", "punches")).toEqual([false, true, false, true]);
    expect(await marksOf(api, "/api/biometric/logs", "logs")).toEqual([true, false, true, false]);
    expect(field((await api.get("/v1/punches/1000002")).json, "outside_user_range")).toBe(true);
  });

  test("is false in the feed and absent from the logs while there is no range", async () => {
    using api = new StoredApi();
    await fill(api);
    expect(await marksOf(api, "/v1/punches", "punches")).toEqual([false, false, false, false]);
    const logs = listField((await api.get("/api/biometric/logs")).json, "logs");
    for (const log of logs) expect(Object.keys(Object(log))).not.toContain("outside_user_range");
  });

  test("is told anew when the range has changed, in spite of an unchanged feed", async () => {
    using api = new StoredApi();
    await fill(api);
    const etag = (await api.get("/v1/punches")).headers.get("etag") ?? "";
    const isFresh = async (read: StoredApi) => {
      const answer = await read.fixture.get("/v1/punches", { "if-none-match": etag });
      return answer.status === 304;
    };
    expect(await isFresh(api)).toBe(true);
    using ranged = new StoredApi({}, { ...RANGE, storage: api.storage });
    expect(await isFresh(ranged)).toBe(false);
    expect(await marksOf(ranged, "/v1/punches", "punches")).toEqual([false, true, false, true]);
  });
});
