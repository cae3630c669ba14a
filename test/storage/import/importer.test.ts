/**
 * Aim: the punches of an imported database are stored as they were, once, with their ids and
 * directions, beside what terminals sent here; the same file again changes nothing at all. The rules
 * of one row have their own tests.
 */

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import type { Storage } from "#storage/storage.ts";
import { importFile } from "../../support/import-file.ts";
import { OriginalFile } from "../../support/original-database.ts";
import {
  endedTry,
  finishBackgroundWork,
  openTestStorage,
  outboxOf,
  pollFrom,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
  SETTINGS_ENDPOINT,
  storedRawText,
} from "../../support/test-storage.ts";

const folder = mkdtempSync(join(tmpdir(), "import-"));
let files = 0;

afterAll(() => rmSync(folder, { recursive: true }));

/** A file of the replaced server, filled by `fill`. */
function makeFile(
  fill: (file: OriginalFile) => void,
  schema: "prototype" | "later" = "later",
): string {
  files += 1;
  const path = join(folder, `${files}.db`);
  using file = new OriginalFile(path, schema);
  file.inTransaction(() => fill(file));
  return path;
}

/** What a second import must leave as it is. */
async function stateOf(storage: Storage) {
  return {
    feed: await readFeed(storage),
    devices: await storage.listDevices(),
    figures: { ...(await storage.figures()), walBytes: 0, databaseBytes: 0 },
    deliveries: await Promise.all(
      (await outboxOf(storage).listDevicesWithDeliveries()).map((device) =>
        outboxOf(storage).listWaitingDeliveries(device, 0, 1000),
      ),
    ),
  };
}

/** Id, direction and origin of every punch, in the order of the feed. */
async function shortFeed(storage: Storage) {
  return (await readFeed(storage)).map(
    ({ id, direction, origin, feedPosition }) =>
      `${feedPosition}: ${id} ${direction ?? "undecided"} ${origin}`,
  );
}

describe("importRows() of punches", () => {
  test("keeps ids and directions, in the order of the ids, and tells no webhook", async () => {
    const path = makeFile((file) => {
      file.addLog({ id: 5, timestamp: "20250102170000", io_mode: 0, io_mode_str: "OUT" });
      file.addLog({ id: 9, timestamp: "20250102080000" });
      file.addLog({ id: 12, timestamp: "20250103080000", user_id: 8 });
    });
    using opened = openTestStorage();
    const reports = await importFile(opened.storage, path);
    expect(reports.attendance_logs).toEqual({
      importedCount: 3,
      knownCount: 0,
      flagCounts: { "device-not-listed": 1 },
      refused: [],
    });
    expect(await shortFeed(opened.storage)).toEqual([
      "1: 5 out imported",
      "2: 9 in imported",
      "3: 12 in imported",
    ]);
    const [first] = await readFeed(opened.storage);
    expect(first).toMatchObject({
      revision: 1,
      userIdText: "7",
      wallTimeText: "20250102170000",
      timeZone: "Asia/Manila",
      instantMs: Date.UTC(2025, 0, 2, 9, 0, 0),
      receivedAtMs: Date.UTC(2025, 0, 2, 9, 0, 0),
      directionSource: "imported",
      verifyModeCode: "3",
      isHistoric: true,
    });
    const rawText = storedRawText(opened, first?.id) ?? "";
    expect(JSON.parse(rawText)).toMatchObject({ id: "5", verify_mode_str: "ID Card" });
    expect(await opened.storage.figures()).toMatchObject({ punchCount: 3, deliveriesWaiting: 0 });
  });

  test("lists what comes into a time that was told to be complete, but no history", async () => {
    const path = makeFile((file) => {
      file.addLog({ timestamp: "20260302080000" });
      file.addLog({ timestamp: "20260302100000" });
      file.addLog({ timestamp: "20250102080000" });
      file.addLog({ timestamp: "" });
    });
    using opened = openTestStorage();
    const poll = pollFrom("GATE", "20260302090000");
    if (poll.intake.kind !== "poll") throw new Error(poll.intake.kind);
    await opened.storage.append([{ ...poll, intake: { ...poll.intake, queue: "empty" } }]);
    const read = () => opened.storage.readCompleteness({ lateAfter: 0, lateLimit: 10 });
    expect((await read()).throughMs).toBe(epochMs(RECEIVED_AT_MS - 5000));
    await importFile(opened.storage, path);
    const { late } = await read();
    expect(late).toMatchObject([
      { instantMs: Date.UTC(2026, 2, 2, 0, 0, 0), origin: "imported", revision: 1 },
    ]);
    expect(late).toHaveLength(1);
    await importFile(opened.storage, path);
    expect((await read()).lateRevision).toBe(1);
  });

  test("changes nothing when it is run again, nor after a restart", async () => {
    const path = makeFile((file) => {
      for (let day = 10; day < 28; day += 1) file.addLog({ timestamp: `202601${day}080000` });
      file.addLog({ timestamp: "", user_id: "E-42" });
      file.addLog({ timestamp: "20000101000010" });
      file.addLog({ timestamp: "20990101000010" });
      file.insert("devices", { device_id: "2401058352", last_seen: "2026-03-01 08:00:00" });
      file.insert("enrolled_users", USER);
      file.queueLogs({
        device_id: "2401058352",
        user_id: 7,
        timestamp: "20260110080000",
        eventSeconds: 1768003200,
      });
    });
    using opened = openTestStorage();
    await importFile(opened.storage, path, 4);
    const before = await stateOf(opened.storage);
    const again = await importFile(opened.storage, path, 500);
    expect(Object.values(again).map((report) => report.importedCount)).toEqual([0, 0, 0, 0]);
    expect(Object.values(again).map((report) => report.knownCount)).toEqual([1, 1, 21, 1]);
    expect(await stateOf(opened.storage)).toEqual(before);
    await opened.reopen();
    await importFile(opened.storage, path);
    expect(await stateOf(opened.storage)).toEqual(before);
  });

  test("takes what a terminal has sent already for the same punch, and leaves it alone", async () => {
    const path = makeFile((file) => {
      file.addLog({ timestamp: "20260302080000", io_mode: 0, io_mode_str: "OUT" });
      file.addLog({ timestamp: "20260302120000" });
    });
    using opened = openTestStorage();
    const { storage } = opened;
    const live = rawPunch("0007", "20260302080000", { verifyModeCode: "03" });
    await storage.append([punchesFrom("2401058352", [live])]);
    const { attendance_logs: report } = await importFile(storage, path);
    expect([report.importedCount, report.knownCount]).toEqual([1, 1]);
    expect(await shortFeed(storage)).toEqual(["1: 1000001 in live", "2: 2 in imported"]);
    // And the other way round: a terminal that sends once more what was imported.
    const resent = punchesFrom("2401058352", [rawPunch("7", "20260302120000")]);
    expect(await storage.append([resent])).toEqual([{ kind: "duplicate" }]);
    expect((await storage.figures()).punchCount).toBe(2);
  });

  test("refuses a second event in the same second, told apart by its codes", async () => {
    const path = makeFile((file) => file.addLog({ id: 4, timestamp: "20260302080000" }));
    using opened = openTestStorage();
    const live = rawPunch("7", "20260302080000", { verifyModeCode: "1" });
    await opened.storage.append([punchesFrom("2401058352", [live])]);
    const { attendance_logs: report } = await importFile(opened.storage, path);
    expect(report.refused).toEqual([
      {
        id: "4",
        code: "same-second",
        reason: "Punch 1000001 has the same user and second and other codes",
      },
    ]);
  });

  test("refuses what names nobody, no terminal or no time, and says which row it was", async () => {
    const path = makeFile((file) => {
      file.addLog({ id: 1, user_id: "", timestamp: "20260101080000" });
      file.addLog({ id: 2, device_id: "", timestamp: "20260101080000" });
      file.addLog({ id: 3, timestamp: "", datetime_utc: null, created_at: null });
      file.addLog({ id: 4, timestamp: "20260101080000" });
    });
    using opened = openTestStorage();
    const { attendance_logs: report } = await importFile(opened.storage, path);
    expect(report.refused.map(({ id, code }) => `${id} ${code}`)).toEqual([
      "1 no-user",
      "2 no-device",
      "3 no-time",
    ]);
    expect(await shortFeed(opened.storage)).toEqual(["1: 4 in imported"]);
  });

  test("stores rows of unreadable time outside of the alternation, each for itself", async () => {
    const path = makeFile((file) => {
      file.addLog({ id: 1, timestamp: "", datetime_utc: "2026-03-02 00:00:00" });
      file.addLog({ id: 2, timestamp: "x", datetime_utc: "2026-03-02 00:00:00" });
    });
    using opened = openTestStorage();
    const { attendance_logs: report } = await importFile(opened.storage, path);
    expect(report.flagCounts).toEqual({ "unreadable-time": 2, "device-not-listed": 1 });
    const feed = await readFeed(opened.storage);
    expect(feed.map(({ doubtfulTime, wallTime }) => [doubtfulTime, String(wallTime)])).toEqual([
      ["unreadable", "20260302080000"],
      ["unreadable", "20260302080000"],
    ]);
    // A terminal's punch of that second is another one, and theirs are no shift of its user.
    await opened.storage.append([
      punchesFrom("2401058352", [rawPunch("7", "20260302080000")]),
      punchesFrom("2401058352", [rawPunch("7", "20260302080500")]),
    ]);
    const directions = (await readFeed(opened.storage)).map(({ direction }) => direction);
    expect(directions).toEqual(["in", "in", "in", "out"]);
  });
});

describe("importRows() and ids", () => {
  test("puts our own ids above all that the file has ever given", async () => {
    const path = makeFile((file) => {
      file.addLog({ id: 2_500_000, timestamp: "20260101080000" });
      file.run("DELETE FROM attendance_logs");
      file.addLog({ id: 3, timestamp: "20260101080000" });
    });
    using opened = openTestStorage();
    await importFile(opened.storage, path);
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("1", "20260302080000")])]);
    expect(await shortFeed(opened.storage)).toEqual(["1: 3 in imported", "2: 2500001 in live"]);
  });

  test("renumbers what has the id of another punch, once", async () => {
    const path = makeFile((file) => {
      file.addLog({ id: 1_000_001, timestamp: "20260101080000" });
      file.addLog({ id: 1_000_002, timestamp: "20260101120000" });
    });
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("1", "20260302080000")])]);
    const { attendance_logs: report } = await importFile(opened.storage, path);
    expect(report.flagCounts).toMatchObject({ renumbered: 1 });
    const feed = ["1: 1000001 in live", "2: 1000003 in imported", "3: 1000002 in imported"];
    expect(await shortFeed(opened.storage)).toEqual(feed);
    const again = await importFile(opened.storage, path);
    expect(again.attendance_logs.knownCount).toBe(2);
    expect(await shortFeed(opened.storage)).toEqual(feed);
  });

  test("renumbers ids that no number can hold exactly, and those below 1", async () => {
    const path = makeFile((file) => {
      file.addLog({ id: -1, timestamp: "20260101080000" });
      file.addLog({ id: 2n ** 53n + 1n, timestamp: "20260101090000" });
      file.addLog({ id: 2n ** 63n - 1n, timestamp: "20260101100000" });
    });
    using opened = openTestStorage();
    const { attendance_logs: report } = await importFile(opened.storage, path);
    expect(report.flagCounts).toMatchObject({ renumbered: 3 });
    const ids = (await readFeed(opened.storage)).map(({ id }) => Number(id));
    expect(ids).toEqual([2 ** 52 + 1, 2 ** 52 + 2, 2 ** 52 + 3]);
  });

  test("keeps ids above the sequence where the file's sequence is behind them", async () => {
    using opened = openTestStorage();
    const row = { id: "3000000", device_id: "G", user_id: "7", timestamp: "20260101080000" };
    const circumstances = { nowMs: RECEIVED_AT_MS, hostTimeZone: undefined };
    await opened.storage.importer.importRows("attendance_logs", [row], circumstances);
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("1", "20260302080000")])]);
    expect(await shortFeed(opened.storage)).toEqual([
      "1: 3000000 undecided imported",
      "2: 3000001 in live",
    ]);
  });
});

describe("importRows() and directions", () => {
  /** In, out, in of one user; the last one of 2 March in the morning. */
  const history = (file: OriginalFile): void => {
    file.addLog({ timestamp: "20260301080000" });
    file.addLog({ timestamp: "20260301170000", io_mode: 0, io_mode_str: "OUT" });
    file.addLog({ timestamp: "20260302070000" });
  };

  test("lets the next punch follow the latest one by time, not by id", async () => {
    const path = makeFile((file) => {
      file.addLog({ id: 1, timestamp: "20260302070000" });
      // Arrived late: its id is higher, its time is not.
      file.addLog({ id: 2, timestamp: "20260301170000", io_mode: 0, io_mode_str: "OUT" });
    });
    using opened = openTestStorage();
    await importFile(opened.storage, path);
    await opened.storage.append([punchesFrom("GATE2", [rawPunch("7", "20260302120000")])]);
    expect((await shortFeed(opened.storage)).at(-1)).toBe("3: 1000001 out live");
  });

  test("corrects the punches that terminals have sent before the import", async () => {
    const path = makeFile(history);
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([
      punchesFrom("GATE2", [rawPunch("7", "20260302120000"), rawPunch("7", "20260302130000")]),
    ]);
    expect(await shortFeed(storage)).toEqual(["1: 1000001 in live", "2: 1000002 out live"]);
    await importFile(storage, path, 1);
    await finishBackgroundWork(storage);
    expect(await shortFeed(storage)).toEqual([
      "3: 1 in imported",
      "4: 2 out imported",
      "5: 3 in imported",
      "6: 1000001 out live",
      "7: 1000002 in live",
    ]);
    const after = await stateOf(storage);
    await importFile(storage, path);
    await finishBackgroundWork(storage);
    expect(await stateOf(storage)).toEqual(after);
  });

  test("never touches an imported direction, also when a late punch comes before it", async () => {
    using opened = openTestStorage();
    await importFile(opened.storage, makeFile(history));
    await opened.storage.append([punchesFrom("GATE2", [rawPunch("7", "20260301120000")])]);
    await finishBackgroundWork(opened.storage);
    expect(await shortFeed(opened.storage)).toEqual([
      "1: 1 in imported",
      "2: 2 out imported",
      "3: 3 in imported",
      "4: 1000001 out live",
    ]);
  });

  test("leaves live punches alone that are older than the correction window", async () => {
    const path = makeFile((file) => file.addLog({ timestamp: "20260101070000" }));
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE2", [rawPunch("7", "20260101080000")])]);
    await importFile(opened.storage, path);
    await finishBackgroundWork(opened.storage);
    expect(await shortFeed(opened.storage)).toEqual(["1: 1000001 in live", "2: 1 in imported"]);
  });

  test("looks once at a live punch, however many imported ones come before it", async () => {
    const path = makeFile((file) => {
      for (let minute = 10; minute < 60; minute += 1) {
        const isIn = minute % 2 === 0;
        file.addLog({
          timestamp: `202603020700${minute}`,
          io_mode: isIn ? 1 : 0,
          io_mode_str: isIn ? "IN" : "OUT",
        });
      }
    });
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE2", [rawPunch("7", "20260302080000")])]);
    await importFile(opened.storage, path, 7);
    // The last imported one is OUT, so the live one is IN as before: no new revision.
    expect(await finishBackgroundWork(opened.storage)).toBe(1);
    expect((await shortFeed(opened.storage))[0]).toBe("1: 1000001 in live");
  });
});

describe("importRows() of terminals", () => {
  const devices = async (storage: Storage) =>
    new Map((await storage.listDevices()).map((device) => [String(device.id), device]));

  test("brings them approved or blocked as they were, with their names and times", async () => {
    const path = makeFile((file) => {
      file.insert("devices", {
        device_id: "D1",
        device_name: "Front door",
        last_seen: "2026-03-01 17:30:00",
        created_at: "2024-12-01 01:02:03",
      });
      file.insert("devices", { device_id: "D2", status: "blocked", created_at: null });
      file.addLog({ device_id: "D3", timestamp: "20260101080000" });
    });
    using opened = openTestStorage();
    const reports = await importFile(opened.storage, path);
    expect(reports.devices.importedCount).toBe(2);
    const known = await devices(opened.storage);
    expect(known.get("D1")).toMatchObject({
      name: "Front door",
      status: "approved",
      firstContactMs: Date.UTC(2024, 11, 1, 1, 2, 3),
      lastContactMs: Date.UTC(2026, 2, 1, 9, 30, 0),
    });
    expect(known.get("D2")).toMatchObject({ status: "blocked", name: undefined });
    expect(known.get("D2")?.lastContactMs).toBeUndefined();
    // Only its punches tell of it: they stay, and it is not let in.
    expect(known.get("D3")).toMatchObject({ status: "retired" });
    const [blocked] = await opened.storage.append([
      punchesFrom("D2", [rawPunch("1", "20260302080000")]),
    ]);
    expect(blocked).toEqual({ kind: "refused", code: "device-blocked" });
  });

  test("keeps what was decided here, and decides what was not", async () => {
    const path = makeFile((file) => {
      file.insert("devices", { device_id: "OURS", device_name: "Theirs", status: "allowed" });
      file.insert("devices", { device_id: "WAITS", device_name: "Named", status: "allowed" });
      file.insert("devices", { device_id: "WAITS-2", device_name: "Theirs", status: "blocked" });
    });
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    for (const id of ["OURS", "WAITS", "WAITS-2"]) {
      await storage.append([punchesFrom(id, [rawPunch("7", "20260302080000")])]);
    }
    await storage.blockDevice(deviceId("OURS"));
    await storage.updateDevice(deviceId("WAITS-2"), { name: "Our name" });
    expect(await shortFeed(storage)).toEqual([]);
    await importFile(storage, path);
    await finishBackgroundWork(storage);
    const known = await devices(storage);
    expect(known.get("OURS")).toMatchObject({ status: "blocked", name: "Theirs" });
    expect(known.get("WAITS")).toMatchObject({ status: "approved", name: "Named", heldCount: 0 });
    expect(known.get("WAITS-2")).toMatchObject({
      name: "Our name",
      status: "blocked",
      heldCount: 1,
    });
    expect(await shortFeed(storage)).toEqual(["1: 1000002 in live"]);
  });

  test("refuses those for whom there is no room, and their punches", async () => {
    const path = makeFile((file) => {
      for (const id of ["D1", "D2", "D3"]) file.insert("devices", { device_id: id });
      file.addLog({ device_id: "D2", timestamp: "20260101080000" });
      file.addLog({ device_id: "D3", timestamp: "20260101080000" });
    });
    using opened = openTestStorage({ devicesMax: 2 });
    const reports = await importFile(opened.storage, path);
    expect([...reports.devices.refused, ...reports.attendance_logs.refused]).toEqual([
      {
        id: "3",
        code: "devices-full",
        reason: "2 terminals are known already: raise DEVICES_MAX",
      },
      {
        id: "2",
        code: "devices-full",
        reason: "2 terminals are known already: raise DEVICES_MAX",
      },
    ]);
  });

  test("puts punches that clients entered without a terminal to the built-in device", async () => {
    const path = makeFile((file) => {
      file.addLog({ device_id: "unknown", timestamp: "20260101080000" });
    });
    using opened = openTestStorage();
    const { attendance_logs: report } = await importFile(opened.storage, path);
    expect(report.flagCounts).toEqual({});
    expect(await opened.storage.listDevices()).toEqual([]);
  });
});

describe("importRows() of undelivered messages", () => {
  const message = (timestamp: string, eventSeconds = 1767229200) => ({
    device_id: "D1",
    user_id: 7,
    timestamp,
    eventSeconds,
  });

  async function waiting(storage: Storage) {
    const list = await outboxOf(storage).listWaitingDeliveries(deviceId("D1"), 0, 100);
    return list.map(({ punch, eventAtMs }) => ({ punch: Number(punch?.id), eventAtMs }));
  }

  test("puts each into the outbox once, in both formats, with the time of its event", async () => {
    const path = makeFile((file) => {
      for (const hour of ["08", "09", "10"]) {
        file.addLog({ device_id: "D1", timestamp: `20260101${hour}0000` });
      }
      file.queueLogs({ ...message("20260101080000", 1767225600), status: "pending" });
      file.queueEvent(message("20260101090000", 1767229200));
      // The same punch told of once more.
      file.queueEvent(message("20260101090000", 1767229205));
    });
    using opened = openTestStorage();
    const { webhook_queue: report } = await importFile(opened.storage, path);
    expect([report.importedCount, report.knownCount]).toEqual([2, 1]);
    const expected = [
      { punch: 1, eventAtMs: epochMs(1767225600000) },
      { punch: 2, eventAtMs: epochMs(1767229200000) },
    ];
    expect(await waiting(opened.storage)).toEqual(expected);
    const [first] = await outboxOf(opened.storage).listWaitingDeliveries(deviceId("D1"), 0, 1);
    await outboxOf(opened.storage).recordAttempts([
      { kind: "delivered", ...endedTry(first?.id ?? 0) },
    ]);
    await importFile(opened.storage, path);
    expect(await waiting(opened.storage)).toEqual(expected.slice(1));
  });

  test("leaves out what names no punch of the file, and says why", async () => {
    const path = makeFile((file) => {
      file.addLog({ device_id: "D1", timestamp: "20260101080000" });
      file.queueLogs(message("20260101120000"));
      file.insert("webhook_queue", {
        webhook_data: JSON.stringify({
          payload: { event_type: "test_webhook", timestamp: 1767229200, message: "Test" },
          signature: "",
          timestamp: "1767229200",
        }),
      });
      file.insert("webhook_queue", { webhook_data: "{" });
      // A terminal brought this one here, with a message of its own.
      file.queueLogs(message("20260302080000"));
    });
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("D1", [rawPunch("7", "20260302080000")])]);
    const { webhook_queue: report } = await importFile(opened.storage, path);
    expect(report.refused.map(({ id, code }) => `${id} ${code}`)).toEqual([
      "1 no-such-punch",
      "2 not-a-punch",
      "3 not-readable",
    ]);
    expect(report.knownCount).toBe(1);
    expect(await waiting(opened.storage)).toMatchObject([{ punch: 1000001 }]);
  });

  test("refuses them while no webhook is set, and takes them once one is", async () => {
    const path = makeFile((file) => {
      file.addLog({ device_id: "D1", timestamp: "20260101080000" });
      file.queueLogs(message("20260101080000"));
    });
    using opened = openTestStorage({ endpoint: undefined });
    const { webhook_queue: report } = await importFile(opened.storage, path);
    expect(report.refused.map(({ code }) => code)).toEqual(["no-endpoint"]);
    expect(await waiting(opened.storage)).toEqual([]);
    await opened.reopen({ endpoint: SETTINGS_ENDPOINT });
    expect((await importFile(opened.storage, path)).webhook_queue.importedCount).toBe(1);
    expect(await waiting(opened.storage)).toMatchObject([{ punch: 1 }]);
  });
});

describe("importRows() of users", () => {
  test("keeps what a terminal told of them, of the later of two files", async () => {
    const path = makeFile((file) => {
      file.insert("enrolled_users", USER);
      file.insert("enrolled_users", { ...USER, user_id: 8, enabled: 0, enrolled_backups: null });
    });
    const later = makeFile((file) => {
      file.insert("enrolled_users", { ...USER, fp_count: 5, updated_at: "2025-06-01 00:00:00" });
      file.insert("enrolled_users", { ...USER, user_id: 8, updated_at: "2024-06-01 00:00:00" });
    });
    using opened = openTestStorage();
    const { storage } = opened;
    expect((await importFile(storage, path)).enrolled_users.importedCount).toBe(2);
    const again = (await importFile(storage, later)).enrolled_users;
    expect([again.importedCount, again.knownCount]).toEqual([1, 1]);
    expect(await storage.listUserIds()).toEqual([userId("7"), userId("8")]);
    const users = await storage.readUsers([userId("7"), userId("8")]);
    expect(users.map(({ enrollments }) => enrollments)).toEqual([
      [
        {
          name: undefined,
          privilege: 1,
          isEnabled: true,
          passwordCount: 0,
          cardCount: 1,
          faceCount: 0,
          fingerprintCount: 5,
          veinCount: 0,
          credentialsText: "[0, 1, 11]",
          updatedAtMs: epochMs(Date.UTC(2025, 5, 1)),
        },
      ],
      [
        {
          name: undefined,
          privilege: 1,
          isEnabled: false,
          passwordCount: 0,
          cardCount: 1,
          faceCount: 0,
          fingerprintCount: 2,
          veinCount: 0,
          credentialsText: "",
          updatedAtMs: epochMs(Date.UTC(2025, 0, 2, 0, 15, 30)),
        },
      ],
    ]);
  });
});

/** A row of `enrolled_users`. */
const USER = {
  user_id: 7,
  privilege: 1,
  enabled: 1,
  password_flag: 0,
  card_flag: 1,
  face_flag: 0,
  fp_count: 2,
  vein_count: 0,
  enrolled_backups: "[0, 1, 11]",
  updated_at: "2025-01-02 00:15:30",
};

test("importRows() refuses a row alone on which a rule of ours breaks", async () => {
  using opened = openTestStorage();
  const good = { id: "1", device_id: "D1", user_id: "7", timestamp: "20260101080000" };
  // No row that is read from a file has such an id: only a bug of the reader's could give it.
  const bad = { ...good, id: "no number", timestamp: "no time", created_at: "2026-01-01 00:00:00" };
  const report = await opened.storage.importer.importRows("attendance_logs", [good, bad], {
    nowMs: RECEIVED_AT_MS,
    hostTimeZone: undefined,
  });
  expect(report.importedCount).toBe(1);
  expect(report.refused).toMatchObject([{ id: "no number", code: "rule-failed" }]);
  expect(await shortFeed(opened.storage)).toEqual(["1: 1 undecided imported"]);
});
