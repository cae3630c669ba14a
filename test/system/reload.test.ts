/**
 * Aim: an executable that is told to read its settings again goes by them from then on, under load
 * and without a lost, doubled or disordered message, and keeps those it has when anything is wrong.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { type Hook, HookReceiver } from "../support/hook-receiver.ts";
import { RunningServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(60_000);

const RELOADED = "settings.reloaded";
const REFUSED = "settings.refused";

/** A server with a settings file. */
class Box implements AsyncDisposable {
  readonly server: RunningServer;
  readonly #folder = mkdtempSync(join(tmpdir(), "reload-"));
  readonly #path = join(this.#folder, "box.env");

  constructor() {
    // What is empty is left to the file.
    const settings = { HRIS_RATE_LIMIT_REQUESTS: "" };
    this.server = new RunningServer({ settings, settingsFile: this.#path });
  }

  write(settings: Readonly<Record<string, string | number>>): void {
    const lines = Object.entries(settings).map(([name, value]) => `${name}="${value}"\n`);
    writeFileSync(this.#path, lines.join(""));
  }

  /** Reloads with these settings in the file, and gives the line that tells what came of it. */
  async reload(
    settings: Readonly<Record<string, string | number>>,
    event = RELOADED,
  ): Promise<string> {
    const before = this.server.logLines(event).length;
    this.write(settings);
    this.server.requestReload();
    await eventually(`a line ${event}`, () => this.server.logLines(event).length > before);
    // Behind time and level.
    return this.server.logLines(event).at(-1)?.split(/\s+/).slice(2).join(" ") ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Messages of each terminal, as `user time`, in the order in which they came. */
function messagesByDevice(hooks: readonly Hook[]): ReadonlyMap<string, readonly string[]> {
  const told = new Map<string, readonly string[]>();
  for (const { body } of hooks) {
    const [log] = JSON.parse(body).logs;
    const before = told.get(log.device_id) ?? [];
    told.set(log.device_id, [...before, `${log.user_id} ${log.timestamp}`]);
  }
  return told;
}

test("a reload under load moves to another receiver, key and limits, and no terminal notices", async () => {
  await using first = new HookReceiver("raw-bytes", "the first key");
  await using second = new HookReceiver("raw-bytes", "the second key");
  await using box = new Box();
  const { server } = box;
  const changing = { DEVICE_CONNECTIONS_MAX: 64, COMMIT_BATCH_MAX: 50 };
  box.write({ ...first.settings, ...changing });
  await server.start();
  const fleet = ["--terminals", "16", "--punches", "100", "--rate", "800", "--keep-alive"] as const;
  const load = simulate(server, ...fleet, "--attempts", "1");
  await eventually("some messages", () => first.accepted.length >= 200);
  // Fewer than are open: those stay.
  const fewer = { DEVICE_CONNECTIONS_MAX: 8, COMMIT_BATCH_MAX: 3, BIOMETRIC_WEBHOOK_TIMEOUT: 5 };
  expect(await box.reload({ ...second.settings, ...fewer })).toBe(
    "settings.reloaded changed=BIOMETRIC_WEBHOOK_URL,BIOMETRIC_WEBHOOK_SECRET," +
      "BIOMETRIC_WEBHOOK_TIMEOUT,DEVICE_CONNECTIONS_MAX,COMMIT_BATCH_MAX",
  );
  const firstCount = first.accepted.length;
  // Without a pause between them, and the server goes by the last.
  for (const COMMIT_BATCH_MAX of [10, 20, 30]) {
    box.write({ ...second.settings, ...fewer, COMMIT_BATCH_MAX });
    server.requestReload();
  }
  expect(await load).toMatchObject({
    acknowledged: 1600,
    unacknowledged: 0,
    closedWithoutReply: 0,
    wrongReplies: 0,
  });
  const took = () => first.accepted.length + second.accepted.length;
  await eventually("all to arrive", () => took() >= 1600);

  const punches = await server.listPunches();
  expect(punches).toHaveLength(1600);
  const accepted = [...first.accepted, ...second.accepted];
  expect(new Set(accepted.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1600);
  expect(accepted).toHaveLength(1600);
  expect([first.forged, second.forged]).toEqual([[], []]);
  expect(first.accepted).toHaveLength(firstCount);
  const stored = Map.groupBy(punches, (punch) => punch.device_id);
  for (const [device, told] of messagesByDevice(accepted)) {
    const wanted = stored.get(device)?.map((punch) => `${punch.user_id} ${punch.wall_time}`);
    expect([device, told]).toEqual([device, wanted ?? []]);
  }
  expect(server.printed).not.toMatch(/the (?:first|second) key/);
});

test("wrong settings change nothing, and what needs a restart is named and waits for one", async () => {
  await using receiver = new HookReceiver();
  await using other = new HookReceiver("raw-bytes", "a key that nobody may see");
  await using box = new Box();
  const { server } = box;
  box.write(receiver.settings);
  await server.start();
  const wrong = { ...other.settings, HRIS_RATE_LIMIT_WINDOW: "soon" };
  expect(await box.reload(wrong, REFUSED)).toMatch(
    /^settings\.refused problem="\\"soon\\" for HRIS_RATE_LIMIT_WINDOW cannot be used: wanted is/,
  );
  await simulate(server, "--punches", "2");
  await eventually("both messages", () => receiver.accepted.length === 2);

  const line = await box.reload({
    ...other.settings,
    // The environment says otherwise, and wins.
    WEB_PORT: 1,
    SITE_TIME_ZONE: "Asia/Tokyo",
    USER_ID_LEADING_ZEROS: "keep",
  });
  expect(line).toBe(
    "settings.reloaded changed=BIOMETRIC_WEBHOOK_URL,BIOMETRIC_WEBHOOK_SECRET " +
      "restart_needed=SITE_TIME_ZONE,USER_ID_LEADING_ZEROS",
  );
  await simulate(server, "--punches", "1", "--device-prefix", "LATER");
  await eventually("the message", () => other.accepted.length === 1);
  const [log] = JSON.parse(other.accepted[0]?.body ?? "").logs;
  expect(log.timezone).toBe("Asia/Manila");
  expect(server.printed).not.toContain(other.secret);
  expect(receiver.accepted).toHaveLength(2);
});

test("clients are held to the new limit, key and list at once", async () => {
  await using box = new Box();
  const { server } = box;
  box.write({ HRIS_API_SECRET_KEY: "the key before" });
  await server.start();
  const login = async (client_secret: string): Promise<Response> => {
    const body = JSON.stringify({ client_id: "hris_system", client_secret });
    const headers = { "Content-Type": "application/json" };
    return fetch(`${server.webUrl}/api/auth/token`, { method: "POST", headers, body });
  };
  const read = async (token: string): Promise<number> => {
    const headers = { Authorization: `Bearer ${token}` };
    return (await fetch(`${server.webUrl}/v1/punches`, { headers })).status;
  };
  const tokenFor = async (key: string): Promise<string> => {
    const answer: { token: string } = JSON.parse(await (await login(key)).text());
    return answer.token;
  };
  const before = await tokenFor("the key before");
  expect([await read(before), await read(before)]).toEqual([200, 200]);
  await box.reload({ HRIS_API_SECRET_KEY: "the key behind" });
  expect([await read(before), (await login("the key before")).status]).toEqual([401, 401]);
  const token = await tokenFor("the key behind");
  await box.reload({ HRIS_API_SECRET_KEY: "the key behind", HRIS_RATE_LIMIT_REQUESTS: 3 });
  // The two of the same client before count.
  expect([await read(token), await read(token)]).toEqual([200, 429]);
  await box.reload({ HRIS_API_SECRET_KEY: "the key behind", HRIS_ALLOWED_CLIENTS: "payroll" });
  expect([(await login("the key behind")).status, await read(token)]).toEqual([403, 401]);
  expect(server.printed).not.toContain("the key be");
});

test("a reload is no obstacle to an end, nor that to a reload", async () => {
  await using box = new Box();
  const { server } = box;
  box.write({});
  await server.start();
  for (let count = 0; count < 20; count += 1) server.requestReload();
  const ended = server.stop();
  server.requestReload();
  expect(await ended).toBe(0);
  expect(server.logLines("server.stopped")).toHaveLength(1);
});
