/**
 * Aim: what the service manager is told goes through its own program, and a manager that cannot be
 * told does the server no harm. That a real one hears it is proved in `test/system-packages/`.
 */

import { describe, expect, test } from "bun:test";
import { findServiceManager } from "#platform/service-manager.ts";
import { RecordingLog } from "../support/recording-log.ts";

const SOCKET = "/nowhere/notify";

describe("findServiceManager()", () => {
  test("finds none where none started the process", () => {
    expect(findServiceManager({}, new RecordingLog())).toBeUndefined();
    expect(findServiceManager({ NOTIFY_SOCKET: "" }, new RecordingLog())).toBeUndefined();
  });

  test("reads within which time a sign of life is wanted, unless of another process", () => {
    const watchdogMs = (variables: Readonly<Record<string, string>>) =>
      findServiceManager({ NOTIFY_SOCKET: SOCKET, ...variables }, new RecordingLog())?.watchdogMs;
    expect(watchdogMs({ WATCHDOG_USEC: "80000000" })).toBe(80_000);
    expect(watchdogMs({ WATCHDOG_USEC: "80000000", WATCHDOG_PID: `${process.pid}` })).toBe(80_000);
    expect(watchdogMs({ WATCHDOG_USEC: "80000000", WATCHDOG_PID: "1" })).toBeUndefined();
    expect(watchdogMs({})).toBeUndefined();
  });

  test("logs that nobody could be told, and goes on", async () => {
    const log = new RecordingLog();
    await findServiceManager({ NOTIFY_SOCKET: SOCKET }, log)?.notify("READY=1");
    expect(log.of("service-manager.untold")).toHaveLength(1);
  });
});
