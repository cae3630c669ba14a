/** Aim: the control socket takes rows of an import in bounded pieces, and refuses what is none. */

import { afterEach, describe, expect, test } from "bun:test";
import type { ImportCircumstances } from "#storage/import/importer.ts";
import { ControlFixture, cleanUpControl, temporaryPath } from "../control-fixture.ts";

afterEach(cleanUpControl);

const ROW = { id: "1", device_id: "D1", user_id: "7", timestamp: null };

async function startFixture() {
  const fixture = new ControlFixture();
  const calls: { table: string; rowCount: number; at: ImportCircumstances }[] = [];
  const reserved: number[] = [];
  fixture.storage.importer = {
    reserveIds: async (lastId) => void reserved.push(lastId),
    async importRows(table, rows, at) {
      calls.push({ table, rowCount: rows.length, at });
      const refused = [{ id: "1", code: "no-user" as const, reason: "Row has no user id" }];
      return { importedCount: 2, knownCount: 3, flagCounts: { renumbered: 1 }, refused };
    },
  };
  const path = temporaryPath();
  await fixture.start(path);
  const post = async (route: string, body: unknown) => {
    const response = await fetch(`http://localhost${route}`, {
      method: "POST",
      unix: path,
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, json: (await response.json()) as unknown };
  };
  return { fixture, calls, reserved, post };
}

describe("an import on the control socket", () => {
  test("reserves ids, passes rows on, reports, and wakes what waits at its end", async () => {
    const { fixture, calls, reserved, post } = await startFixture();
    expect((await post("/import/start", { last_id: 86 })).status).toBe(200);
    expect(reserved).toEqual([86]);
    const rows = { table: "devices", host_time_zone: "asia/manila", rows: [ROW, ROW] };
    expect(await post("/import/rows", rows)).toEqual({
      status: 200,
      json: {
        imported_count: 2,
        known_count: 3,
        flag_counts: { renumbered: 1 },
        refused: [{ id: "1", code: "no-user", reason: "Row has no user id" }],
        blocked_ms: 0,
      },
    });
    const nowMs = fixture.clock.nowMs();
    expect(calls).toEqual([
      { table: "devices", rowCount: 2, at: { nowMs, hostTimeZone: "Asia/Manila" } },
    ]);
    expect(fixture.wakes).toBe(0);
    expect((await post("/import/finish", {})).status).toBe(200);
    expect(fixture.wakes).toBe(1);
    expect(fixture.log.lines.map(({ event }) => event)).toEqual([
      "import.started",
      "import.finished",
    ]);
  });

  test("refuses what is no batch of rows, and stores nothing of it", async () => {
    const { calls, post } = await startFixture();
    const good = { table: "devices", host_time_zone: null, rows: [ROW] };
    const wrong: readonly unknown[] = [
      "{",
      "7",
      {},
      { ...good, table: "punches" },
      { ...good, table: "sqlite_master" },
      { ...good, host_time_zone: "+08:00" },
      { ...good, host_time_zone: "Mars/Base" },
      { ...good, rows: "all" },
      { ...good, rows: [null] },
      { ...good, rows: [[ROW]] },
      { ...good, rows: [ROW, { ...ROW, user_id: 7 }] },
      { ...good, rows: [ROW, { ...ROW, user_id: { $gt: "" } }] },
      { ...good, rows: Array.from({ length: 501 }, () => ROW) },
    ];
    for (const body of wrong) {
      const { status } = await post("/import/rows", body);
      expect([JSON.stringify(body).slice(0, 60), status]).toEqual([
        JSON.stringify(body).slice(0, 60),
        400,
      ]);
    }
    expect(calls).toEqual([]);
    for (const body of ["{", {}, { last_id: "many" }]) {
      expect((await post("/import/start", body)).status).toBe(400);
    }
  });

  test("takes a full batch, and the site's zone where none is given", async () => {
    const { calls, post } = await startFixture();
    const rows = Array.from({ length: 500 }, () => ROW);
    await post("/import/rows", { table: "attendance_logs", host_time_zone: null, rows });
    expect(calls).toMatchObject([{ rowCount: 500, at: { hostTimeZone: undefined } }]);
  });
});
