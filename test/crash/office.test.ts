/**
 * Aim: what a person, the HRIS or an enrolling terminal was told is done is done over `kill -9`,
 * power cuts and disks that fail; what failed is told in the contract's words, and what the server
 * has in memory agrees with its disk at any time.
 */

import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { KILLS, type SeededRandom, TIMEOUT_MS, withSeed } from "./crash-run.ts";
import { type DiskFault, FaultyDisk, NO_FAULTY_DISK } from "./faulty-disk.ts";
import { controlSocket, OfficeLoad } from "./office-load.ts";
import { NO_SMALL_DISK, SmallDisk } from "./small-disk.ts";
import { findDamage, lookInto } from "./stored-punches.ts";
import { expectKept, expectReady } from "./survival.ts";
import { TerminalLoad } from "./terminal-load.ts";

if (NO_FAULTY_DISK !== undefined) console.log(`some of it is skipped: ${NO_FAULTY_DISK}`);
const testOnFaultyDisk = test.skipIf(NO_FAULTY_DISK !== undefined);

if (NO_SMALL_DISK !== undefined) console.log(`full disks are skipped: ${NO_SMALL_DISK}`);

const CLERKS = 4;
/** Every refused message is parked at once, so that there is something to retry. */
const SETTINGS = { DEVICE_ENROLLMENT: "open", BIOMETRIC_WEBHOOK_MAX_RETRIES: "0" };

/** A receiver that refuses every third message for good. */
function pickyReceiver(): WebhookReceiver {
  let count = 0;
  return new WebhookReceiver(() => {
    count += 1;
    return count % 3 === 0 ? 422 : 200;
  });
}

function terminals(server: RunningServer): TerminalLoad {
  return new TerminalLoad(server, { prefix: "TERM", terminals: 4, punches: 100_000, rate: 100 });
}

function expectSound(server: RunningServer, office: OfficeLoad): void {
  expect(lookInto(server, (database) => office.findProblems(database))).toEqual([]);
  expect(findDamage(server)).toEqual([]);
}

/** Fails unless what the server shows out of its memory is what is on the disk. Nobody may write. */
async function expectMemoryAgrees(server: RunningServer): Promise<void> {
  const listed = async (name: "devices" | "clients"): Promise<Record<string, unknown>[]> => {
    const response = await fetch(`http://localhost/${name}`, { unix: controlSocket(server) });
    return JSON.parse(await response.text())[name];
  };
  const [devices, clients] = [await listed("devices"), await listed("clients")];
  const disk = lookInto(server, (database) => ({
    devices: database
      .query(
        "SELECT id, status, coalesce(name, reported_name) AS name, held_count FROM devices WHERE id <> 'unknown'",
      )
      .all(),
    clients: database.query("SELECT name, revoked_at_ms IS NULL AS is_in FROM clients").all(),
  }));
  const byText = (left: string, right: string) => (left < right ? -1 : 1);
  const texts = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort(byText);
  expect(
    texts(devices.map(({ id, status, name, held_count }) => ({ id, status, name, held_count }))),
  ).toEqual(texts(disk.devices));
  expect(
    texts(clients.map(({ name, revoked_at }) => ({ name, is_in: Number(revoked_at === null) }))),
  ).toEqual(texts(disk.clients));
}

describe.each([
  ["kill -9", test, false],
  ["a power cut", testOnFaultyDisk, true],
] as const)("%s in the office", (_name, run, isPowerCut) => {
  run(
    `${KILLS} times leaves everything that was confirmed, and no counter wrong`,
    () =>
      withSeed(async (random: SeededRandom) => {
        using disk = isPowerCut ? new FaultyDisk() : undefined;
        await using receiver = pickyReceiver();
        await using server = await startServer({
          settings: { ...receiver.settings, ...SETTINGS, ...disk?.settings },
        });
        await server.token();
        await using load = terminals(server);
        await using office = new OfficeLoad(server, CLERKS);
        for (let kill = 0; kill < KILLS; kill += 1) {
          const before = office.confirmedCount;
          office.resume();
          await eventually("something is confirmed", () => office.confirmedCount > before);
          await Bun.sleep(random.between(20, 800));
          await (disk === undefined ? server.kill() : disk.cutPower(server));
          await office.pause();
          await server.start();
          expectSound(server, office);
        }
        await load.stop();
        await expectMemoryAgrees(server);
        expect(office.refusals.filter(({ status }) => status >= 500)).toEqual([]);
        console.log(`${KILLS} ends: ${office.confirmedCount} changes confirmed, 0 lost`);
      }),
    TIMEOUT_MS,
  );
});

/** The words of each path that the contract has, by its beginning; and those of the control socket. */
const FAILED: readonly (readonly [RegExp, object])[] = [
  [/manual-log$/, { success: false, error: "Database save failed" }],
  [/sync$/, { error: "Internal Server Error", message: "Failed to process sync request" }],
  [
    /^(POST|PUT) \/api\/devices\//,
    { success: false, error: "Internal Server Error", message: "Failed to update device" },
  ],
  [
    /^DELETE /,
    { success: false, error: "Internal Server Error", message: "Failed to delete device" },
  ],
  [
    /webhook\/retry$/,
    {
      success: false,
      error: "Failed to retry webhooks",
      message: "Nothing was put back into the queue",
    },
  ],
  [
    /\/clients\//,
    {
      error: "Service Unavailable",
      message: expect.stringContaining("The database cannot be used now. "),
    },
  ],
];

/** The other requests may find that there is nothing to do. */
const ALWAYS_WRITTEN = [/manual-log$/, /sync$/, /^PUT /, /\/clients\//] as const;

function expectContractWords(office: OfficeLoad): void {
  for (const { what, status, json } of office.refusals) {
    if (status < 500) continue;
    expect([what, json]).toEqual([what, FAILED.find(([path]) => path.test(what))?.[1]]);
  }
}

const FAULTS: readonly DiskFault[] = ["fail-sync", "fail-write"];

testOnFaultyDisk.each(FAULTS)(
  "a disk that answers %s confirms nothing, keeps memory as the disk is, and works again by itself",
  async (fault) => {
    using disk = new FaultyDisk();
    await using receiver = pickyReceiver();
    await using server = await startServer({
      settings: { ...receiver.settings, ...SETTINGS, ...disk.settings },
    });
    await server.token();
    await using office = new OfficeLoad(server, CLERKS);
    office.resume();
    await eventually("changes are confirmed", () => office.confirmedCount > 100);
    await office.pause();
    office.refusals.length = 0;

    disk.begin(fault);
    const confirmedBefore = office.confirmedCount;
    office.resume();
    await eventually("every kind of change fails", () =>
      ALWAYS_WRITTEN.every((path) => office.refusals.some(({ what }) => path.test(what))),
    );
    await office.pause();
    expectContractWords(office);
    await expectMemoryAgrees(server);
    expectSound(server, office);
    console.log(
      `${fault}: ${office.confirmedCount - confirmedBefore} confirmed that changed nothing`,
    );

    disk.end(fault);
    const before = office.confirmedCount;
    office.resume();
    await eventually("changes are confirmed again", () => office.confirmedCount > before + 50);
    await expectReady(server);
    await office.pause();
    await expectMemoryAgrees(server);
    expectSound(server, office);
    await disk.cutPower(server);
    await server.start();
    expectSound(server, office);
    await expectMemoryAgrees(server);
  },
  TIMEOUT_MS,
);

test.skipIf(NO_SMALL_DISK !== undefined)(
  "a full disk confirms nothing untrue, also over a restart, and works again when there is room",
  async () => {
    using disk = new SmallDisk("tmpfs", 64);
    await using receiver = pickyReceiver();
    await using server = await startServer({
      settings: { ...receiver.settings, ...SETTINGS, DATA_DIR: disk.folder },
    });
    await server.token();
    await using office = new OfficeLoad(server, CLERKS);
    office.resume();
    await eventually("changes are confirmed", () => office.confirmedCount > 100);
    disk.fill(0);
    // Terminals use up the room that is left in the log.
    await using load = new TerminalLoad(server, { prefix: "FULL", terminals: 8, punches: 1e6 });
    await eventually("every kind of change fails", () =>
      ALWAYS_WRITTEN.every((path) =>
        office.refusals.some(({ what, status }) => status >= 500 && path.test(what)),
      ),
    );
    await load[Symbol.asyncDispose]();
    await office.pause();
    expectContractWords(office);
    await expectMemoryAgrees(server);
    expectSound(server, office);

    await server.kill();
    await server.startUnready();
    expectSound(server, office);
    expectKept(server, load.acknowledged());
    office.resume();
    disk.free();
    await eventually("there is room", () => server.logLines("disk.has-room").length > 0);
    const before = office.confirmedCount;
    await eventually("changes are confirmed again", () => office.confirmedCount > before + 50);
    await office.pause();
    await expectReady(server);
    await expectMemoryAgrees(server);
    expectSound(server, office);
  },
  TIMEOUT_MS,
);
