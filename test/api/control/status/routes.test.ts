/** Aim: the control socket tells of the whole server at one go, and names what is wrong with its fix. */

import { afterEach, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { VERSION } from "#platform/version.ts";
import { sampleDevice } from "../../fake-storage.ts";
import { ask, ControlFixture, cleanUpControl, temporaryPath } from "../control-fixture.ts";

afterEach(cleanUpControl);

const SETTINGS_WEBHOOK = {
  name: "settings",
  url: "http://hris.example/hook",
  state: "active",
  paused_because: null,
  waiting_count: 0,
  parked_count: 0,
  unfilled_count: 0,
  drain_seconds: 0,
  next_probe_seconds: null,
  last_result: null,
  last_result_at: null,
};

const EMPTY = {
  version: VERSION,
  uptime_seconds: 0,
  now: "2026-03-02T00:15:04.000Z",
  well: true,
  storage_problem: null,
  disk: "enough",
  disk_free_bytes: 10 * 1024 ** 3,
  clock_trusted: false,
  terminals: [],
  conditions: [],
  complete_through: null,
  held_back_by: null,
  webhooks: [SETTINGS_WEBHOOK],
  deliveries_waiting: 0,
  deliveries_parked: 0,
  last_backup_at: null,
  backup_problem: null,
  quarantine_count: 0,
  limits_reached: [],
  pairing_window_ends_at: null,
};

async function start(prepare: (fixture: ControlFixture) => void = () => undefined) {
  const fixture = new ControlFixture();
  prepare(fixture);
  const path = temporaryPath();
  await fixture.start(path);
  return { fixture, read: (query = "") => ask(path, "GET", `/status${query}`) };
}

test("GET /status of a server that is well", async () => {
  const { fixture, read } = await start();
  expect(await read()).toEqual({ status: 200, json: EMPTY });
  await fixture.clock.advance(61_500);
  expect((await read()).json).toMatchObject({ uptime_seconds: 61 });
});

test("GET /status names terminals, and what is wrong with its fix", async () => {
  const { read } = await start((fixture) => {
    fixture.storage.devices.push(
      sampleDevice("GATE", { name: "Gate", allowedAddress: "192.0.2.7", missingRecordCount: 3 }),
    );
    fixture.storage.pairingWindowEndsAt = epochMs(Date.UTC(2026, 2, 2, 1, 0, 0));
    fixture.conditions = [
      {
        type: "pending",
        subject: "NEW",
        raisedAtMs: epochMs(Date.UTC(2026, 2, 2, 0, 0, 0)),
        lastSeenAtMs: epochMs(Date.UTC(2026, 2, 2, 0, 15, 0)),
        detail: "waits",
      },
    ];
  });
  expect((await read()).json).toEqual({
    ...EMPTY,
    well: false,
    terminals: [
      {
        id: "GATE",
        name: "Gate",
        status: "approved",
        last_contact_at: "2026-03-02T00:15:04.000Z",
        last_address: "192.0.2.7",
        allowed_address: "192.0.2.7",
        clock_skew_ms: null,
        held_count: 0,
        missing_record_count: 3,
        complete_through: null,
      },
    ],
    conditions: [
      {
        type: "pending",
        subject: "NEW",
        raised_at: "2026-03-02T00:00:00.000Z",
        last_seen_at: "2026-03-02T00:15:00.000Z",
        detail: "waits",
        fix: '"biometric-server devices approve NEW" lets it in, "devices block NEW" keeps it out',
      },
    ],
    pairing_window_ends_at: "2026-03-02T01:00:00.000Z",
  });
});

test("GET /status is not well with parked deliveries, and refuses parameters", async () => {
  const { read } = await start((fixture) => {
    fixture.storage.deliveriesWaiting = 5;
    fixture.storage.deliveriesParked = 2;
  });
  expect((await read()).json).toEqual({
    ...EMPTY,
    well: false,
    // Nothing was delivered yet that the time could be told by.
    webhooks: [{ ...SETTINGS_WEBHOOK, waiting_count: 5, parked_count: 2, drain_seconds: null }],
    deliveries_waiting: 5,
    deliveries_parked: 2,
  });
  expect((await read("?x=1")).status).toBe(400);
});

test("GET /status tells the age of the newest backup, and is not well when the last one failed", async () => {
  const { read } = await start((fixture) => {
    fixture.backups = {
      ...fixture.backups,
      state: { kind: "failed", id: 4, reason: "no room" },
      findNewest: () => ({ path: "/b", madeAtMs: epochMs(Date.UTC(2026, 2, 1, 17, 30, 0)) }),
    };
  });
  expect((await read()).json).toEqual({
    ...EMPTY,
    well: false,
    last_backup_at: "2026-03-01T17:30:00.000Z",
    backup_problem: "no room",
  });
});

test("GET /status is not well on a low disk", async () => {
  const { read } = await start((fixture) => {
    fixture.disk = { state: { kind: "low", freeBytes: 50_000_000 } };
  });
  expect((await read()).json).toEqual({
    ...EMPTY,
    well: false,
    disk: "low",
    disk_free_bytes: 50_000_000,
  });
});

test("GET /status names the limits that were reached, with the settings that raise them", async () => {
  const { read } = await start((fixture) => {
    fixture.reachedLimits = [
      { limit: "commit-queue", setting: "COMMIT_QUEUE_DEPTH_MAX", count: 3 },
      { limit: "quarantine", setting: "QUARANTINE_KIB_MAX", count: 0 },
      { limit: "api-open", setting: undefined, count: 1 },
    ];
  });
  expect((await read()).json).toEqual({
    ...EMPTY,
    limits_reached: [
      { limit: "commit-queue", setting: "COMMIT_QUEUE_DEPTH_MAX", count: 3 },
      { limit: "api-open", setting: null, count: 1 },
    ],
  });
});
