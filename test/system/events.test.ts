/**
 * Aim: on the executable, a day on which everything happens is told once, in order and alike: to the
 * receivers that may hear it, on `/v1/events`, and on `/ws` to who asks.
 */

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { framed, post } from "../devices/fkweb/requests.ts";
import { eventually } from "../support/eventually.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { untilConditions } from "./shown-status.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(120_000);

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

let build: SteeredBuild;
beforeAll(async () => {
  build = await SteeredBuild.make();
});
afterAll(() => build[Symbol.dispose]());

/** A message of format `standard`, or an event of `/v1/events`. */
interface Told {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a receiver took, in order, each with its id. */
function takenBy(receiver: HookReceiver): readonly (Told & { readonly id: string })[] {
  return receiver.accepted.map(({ headers, body }) => {
    const told: Told = JSON.parse(body);
    return { id: headers.get("webhook-id") ?? "", ...told };
  });
}

const typesAt = (receiver: HookReceiver) => takenBy(receiver).map(({ type }) => type);
const isOfPunch = ({ type }: Told) => type.startsWith("punch.");

/** Adds a receiver of format `standard` beside the one of the settings, while no server runs. */
function plantReceiver(server: SteeredServer, receiver: HookReceiver): void {
  using database = new Database(join(server.dataDir, "biometric.db"));
  database
    .query(
      `INSERT INTO webhook_endpoints
       (id, name, origin, url, format, secret, is_enabled, created_at_ms)
       VALUES (2, 'payroll', 'added', ?, 'standard', ?, 1, 0)`,
    )
    .run(receiver.url, receiver.secret);
}

/** One terminal, and what it is let know. */
function terminalOf(server: SteeredServer) {
  const port = server.terminalPort;
  const clockText = () =>
    new Date(server.nowMs + 8 * HOUR_MS).toISOString().replaceAll(/\D/g, "").slice(0, 14);
  return {
    async punch(time: string): Promise<void> {
      const punch = { device: "GATE1", user: "27", wallTime: `20260302${time}` };
      expect(await sendWhole(port, punchRequest(punch))).toBe(ACKNOWLEDGEMENT);
    },
    async poll(): Promise<void> {
      const body = framed(`{"fk_info":{"firmware":"F1"},"fk_name":"","fk_time":"${clockText()}"}`);
      await sendWhole(port, post(body, { dev_id: "GATE1", request_code: "receive_cmd" }));
    },
  };
}

/** Lets time pass in small steps until something is so. */
async function passUntil(
  server: SteeredServer,
  what: string,
  condition: () => boolean,
): Promise<void> {
  await eventually(what, async () => {
    if (condition()) return true;
    server.advance(6 * SECOND_MS);
    return false;
  });
}

/** Keeps the events that `/ws?events=1` tells beside the replaced server's messages. */
async function openWatcher(server: SteeredServer): Promise<{ readonly told: Told[] }> {
  const told: Told[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${server.webPort}/ws?events=1`, {
    headers: { authorization: `Bearer ${await server.token()}` },
  });
  let isWelcome = false;
  socket.addEventListener("message", ({ data }) => {
    const message: Told = JSON.parse(String(data));
    if (message.type === "status") isWelcome = true;
    else if ("id" in message) told.push(message);
  });
  await eventually("a first message", () => isWelcome);
  return { told };
}

test("a day on which everything happens is told once to everybody", async () => {
  await using hris = new HookReceiver();
  await using payroll = new HookReceiver("decode-sort-encode", "payroll-secret");
  const settings = {
    ...hris.settings,
    BIOMETRIC_WEBHOOK_FORMAT: "standard",
    BIOMETRIC_WEBHOOK_MAX_RETRIES: "0",
    PAIRING_WINDOW_MINUTES: "0",
  };
  const atMs = Date.UTC(2026, 2, 2, 1, 0, 0);
  await using server = new SteeredServer(build, { atMs, settings });
  await server.start();
  await server.stop();
  plantReceiver(server, payroll);
  await server.start();
  const watcher = await openWatcher(server);
  const terminal = terminalOf(server);
  const untilPayroll = (type: string) =>
    eventually(`${type} at payroll`, () => typesAt(payroll).includes(type));

  // A new terminal waits, and is let in.
  await terminal.punch("080000");
  await untilPayroll("device.pending");
  expect((await server.run("devices", "approve", "GATE1")).exitCode).toBe(0);
  await untilPayroll("punch.created");
  // A late punch turns the one behind it round.
  await terminal.punch("085500");
  await eventually("two punches", () => takenBy(payroll).filter(isOfPunch).length === 2);
  await terminal.punch("083000");
  await untilPayroll("punch.updated");
  await eventually("all at the HRIS", () => typesAt(hris).length === typesAt(payroll).length);

  // It is silent, and comes back.
  for (let count = 0; count < 5; count += 1) {
    await terminal.poll();
    server.advance(20 * SECOND_MS);
  }
  server.advance(11 * MINUTE_MS);
  await untilPayroll("device.offline");
  await terminal.poll();
  await passUntil(server, "it is back", () => typesAt(payroll).includes("device.online"));

  // The HRIS refuses a punch, and only that.
  hris.answer = ({ body }) => (body.includes('"punch.created"') ? 400 : 200);
  await terminal.punch("091000");
  await untilPayroll("delivery.parked");
  hris.answer = 200;

  // It dies, and comes back.
  await hris.down();
  await terminal.punch("092000");
  await eventually("a pause", () => server.logLines("webhook.paused").length === 1);
  await passUntil(server, "told", () => typesAt(payroll).includes("endpoint.paused"));
  await untilConditions(server, ["endpoint-paused"]);
  hris.up();
  await passUntil(server, "resumed", () => typesAt(payroll).includes("endpoint.resumed"));
  await eventually("told to itself", () => typesAt(hris).includes("endpoint.resumed"));

  const page: { events: (Told & { id: string })[]; has_more: boolean } = JSON.parse(
    await (await server.get("/v1/events")).text(),
  );
  const told = page.events;
  expect(told.map(({ type }) => type)).toEqual([
    "device.pending",
    "device.offline",
    "device.online",
    "delivery.parked",
    "endpoint.paused",
    "endpoint.resumed",
  ]);
  expect(watcher.told).toEqual(told);
  const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1);
  const ofPayroll = takenBy(payroll).filter((message) => !isOfPunch(message));
  expect(ofPayroll.toSorted(byId)).toEqual(told.toSorted(byId));
  // Its own refusal and its own pause are no news to the HRIS while they last.
  const forHris = told.filter(
    ({ type }) => type !== "delivery.parked" && type !== "endpoint.paused",
  );
  const ofHris = takenBy(hris).filter((message) => !isOfPunch(message));
  expect(ofHris.toSorted(byId)).toEqual(forHris.toSorted(byId));

  expect(told.map(({ data }) => data)).toMatchObject([
    { device_id: "GATE1", address: "127.0.0.1" },
    { device_id: "GATE1", fix: expect.stringContaining("power and network") },
    { device_id: "GATE1", offline_since: told[1]?.timestamp },
    { endpoint: "settings", message_type: "punch.created", http_status: 400, attempts: 1 },
    { endpoint: "settings", detail: expect.stringContaining("It takes nothing: ") },
    { endpoint: "settings", paused_since: told[4]?.timestamp },
  ]);
  const punches = takenBy(payroll).filter(isOfPunch);
  const shown = punches.map(({ type, data }) =>
    [type, String(data.wall_time).slice(8, 12), data.direction, data.revision].join(" "),
  );
  expect(shown).toEqual([
    "punch.created 0800 in 1",
    "punch.created 0855 out 1",
    "punch.created 0830 out 1",
    "punch.updated 0855 in 2",
    "punch.created 0910 out 1",
    "punch.created 0920 in 1",
  ]);
  expect(new Set(punches.map(({ id }) => id)).size).toBe(6);
  expect([...hris.forged, ...payroll.forged]).toEqual([]);
});

test("a pause that was told goes on over a kill, and ends once", async () => {
  await using hris = new HookReceiver();
  const settings = {
    ...hris.settings,
    BIOMETRIC_WEBHOOK_FORMAT: "standard",
    DEVICE_ENROLLMENT: "open",
  };
  await using server = new SteeredServer(build, { atMs: Date.UTC(2026, 2, 2, 1, 0, 0), settings });
  await server.start();
  const listTypes = async () => {
    const { events }: { events: Told[] } = JSON.parse(
      await (await server.get("/v1/events")).text(),
    );
    return events.map(({ type }) => type);
  };
  await hris.down();
  await terminalOf(server).punch("080000");
  await eventually("a pause", () => server.logLines("webhook.paused").length === 1);
  await eventually("told", async () => {
    server.advance(6 * SECOND_MS);
    return (await listTypes()).includes("endpoint.paused");
  });
  await server.kill();
  await server.start();
  for (let look = 0; look < 5; look += 1) {
    server.advance(6 * SECOND_MS);
    await untilConditions(server, ["endpoint-paused"]);
  }
  expect(await listTypes()).toEqual(["endpoint.paused"]);
  hris.up();
  await passUntil(server, "resumed", () => typesAt(hris).includes("endpoint.resumed"));
  expect(await listTypes()).toEqual(["endpoint.paused", "endpoint.resumed"]);
  expect(typesAt(hris)).toEqual(["punch.created", "endpoint.resumed"]);
});
