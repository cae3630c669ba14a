/**
 * Aim: what terminals sent between a backup and its restore comes back from their own logs, readers are
 * led to all of it, and nobody is told that all is there before it is.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { type ListedPunch, type RunningServer, startServer } from "../support/running-server.ts";
import { punchKey, RunningSimulation } from "./simulation.ts";

setDefaultTimeout(120_000);

const STEADY = ["--scenario", "steady", "--duration", "600", "--retry-delay", "1"];
/** Two terminals with a log to be read. */
const WITH_LOG = [...STEADY, "--dialect", "D2", "--terminals", "2", "--poll-interval", "1"];
/** And one that only numbers its records. */
const WITHOUT_LOG = [...STEADY, "--dialect", "R", "--terminals", "1", "--device-prefix", "RAW"];
const RAW = "RAW0001";

interface ShownDevice {
  readonly device_id: string;
  readonly verified_through: string | null;
  readonly waits_for: string | null;
  readonly missing_records: number;
}

interface ShownCompleteness {
  readonly complete_through: string | null;
  readonly held_back_by: { readonly device_id: string; readonly reason: string };
  readonly devices: readonly ShownDevice[];
}

interface Restored {
  readonly made_at: string;
  readonly reread_from: string;
  readonly asked_terminals: number;
  readonly terminals_without_log: readonly string[];
}

const readJson = async <Body>(response: Promise<Response>): Promise<Body> =>
  JSON.parse(await (await response).text());
const completenessOf = (server: RunningServer) =>
  readJson<ShownCompleteness>(server.get("/v1/completeness"));

async function rawOf(server: RunningServer): Promise<ShownDevice> {
  const { devices } = await completenessOf(server);
  const raw = devices.find(({ device_id: id }) => id === RAW);
  if (raw === undefined) throw new Error(`${RAW} is not waited for`);
  return raw;
}

/** Follows the feed as an HRIS does, by its cursor, over the restore. */
class Reader {
  readonly punches = new Map<string, ListedPunch>();
  rereadFrom: string | undefined;
  readonly #server: RunningServer;
  #next = "";

  constructor(server: RunningServer) {
    this.#server = server;
  }

  /** Reads to the end of the feed. */
  async read(): Promise<void> {
    for (;;) {
      const response = await this.#server.get(`/v1/punches?limit=1000${this.#next}`);
      const body: {
        punches: ListedPunch[];
        next: string;
        has_more: boolean;
        code?: string;
        reread_from: string;
      } = JSON.parse(await response.text());
      if (response.status === 410) {
        expect(body.code).toBe("cursor-reset");
        this.rereadFrom = body.reread_from;
        this.#next = `&from=${encodeURIComponent(body.reread_from)}`;
        continue;
      }
      expect(response.status).toBe(200);
      for (const punch of body.punches) this.punches.set(punchKey(punch), punch);
      this.#next = `&after=${encodeURIComponent(body.next)}`;
      if (!body.has_more) return;
    }
  }

  async untilMore(count: number): Promise<void> {
    const wanted = this.punches.size + count;
    await eventually("punches read", async () => {
      await this.read();
      return this.punches.size >= wanted;
    });
  }
}

test("punches lost with a restore come back, and completeness waits for them", async () => {
  await using server = await startServer({
    settings: { DEVICE_ENROLLMENT: "open", LOG_RECOVERY_TIME: "never" },
  });
  // Else it waits for terminals to agree with it, and again behind each start.
  expect((await server.run("clock", "confirm")).exitCode).toBe(0);
  await using _withLog = new RunningSimulation(server, ...WITH_LOG, "--rate", "18");
  await using _raw = new RunningSimulation(server, ...WITHOUT_LOG, "--rate", "9");
  const reader = new Reader(server);
  await reader.untilMore(30);
  await eventually("something told", async () => {
    return (await completenessOf(server)).complete_through !== null;
  });
  const file = join(server.folder, "box.backup");
  expect((await server.run("backup", "--to", file)).exitCode).toBe(0);
  const inBackup = new Set(reader.punches.keys());
  await reader.untilMore(60);
  await server.kill();
  const { exitCode, out } = await server.run("restore", file, "--json");
  expect(exitCode).toBe(0);
  const restored: Restored = JSON.parse(out);
  expect(restored).toMatchObject({ asked_terminals: 2, terminals_without_log: [RAW] });
  await server.start();

  // The logs are read by themselves, and bring back what each terminal sent.
  const before = new Map(reader.punches);
  const lostWithLog = [...before.keys()].filter((key) => !inBackup.has(key) && !isRaw(key));
  expect(lostWithLog.length).toBeGreaterThan(10);
  const areRead = async () => {
    const { devices } = await completenessOf(server);
    const withLog = devices.filter(({ device_id: id }) => id !== RAW);
    return withLog.every(({ verified_through: at, waits_for: waits }) => at !== null && !waits);
  };
  await eventually("logs read", areRead);
  reader.punches.clear();
  await reader.read();
  expect(Date.parse(reader.rereadFrom ?? "")).toBe(Date.parse(restored.reread_from));
  const again = reader.punches;
  expect(lostWithLog.filter((key) => !again.has(key))).toEqual([]);
  const origins = new Set(lostWithLog.map((key) => again.get(key)?.origin));
  expect(origins).toContain("recovered");
  const all = (await server.listPunches()).map(punchKey);
  expect(new Set(all).size).toBe(all.length);

  // The one without a log holds the site back, since its numbers show that some are missing.
  await eventually("gap seen", async () => (await rawOf(server)).missing_records > 0);
  const held = await completenessOf(server);
  expect(held.held_back_by).toMatchObject({ device_id: RAW, reason: "restored" });
  expect(Date.parse(held.complete_through ?? "")).toBeLessThanOrEqual(Date.parse(restored.made_at));
  expect((await rawOf(server)).waits_for).toBe("operator");
  const given = await server.run("devices", "give-up-lost", RAW);
  expect(given).toMatchObject({ exitCode: 0, error: "" });
  await eventually("site moved", async () => {
    const { complete_through: through } = await completenessOf(server);
    return Date.parse(through ?? "") > Date.parse(held.complete_through ?? "");
  });
  expect((await rawOf(server)).waits_for).toBeNull();
});

function isRaw(key: string): boolean {
  return key.startsWith(RAW);
}
