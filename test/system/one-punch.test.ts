/**
 * Aim: one punch that comes by the terminal's queue, by its own log and by an import is one row and
 * at most one webhook, whichever way came first, though the three spell the user differently.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type LogLibrary, logRecord } from "../devices/fkweb/record-bytes.ts";
import { framed, post } from "../devices/fkweb/requests.ts";
import { OriginalFile } from "../support/original-database.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { orderReading, untilRead } from "./log-reading.ts";
import { ScriptedTerminal } from "./scripted-terminal.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

const WALL_TIME = "20260302081504";
const LATER = "20260302170000";

type Way = "live" | "log" | "import";

const ORDERS: readonly (readonly [Way, Way, Way])[] = [
  ["live", "log", "import"],
  ["live", "import", "log"],
  ["log", "live", "import"],
  ["log", "import", "live"],
  ["import", "live", "log"],
  ["import", "log", "live"],
];

/** How makes spell one user, and the codes of one card at one entrance. */
interface Make {
  readonly library: LogLibrary;
  /** JSON text. */
  readonly live: string;
  readonly log: string | number;
  readonly imported: string | number;
  readonly io: number;
  readonly verify: number;
}

const MAKES: readonly Make[] = [
  { library: "HS102", live: '"27"', log: "00000027", imported: 27, io: 1 << 24, verify: 3 << 28 },
  { library: "HS101", live: '"00000027"', log: 27, imported: "27", io: 1, verify: 3 },
  { library: "HS103", live: "27", log: "27", imported: "0027", io: 1 << 24, verify: 3 << 28 },
];

interface Gate extends Make {
  readonly device: string;
  readonly order: readonly [Way, Way, Way];
}

const GATES: readonly Gate[] = MAKES.flatMap((make) =>
  ORDERS.map((order) => ({ ...make, order, device: `${make.library}_${order.join("_")}` })),
);

test("a punch by queue, log and import, in every order, is one row and one webhook", async () => {
  await using receiver = new WebhookReceiver();
  // The punch is of one fixed day, which must not count as history.
  const settings = { DEVICE_ENROLLMENT: "open", DEVICE_HISTORY_DAYS: "3660" };
  await using server = await startServer({ settings: { ...receiver.settings, ...settings } });
  for (const turn of [0, 1, 2] as const) {
    const of = (way: Way) => GATES.filter(({ order }) => order[turn] === way);
    await Promise.all(of("live").map((gate) => sendLive(server, gate)));
    await Promise.all(of("log").map((gate) => readFromLog(server, gate, turn > 0)));
    await importAll(server, of("import"), `turn-${turn}.db`);
  }

  const punches = await server.listPunches();
  const expected = GATES.map(({ device }) => [device, "27", WALL_TIME].join(" ")).sort();
  const told = (punch: { device_id: string; user_id: unknown }, time: string) =>
    `${punch.device_id} ${punch.user_id} ${time}`;
  expect(punches.map((punch) => told(punch, punch.wall_time)).sort()).toEqual(expected);
  const logs = await server.listLogs();
  expect(logs.map((log) => told(log, log.timestamp)).sort()).toEqual(expected);

  // Webhooks of a terminal come in order: once a later punch is there, all earlier ones are.
  for (const { device } of GATES) {
    const later = punchRequest({ device, user: "9", wallTime: LATER });
    expect(await sendWhole(server.terminalPort, later)).toBe(ACKNOWLEDGEMENT);
  }
  const laterOf = () => receiver.accepted.filter(({ log }) => log.timestamp === LATER);
  await receiver.until("all later punches", () => laterOf().length === GATES.length);
  // What the replaced server had, it had delivered.
  const sent = GATES.filter(({ order }) => order[0] !== "import").map(({ device }) => device);
  const received = receiver.received.filter(({ log }) => log.timestamp === WALL_TIME);
  expect(received.map(({ log }) => log.device_id).sort()).toEqual(sent.sort());
  expect(receiver.problems).toEqual([]);
  expect(server.logLines("quarantine.added")).toEqual([]);
});

async function sendLive(server: RunningServer, gate: Gate): Promise<void> {
  const { device, library, live, io, verify } = gate;
  const json = `{"fk_bin_data_lib":"FKData${library}","io_mode":${io},"io_time":"${WALL_TIME}","log_image":null,"user_id":${live},"verify_mode":${verify}}`;
  const request = post(framed(json), { dev_id: device });
  expect(await sendWhole(server.terminalPort, request)).toContain("response_code: OK");
}

/** The terminal's log holds this one punch. */
async function readFromLog(server: RunningServer, gate: Gate, isKnown: boolean): Promise<void> {
  const { device, library, log, io, verify } = gate;
  const terminal = new ScriptedTerminal(server.terminalPort, device, `FKData${library}`);
  await terminal.poll();
  const number = await orderReading(server, device);
  const { code, id } = await terminal.poll();
  expect(code).toBe("GET_LOG_DATA");
  const record = logRecord(library, { user: log, io, verify, time: WALL_TIME });
  const json = `{"log_array":"BIN_1","log_count":"1","one_log_size":"${record.length}"}`;
  await terminal.result(id, { json, binaries: [record] });
  const { result } = await untilRead(server, number);
  const counts = { known_count: Number(isKnown), added_count: Number(!isKnown) };
  expect(result).toMatchObject({ read_count: 1, ...counts });
}

/** One file of the replaced server for several terminals. */
async function importAll(
  server: RunningServer,
  gates: readonly Gate[],
  name: string,
): Promise<void> {
  const path = join(server.folder, name);
  {
    using file = new OriginalFile(path);
    for (const { device: device_id, imported, verify } of gates) {
      file.insert("devices", { device_id });
      file.addLog({ device_id, user_id: imported, timestamp: WALL_TIME, verify_mode: verify });
    }
  }
  const { exitCode, out, error } = await server.run("import", "--json", path);
  expect([exitCode, error]).toEqual([0, ""]);
  expect(JSON.parse(out).tables).toContainEqual(
    expect.objectContaining({ table: "attendance_logs", read: gates.length, refused: {} }),
  );
}
