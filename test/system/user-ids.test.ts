/**
 * Aim: however a terminal spells a user, the punch is stored under that spelling and the queue goes on;
 * what names nobody is kept raw and acknowledged, and what stands behind it arrives.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { lookInto } from "../crash/stored-punches.ts";
import { framed, post } from "../devices/fkweb/requests.ts";
import { recordJson, v3 } from "../devices/rtlog/frames.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { sendWhole, TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(30_000);

/** How a punch names its user. */
interface Spelling {
  /** JSON; undefined: the field is not there. */
  readonly json: string | undefined;
  /** Undefined where it names nobody. */
  readonly text: string | undefined;
  /** Who that is to the HRIS. */
  readonly user: string;
}

const as = (text: string, user = text) => ({ json: JSON.stringify(text), text, user });
const digits = (json: string) => ({ json, text: json, user: json });
const nobody = (json: string | undefined) => ({ json, text: undefined, user: "" });

/** What waits in the terminal, oldest first. */
const QUEUE: readonly Spelling[] = [
  nobody('""'),
  as("E-0042"),
  as("e-0042"),
  nobody('"  "'),
  as("00000033", "33"),
  as("000", "0"),
  nobody("null"),
  digits("4711"),
  digits("12345678901234567890"),
  nobody(undefined),
  as("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"),
  as("98765432109876543210987654321098"),
  as("0007-Peña/7"),
];

interface Terminal {
  readonly device: string;
  /** `user` is JSON text; `wallTime` 14 digits. */
  readonly encode: (user: string | undefined, wallTime: string, logId: number) => Buffer;
  readonly acknowledges: string;
}

const TERMINALS: readonly Terminal[] = [
  {
    device: "FRAMED",
    encode: (user, wallTime) =>
      post(framed(fields({ user_id: user, io_time: `"${wallTime}"`, io_mode: "1" })), {
        dev_id: "FRAMED",
      }),
    acknowledges: "\r\nresponse_code: OK\r\n",
  },
  {
    device: "AIDATA",
    encode: (user, wallTime) =>
      post(Buffer.from(fields({ userId: user, time: `"${wallTime}"`, ioMode: "1" })), {
        dev_id: "AIDATA",
        dev_model: "R6",
      }),
    acknowledges: "\r\nresponse_code: OK\r\n",
  },
  {
    device: "REALSVR",
    encode: (user, wallTime, logId) =>
      v3(
        recordJson({
          log_id: String(logId),
          fk_device_id: '"REALSVR"',
          user_id: user,
          io_time: `"${wallTime}"`,
        }),
      ),
    acknowledges: '"result":"OK"',
  },
];

test.each(TERMINALS)(
  "users of every spelling, and nobody in between ($device)",
  async (terminal) => {
    await using receiver = new WebhookReceiver();
    const settings = { ...receiver.settings, DEVICE_HISTORY_DAYS: "3660" };
    await using server = await startServer({ settings });
    const { device, encode, acknowledges } = terminal;
    for (const [index, { json }] of QUEUE.entries()) {
      const bytes = encode(json, wallTimeOf(index), index + 1);
      // Twice, as where the first acknowledgement was lost.
      expect(await exchange(server, bytes)).toContain(acknowledges);
      expect(await exchange(server, bytes)).toContain(acknowledges);
    }

    const sent = QUEUE.map((spelling, index) => ({ ...spelling, wallTime: wallTimeOf(index) }));
    const shown = sent.filter(({ text }) => text !== undefined);
    const punches = await server.listPunches();
    expect(punches.map((punch) => [punch.user_id_text, punch.user_id, punch.wall_time])).toEqual(
      shown.map(({ text = "", user, wallTime }) => [text, user, wallTime]),
    );
    const logs = (await server.listLogs()).toReversed();
    expect(logs.map((log) => [String(log.user_id), log.timestamp])).toEqual(
      shown.map(({ user, wallTime }) => [user, wallTime]),
    );
    await receiver.untilAccepted(shown.length);
    expect(receiver.received.map(({ log }) => [log.user_id, log.timestamp])).toEqual(
      shown.map(({ user, wallTime }) => [user, wallTime]),
    );
    expect(receiver.problems).toEqual([]);
    expect(readQuarantine(server)).toEqual(Array(4).fill(`${device} no-user`));
  },
);

test("USER_ID_LEADING_ZEROS=keep leaves the zeros to the HRIS", async () => {
  await using server = await startServer({ settings: { USER_ID_LEADING_ZEROS: "keep" } });
  const [terminal] = TERMINALS;
  for (const user of ['"00000033"', '"33"']) {
    const bytes = terminal?.encode(user, wallTimeOf(1), 1) ?? "";
    expect(await sendWhole(server.terminalPort, bytes)).toContain("response_code: OK");
  }
  expect((await server.listPunches()).map((punch) => punch.user_id)).toEqual(["00000033", "33"]);
});

function fields(tokens: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(tokens).filter(([, token]) => token !== undefined);
  return `{${given.map(([name, token]) => `"${name}":${token}`).join(",")}}`;
}

function wallTimeOf(index: number): string {
  return `202603020815${String(index).padStart(2, "0")}`;
}

/** Sends, says that no more will come, and gives the whole answer. */
async function exchange(server: RunningServer, bytes: Uint8Array): Promise<string> {
  const socket = await TerminalSocket.connect(server.terminalPort);
  socket.send(bytes);
  socket.end();
  return socket.answer;
}

/** Which terminal's records are in quarantine, and why. */
function readQuarantine(server: RunningServer): readonly string[] {
  return lookInto(server, (database) =>
    database
      .query<{ text: string }, []>(
        "SELECT device_id || ' ' || code AS text FROM quarantine ORDER BY id",
      )
      .all()
      .map(({ text }) => text),
  );
}
