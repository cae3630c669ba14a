/**
 * Aim: `status` without a server shows what the database holds, after a kill as after an orderly end,
 * and the server that is started then finds everything as it left it.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

const SHOWN = /^server +DOES NOT ANSWER: this is what its database held at last$/m;

async function expectShown(server: RunningServer): Promise<void> {
  const { exitCode, out, error } = await server.run("status");
  expect([exitCode, out]).toEqual([1, expect.stringMatching(SHOWN)]);
  expect(out).toMatch(/^2401058352 +- +approved +\d+ s ago /m);
  expect(error).toStartWith("error: Cannot reach the server on ");
}

async function punch(server: RunningServer, second: number): Promise<void> {
  const wallTime = `202603020815${String(second).padStart(2, "0")}`;
  const request = punchRequest({ device: "2401058352", user: "27", wallTime });
  expect(await sendWhole(server.terminalPort, request)).toBe(ACKNOWLEDGEMENT);
}

test("status reads the database of a dead server, and leaves it as it is", async () => {
  await using server = await startServer({ settings: { DEVICE_ENROLLMENT: "open" } });
  await punch(server, 1);
  expect(await server.run("status")).toMatchObject({
    out: expect.not.stringMatching(SHOWN),
  });
  await server.kill();
  const files = ["biometric.db", "biometric.db-wal"].map((name) => join(server.dataDir, name));
  const before = files.map((file) => readFileSync(file));
  await expectShown(server);
  await expectShown(server);
  expect(files.map((file) => readFileSync(file))).toEqual(before);

  await server.start();
  await punch(server, 2);
  expect(await server.listPunches()).toHaveLength(2);
  expect(await server.stop()).toBe(0);
  await expectShown(server);
  // What SQLite makes beside the database is for its owner alone, as the database is.
  const modes = readdirSync(server.dataDir)
    .filter((name) => name.startsWith("biometric.db"))
    .map((name) => statSync(join(server.dataDir, name)).mode & 0o077);
  expect(modes.every((mode) => mode === 0)).toBe(true);
  await server.start();
  await punch(server, 3);
  expect(await server.listPunches()).toHaveLength(3);
});
