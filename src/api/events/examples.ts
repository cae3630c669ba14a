/** An event of each type, as the OpenAPI document shows them. */

import type { EventModel } from "./model.ts";

const GATE = { device_id: "2401058352", name: "Main gate" } as const;

const FIRST = 1041;

const TOLD: readonly (readonly [EventModel["type"], string, EventModel["data"]])[] = [
  [
    "device.pending",
    "08:02:11",
    { device_id: "2401058350", name: "BM70W", address: "192.168.1.21" },
  ],
  [
    "device.offline",
    "08:30:05",
    {
      ...GATE,
      last_contact_at: "2026-03-02T08:15:06+08:00",
      detail: "It was in contact regularly and is silent for 14 min",
      fix: "Look whether the terminal has power and network, and has this server's address in its menu",
    },
  ],
  [
    "device.online",
    "08:41:10",
    {
      ...GATE,
      last_contact_at: "2026-03-02T08:41:07+08:00",
      offline_since: "2026-03-02T08:30:05+08:00",
    },
  ],
  [
    "device.clock_skew",
    "08:41:15",
    {
      ...GATE,
      status: "raised",
      since: "2026-03-02T08:41:15+08:00",
      detail: "Its clock is 3 min slow",
      fix: "Beyond 2 min it is set by itself, if this box's own clock is trusted; else set it in its menu",
      skew_seconds: -190,
    },
  ],
  [
    "device.condition",
    "09:00:20",
    {
      condition: "wrong-address",
      ...GATE,
      address: null,
      status: "raised",
      since: "2026-03-02T09:00:20+08:00",
      detail: "It came from 192.168.1.99, which is not the address allowed for it",
      fix: 'If the terminal has moved: "biometric-server devices address ID any", or its new address',
    },
  ],
  [
    "delivery.parked",
    "09:10:41",
    {
      endpoint_id: 2,
      endpoint: "payroll",
      message_id: "ae5441274c5a6030-1000001-1",
      message_type: "punch.created",
      device_id: "2401058352",
      punch_id: 1_000_001,
      revision: 1,
      attempts: 4,
      http_status: 422,
    },
  ],
  [
    "endpoint.paused",
    "10:01:05",
    {
      endpoint_id: 2,
      endpoint: "payroll",
      messages_waiting: 3,
      since: "2026-03-02T10:01:05+08:00",
      detail: "It has taken nothing for 60 s: connect ECONNREFUSED",
      fix: "Look whether the receiver runs and is reached from here. Messages wait, and none is lost",
    },
  ],
  [
    "endpoint.resumed",
    "10:20:30",
    {
      endpoint_id: 2,
      endpoint: "payroll",
      messages_waiting: 40,
      paused_since: "2026-03-02T10:01:05+08:00",
    },
  ],
  [
    "disk.low",
    "11:00:00",
    {
      status: "raised",
      since: "2026-03-02T11:00:00+08:00",
      detail: "48 MB are free: backups and the ledger of deliveries have stopped",
      fix: 'Free space on the disk of DATA_DIR ("df -h", "du"); it goes on by itself then',
    },
  ],
  [
    "backup.failed",
    "12:00:00",
    {
      status: "raised",
      since: "2026-03-02T12:00:00+08:00",
      detail: "Cannot back up: 300 MB of room are needed, 210 MB are there",
      fix: 'Do what the detail says, then "biometric-server backup"; it is tried again every hour',
    },
  ],
  [
    "quarantine.added",
    "13:05:09",
    {
      ...GATE,
      address: "192.168.1.20",
      code: "bad-time",
      reason: 'The time "20269902081504" cannot be read',
      count: 1,
    },
  ],
  [
    "quarantine.full",
    "14:00:10",
    {
      status: "raised",
      since: "2026-03-02T14:00:10+08:00",
      detail: "There is no room for what cannot be read; it gets no answer",
      fix: 'Decide of what "biometric-server quarantine list" shows, block the terminal that fills it, or raise QUARANTINE_KIB_MAX; meanwhile what cannot be read stays on the terminals',
      quarantine_count: 4080,
      quarantine_bytes: 268_435_456,
    },
  ],
];

export const EVENT_EXAMPLES: readonly EventModel[] = TOLD.map(([type, time, data], index) => ({
  id: `ae5441274c5a6030-event-${FIRST + index}`,
  type,
  timestamp: `2026-03-02T${time}+08:00`,
  data,
}));
