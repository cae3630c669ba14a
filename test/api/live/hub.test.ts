/**
 * Aim: clients of `/ws` are told what entered the feed while they were there, each punch once, and
 * what somebody changed; who does not read, talks too much or lost its token is put out.
 */

import { describe, expect, test } from "bun:test";
import { LIVE_CLIENTS_MAX, LiveHub, type LiveSocket } from "#api/live/hub.ts";
import { epochMs } from "#base/epoch.ts";
import { deviceId, feedPosition, userId } from "#domain/identifiers.ts";
import type { RecordedEvent } from "#domain/recorded-event.ts";
import { settleNetwork } from "../../devices/tcp-peer.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { field } from "../api-fixture.ts";
import { FakeStorage, sampleDevice, samplePunch } from "../fake-storage.ts";

/** The client's end. */
class FakeSocket implements LiveSocket {
  readonly texts: string[] = [];
  ended: string | undefined;
  isFull = false;

  send(text: string): number {
    if (this.isFull) return 0;
    this.texts.push(text);
    return text.length;
  }

  close(code: number): void {
    this.ended = String(code);
  }

  terminate(): void {
    this.ended = "terminated";
  }

  /** Users of the punches that it was told of. */
  get toldUsers(): unknown[] {
    return this.#messages("new_log").map((message) => field(message, "data", "user_id"));
  }

  get types(): unknown[] {
    return this.texts.map((text) => field(JSON.parse(text), "type"));
  }

  #messages(type: string): unknown[] {
    return this.texts.map((text) => JSON.parse(text)).filter((one) => field(one, "type") === type);
  }
}

class Bench {
  readonly storage = new FakeStorage();
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  reads = 0;
  readonly hub: LiveHub;

  constructor() {
    const storage = {
      figures: () => this.storage.figures(),
      listDevices: () => this.storage.listDevices(),
      listPunchesAfter: (...given: Parameters<FakeStorage["listPunchesAfter"]>) => {
        this.reads += 1;
        return this.storage.listPunchesAfter(...given);
      },
      listEventsAfter: (...given: Parameters<FakeStorage["listEventsAfter"]>) =>
        this.storage.listEventsAfter(...given),
      findLastEvent: () => this.storage.findLastEvent(),
    };
    this.hub = new LiveHub({
      storage,
      clock: this.clock,
      log: this.log,
      siteTimeZone: "Asia/Manila",
      primaryDeviceId: deviceId("2401058352"),
    });
  }

  async join(isTokenValid = async () => true, wantsEvents = false): Promise<FakeSocket> {
    const socket = new FakeSocket();
    await this.hub.welcome(socket, { clientId: "hris", isTokenValid, wantsEvents });
    return socket;
  }

  /** A punch whose user has the number of its id. */
  store(id: number, change: Parameters<typeof samplePunch>[1] = {}): void {
    this.storage.punches.push(samplePunch(id, { userId: userId(String(id)), ...change }));
  }

  /** An event that has just been recorded. */
  record(sequence: number, type: RecordedEvent["type"], name = "Main gate"): void {
    this.storage.events.push({
      sequence,
      id: `box-event-${sequence}`,
      type,
      deviceId: "2401058352",
      atMs: epochMs(Date.UTC(2026, 2, 2, 0, 30, 5)),
      data: { device_id: "2401058352", name },
    });
  }

  async wake(): Promise<void> {
    this.hub.wake();
    await settleNetwork();
  }
}

describe("LiveHub", () => {
  test("tells a new client how things stand, in the contract's form", async () => {
    const bench = new Bench();
    bench.store(1);
    bench.storage.devices.push(
      sampleDevice("2401058352", { name: "Front door" }),
      sampleDevice("waiting", { status: "pending" }),
    );
    const socket = await bench.join();
    expect(socket.texts.map((text) => JSON.parse(text))).toEqual([
      {
        type: "status",
        data: {
          total_logs: 1,
          total_devices: 1,
          devices: [
            {
              device_id: "2401058352",
              device_name: "Front door",
              status: "allowed",
              last_seen: "2026-03-02 08:15:04",
              created_at: "2026-03-01 16:00:00",
            },
          ],
        },
      },
    ]);
  });

  test("tells a new punch to everybody, in the contract's form", async () => {
    const bench = new Bench();
    const sockets = [await bench.join(), await bench.join()];
    bench.store(7, { direction: "out", deviceId: deviceId("other") });
    await bench.wake();
    for (const socket of sockets) {
      expect(JSON.parse(socket.texts[1] ?? "")).toEqual({
        type: "new_log",
        data: {
          device_id: "other",
          user_id: 7,
          io_mode: 0,
          io_mode_str: "OUT",
          verify_mode: 1,
          verify_mode_str: "Fingerprint",
          timestamp: "20260302081504",
          datetime_utc: "2026-03-02 00:15:04",
          datetime_local: "2026-03-02 08:15:04",
          timezone: "Asia/Manila",
          device_type: "SECONDARY",
          is_primary: false,
          is_duplicate: false,
        },
      });
    }
  });

  test("tells events, as on /v1/events, to who asked for them and to nobody else", async () => {
    const bench = new Bench();
    bench.record(1, "device.pending");
    const plain = await bench.join();
    const early = await bench.join(undefined, true);
    bench.record(2, "device.offline");
    const late = await bench.join(undefined, true);
    bench.record(3, "device.online");
    await bench.wake();
    await bench.wake();
    expect(plain.types).toEqual(["status"]);
    expect(early.types).toEqual(["status", "device.offline", "device.online"]);
    expect(late.types).toEqual(["status", "device.online"]);
    expect(JSON.parse(early.texts[1] ?? "")).toEqual({
      id: "box-event-2",
      type: "device.offline",
      timestamp: "2026-03-02T08:30:05+08:00",
      data: { device_id: "2401058352", name: "Main gate" },
    });
    bench.hub.forget(early);
    bench.hub.forget(late);
    bench.record(4, "device.offline");
    await bench.wake();
    const again = await bench.join(undefined, true);
    bench.record(5, "device.online");
    await bench.wake();
    expect(again.types).toEqual(["status", "device.online"]);
  });

  test("tells each client what came after it did, and nothing twice", async () => {
    const bench = new Bench();
    bench.store(1);
    const early = await bench.join();
    bench.store(2);
    // It comes between a commit and the reading of it: its status counts that punch already.
    const late = await bench.join();
    bench.store(3);
    await bench.wake();
    await bench.wake();
    expect(early.toldUsers).toEqual([2, 3]);
    expect(late.toldUsers).toEqual([3]);
  });

  test("tells of a released punch, and of none that is imported or only corrected", async () => {
    const bench = new Bench();
    bench.store(1);
    bench.store(2);
    const socket = await bench.join();
    const [, second] = bench.storage.punches;
    if (second !== undefined) {
      bench.storage.punches[1] = { ...second, revision: 2, feedPosition: feedPosition(10) };
    }
    bench.store(-5, { feedPosition: feedPosition(11) });
    bench.store(6, { feedPosition: feedPosition(12), origin: "imported" });
    // Stored and corrected before anybody could be told.
    bench.store(7, { feedPosition: feedPosition(13), revision: 2 });
    await bench.wake();
    expect(socket.toldUsers).toEqual([-5, 7]);
    const third = bench.storage.punches.find((punch) => (punch.id as number) === 7);
    bench.store(8, { feedPosition: feedPosition(14) });
    if (third !== undefined) {
      bench.storage.punches.push({ ...third, revision: 3, feedPosition: feedPosition(15) });
    }
    await bench.wake();
    expect(socket.toldUsers).toEqual([-5, 7, 8]);
  });

  test("reads a backlog page by page, and all of it", async () => {
    const bench = new Bench();
    const socket = await bench.join();
    for (let id = 1; id <= 350; id += 1) bench.store(id);
    await bench.wake();
    expect(socket.toldUsers).toHaveLength(350);
    expect(bench.reads).toBe(4);
  });

  test("reads nothing and plans nothing while nobody listens", async () => {
    const bench = new Bench();
    bench.store(1);
    await bench.wake();
    expect([bench.reads, bench.clock.plannedCount]).toEqual([0, 0]);
    const socket = await bench.join();
    expect(bench.clock.plannedCount).toBe(1);
    bench.hub.forget(socket);
    bench.store(2);
    await bench.wake();
    expect([bench.reads, bench.clock.plannedCount]).toEqual([0, 0]);
    expect((await bench.join()).toldUsers).toEqual([]);
  });

  test("goes on where it was after a failure of storage", async () => {
    const bench = new Bench();
    const socket = await bench.join();
    bench.store(1);
    const { listPunchesAfter } = bench.storage;
    bench.storage.listPunchesAfter = () => Promise.reject(new Error("disk on fire"));
    await bench.wake();
    expect(bench.log.of("live.failed")).toHaveLength(1);
    bench.storage.listPunchesAfter = listPunchesAfter;
    await bench.wake();
    expect(socket.toldUsers).toEqual([1]);
  });

  test("tells what somebody changed of a terminal", async () => {
    const bench = new Bench();
    const socket = await bench.join();
    const id = deviceId("GATE");
    bench.hub.tellDevice(id, { type: "device_status_changed", status: "blocked" });
    bench.hub.tellDevice(id, { type: "device_updated" });
    bench.hub.tellDevice(id, { type: "device_deleted" });
    expect(socket.texts.slice(1).map((text) => JSON.parse(text))).toEqual([
      { type: "device_status_changed", data: { device_id: "GATE", status: "blocked" } },
      { type: "device_updated", data: { device_id: "GATE" } },
      { type: "device_deleted", data: { device_id: "GATE" } },
    ]);
  });

  test("answers a ping, and nothing else", async () => {
    const bench = new Bench();
    const socket = await bench.join();
    for (const text of ["", "ping", "null", "[]", "7", '{"type":"pong"}', '{"type":["ping"]}']) {
      bench.hub.hear(socket, text);
    }
    expect(socket.types).toEqual(["status"]);
    bench.hub.hear(socket, '{"type":"ping","id":1}');
    expect(socket.texts.at(-1)).toBe('{"type":"pong"}');
  });

  test("puts out who does not read, and goes on with the others", async () => {
    const bench = new Bench();
    const [slow, reader] = [await bench.join(), await bench.join()];
    slow.isFull = true;
    bench.store(1);
    bench.store(2);
    await bench.wake();
    expect([slow.ended, reader.ended]).toEqual(["terminated", undefined]);
    expect(reader.toldUsers).toEqual([1, 2]);
    expect(bench.hub.clientCount).toBe(1);
    expect(bench.log.of("live.put-out")[0]?.fields).toEqual({
      client: "hris",
      reason: "does not read",
    });
  });

  test("puts out who talks without end, and lets talk who does not", async () => {
    const bench = new Bench();
    const [talker, other] = [await bench.join(), await bench.join()];
    for (let count = 0; count < 100; count += 1) bench.hub.hear(other, "x");
    await bench.clock.advance(10_000);
    for (let count = 0; count < 100; count += 1) bench.hub.hear(other, "x");
    for (let count = 0; count < 101; count += 1) bench.hub.hear(talker, "x");
    expect([talker.ended, other.ended]).toEqual(["terminated", undefined]);
  });

  test("puts out at the next look whose token is no longer valid", async () => {
    const bench = new Bench();
    let isValid = true;
    const revoked = await bench.join(async () => isValid);
    const other = await bench.join();
    await bench.clock.advance(10_000);
    expect(revoked.ended).toBeUndefined();
    isValid = false;
    await bench.clock.advance(10_000);
    expect([revoked.ended, other.ended]).toEqual(["1008", undefined]);
    bench.store(1);
    await bench.wake();
    expect([revoked.toldUsers, other.toldUsers]).toEqual([[], [1]]);
  });

  test("has room for 64, and for another when one has gone", async () => {
    const bench = new Bench();
    const sockets: FakeSocket[] = [];
    for (let count = 0; count < LIVE_CLIENTS_MAX; count += 1) sockets.push(await bench.join());
    expect([bench.hub.isFull, sockets.length]).toEqual([true, 64]);
    const [first] = sockets;
    if (first !== undefined) bench.hub.forget(first);
    expect(bench.hub.isFull).toBe(false);
  });

  test("puts everybody out when it closes, and lets nobody in", async () => {
    const bench = new Bench();
    const socket = await bench.join();
    bench.hub.close();
    expect([socket.ended, bench.hub.isFull, bench.clock.plannedCount]).toEqual(["1001", true, 0]);
    bench.store(1);
    await bench.wake();
    expect([socket.toldUsers, bench.reads]).toEqual([[], 0]);
  });
});
