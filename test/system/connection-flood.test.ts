/**
 * Aim: thousands of connections at once are served to the last one, and one address beyond its
 * share takes nothing from those it holds already.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { punchKey, simulate } from "./simulation.ts";
import {
  ACKNOWLEDGEMENT,
  punchRequest,
  type SentPunch,
  TerminalSocket,
} from "./terminal-socket.ts";

setDefaultTimeout(30_000);

const FLOOD = 2000;
/** The default of `DEVICE_CONNECTIONS_PER_ADDRESS_MAX`. */
const ADDRESS_SHARE = 512;
const OVER_SHARE = 88;

describe("many connections to the executable", () => {
  test("2,000 at once, all in the middle of a punch, are acknowledged and stored", async () => {
    const settings = { DEVICE_CONNECTIONS_PER_ADDRESS_MAX: "4096" };
    await using server = await startServer({ settings });
    const begun = await beginPunches(server, FLOOD);

    // While all of them are open and unfinished, others are served.
    const report = await simulate(server, "--terminals", "10", "--punches", "20");
    expect(report).toMatchObject({ acknowledged: 200, unacknowledged: 0, closedWithoutReply: 0 });

    for (const { finish } of begun) finish();
    const answers = await Promise.all(begun.map(({ socket }) => socket.answer));
    expect(answers.filter((answer) => answer === ACKNOWLEDGEMENT)).toHaveLength(FLOOD);
    const stored = (await server.listPunches()).filter(({ device_id }) => device_id === "FLOOD");
    expect(stored.map(punchKey).sort()).toEqual(begun.map(({ key }) => key).sort());
    expect(await server.stop()).toBe(0);
  });

  test("those over the share of one address are closed, the others keep theirs", async () => {
    await using server = await startServer();
    const held = await beginPunches(server, ADDRESS_SHARE);
    for (let count = 0; count < OVER_SHARE; count += 1) {
      const refused = await TerminalSocket.connect(server.terminalPort);
      expect(await refused.answer).toBe("");
    }
    for (const { finish } of held) finish();
    const answers = await Promise.all(held.map(({ socket }) => socket.answer));
    expect(answers.filter((answer) => answer === ACKNOWLEDGEMENT)).toHaveLength(ADDRESS_SHARE);
    expect(await server.listPunches()).toHaveLength(ADDRESS_SHARE);

    expect(await server.stop()).toBe(0);
    const [first, summary, ...more] = server.logLines("terminal.address-full");
    expect(first).toEndWith(` address=127.0.0.1 limit=${ADDRESS_SHARE}`);
    expect(summary).toEndWith(` per=127.0.0.1 repeated=${OVER_SHARE - 1}`);
    expect(more).toEqual([]);
  });
});

/** A connection on which all but the end of a punch has been sent. */
interface BegunPunch {
  readonly key: string;
  readonly socket: TerminalSocket;
  /** Sends the rest. */
  readonly finish: () => void;
}

/** Opens connections of their own for so many punches, all of different users. */
async function beginPunches(server: RunningServer, count: number): Promise<readonly BegunPunch[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index): Promise<BegunPunch> => {
      const punch: SentPunch = {
        device: "FLOOD",
        user: String(index + 1),
        wallTime: "20260302081504",
      };
      const bytes = punchRequest(punch);
      const socket = await TerminalSocket.connect(server.terminalPort);
      socket.send(bytes.subarray(0, -40));
      return {
        key: `${punch.device} ${punch.user} ${punch.wallTime}`,
        socket,
        finish: () => socket.send(bytes.subarray(-40)),
      };
    }),
  );
}
