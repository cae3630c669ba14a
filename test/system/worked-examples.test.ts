/**
 * Aim: the executable answers examples E1 to E4 of fkweb.md 14 with exactly the documented bytes,
 * however their bytes are cut, and however often they come: one row and one webhook each.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { fixture } from "../devices/fkweb/requests.ts";
import {
  type ListedLog,
  type ListedPunch,
  type RunningServer,
  startServer,
} from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole, TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(30_000);

/** Fewer than the connections that one address may hold. */
const CONNECTIONS_AT_ONCE = 256;

interface Example {
  readonly fixture: string;
  readonly punch: Partial<ListedPunch> & Pick<ListedPunch, "device_id" | "user_id" | "wall_time">;
  readonly log: Partial<ListedLog>;
}

const EXAMPLES: readonly Example[] = [
  {
    fixture: "e1-punch-card",
    punch: {
      device_id: "2401058352",
      user_id: "27",
      user_id_text: "27",
      time: "2026-03-02T08:15:04+08:00",
      wall_time: "20260302081504",
      direction: "in",
      direction_code: "1",
      verify_mode_code: "3",
    },
    log: {
      user_id: 27,
      device_id: "2401058352",
      timestamp: "20260302081504",
      datetime_utc: "2026-03-02 00:15:04",
      direction: "in",
      verification_method: "ID Card",
    },
  },
  {
    fixture: "e2-punch-face-hs102",
    punch: {
      device_id: "0011223344556677",
      user_id: "E-0042",
      user_id_text: "E-0042",
      time: "2026-03-02T18:09:10+08:00",
      wall_time: "20260302180910",
      direction: "in",
      direction_code: "33554432",
      verify_mode_code: "1073741824",
    },
    log: {
      user_id: "E-0042",
      device_id: "0011223344556677",
      timestamp: "20260302180910",
      datetime_utc: "2026-03-02 10:09:10",
      direction: "in",
      verification_method: "Unknown (1073741824)",
    },
  },
  {
    fixture: "e3-punch-no-terminator",
    punch: {
      device_id: "EN0190000001",
      user_id: "33",
      user_id_text: "00000033",
      time: "2026-03-02T08:15:04+08:00",
      wall_time: "20260302081504",
      direction: "in",
      direction_code: "0",
      verify_mode_code: "1",
    },
    log: {
      user_id: 33,
      device_id: "EN0190000001",
      timestamp: "20260302081504",
      datetime_utc: "2026-03-02 00:15:04",
      direction: "in",
      verification_method: "Fingerprint",
    },
  },
  {
    fixture: "e4-punch-photo",
    punch: {
      device_id: "2401058352",
      user_id: "27",
      user_id_text: "27",
      time: "2026-03-02T08:15:04+08:00",
      wall_time: "20260302081504",
      direction: "in",
      direction_code: "1",
      verify_mode_code: "20",
    },
    log: {
      user_id: 27,
      device_id: "2401058352",
      timestamp: "20260302081504",
      datetime_utc: "2026-03-02 00:15:04",
      direction: "in",
      verification_method: "Face",
    },
  },
];

describe("the executable", () => {
  test.each(EXAMPLES)(
    "answers $fixture exactly, and keeps one row and one webhook",
    async (example) => {
      await using receiver = new WebhookReceiver();
      // The examples are of one fixed day, which must not count as history.
      const settings = { ...receiver.settings, DEVICE_HISTORY_DAYS: "3660" };
      await using server = await startServer({ settings });
      const bytes = fixture(example.fixture);

      // First, so that it is this one which is stored and not only found to be a duplicate.
      expect(await sendByteByByte(server, bytes)).toBe(ACKNOWLEDGEMENT);
      await expectOneRow(server, example);
      for (const answer of await sendCutEverywhere(server, bytes)) {
        expect(answer).toBe(ACKNOWLEDGEMENT);
      }
      expect(await sendWhole(server.terminalPort, bytes)).toBe(ACKNOWLEDGEMENT);
      expect(await sendWhole(server.terminalPort, bytes)).toBe(ACKNOWLEDGEMENT);
      await expectOneRow(server, example);

      // Webhooks of a device come in order: once this one is there, all earlier ones are.
      const later = { device: example.punch.device_id, user: "9", wallTime: "20260302190000" };
      expect(await sendWhole(server.terminalPort, punchRequest(later))).toBe(ACKNOWLEDGEMENT);
      await receiver.until("the webhook of a later punch", () =>
        receiver.accepted.some(({ log }) => log.user_id === "9"),
      );
      const told = receiver.received.map(({ log }) => [log.user_id, log.timestamp]);
      const { user_id: user, wall_time: wallTime } = example.punch;
      expect(told).toEqual([
        [user, wallTime],
        ["9", "20260302190000"],
      ]);
      expect(receiver.problems).toEqual([]);
      // A cut that made a request unreadable would have been acknowledged too.
      expect(await server.stop()).toBe(0);
      expect(server.logLines("quarantine.added")).toEqual([]);
    },
  );
});

async function expectOneRow(server: RunningServer, { punch, log }: Example): Promise<void> {
  const [punches, logs] = [await server.listPunches(), await server.listLogs()];
  expect([punches.length, logs.length]).toEqual([1, 1]);
  expect(punches[0]).toMatchObject(punch);
  expect(logs[0]).toMatchObject(log);
}

/** One connection, a write for each byte, sent when the one before has arrived. */
async function sendByteByByte(server: RunningServer, bytes: Uint8Array): Promise<string> {
  const socket = await TerminalSocket.connect(server.terminalPort);
  for (const byte of bytes) {
    socket.send(Uint8Array.of(byte));
    await serverHasRead(server);
  }
  return socket.answer;
}

/** A connection for each position: the bytes before it in one write, the rest in a second. */
async function sendCutEverywhere(
  server: RunningServer,
  bytes: Uint8Array,
): Promise<readonly string[]> {
  const answers: string[] = [];
  for (let first = 1; first < bytes.length; first += CONNECTIONS_AT_ONCE) {
    const count = Math.min(CONNECTIONS_AT_ONCE, bytes.length - first);
    const cuts = Array.from({ length: count }, (_, index) => first + index);
    const sockets = await Promise.all(
      cuts.map(async (cut) => {
        const socket = await TerminalSocket.connect(server.terminalPort);
        socket.send(bytes.subarray(0, cut));
        return { cut, socket };
      }),
    );
    await serverHasRead(server);
    for (const { cut, socket } of sockets) socket.send(bytes.subarray(cut));
    answers.push(...(await Promise.all(sockets.map(({ socket }) => socket.answer))));
  }
  expect(answers).toHaveLength(bytes.length - 1);
  return answers;
}

/** One loop of the server serves all its ports: an answer here comes after what was sent before. */
async function serverHasRead(server: RunningServer): Promise<void> {
  const response = await fetch(`${server.webUrl}/healthz`);
  await response.text();
}
