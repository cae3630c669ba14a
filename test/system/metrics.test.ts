/**
 * Aim: the built executable tells Prometheus what it does: each figure moves when its thing happens,
 * and none moves without.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type ReadFamily, readExposition, readValue } from "../support/exposition.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";
import { TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

async function scrape(server: RunningServer): Promise<ReadonlyMap<string, ReadFamily>> {
  const response = await fetch(`${server.webUrl}/metrics`);
  expect(response.status).toBe(200);
  return readExposition(await response.text());
}

test("GET /metrics follows terminals, the disk, receivers, clients and backups", async () => {
  const beganAtMs = Date.now();
  await using receiver = new HookReceiver();
  const settings = { ...receiver.settings, DEVICE_ENROLLMENT: "open", DEVICE_CONNECTIONS_MAX: "2" };
  await using server = await startServer({ settings });
  let families = await scrape(server);
  const figure = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    readValue(families, `biometric_${name}`, labels);
  const stored = { kind: "punches", outcome: "stored" };
  const endpoint = "settings";
  expect(figure("intakes_total", stored)).toBe(0);
  expect(figure("acknowledgement_seconds_count")).toBe(0);
  expect(families.has("biometric_backup_last_success_timestamp_seconds")).toBe(false);

  await simulate(server, "--terminals", "2", "--punches", "3");
  const garbage = await TerminalSocket.connect(server.terminalPort);
  garbage.send("POST / HTTP/1.0\r\nContent-Length: x\r\n\r\n");
  expect(await garbage.answer).toBe("");
  await eventually("no connection is open", async () => {
    families = await scrape(server);
    return figure("terminal_connections") === 0;
  });
  const open = [1, 2].map(() => TerminalSocket.connect(server.terminalPort));
  const [first, second] = await Promise.all(open);
  const third = await TerminalSocket.connect(server.terminalPort);
  expect(await third.answer).toBe("");
  expect((await fetch(`${server.webUrl}/v1/devices`)).status).toBe(401);
  expect((await server.run("backup")).exitCode).toBe(0);
  await eventually("every punch is delivered, and seen as delivered", async () => {
    families = await scrape(server);
    return figure("deliveries_waiting", { endpoint }) === 0;
  });

  expect(figure("intakes_total", stored)).toBe(6);
  expect(figure("acknowledgement_seconds_count")).toBeGreaterThanOrEqual(6);
  expect(figure("commit_batch_intakes_sum")).toBe(figure("acknowledgement_seconds_count"));
  expect(figure("commit_seconds_count")).toBe(figure("commit_batch_intakes_count"));
  expect(figure("punches")).toBe(6);
  expect(figure("feed_position")).toBeGreaterThanOrEqual(6);
  expect(figure("devices", { status: "approved" })).toBe(2);
  expect(families.get("biometric_device_last_contact_timestamp_seconds")?.samples).toHaveLength(2);
  expect(figure("delivery_attempts_total", { endpoint, outcome: "delivered" })).toBe(6);
  expect(figure("delivery_oldest_waiting_seconds", { endpoint })).toBe(0);
  expect(figure("terminal_connections")).toBe(2);
  expect(figure("terminal_violations_total", { code: "bad-content-length" })).toBe(1);
  expect(figure("limits_reached_total", { limit: "terminal-connections" })).toBeGreaterThanOrEqual(
    1,
  );
  expect(figure("http_requests_total", { code: "401" })).toBe(1);
  expect(figure("backup_last_success_timestamp_seconds")).toBeGreaterThan(1.7e9);
  expect(figure("database_bytes")).toBeGreaterThan(100_000);
  expect(figure("disk_size_bytes")).toBeGreaterThan(figure("disk_free_bytes"));
  expect(readValue(families, "process_resident_memory_bytes")).toBeGreaterThan(10 * 1024 ** 2);
  expect(readValue(families, "process_cpu_seconds_total")).toBeGreaterThan(0.01);
  const started = readValue(families, "process_start_time_seconds");
  expect(started).toBeGreaterThan(beganAtMs / 1000 - 1);
  expect(started).toBeLessThan(figure("time_seconds"));
  first?.reset();
  second?.reset();
});
