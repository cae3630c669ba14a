/**
 * Aim: what Prometheus reads is right by an independent reader, bears the names that dashboards are
 * made of, tells nothing that is not known, and follows what the parts tell of themselves.
 */

import { describe, expect, test } from "bun:test";
import { DEVICES_TOLD_MAX } from "#api/metrics/device-families.ts";
import { createScrape } from "#api/metrics/scrape.ts";
import type { MetricsSource } from "#api/metrics/source.ts";
import { RequestTally } from "#api/request-tally.ts";
import { AppError } from "#base/app-error.ts";
import { BucketCounts } from "#base/bucket-counts.ts";
import { epochMs } from "#base/epoch.ts";
import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import { IntakeTally } from "#ingest/intake-tally.ts";
import { type ReadFamily, readExposition, readValue } from "../../support/exposition.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeOwnClock } from "../../support/fake-own-clock.ts";
import { NO_BACKUPS } from "../../support/idle-box.ts";
import { idleMetrics } from "../../support/idle-metrics.ts";
import { NO_FIGURES } from "../../support/test-desk.ts";
import { FakeStorage, sampleDevice } from "../fake-storage.ts";

const IDLE_COMMITS = {
  depth: 0,
  waitingBytes: 0,
  depthMax: 8192,
  bytesMax: 64 * 1024 ** 2,
  refusedCount: 0,
  failedBatchCount: 0,
  batchSizes: new BucketCounts([1, 10]).figures,
  durations: new BucketCounts([0.1]).figures,
};
const IDLE_PORT = {
  connectionsOpen: 0,
  connectionsMax: 4096,
  bytesBuffered: 0,
  bufferedBytesMax: 32 * 1024 ** 2,
  connectionsAccepted: 0,
  closedByReason: {},
  pausesByReason: {},
  requests: 0,
  violationsByCode: { "head-too-long": 1 },
};

async function scrape(
  change: Partial<MetricsSource> = {},
): Promise<ReadonlyMap<string, ReadFamily>> {
  const given = { storage: new FakeStorage(), clock: new FakeClock(), ...change };
  const { text, contentType } = await createScrape(idleMetrics(given))();
  expect(contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  return readExposition(text);
}

/** A server in which there is something of everything. */
async function scrapeBusy(): Promise<ReadonlyMap<string, ReadFamily>> {
  const storage = new FakeStorage();
  storage.devices.push(
    sampleDevice("A", {
      clockSkewMs: -1500,
      lastRecordNumber: "7",
      missingRecordCount: 2,
      completeThroughMs: epochMs(Date.UTC(2026, 2, 1)),
    }),
  );
  const requests = new RequestTally();
  requests.noteAnswer(200);
  return scrape({
    storage,
    requests,
    commits: () => IDLE_COMMITS,
    terminalPort: () => IDLE_PORT,
    dispatchers: { find: () => ({ figures: () => NO_FIGURES }) },
    backups: {
      ...NO_BACKUPS,
      failedCount: 0,
      findNewest: () => ({ path: "/b", madeAtMs: epochMs(Date.UTC(2026, 2, 1, 17, 30)) }),
    },
  });
}

/** What dashboards and alerts are made of: a name changes only together with this list. */
const NAMES = `
counter biometric_backup_failures_total
counter biometric_checkpoints_total outcome
counter biometric_commits_failed_total
counter biometric_delivery_attempts_total endpoint outcome
counter biometric_delivery_rate_limited_total endpoint
counter biometric_http_requests_total code
counter biometric_intakes_refused_total reason
counter biometric_intakes_total kind outcome
counter biometric_limits_reached_total limit
counter biometric_terminal_connections_accepted_total
counter biometric_terminal_connections_closed_total reason
counter biometric_terminal_pauses_total reason
counter biometric_terminal_requests_total
counter biometric_terminal_violations_total code
counter process_cpu_seconds_total
gauge biometric_backup_failing
gauge biometric_backup_last_success_timestamp_seconds
gauge biometric_build_info commit version
gauge biometric_clock_trusted
gauge biometric_commit_queue_bytes
gauge biometric_commit_queue_bytes_limit
gauge biometric_commit_queue_intakes
gauge biometric_commit_queue_intakes_limit
gauge biometric_conditions type
gauge biometric_database_bytes
gauge biometric_deliveries_parked endpoint
gauge biometric_deliveries_unfilled endpoint
gauge biometric_deliveries_waiting endpoint
gauge biometric_delivery_enabled endpoint
gauge biometric_delivery_ledger_bytes
gauge biometric_delivery_oldest_waiting_seconds endpoint
gauge biometric_delivery_paused endpoint
gauge biometric_device_clock_skew_seconds device
gauge biometric_device_last_contact_timestamp_seconds device
gauge biometric_device_missing_records device
gauge biometric_device_received_through_timestamp_seconds device
gauge biometric_devices status
gauge biometric_disk_ballast
gauge biometric_disk_free_bytes
gauge biometric_disk_size_bytes
gauge biometric_disk_state state
gauge biometric_feed_position
gauge biometric_punches
gauge biometric_punches_held
gauge biometric_quarantine_bytes
gauge biometric_quarantine_bytes_limit
gauge biometric_quarantine_entries
gauge biometric_storage_writable
gauge biometric_terminal_buffered_bytes
gauge biometric_terminal_buffered_bytes_limit
gauge biometric_terminal_connections
gauge biometric_terminal_connections_limit
gauge biometric_time_seconds
gauge biometric_wal_bytes
gauge process_resident_memory_bytes
gauge process_start_time_seconds
histogram biometric_acknowledgement_seconds le
histogram biometric_commit_batch_intakes le
histogram biometric_commit_seconds le
histogram biometric_event_loop_delay_seconds le
`;

describe("GET /metrics", () => {
  test("tells every figure under its name, with its labels", async () => {
    const told = [...(await scrapeBusy())].map(([name, { type, samples }]) =>
      [type, name, ...Object.keys(samples[0]?.labels ?? {}).toSorted()].join(" "),
    );
    expect(told.toSorted()).toEqual(NAMES.trim().split("\n"));
  });

  test("explains each, and names follow Prometheus' rules", async () => {
    for (const [name, { type, help }] of await scrapeBusy()) {
      expect(help).toMatch(/^[A-Z0-9].*[^.]$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
      expect(name).not.toMatch(/_(count|sum|bucket|milliseconds|minutes|megabytes)(_|$)/);
    }
  });

  test("tells nothing of what is not known", async () => {
    const families = await scrape();
    for (const name of [
      "biometric_terminal_connections",
      "biometric_commit_queue_intakes",
      "biometric_backup_last_success_timestamp_seconds",
      "biometric_device_clock_skew_seconds",
      "biometric_delivery_attempts_total",
    ]) {
      expect(families.has(name)).toBe(false);
    }
    expect(
      readValue(families, "biometric_build_info", { version: "1.2.3", commit: "0123456789ab" }),
    ).toBe(1);
  });

  test("follows intakes, refusals and the time of acknowledgements", async () => {
    const tally = new IntakeTally();
    tally.note("punches", { kind: "stored" }, 7);
    tally.note("punches", { kind: "stored" }, 200);
    tally.note("poll", { kind: "refused", code: "device-blocked" }, 1);
    tally.note("punches", { kind: "failed" }, 9);
    const families = await scrape({ intakes: () => tally.figures });
    const count = (kind: string, outcome: string) =>
      readValue(families, "biometric_intakes_total", { kind, outcome });
    expect([count("punches", "stored"), count("poll", "refused"), count("poll", "stored")]).toEqual(
      [2, 1, 0],
    );
    expect(
      readValue(families, "biometric_intakes_refused_total", { reason: "device-blocked" }),
    ).toBe(1);
    const acknowledged = (le: string) =>
      readValue(families, "biometric_acknowledgement_seconds_bucket", { le });
    expect([acknowledged("0.005"), acknowledged("0.01"), acknowledged("0.25")]).toEqual([0, 1, 2]);
    expect(readValue(families, "biometric_acknowledgement_seconds_sum")).toBeCloseTo(0.207, 9);
  });

  test("follows the queue and the terminal port, and counts each limit that is reached", async () => {
    const families = await scrape({
      commits: () => ({
        ...IDLE_COMMITS,
        depth: 3,
        waitingBytes: 900,
        refusedCount: 4,
        failedBatchCount: 2,
      }),
      terminalPort: () => ({
        ...IDLE_PORT,
        connectionsOpen: 5,
        connectionsAccepted: 8,
        closedByReason: { answered: 2, "connections-full": 1 },
        pausesByReason: { "upload-room": 6 },
        violationsByCode: { "head-too-long": 1, "text-too-long": 2, "bad-request-line": 9 },
      }),
    });
    const limit = (name: string) =>
      readValue(families, "biometric_limits_reached_total", { limit: name });
    expect(readValue(families, "biometric_commit_queue_intakes")).toBe(3);
    expect(readValue(families, "biometric_commit_queue_bytes")).toBe(900);
    expect(readValue(families, "biometric_commits_failed_total")).toBe(2);
    expect(readValue(families, "biometric_terminal_connections")).toBe(5);
    const closed = (reason: string) =>
      readValue(families, "biometric_terminal_connections_closed_total", { reason });
    expect([closed("answered"), closed("silent")]).toEqual([2, 0]);
    expect(readValue(families, "biometric_terminal_pauses_total", { reason: "upload-room" })).toBe(
      6,
    );
    expect(
      readValue(families, "biometric_terminal_violations_total", { code: "bad-request-line" }),
    ).toBe(9);
    expect(limit("terminal-connections")).toBe(1);
    expect(limit("upload-room")).toBe(6);
    expect(limit("request-size")).toBe(3);
    expect(limit("commit-queue")).toBe(4);
    expect(limit("address-connections")).toBe(0);
  });

  test("tells of terminals by status, and of those in use one by one", async () => {
    const storage = new FakeStorage();
    const odd = 'say "hi"\\\n';
    storage.devices.push(
      sampleDevice(odd, { clockSkewMs: -1500 }),
      sampleDevice("B", { lastContactMs: undefined, lastRecordNumber: "7", missingRecordCount: 2 }),
      sampleDevice("C", { status: "pending" }),
    );
    const families = await scrape({ storage });
    const devices = (status: string) => readValue(families, "biometric_devices", { status });
    expect([devices("approved"), devices("pending"), devices("blocked")]).toEqual([2, 1, 0]);
    const contacts = families.get("biometric_device_last_contact_timestamp_seconds")?.samples;
    const value = Date.UTC(2026, 2, 2, 0, 15, 4) / 1000;
    expect(contacts?.map(({ labels, value }) => ({ labels, value }))).toEqual([
      { labels: { device: odd }, value },
    ]);
    expect(readValue(families, "biometric_device_clock_skew_seconds", { device: odd })).toBe(-1.5);
    expect(readValue(families, "biometric_device_missing_records", { device: "B" })).toBe(2);
    expect(() =>
      readValue(families, "biometric_device_missing_records", { device: odd }),
    ).toThrow();
  });

  test("tells of so many terminals and no more, with turns of the loop between", async () => {
    const storage = new FakeStorage();
    for (let index = 0; index <= DEVICES_TOLD_MAX; index += 1)
      storage.devices.push(sampleDevice(`T${index}`));
    let turns = 0;
    const turn = () => {
      turns += 1;
      pending = setImmediate(turn);
    };
    let pending = setImmediate(turn);
    const families = await scrape({ storage });
    clearImmediate(pending);
    expect(families.get("biometric_device_last_contact_timestamp_seconds")?.samples).toHaveLength(
      DEVICES_TOLD_MAX,
    );
    expect(readValue(families, "biometric_devices", { status: "approved" })).toBe(
      DEVICES_TOLD_MAX + 1,
    );
    expect(turns).toBeGreaterThan(20);
  });

  test("tells what became of tries, what waits, and since when", async () => {
    const clock = new FakeClock();
    const storage = new FakeStorage();
    storage.deliveriesWaiting = 3;
    storage.deliveriesParked = 1;
    const outbox = {
      ...storage.outboxOf(),
      findOldestWaiting: async () => epochMs(clock.nowMs() - 90_000),
    };
    storage.outboxOf = () => outbox;
    const figures = {
      ...NO_FIGURES,
      state: "paused" as const,
      deliveredCount: 5,
      refusedCount: 2,
      endpointFailedCount: 7,
    };
    const find = (id: number) =>
      id === SETTINGS_ENDPOINT_ID ? { figures: () => figures } : undefined;
    const families = await scrape({ storage, clock, dispatchers: { find } });
    const endpoint = "settings";
    expect(readValue(families, "biometric_deliveries_waiting", { endpoint })).toBe(3);
    expect(readValue(families, "biometric_deliveries_parked", { endpoint })).toBe(1);
    expect(readValue(families, "biometric_delivery_oldest_waiting_seconds", { endpoint })).toBe(90);
    expect(readValue(families, "biometric_delivery_paused", { endpoint })).toBe(1);
    const tries = (outcome: string) =>
      readValue(families, "biometric_delivery_attempts_total", { endpoint, outcome });
    expect([tries("delivered"), tries("refused"), tries("failed")]).toEqual([5, 2, 7]);
  });

  test("tells of a disk, a backup and a clock that are not well, and of open conditions", async () => {
    const storage = new FakeStorage();
    storage.probe = async () => {
      throw new AppError("storage-write-failed", "Cannot store anything");
    };
    const at = epochMs(0);
    const pending = { type: "pending" as const, raisedAtMs: at, lastSeenAtMs: at, detail: "" };
    const families = await scrape({
      storage,
      ownClock: new FakeOwnClock(false),
      disk: { figures: { kind: "full", freeBytes: 5, totalBytes: 100, hasBallast: false } },
      backups: {
        ...NO_BACKUPS,
        failedCount: 3,
        state: { kind: "failed", id: 1, reason: "no room" },
      },
      openConditions: () => [
        { ...pending, subject: "A" },
        { ...pending, subject: "B" },
      ],
    });
    const state = (name: string) => readValue(families, "biometric_disk_state", { state: name });
    expect([state("enough"), state("low"), state("full")]).toEqual([0, 0, 1]);
    expect(readValue(families, "biometric_disk_free_bytes")).toBe(5);
    expect(readValue(families, "biometric_disk_ballast")).toBe(0);
    expect(readValue(families, "biometric_storage_writable")).toBe(0);
    expect(readValue(families, "biometric_clock_trusted")).toBe(0);
    expect(readValue(families, "biometric_backup_failing")).toBe(1);
    expect(readValue(families, "biometric_backup_failures_total")).toBe(3);
    const open = (type: string) => readValue(families, "biometric_conditions", { type });
    expect([open("pending"), open("disk-low")]).toEqual([2, 0]);
  });

  test("is made once for all who ask at the same time", async () => {
    const storage = new FakeStorage();
    let reads = 0;
    const listDevices = storage.listDevices.bind(storage);
    storage.listDevices = async () => {
      reads += 1;
      return listDevices();
    };
    const ask = createScrape(idleMetrics({ storage, clock: new FakeClock() }));
    const [one, other] = await Promise.all([ask(), ask()]);
    expect(one).toBe(other);
    expect(reads).toBe(1);
    await ask();
    expect(reads).toBe(2);
  });
});

describe("readExposition()", () => {
  const GOOD = "# HELP a_total Help\n# TYPE a_total counter\n";
  const HISTOGRAM = "# HELP h Help\n# TYPE h histogram\n";

  test.each([
    ["a sample without its family", "a_total 1\n"],
    ["a family without a type", "# HELP a_total Help\na_total 1\n"],
    ["a family without samples", GOOD],
    ["a family twice", `${GOOD}a_total 1\n${GOOD}a_total 1\n`],
    ["a series twice", `${GOOD}a_total{b="1"} 1\na_total{b="1"} 2\n`],
    ["a label twice", `${GOOD}a_total{b="1",b="2"} 1\n`],
    ["a label that is not escaped", `${GOOD}a_total{b="\\x"} 1\n`],
    ["no number", `${GOOD}a_total NaN\n`],
    ["a counter below zero", `${GOOD}a_total -1\n`],
    ["no line end", `${GOOD}a_total 1`],
    [
      "a histogram that falls",
      `${HISTOGRAM}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    ],
    ["a histogram without all", `${HISTOGRAM}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`],
  ])("refuses %s", (_, text) => {
    expect(() => readExposition(text)).toThrow();
  });
});
