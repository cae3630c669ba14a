/**
 * Aim: a site changes from the Python server to this one while its terminals go on: everything of
 * the old file is in, nothing that a terminal was told is missing, and the webhook receiver hears of
 * live punches and of what the old server still owed it, and of nothing else.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { expectKept, expectWholeFeed } from "../crash/survival.ts";
import { TerminalLoad } from "../crash/terminal-load.ts";
import { OriginalFile } from "../support/original-database.ts";
import { startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";

setDefaultTimeout(60_000);

const PUNCHES = 20_000;
const QUEUED = 40;
const OLD_DEVICES = ["2401058352", "2401058350"] as const;

/** Two years of a site, as the newest revision kept them. */
function fillSite(file: OriginalFile): void {
  for (const device_id of OLD_DEVICES) file.insert("devices", { device_id });
  file.insert("devices", { device_id: "STOLEN", device_name: "Old gate", status: "blocked" });
  file.insert("enrolled_users", {
    user_id: 7,
    privilege: 1,
    enabled: 1,
    password_flag: 0,
    card_flag: 1,
    face_flag: 0,
    fp_count: 2,
    vein_count: 0,
    enrolled_backups: "[0, 1, 11]",
  });
  for (let index = 0; index < PUNCHES; index += 1) {
    const isIn = Math.floor(index / 100) % 2 === 0;
    file.addLog({
      device_id: OLD_DEVICES[index % 2] ?? "",
      user_id: 1 + (index % 100),
      timestamp: timestampOf(index),
      io_mode: isIn ? 1 : 0,
      io_mode_str: isIn ? "IN" : "OUT",
    });
  }
  for (let index = PUNCHES - QUEUED; index < PUNCHES; index += 1) {
    const device_id = OLD_DEVICES[index % 2] ?? "";
    const user_id = 1 + (index % 100);
    const message = { device_id, user_id, timestamp: timestampOf(index), eventSeconds: 1767225600 };
    if (index % 3 === 0) file.queueEvent(message);
    else file.queueLogs({ ...message, status: index % 3 === 1 ? "pending" : "failed" });
  }
}

/** Every hundredth punch begins another quarter of an hour. */
function timestampOf(index: number): string {
  const instant = Date.UTC(2025, 0, 1) + Math.floor(index / 100) * 900_000 + (index % 100) * 1000;
  return new Date(instant).toISOString().replace(/\D/g, "").slice(0, 14);
}

describe("import by the executable", () => {
  test("while terminals punch, and once more", async () => {
    await using receiver = new WebhookReceiver();
    await using server = await startServer({
      settings: { ...receiver.settings, DEVICE_ENROLLMENT: "open" },
    });
    const path = join(server.folder, "old.db");
    {
      using file = new OriginalFile(path);
      file.inTransaction(() => fillSite(file));
    }
    await using load = new TerminalLoad(server, {
      prefix: "LIVE",
      terminals: 8,
      punches: 100_000,
      rate: 300,
      duplicates: 5,
    });
    const { exitCode, out, error } = await server.run("import", "--json", path);
    expect([exitCode, error]).toEqual([0, ""]);
    const report = await load.stop();
    expect(report).toMatchObject({ wrongReplies: 0, closedWithoutReply: 0 });
    const acknowledged = load.acknowledged();
    expect(acknowledged.length).toBe(report.acknowledged);
    expect(acknowledged.length).toBeGreaterThan(0);
    expectKept(server, acknowledged);

    expect(JSON.parse(out).tables).toMatchObject([
      { table: "devices", imported: 3 },
      { table: "enrolled_users", imported: 1 },
      { table: "attendance_logs", read: PUNCHES, imported: PUNCHES, refused: {} },
      { table: "webhook_queue", imported: QUEUED },
    ]);
    const stored = await expectWholeFeed(server);
    const live = stored.filter(({ deviceId }) => deviceId.startsWith("LIVE"));
    // What was on its way when the terminals were switched off may be stored and not acknowledged.
    expect(live.length - acknowledged.length).toBeWithin(0, 9);
    expect(stored.length).toBe(PUNCHES + live.length);
    // The file's ids are as they were, and ours are above them and above a million.
    const imported = stored.filter(({ deviceId }) => !deviceId.startsWith("LIVE"));
    expect(imported.map(({ id }) => id)).toEqual(
      Array.from({ length: PUNCHES }, (_, index) => index + 1),
    );
    expect(Math.min(...live.map(({ id }) => id))).toBeGreaterThan(1_000_000);

    const owed = imported.slice(-QUEUED);
    await receiver.untilAccepted(live.length + QUEUED);
    expect(receiver.problems).toEqual([]);
    const heard = new Set(
      receiver.received.map(({ log }) => `${log.device_id}\t${log.user_id}\t${log.timestamp}`),
    );
    expect(heard).toEqual(new Set([...live, ...owed].map(({ key }) => key)));
    const [oldMessage] = receiver.received.filter(({ log }) => log.device_id === OLD_DEVICES[0]);
    expect(oldMessage?.headers.get("x-webhook-timestamp")).toBe("1767225600");

    const feed = await server.listPunches();
    const again = await server.run("import", "--json", path);
    expect(again.exitCode).toBe(0);
    const tables: readonly { imported: number; known: number }[] = JSON.parse(again.out).tables;
    expect(tables.map(({ imported: count, known }) => [count, known])).toEqual([
      [0, 3],
      [0, 1],
      [0, PUNCHES],
      [0, QUEUED],
    ]);
    expect(await server.listPunches()).toEqual(feed);
    expect(await server.stop()).toBe(0);
    expect(new Set(receiver.received.map(({ eventId }) => eventId)).size).toBe(
      live.length + QUEUED,
    );
  });

  test("of the prototype's file: the HRIS finds punches, terminals and users under the old names", async () => {
    await using server = await startServer();
    const path = join(server.folder, "biometric_data.db");
    {
      using file = new OriginalFile(path, "prototype");
      file.insert("devices", { device_id: "2401058352", device_name: "Front door" });
      file.addLog({ id: 3, timestamp: "20240102081530", io_mode: 1, io_mode_str: "IN" });
      file.addLog({ id: 4, timestamp: "20240102171530", io_mode: 4, io_mode_str: "Unknown (4)" });
      file.addLog({ id: 9, user_id: "E-42", timestamp: "20240102081530" });
    }
    const { exitCode, out } = await server.run("import", path);
    expect(exitCode).toBe(0);
    expect(out).toContain("attendance_logs     3         3              0        0\n");
    const logs = await server.listLogs();
    const short = logs.map(
      ({ id, user_id, timestamp, datetime_utc }) => `${id} ${user_id} ${timestamp} ${datetime_utc}`,
    );
    expect(short).toEqual([
      "4 7 20240102171530 2024-01-02 09:15:30",
      "9 E-42 20240102081530 2024-01-02 00:15:30",
      "3 7 20240102081530 2024-01-02 00:15:30",
    ]);
    const punches = await server.listPunches();
    expect(punches.map((punch) => [punch.direction, punch.direction_code])).toEqual([
      ["in", "1"],
      [null, "4"],
      ["in", "1"],
    ]);
    expect((await server.run("devices", "list")).out).toContain("Front door");
  });
});
