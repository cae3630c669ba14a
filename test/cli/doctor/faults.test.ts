/**
 * Aim: each fault, injected alone into a real server, is named by its check with its fix, and nothing
 * else is; a server that is well has none.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { HookReceiver } from "../../support/hook-receiver.ts";
import { findFreePort, type RunningServer, startServer } from "../../support/running-server.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "../../system/terminal-socket.ts";
import { examine, expectTrouble, SYNCHRONIZED } from "./examined-server.ts";

const SECRET = "of this test alone: 0123456789abcdef";
const MAIN_SECRET = "another of this test: 0123456789abcdef";

const receiver = new HookReceiver("raw-bytes", SECRET);
let server: RunningServer;

beforeAll(async () => {
  const settings = {
    ...receiver.settings,
    HRIS_API_SECRET_KEY: MAIN_SECRET,
    PAIRING_WINDOW_MINUTES: "0",
    BIOMETRIC_WEBHOOK_MAX_RETRIES: "0",
  };
  server = await startServer({ settings });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

async function mustRun(...argv: readonly string[]): Promise<void> {
  const { exitCode, error } = await server.run(...argv);
  if (exitCode !== 0) throw new Error(error);
}

async function punch(device: string, wallTime: string): Promise<void> {
  const request = punchRequest({ device, user: "27", wallTime });
  expect(await sendWhole(server.terminalPort, request)).toBe(ACKNOWLEDGEMENT);
}

/** A rule set of nft whose input chain drops what no rule lets in. */
function droppingAllBut(port: number): string {
  const chain = { family: "inet", table: "filter", name: "input" };
  const left = { payload: { protocol: "tcp", field: "dport" } };
  const expr = [{ match: { op: "==", left, right: port } }, { accept: null }];
  return JSON.stringify({
    nftables: [
      { chain: { ...chain, type: "filter", hook: "input", policy: "drop" } },
      { rule: { family: "inet", table: "filter", chain: "input", expr } },
    ],
  });
}

test("a clock that nothing speaks for is named, until an operator does", async () => {
  const offline = "CanNTP=yes\nNTP=no\nNTPSynchronized=no\nLocalRTC=no\n";
  const found = await examine(server, { programs: { timedatectl: offline } });
  expect(found.get("clock")).toMatchObject({
    state: "fault",
    fix: expect.stringContaining("biometric-server clock confirm"),
  });
  expect(found.get("clock-ntp")).toMatchObject({
    state: "fault",
    fix: expect.stringContaining("timedatectl set-ntp true"),
  });
  await mustRun("clock", "confirm");
  expect((await examine(server)).get("clock")?.state).toBe("ok");
});

test("nothing is wrong with a server that is well", async () => {
  const found = await examine(server, { withWebhooks: true });
  expectTrouble(found, {});
  const skipped = [...found.values()].filter(({ state }) => state === "skipped");
  expect(skipped.map(({ check }) => check)).toEqual(["service"]);
  expect(receiver.hooks.map(({ body }) => body).join()).toContain("test_webhook");
});

describe("settings", () => {
  test("that cannot be used", async () => {
    const found = await examine(server, { settings: { LOG_LEVEL: "loud" } });
    expectTrouble(found, { settings: "biometric-server config check" });
    expect(found.get("settings")?.found).toContain('"loud" for LOG_LEVEL');
  });

  test("that the running server does not use", async () => {
    const found = await examine(server, { settings: { DEVICE_HISTORY_DAYS: "7" } });
    expectTrouble(found, { "settings-in-use": "send SIGHUP" });
    expect(found.get("settings-in-use")?.found).toContain("values of DEVICE_HISTORY_DAYS");
  });

  test("of an unknown name, and in a file that others read or write", async () => {
    const settingsFile = join(server.folder, "my.env");
    writeFileSync(settingsFile, "WEBPORT=5051\nLOG_FILE=/var/log/x\n", { mode: 0o600 });
    const found = await examine(server, { settingsFile });
    expectTrouble(found, { "settings-names": "remove these lines" });
    expect(found.get("settings-names")?.found).not.toContain("LOG_FILE");
    writeFileSync(settingsFile, "");
    expectTrouble(await examine(server, { settingsFile }), {});
    chmodSync(settingsFile, 0o644);
    const fixed = `chmod 640 "${settingsFile}"`;
    expectTrouble(await examine(server, { settingsFile }), { "settings-rights": fixed });
    chmodSync(settingsFile, 0o620);
    expectTrouble(await examine(server, { settingsFile }), { "settings-rights": fixed });
  });
});

test("a firewall that keeps one of the ports out", async () => {
  const { terminalPort, webPort } = server;
  const programs = { timedatectl: SYNCHRONIZED, nft: droppingAllBut(webPort) };
  expectTrouble(await examine(server, { programs }), {
    "terminal-port-firewall": `tcp dport ${terminalPort} accept`,
  });
});

describe("files", () => {
  test("a secret that others read, and a data folder that others look into", async () => {
    for (const [path, mode, open] of [
      [join(server.dataDir, "secrets/token-signing-key"), 0o600, 0o644],
      [server.dataDir, 0o700, 0o755],
    ] as const) {
      chmodSync(path, open);
      const found = await examine(server);
      chmodSync(path, mode);
      expectTrouble(found, { "data-rights": `chmod go= "${path}"` });
    }
  });
});

describe("the API", () => {
  test("a secret that the server does not take", async () => {
    const settings = { HRIS_API_SECRET_KEY: "no secret of this server" };
    const found = await examine(server, { settings });
    expectTrouble(found, { "settings-in-use": "send SIGHUP", "api-token": "another secret" });
    expect(JSON.stringify([...found])).not.toContain(settings.HRIS_API_SECRET_KEY);
  });

  test("another program on the web port of the settings, which is told no secret", async () => {
    const asked: string[] = [];
    await using other = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        asked.push(request.url);
        return new Response();
      },
    });
    const settings = { WEB_PORT: String(other.port) };
    expectTrouble(await examine(server, { settings }), {
      "settings-in-use": "start it",
      "web-port": `kill ${process.pid}`,
    });
    expect(asked).toEqual([]);
  });
});

test("a receiver that takes no message, or is away", async () => {
  receiver.answer = 401;
  const refused = await examine(server, { withWebhooks: true });
  await receiver.down();
  const away = await examine(server, { withWebhooks: true });
  receiver.up();
  receiver.answer = 200;
  expectTrouble(refused, { "webhook-test": "rotate-secret settings" });
  expect(refused.get("webhook-test")?.found).toContain("status 401");
  expectTrouble(away, { "webhook-test": "whether the receiver runs" });
  expect(away.get("webhook-test")?.found).toContain("ECONNREFUSED");
});

test("a backup that failed", async () => {
  const folder = join(server.dataDir, "backups");
  writeFileSync(folder, "in the way", { mode: 0o600 });
  expect((await server.run("backup")).exitCode).toBe(1);
  const found = await examine(server);
  rmSync(folder);
  expectTrouble(found, { "backup-last-try": "biometric-server backup" });
  await mustRun("backup");
  expectTrouble(await examine(server), {});
});

/** Waits until nothing but this is wrong: the server looks at its terminals every few seconds. */
async function untilTrouble(wanted: Readonly<Record<string, string>>): Promise<void> {
  const names = Object.keys(wanted).sort().join();
  await eventually(`only this is wrong: ${names}`, async () => {
    const found = [...(await examine(server)).values()];
    const wrong = found.filter(({ state }) => state === "warning" || state === "fault");
    return (
      names ===
      wrong
        .map(({ check }) => check)
        .sort()
        .join()
    );
  });
  expectTrouble(await examine(server), wanted);
}

test("a terminal that waits, what cannot be read, and messages that were refused", async () => {
  await punch("GATE1", "20261101081500");
  await untilTrouble({ pending: "devices approve GATE1" });
  receiver.answer = 400;
  await mustRun("devices", "approve", "GATE1");
  await punch("GATE1", "20261301081500");
  await untilTrouble({
    quarantine: "biometric-server quarantine list --device GATE1",
    "quarantine-kept": "biometric-server quarantine list",
    deliveries: "deliveries retry-parked",
  });
  receiver.answer = 200;
  await mustRun("deliveries", "retry-parked");
  await eventually("they are delivered", async () => {
    return (await examine(server)).get("deliveries")?.state === "ok";
  });
});

describe("without a server", () => {
  beforeAll(() => server.stop());

  test("what its files tell is looked at", async () => {
    const found = await examine(server, { withWebhooks: true });
    expectTrouble(found, {
      server: "biometric-server serve",
      "terminal-port": "biometric-server serve",
      "web-port": "biometric-server serve",
      quarantine: "biometric-server quarantine list --device GATE1",
      "quarantine-kept": "biometric-server quarantine list",
    });
    const skipped = [...found.values()].filter(({ state }) => state === "skipped");
    expect(skipped.map(({ check }) => check)).toEqual([
      "service",
      "settings-in-use",
      "api-token",
      "webhooks",
    ]);
  });

  test("the verb ends with 3, in text and as JSON", async () => {
    const { exitCode, out, error } = await server.run("doctor");
    expect([exitCode, error]).toEqual([3, ""]);
    expect(out).toStartWith("SERVER\n  FAULT    server ");
    const json = await server.run("doctor", "--json", "--full", "--no-webhooks");
    expect(json.exitCode).toBe(3);
    expect(JSON.parse(json.out)).toMatchObject({
      well: false,
      server_answers: false,
      groups: expect.arrayContaining([
        {
          heading: "WEBHOOKS",
          findings: [{ check: "webhooks", state: "skipped", found: "left out as asked" }],
        },
      ]),
    });
  });

  test("another program on a port is told by its name", async () => {
    const { terminalPort: port } = server;
    const other = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
    const found = await examine(server);
    other.stop(true);
    expect(found.get("terminal-port")).toMatchObject({
      state: "fault",
      // The name is that of the file that runs the tests.
      found: expect.stringMatching(
        new RegExp(
          `^port ${port} \\(SERVER_PORT\\) is taken by \\S+ \\(process ${process.pid}\\)$`,
        ),
      ),
      fix: `stop that program (kill ${process.pid}), or set SERVER_PORT to another port`,
    });
  });

  test("a file in the database's place that is none", async () => {
    const path = join(server.dataDir, "biometric.db");
    renameSync(path, `${path}.kept`);
    writeFileSync(path, "no database".repeat(1000), { mode: 0o600 });
    const found = await examine(server);
    renameSync(`${path}.kept`, path);
    expect(found.get("database")).toMatchObject({
      state: "fault",
      found: `"${path}" is damaged: SQLITE_NOTADB`,
      fix: expect.stringContaining("biometric-server restore BACKUP"),
    });
  });
});

test("a secret that public documents show", async () => {
  await server.start({ HRIS_API_SECRET_KEY: "contract-test-secret" });
  const found = await examine(server);
  expect(found.get("client-secret")).toMatchObject({
    state: "warning",
    found: "HRIS_API_SECRET_KEY stands in a public document: everybody can know it",
    fix: expect.stringContaining("openssl rand -hex 32"),
  });
  expect(found.get("webhook-secret")?.state).toBe("ok");
  expect(found.get("api-token")?.state).toBe("ok");
});

test("a server that speaks TLS", async () => {
  await server.stop();
  const tls = join(import.meta.dir, "../../fixtures/tls");
  const tlsPort = String(findFreePort());
  await server.startUnready({
    HRIS_API_SECRET_KEY: MAIN_SECRET,
    TLS_CERT_FILE: join(tls, "certificate.pem"),
    TLS_KEY_FILE: join(tls, "key.pem"),
    SERVER_TLS_PORT: tlsPort,
  });
  const found = await examine(server);
  expect(found.get("api-token")).toMatchObject({
    state: "ok",
    found: expect.stringContaining(`https://127.0.0.1:${server.webPort}`),
  });
  for (const check of ["tls-port", "tls-port-firewall", "own-certificate"]) {
    expect(found.get(check)?.state).toBe("ok");
  }
});
