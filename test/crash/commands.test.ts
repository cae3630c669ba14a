/**
 * Aim: over `kill -9` and power cuts no command that was confirmed is lost, none is carried out behind
 * its result or more often than it shows, and the reading of a log goes on where it was: every punch
 * of it is stored, once.
 */

import { describe, expect, test } from "bun:test";
import { logRecord } from "../devices/fkweb/record-bytes.ts";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { ScriptedTerminal } from "../system/scripted-terminal.ts";
import { punchRequest, sendWhole } from "../system/terminal-socket.ts";
import { CommandLoad } from "./command-load.ts";
import { KILLS, TIMEOUT_MS, withSeed } from "./crash-run.ts";
import { FaultyDisk, NO_FAULTY_DISK } from "./faulty-disk.ts";
import { findDamage, lookInto, readCount, readStored } from "./stored-punches.ts";

if (NO_FAULTY_DISK !== undefined) console.log(`power cuts are skipped: ${NO_FAULTY_DISK}`);
const testOnFaultyDisk = test.skipIf(NO_FAULTY_DISK !== undefined);

const TERMINALS = 4;
const SETTINGS = { DEVICE_ENROLLMENT: "open", LOG_RECOVERY_TIME: "never" };
const COUNT_OPEN = "SELECT count(*) FROM commands WHERE status IN ('waiting', 'sent')";
const COUNT_KEYS_TWICE = "SELECT count(request_key) - count(DISTINCT request_key) FROM commands";

function expectSound(server: RunningServer, load: CommandLoad): void {
  expect(lookInto(server, (database) => load.findProblems(database))).toEqual([]);
  expect(readCount(server, COUNT_KEYS_TWICE)).toBe(0);
  expect(findDamage(server)).toEqual([]);
}

/** Fails unless the server counts as many open commands as there are on the disk. */
async function expectMemoryAgrees(server: RunningServer): Promise<void> {
  const response = await server.get("/v1/devices");
  const { devices }: { devices: { open_command_count: number }[] } = JSON.parse(
    await response.text(),
  );
  const shown = devices.reduce((sum, { open_command_count: count }) => sum + count, 0);
  expect(shown).toBe(readCount(server, COUNT_OPEN));
}

describe.each([
  ["kill -9", test, false],
  ["a power cut", testOnFaultyDisk, true],
] as const)("%s", (_name, run, isPowerCut) => {
  run(
    `${KILLS} times while commands wait, are out and are answered loses none and repeats none unseen`,
    () =>
      withSeed(async (random) => {
        using disk = isPowerCut ? new FaultyDisk() : undefined;
        await using server = await startServer({ settings: { ...SETTINGS, ...disk?.settings } });
        await server.token();
        await using load = new CommandLoad(server, TERMINALS, random);
        for (let kill = 0; kill < KILLS; kill += 1) {
          const before = load.confirmedCount;
          load.resume();
          await eventually("orders are confirmed", () => load.confirmedCount > before);
          await Bun.sleep(random.between(20, 800));
          await (disk === undefined ? server.kill() : disk.cutPower(server));
          await load.pause();
          await server.start();
          expectSound(server, load);
          await expectMemoryAgrees(server);
        }
        load.resume();
        load.stopOrders();
        await eventually("every command ends", () => readCount(server, COUNT_OPEN) === 0);
        await load.pause();
        expectSound(server, load);
        await expectMemoryAgrees(server);
        console.log(
          `${KILLS} ends: ${load.confirmedCount} commands confirmed, ${load.executionCount} ` +
            `times carried out, ${load.repeatCount} of them again, and shown so`,
        );
      }),
    TIMEOUT_MS,
  );

  run(
    `${KILLS} times while a log is read stores every punch of it, once`,
    () =>
      withSeed(async (random) => {
        using disk = isPowerCut ? new FaultyDisk() : undefined;
        await using server = await startServer({ settings: { ...SETTINGS, ...disk?.settings } });
        let unfinished = 0;
        for (let kill = 0; kill < KILLS; kill += 1) {
          const reading = await LogReading.begin(server, `LOG${kill}`);
          // Some are killed before the terminal has answered, the others in the middle of the records.
          const isAnswered = random.chance(75);
          if (isAnswered) {
            await reading.answer();
            const wanted = random.between(0, RECORDS * 0.8);
            await eventually("records are read", () => reading.storedCount >= wanted);
          }
          await (disk === undefined ? server.kill() : disk.cutPower(server));
          unfinished += Number(reading.storedCount < RECORDS);
          await server.start();
          if (!isAnswered) {
            await reading.poll();
            await reading.answer();
          }
          await reading.untilSettled();
          reading.expectWhole(await reading.show());
          expect(findDamage(server)).toEqual([]);
        }
        console.log(`${KILLS} ends, ${unfinished} of them before the log was read`);
      }),
    TIMEOUT_MS,
  );
});

const RECORDS = 5_000;
/** Every so many punches came by themselves. */
const LIVE_EVERY = 250;

interface ShownReading {
  readonly status: string;
  readonly sent_count: number;
  readonly is_result_pending: boolean;
  readonly result: Readonly<Record<string, number>> | null;
}

/** A terminal with a log of which most never came, asked for it. */
class LogReading {
  readonly #server: RunningServer;
  readonly #device: string;
  readonly #terminal: ScriptedTerminal;
  readonly #times: readonly string[];
  #id = 0;

  private constructor(server: RunningServer, device: string) {
    this.#server = server;
    this.#device = device;
    this.#terminal = new ScriptedTerminal(server.terminalPort, device);
    const first = Temporal.Now.plainDateTimeISO("Asia/Manila").subtract({ seconds: 2 * RECORDS });
    this.#times = Array.from({ length: RECORDS }, (_, index) =>
      first.add({ seconds: index }).toString({ smallestUnit: "second" }).replace(/[-:T]/g, ""),
    );
  }

  /** The order is handed out, and not answered. */
  static async begin(server: RunningServer, device: string): Promise<LogReading> {
    const reading = new LogReading(server, device);
    await reading.#terminal.poll();
    for (const [index, wallTime] of reading.#times.entries()) {
      if (index % LIVE_EVERY !== 0) continue;
      await sendWhole(server.terminalPort, punchRequest({ device, user: userAt(index), wallTime }));
    }
    const sent = await server.run("commands", "send", device, "read-log", "--json");
    [{ id: reading.#id }] = JSON.parse(sent.out);
    await reading.poll();
    return reading;
  }

  get storedCount(): number {
    const sql = `SELECT count(*) FROM punches WHERE device_id = '${this.#device}'`;
    return readCount(this.#server, sql);
  }

  async poll(): Promise<void> {
    const { code, id } = await this.#terminal.poll();
    expect([code, id]).toEqual(["GET_LOG_DATA", `c-${this.#id}`]);
  }

  async answer(): Promise<void> {
    const json = `{"log_array":"BIN_1","log_count":"${RECORDS}","one_log_size":"12"}`;
    const records = this.#times.map((time, index) =>
      logRecord("HS101", { user: Number(userAt(index)), io: 1, verify: 1, time }),
    );
    const answer = await this.#terminal.result(`c-${this.#id}`, {
      json,
      binaries: [Buffer.concat(records)],
    });
    expect(answer).toContain("\r\nresponse_code: OK\r\n");
  }

  async show(): Promise<ShownReading> {
    const { out } = await this.#server.run("commands", "show", String(this.#id), "--json");
    return JSON.parse(out);
  }

  async untilSettled(): Promise<void> {
    const sql = `SELECT count(*) FROM commands WHERE id = ${this.#id} AND status = 'done' AND NOT is_result_pending`;
    await eventually("the log is read", () => readCount(this.#server, sql) === 1);
  }

  expectWhole({ status, result }: ShownReading): void {
    const liveCount = RECORDS / LIVE_EVERY;
    expect([status, result]).toMatchObject([
      "done",
      {
        read_count: RECORDS,
        known_count: liveCount,
        added_count: RECORDS - liveCount,
        conflicting_count: 0,
        unreadable_count: 0,
        refused_count: 0,
        left_out_count: 0,
      },
    ]);
    const own = readStored(this.#server).filter(({ deviceId }) => deviceId === this.#device);
    const wanted = this.#times.map((time, index) => `${this.#device}\t${userAt(index)}\t${time}`);
    expect(own.map(({ key }) => key).toSorted()).toEqual(wanted.toSorted());
  }
}

function userAt(index: number): string {
  return String(1 + (index % 500));
}
