/**
 * Aim: `import FILE` takes the databases of contract 6 by what is in them, not by their names (D6),
 * and what it brings is read as the replaced server's HRIS knows it, without a webhook.
 */

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import { PRIMARY, SECONDARY, Site } from "./contract-site.ts";

setDefaultTimeout(60_000);

const DEVICES = `
CREATE TABLE devices (device_id TEXT PRIMARY KEY, device_name TEXT,
  status TEXT NOT NULL DEFAULT 'allowed' CHECK (status IN ('allowed', 'blocked')),
  last_seen TIMESTAMP, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
INSERT INTO devices VALUES
  ('${PRIMARY}', 'Main gate', 'allowed', '2026-03-03 08:15:31', '2026-03-01 00:00:00'),
  ('GATE_9', NULL, 'blocked', NULL, '2026-03-01 00:00:00');`;

const USERS = `
CREATE TABLE enrolled_users (user_id INTEGER PRIMARY KEY, privilege INTEGER NOT NULL,
  enabled INTEGER NOT NULL, password_flag INTEGER NOT NULL, card_flag INTEGER NOT NULL,
  face_flag INTEGER NOT NULL, fp_count INTEGER NOT NULL, vein_count INTEGER NOT NULL,
  enrolled_backups TEXT, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);`;

const LOGS = `
CREATE TABLE attendance_logs (id INTEGER PRIMARY KEY AUTOINCREMENT, device_id TEXT NOT NULL,
  user_id INTEGER NOT NULL, io_mode INTEGER NOT NULL, io_mode_str TEXT NOT NULL,
  verify_mode INTEGER NOT NULL, verify_mode_str TEXT NOT NULL, timestamp TEXT NOT NULL,
  datetime TEXT NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (device_id, user_id, timestamp));`;

/** As the two late revisions keep it: `datetime` is UTC. */
const LATE_ROWS = `
ALTER TABLE attendance_logs ADD COLUMN datetime_utc TEXT;
ALTER TABLE attendance_logs ADD COLUMN datetime_local TEXT;
ALTER TABLE attendance_logs ADD COLUMN timezone TEXT DEFAULT 'UTC';
INSERT INTO attendance_logs VALUES
  (3, '${PRIMARY}', 7, 1, 'IN', 1, 'Fingerprint', '20260302081504', '2026-03-02 00:15:04',
    '2026-03-02 00:15:05', '2026-03-02 00:15:04', '2026-03-02 08:15:04', 'Asia/Manila'),
  (9, '${PRIMARY}', 7, 0, 'OUT', 3, 'ID Card', '20260302171504', '2026-03-02 09:15:04',
    '2026-03-02 09:15:05', '2026-03-02 09:15:04', '2026-03-02 17:15:04', 'Asia/Manila');`;

/** As the prototype kept it: `datetime` is local, and `io_mode` what the terminal said. */
const PROTOTYPE_ROWS = `
INSERT INTO attendance_logs VALUES
  (3, '${PRIMARY}', 7, 1, 'IN', 1, 'Fingerprint', '20260302081504', '2026-03-02 08:15:04',
    '2026-03-02 00:15:05'),
  (9, '${PRIMARY}', 7, 0, 'OUT', 3, 'ID Card', '20260302171504', '2026-03-02 17:15:04',
    '2026-03-02 09:15:05');`;

const FILES = [
  // Each under the name that the other schema usually has.
  {
    schema: "the late revisions",
    name: "biometric_data.db",
    sql: USERS + DEVICES + LOGS + LATE_ROWS,
  },
  { schema: "the prototype", name: "biometric.db", sql: USERS + DEVICES + LOGS + PROTOTYPE_ROWS },
] as const;

test.each(FILES)(
  "D6: a file of $schema is imported under the name $name",
  async ({ name, sql }) => {
    await using receiver = new HookReceiver();
    await using site = await Site.open(receiver.settings);
    const path = join(site.server.folder, name);
    {
      using database = new Database(path, { create: true });
      database.run(sql);
    }
    for (let times = 1; times <= 2; times += 1) {
      const { exitCode, error } = await site.server.run("import", path);
      expect([exitCode, exitCode === 0 ? "" : error]).toEqual([0, ""]);
      expect(await site.read<unknown>("/api/biometric/logs")).toMatchObject({
        total: 2,
        logs: [
          {
            id: 9,
            user_id: 7,
            device_id: PRIMARY,
            timestamp: "20260302171504",
            datetime_utc: "2026-03-02 09:15:04",
            datetime_local: "2026-03-02 17:15:04",
            timezone: "Asia/Manila",
            direction: "out",
            verification_method: "ID Card",
            created_at: "2026-03-02 09:15:05",
          },
          {
            id: 3,
            timestamp: "20260302081504",
            datetime_utc: "2026-03-02 00:15:04",
            direction: "in",
            verification_method: "Fingerprint",
          },
        ],
      });
    }
    // Its devices are as they were, and the next direction follows what was imported.
    const { devices } = await site.read<{ devices: { device_id: string; status: string }[] }>(
      "/api/biometric/devices",
    );
    const statuses = devices.map(({ device_id: id, status }) => `${id} ${status}`).sort();
    expect(statuses).toEqual([`${PRIMARY} allowed`, "GATE_9 blocked"]);
    expect(await site.sendPunch({ device: "GATE_9", user: "7", time: "20260302180000" })).toBe("");
    await site.punch({ device: SECONDARY, user: "7", time: "20260302190000" });
    const { logs } = await site.read<{ logs: { id: number; direction: string }[] }>(
      "/api/biometric/logs?limit=1",
    );
    expect(logs).toMatchObject([{ id: 1_000_001, direction: "in" }]);
    await eventually("its webhook", () => receiver.hooks.length > 0);
    expect(receiver.hooks.map(({ body }) => /"timestamp": "(\d+)"/.exec(body)?.[1])).toEqual([
      "20260302190000",
    ]);
  },
);
