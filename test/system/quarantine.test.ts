/**
 * Aim: what real terminals send and nobody can read is acknowledged, listed, and made a punch of on the
 * built executable: in the feed, in the replaced server's API, at the receiver, over a restart; and of
 * two operators one does it.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { lookInto } from "../crash/stored-punches.ts";
import { framed, post } from "../devices/fkweb/requests.ts";
import { recordJson, v3 } from "../devices/rtlog/frames.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

/** A record that nobody can read, as a terminal sends it, and what a person gives. */
interface Unread {
  readonly what: string;
  readonly device: string;
  readonly request: Buffer;
  readonly acknowledges: string;
  readonly code: string;
  readonly supply: readonly string[];
  readonly user: string;
  readonly userText: string;
}

const OK = "response_code: OK";
const TIME = "20261102081504";
const UNNAMED = {
  request_code: undefined,
  dev_id: undefined,
  trans_id: undefined,
  blk_no: undefined,
};

const UNREAD: readonly Unread[] = [
  {
    what: "a mainstream terminal whose clock has no date",
    device: "D2",
    request: post(
      framed(
        `{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"20260230081504","log_image":null,"user_id":"27","verify_mode":3}`,
      ),
      { dev_id: "D2" },
    ),
    acknowledges: OK,
    code: "bad-time",
    supply: ["--time", "2026-11-02 08:15:04"],
    user: "27",
    userText: "27",
  },
  {
    what: "a BioMax with an event of nobody",
    device: "D3",
    request: post(
      framed(
        `{"fk_bin_data_lib":"FKDataHS102","io_mode":33554432,"io_time":"${TIME}","log_image":null,"user_id":"","verify_mode":1073741824}`,
      ),
      { dev_id: "D3", trans_id: undefined, cmd_id: "RTLogSendAction" },
      "POST /hdata.aspx HTTP/1.0",
    ),
    acknowledges: OK,
    code: "no-user",
    supply: ["--user", "E-0042"],
    user: "E-0042",
    userText: "",
  },
  {
    what: "early firmware, whose form has no user",
    device: "0007",
    request: post(
      Buffer.from(
        `page_id=realtime_glog&device_id=0007&glog_data={enroll_id:,verify_mode:FP,io_mode:IN,io_time:${TIME}}`,
      ),
      { ...UNNAMED, "Content-Type": "application/x-www-form-urlencoded" },
    ),
    acknowledges: "OK",
    code: "no-user",
    supply: ["--user", "8"],
    user: "8",
    userText: "",
  },
  {
    what: "a visible-light terminal and a face it does not know",
    device: "D6",
    request: post(
      Buffer.from(`{"userId":"","time":"${TIME}","verifyMode":"20","inOut":"0"}`),
      { dev_id: "D6", dev_model: "R6", blk_no: undefined },
      "POST /AIData.aspx HTTP/1.0",
    ),
    acknowledges: OK,
    code: "no-user",
    supply: ["--user", "33"],
    user: "33",
    userText: "",
  },
  {
    what: "a body that is cut off",
    device: "CUT",
    request: post(
      framed(`{"user_id":"41","io_time":"${TIME}","io_mode":1,"fp":"TEMPLATETEMPLATE`),
      { dev_id: "CUT" },
    ),
    acknowledges: OK,
    code: "body-not-json",
    supply: ["--user", "41", "--time", TIME],
    user: "41",
    userText: "",
  },
  {
    what: "RealSvr without a user",
    device: "REAL",
    request: v3(recordJson({ fk_device_id: '"REAL"', user_id: '""', io_time: `"${TIME}"` })),
    acknowledges: '"result":"OK"',
    code: "no-user",
    supply: ["--user", "5"],
    user: "5",
    userText: "",
  },
];

async function exchange(server: RunningServer, bytes: Uint8Array): Promise<string> {
  const socket = await TerminalSocket.connect(server.terminalPort);
  socket.send(bytes);
  socket.end();
  return socket.answer;
}

/** What a verb prints as JSON. */
async function asked<Answer>(server: RunningServer, ...argv: readonly string[]): Promise<Answer> {
  const { out, error } = await server.run("quarantine", ...argv, "--json");
  if (out === "") throw new Error(error);
  const answer: Answer = JSON.parse(out);
  return answer;
}

interface Entry {
  readonly id: number;
  readonly device_id: string;
  readonly code: string;
}

test("what terminals of every kind send and nobody reads becomes punches, told to all", async () => {
  await using receiver = new WebhookReceiver();
  await using server = await startServer({
    settings: { ...receiver.settings, DEVICE_HISTORY_DAYS: "3660" },
  });
  for (const { request, acknowledges } of UNREAD) {
    expect(await exchange(server, request)).toContain(acknowledges);
  }
  expect(await server.listPunches()).toEqual([]);

  const { entries } = await asked<{ entries: Entry[] }>(server, "list");
  const listed = entries.toReversed().map(({ device_id: device, code }) => ({ device, code }));
  expect(listed).toEqual(UNREAD.map(({ device, code }) => ({ device, code })));
  const overWeb: unknown = await (await server.get("/v1/quarantine?status=waiting")).json();
  expect(overWeb).toMatchObject({ entries: entries.map(({ id }) => ({ id })), next: null });
  const cut = entries.find(({ device_id: device }) => device === "CUT");
  const shown = await (await server.get(`/v1/quarantine/${cut?.id}`)).text();
  expect(JSON.parse(shown).preview).toContain(`user_id: 41\nio_time: ${TIME}`);
  expect(shown).not.toContain("TEMPLATE");
  expect((await server.run("status")).out).toMatch(/\nquarantine +6 kept .*quarantine list/);

  for (const [index, { supply }] of UNREAD.entries()) {
    const { out, error } = await server.run("quarantine", "supply", `${index + 1}`, ...supply);
    expect([error, out]).toEqual(["", `Entry ${index + 1}: punch ${1_000_001 + index}\n`]);
  }
  await server.kill();
  await server.start();
  const wanted = UNREAD.map(({ device, user, userText }) => [device, user, userText, TIME]);
  const punches = await server.listPunches();
  expect(
    punches.map((punch) => [punch.device_id, punch.user_id, punch.user_id_text, punch.wall_time]),
  ).toEqual(wanted);
  await receiver.untilAccepted(UNREAD.length);
  expect(receiver.problems).toEqual([]);
  const told = receiver.accepted.map(
    ({ log }) => `${log.device_id} ${log.user_id} ${log.timestamp}`,
  );
  const keys = UNREAD.map(({ device, user }) => `${device} ${user} ${TIME}`);
  expect(new Set(told)).toEqual(new Set(keys));
  const logs = (await server.listLogs()).map(
    (log) => `${log.device_id} ${log.user_id} ${log.timestamp}`,
  );
  expect(logs.toSorted()).toEqual(keys.toSorted());
  expect((await server.run("status")).out).toMatch(/\nquarantine +0 kept/);
  expect(await (await server.get("/v1/completeness")).json()).toMatchObject({ quarantined: 0 });

  // What a terminal sends once more is neither kept nor stored again.
  for (const { request, acknowledges } of UNREAD) {
    expect(await exchange(server, request)).toContain(acknowledges);
  }
  expect(await server.listPunches()).toHaveLength(UNREAD.length);
  expect((await asked<{ entries: Entry[] }>(server, "list")).entries).toEqual([]);
});

test("of two operators one makes the punch, and the other hears which it is", async () => {
  await using server = await startServer({ settings: { DEVICE_HISTORY_DAYS: "3660" } });
  const [unread] = UNREAD;
  await exchange(server, unread?.request ?? Buffer.alloc(0));
  const tries = await Promise.all(
    ["20261102081504", "20261102081505"].map((time) =>
      server.run("quarantine", "supply", "1", "--time", time),
    ),
  );
  expect(tries.map(({ exitCode }) => exitCode).toSorted()).toEqual([0, 1]);
  const refused = tries.find(({ exitCode }) => exitCode === 1);
  expect(refused?.error).toContain("It was already released as punch 1000001, by operator");
  expect(await server.listPunches()).toHaveLength(1);
  const audit = lookInto(server, (database) =>
    database.query("SELECT actor, action, subject FROM audit_entries").values(),
  );
  expect(audit).toEqual([["operator", "quarantine.supplied", "quarantine 1"]]);
});

test("a backup without secrets has none of it, and what is restored is kept again when it comes", async () => {
  await using server = await startServer({ settings: { DEVICE_HISTORY_DAYS: "3660" } });
  const [unread] = UNREAD;
  const request = unread?.request ?? Buffer.alloc(0);
  await exchange(server, request);
  const backup = `${server.folder}/box.backup`;
  expect((await server.run("backup", "--to", backup, "--without-secrets")).exitCode).toBe(0);
  await server.stop();
  expect((await server.run("restore", backup)).exitCode).toBe(0);
  await server.start();
  const retried = await server.run("quarantine", "retry", "1");
  expect(retried.error).toContain("Its bytes were left out of the backup that was restored");
  expect(
    (await server.run("quarantine", "show", "1", "--raw", `${server.folder}/raw`)).error,
  ).toContain("are not here");
  await exchange(server, request);
  const { entries } = await asked<{ entries: (Entry & { sha256: string | null })[] }>(
    server,
    "list",
  );
  expect(entries.map(({ sha256 }) => sha256 === null)).toEqual([false, true]);
  const given = ["--user", "27", "--time", TIME];
  for (const id of ["1", "2"]) {
    expect((await server.run("quarantine", "supply", id, ...given)).exitCode).toBe(0);
  }
  expect(await server.listPunches()).toHaveLength(1);
});
