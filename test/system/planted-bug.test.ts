/**
 * Aim: a bug in a rule, planted into a build of its own, costs no punch: the one that trips it is
 * kept raw and acknowledged, and its neighbours in the batch are stored.
 */

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "../../scripts/build.ts";
import { framed } from "../devices/fkweb/requests.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { ACKNOWLEDGEMENT, punchJson, punchRequest, TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

const RULE = "src/domain/accept-punch.ts";
const UNLUCKY = "666";
const USERS = ["1", "2", UNLUCKY, "3", "4"] as const;
const LUCKY_USERS = USERS.filter((user) => user !== UNLUCKY);

const folder = mkdtempSync(join(tmpdir(), "planted-bug-"));
const executable = join(folder, "biometric-server");

beforeAll(async () => {
  const source = readFileSync(join(import.meta.dir, "../..", RULE), "utf8");
  const planted = source.replace(
    /(?<=\nexport function acceptPunch\([^{]*\{\n)/,
    `if (raw.userIdText === "${UNLUCKY}") throw new TypeError("Planted bug");\n`,
  );
  if (planted === source) throw new Error(`No place to plant a bug in "${RULE}"`);
  await buildExecutable({ outfile: executable, replace: { [RULE]: planted } });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a punch that trips a bug of ours is kept and acknowledged, its neighbours are stored", async () => {
  await using receiver = new WebhookReceiver();
  const settings = { ...receiver.settings, DEVICE_HISTORY_DAYS: "3660" };
  await using server = await startServer({ executable, settings });

  expect(await sendTogether(server)).toBe(KEPT_ALIVE_ACKNOWLEDGEMENT.repeat(4) + ACKNOWLEDGEMENT);
  expect((await server.listPunches()).map(({ user_id: user }) => user)).toEqual(LUCKY_USERS);
  await receiver.untilAccepted(LUCKY_USERS.length);
  expect(receiver.accepted.map(({ log }) => log.user_id)).toEqual(LUCKY_USERS);
  const kept = readQuarantine(server);
  expect(kept).toEqual([
    {
      device_id: "GATE1",
      code: "rule-failed",
      text: framed(punchJson(punchOf(UNLUCKY))).toString(),
    },
  ]);

  // A terminal that lost the answers sends all of them again.
  expect(await sendTogether(server)).toBe(KEPT_ALIVE_ACKNOWLEDGEMENT.repeat(4) + ACKNOWLEDGEMENT);
  expect(await server.listPunches()).toHaveLength(LUCKY_USERS.length);
  expect(readQuarantine(server)).toEqual(kept);
  expect(await server.stop()).toBe(0);
  expect(server.logLines("intake.bug")).toEqual([
    expect.stringContaining('cause="TypeError: Planted bug"'),
    expect.stringMatching(/ repeated=1$/),
  ]);
});

test("once the bug is mended, what was kept becomes the punch it always was", async () => {
  await using receiver = new WebhookReceiver();
  const settings = { ...receiver.settings, DEVICE_HISTORY_DAYS: "3660" };
  await using server = await startServer({ executable, settings });
  await sendTogether(server);
  const still = await server.run("quarantine", "retry", "1");
  expect(still.exitCode).toBe(1);
  expect(still.error).toContain("A rule failed on it: TypeError: Planted bug");
  expect(await server.stop()).toBe(0);

  await using mended = await startServer({ settings: { ...settings, DATA_DIR: server.dataDir } });
  const all = await mended.run("quarantine", "retry", "--all");
  expect(all.out).toBe("Entry 1: punch 1000005\n1 released; nothing waits\n");
  const punches = await mended.listPunches();
  expect(punches.at(-1)).toMatchObject({ user_id: UNLUCKY, origin: "live" });
  await receiver.untilAccepted(USERS.length);
  expect(receiver.accepted.map(({ log }) => log.user_id)).toEqual([...LUCKY_USERS, UNLUCKY]);
  expect(await mended.stop()).toBe(0);
});

/** The acknowledgement on a connection that is kept open. */
const KEPT_ALIVE_ACKNOWLEDGEMENT = ACKNOWLEDGEMENT.replace("close", "keep-alive");

function punchOf(user: string) {
  return { device: "GATE1", user, wallTime: "20260302081504" };
}

/** All punches in one write on one connection, so that they wait for the same commit. */
async function sendTogether(server: RunningServer): Promise<string> {
  const socket = await TerminalSocket.connect(server.terminalPort);
  const requests = USERS.map((user, index) =>
    punchRequest(punchOf(user), index < USERS.length - 1),
  );
  socket.send(Buffer.concat(requests));
  return socket.answer;
}

interface Kept {
  readonly device_id: string;
  readonly code: string;
  readonly text: string;
}

/** The kept requests, which no port shows. */
function readQuarantine(server: RunningServer): readonly Kept[] {
  using database = new Database(join(server.dataDir, "biometric.db"), { readonly: true });
  return database
    .query<Kept, []>("SELECT device_id, code, CAST(bytes AS TEXT) AS text FROM quarantine")
    .all();
}
