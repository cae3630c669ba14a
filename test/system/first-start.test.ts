/**
 * Aim: the executable starts with nothing set, tells what a person needs and no secret, guards what
 * it made, and goes on from it at the next start.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { RunningServer, startServer } from "../support/running-server.ts";

setDefaultTimeout(30_000);

/** An empty value is the same as none; the default ports may be taken on this machine. */
const NOTHING_SET = { DATA_DIR: "", SERVER_HOST: "", WEB_BIND: "", HRIS_RATE_LIMIT_REQUESTS: "" };
const SECRETS = ["hris-api-secret-key", "token-signing-key", "webhook-secret"] as const;

test("a first start needs no settings, and tells in 15 lines what to do, but no secret", async () => {
  await using server = await startServer({ settings: NOTHING_SET });
  const lines = server.printed.trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(15);
  expect(server.printed).toContain(` port ${server.terminalPort}`);
  expect(server.printed).toContain(`:${server.webPort} `);
  expect(server.printed).toContain(server.dataDir);
  expect(server.printed).toContain("/api/auth/token");
  expect(server.printed).toContain(`simulate --port ${server.terminalPort}`);
  // A secret in the output would be in the journal for ever.
  for (const name of SECRETS) {
    expect(server.secret(name).length).toBeGreaterThanOrEqual(32);
    expect(server.printed).not.toContain(server.secret(name));
  }
  expect(new Set(SECRETS.map((name) => server.secret(name))).size).toBe(SECRETS.length);
  expect(await server.stop()).toBe(0);
});

test("a start that failed is not the first one: the next tells all and opens the window", async () => {
  await using server = new RunningServer({ settings: NOTHING_SET });
  const taken = Bun.listen({
    hostname: "0.0.0.0",
    port: server.terminalPort,
    socket: { data: () => undefined },
  });
  await expect(server.start()).rejects.toThrow("SERVER_PORT");
  taken.stop();
  await server.stop();
  await server.start();
  expect(server.printed).toContain("is ready for the first time");
  const run = await server.run("simulate", "--port", String(server.terminalPort));
  expect(run.exitCode).toBe(0);
  expect(await server.listPunches()).not.toEqual([]);
});

test("the commands that a first start prints work as they stand", async () => {
  await using server = await startServer({ settings: NOTHING_SET });
  const printed = server.printed.split("\n").map((line) => line.trim());
  const commandWith = (word: string): string =>
    printed.find((line) => line.includes(word) && /^(?:curl|\/)/.test(line)) ?? "false";
  const runShell = (command: string) =>
    Bun.$`sh -c ${command}`.cwd(server.folder).nothrow().quiet();

  // The machine may have no curl; what the shell hands to it is enough to ask the same.
  const words = await runShell(
    `curl() { printf '%s\\n' "$@"; }; ${commandWith("/api/auth/token")}`,
  );
  const [silent, url = "", headerOption, header, dataOption, data = ""] = words.text().split("\n");
  expect([silent, headerOption, header]).toEqual(["-s", "-H", "Content-Type: application/json"]);
  expect(dataOption).toBe("-d");
  const headers = { "Content-Type": "application/json" };
  const token = await fetch(url, { method: "POST", headers, body: data });
  expect(JSON.parse(await token.text())).toMatchObject({ success: true });

  const simulation = await runShell(commandWith(" simulate "));
  expect(simulation.exitCode).toBe(0);
  expect(simulation.stdout.toString()).toMatch(/^acknowledged +6$/m);
  const devices = await runShell(commandWith(" devices list"));
  expect(devices.stdout.toString()).toMatch(/^SIM0001 .* approved /m);
});

test("what a first start makes is for its owner alone", async () => {
  await using server = await startServer();
  const modeOf = (...path: readonly string[]): string =>
    (statSync(join(server.dataDir, ...path)).mode & 0o777).toString(8);
  expect(modeOf()).toBe("700");
  expect(modeOf("secrets")).toBe("700");
  expect(readdirSync(join(server.dataDir, "secrets")).sort()).toEqual([...SECRETS]);
  for (const name of SECRETS) expect(modeOf("secrets", name)).toBe("600");
  for (const name of readdirSync(server.dataDir)) {
    expect([name, modeOf(name)]).toEqual([name, name === "secrets" ? "700" : "600"]);
  }
});

test("a second start is brief, keeps the secrets, and honours tokens of the first", async () => {
  await using server = await startServer();
  const secrets = SECRETS.map((name) => server.secret(name));
  const token = await server.token();
  await server.stop();
  const before = server.printed.length;
  await server.start();
  const lines = server.printed.slice(before).trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(5);
  expect(SECRETS.map((name) => server.secret(name))).toEqual(secrets);
  const response = await fetch(`${server.webUrl}/api/biometric/logs`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(200);
  await server.kill();
  await server.start();
  // The helper goes on with the token of the first start.
  expect(await server.listLogs()).toEqual([]);
});
