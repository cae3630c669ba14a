/**
 * Aim: where storage fails, each path answers 500 in the words that the contract has for it, says
 * nothing else of the failure, and logs it.
 */

import { describe, expect, test } from "bun:test";
import { AppError } from "#base/app-error.ts";
import type { Storage } from "#storage/storage.ts";
import { ApiFixture } from "../api-fixture.ts";
import { FakeStorage, sampleDevice, samplePunch } from "../fake-storage.ts";

const INTERNAL = "Internal Server Error";

/** Storage on which one method fails as on a broken disk. */
function storageWithout(method: keyof Storage): FakeStorage {
  const storage = new FakeStorage();
  storage.devices.push(sampleDevice("GATE", { status: "pending" }));
  const fail = () => {
    throw new AppError("storage-write-failed", "Cannot do it: SQLITE_IOERR");
  };
  return Object.assign(storage, { [method]: fail });
}

interface Call {
  readonly path: string;
  readonly method?: string;
  readonly body?: unknown;
  /** What of storage fails. */
  readonly failing: keyof Storage;
  /** The whole answer. */
  readonly answer: object;
}

const said = (message: string) => ({ error: INTERNAL, message });
const DAYS = "start_date=2026-03-01&end_date=2026-03-02";
const WEBHOOK = {
  figures: () => {
    throw new Error("Nobody asks");
  },
  noteRequeued: () => undefined,
  sendTest: () => Promise.reject(new Error("Nobody asks")),
};

const CALLS: readonly Call[] = [
  ...["/api/biometric/logs", "/api/hris/logs", "/api/logs"].map((path) => ({
    path,
    failing: "listLogs" as const,
    answer: said("Failed to retrieve logs"),
  })),
  {
    path: `/api/biometric/logs?${DAYS}`,
    failing: "countLogs",
    answer: said("Failed to retrieve logs"),
  },
  {
    path: `/api/hris/logs/summary?${DAYS}`,
    failing: "summarizeLogs",
    answer: said("Failed to generate summary"),
  },
  ...["/api/biometric/users", "/api/hris/users"].flatMap((path) => [
    { path, failing: "listUserIds" as const, answer: said("Failed to retrieve users") },
    {
      path: `${path}?user_id=7`,
      failing: "readUsers" as const,
      answer: said("Failed to retrieve users"),
    },
  ]),
  ...["/api/biometric/devices", "/api/hris/devices", "/api/devices"].map((path) => ({
    path,
    failing: "listDevices" as const,
    answer: said("Failed to retrieve devices"),
  })),
  ...["/api/biometric/sync", "/api/hris/sync"].map((path) => ({
    path,
    method: "POST",
    body: { users: [{ user_id: 1 }] },
    failing: "syncUsers" as const,
    answer: said("Failed to process sync request"),
  })),
  {
    path: "/api/devices/GATE/status",
    method: "POST",
    body: {},
    failing: "updateDevice",
    answer: { success: false, ...said("Failed to update device") },
  },
  {
    path: "/api/devices/GATE",
    method: "PUT",
    body: { device_name: "Door" },
    failing: "updateDevice",
    answer: { success: false, ...said("Failed to update device") },
  },
  {
    path: "/api/devices/GATE",
    method: "DELETE",
    failing: "retireDevice",
    answer: { success: false, ...said("Failed to delete device") },
  },
  {
    path: "/api/biometric/webhook/status",
    failing: "listEndpoints",
    answer: {
      success: false,
      error: "Webhook status unavailable",
      timestamp: "2026-03-02T08:15:04+08:00",
    },
  },
  {
    path: "/api/biometric/webhook/retry",
    method: "POST",
    body: { limit: 5 },
    failing: "outboxOf",
    answer: {
      success: false,
      error: "Failed to retry webhooks",
      message: "Nothing was put back into the queue",
    },
  },
  {
    path: "/api/biometric/manual-log",
    method: "POST",
    body: { user_id: 7 },
    failing: "findPunch",
    answer: {
      success: false,
      error: "The punch is stored, but cannot be read back; entered again it is a duplicate",
    },
  },
];

describe("a failure of storage", () => {
  test.each(CALLS.map((call) => [`${call.method ?? "GET"} ${call.path}`, call] as const))(
    "is told in the contract's words: %s",
    async (_name, { path, method = "GET", body, failing, answer }) => {
      const fixture = new ApiFixture({
        storage: storageWithout(failing),
        webhookDelivery: async () => WEBHOOK,
        submitIntake: async () => ({ kind: "stored", punchId: samplePunch(1).id }),
      });
      const authorization = `Bearer ${await fixture.token()}`;
      const headers = { authorization, "content-type": "application/json" };
      const given = await fixture.call(path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      expect([given.status, given.json]).toEqual([500, answer]);
      expect(fixture.log.of("api.failed")).toMatchObject([
        { level: "error", fields: { method, error: "Cannot do it: SQLITE_IOERR" } },
      ]);
    },
  );
});
