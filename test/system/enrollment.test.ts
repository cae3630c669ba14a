/**
 * Aim: a terminal that nobody approved loses nothing and shows nothing; approval releases what it
 * sent, in order and with webhooks; a blocked terminal hears nothing.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { wallTimeAgo } from "../crash/terminal-load.ts";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(30_000);

const NO_PAIRING = { PAIRING_WINDOW_MINUTES: "0" };
const PUNCHES = 40;
const DAY_SECONDS = 86_400;

interface ListedDevice {
  readonly id: string;
  readonly status: string;
  readonly held_count: number;
}

test("a pending terminal is acknowledged and hidden, until approval releases it in order", async () => {
  await using receiver = new WebhookReceiver();
  const settings = { ...receiver.settings, ...NO_PAIRING };
  await using server = await startServer({ settings });
  // All punches are of one person, who comes and goes.
  const report = await simulate(server, "--punches", String(PUNCHES), "--users", "1");
  expect(report).toMatchObject({ acknowledged: PUNCHES, unacknowledged: 0 });
  expect(await server.listPunches()).toEqual([]);
  expect(await server.listLogs()).toEqual([]);
  expect(await listDevices(server)).toMatchObject([
    { id: "SIM0001", status: "pending", held_count: PUNCHES },
  ]);
  const shown = await server.run("devices", "list");
  expect(shown.out).toMatch(new RegExp(`^SIM0001 .* pending .* ${PUNCHES} `, "m"));
  expect(shown.out).toContain("devices approve SIM0001");
  expect(server.logLines("device.pending")).toHaveLength(1);
  expect(receiver.received).toEqual([]);

  expect(await server.run("devices", "approve", "SIM0001")).toMatchObject({ exitCode: 0 });
  await receiver.untilAccepted(PUNCHES);
  const punches = await server.listPunches();
  const times = punches.map(({ wall_time: time }) => time);
  expect(times).toHaveLength(PUNCHES);
  expect(times).toEqual([...times].sort());
  const turns = Array.from({ length: PUNCHES }, (_, index) => (index % 2 === 0 ? "in" : "out"));
  expect(punches.map(({ direction }) => direction)).toEqual(turns);
  expect(receiver.received.map(({ log }) => log.timestamp)).toEqual(times);
  expect(receiver.received.map(({ log }) => log.direction.toLowerCase())).toEqual(turns);
  expect(receiver.problems).toEqual([]);
  expect(await listDevices(server)).toMatchObject([{ status: "approved", held_count: 0 }]);
});

test.each(["open", "approve"])(
  "of months of punches nothing older than the start is sent before it is asked for (%s)",
  async (enrollment) => {
    await using receiver = new WebhookReceiver();
    const settings = { ...receiver.settings, ...NO_PAIRING, DEVICE_ENROLLMENT: enrollment };
    await using server = await startServer({ settings });
    // Oldest first, as terminals send them; the start is 35 days before the first contact.
    const [old, recent] = [
      [180, 90, 60, 36],
      [34, 7, 0],
    ];
    for (const days of [...old, ...recent]) {
      const start = wallTimeAgo(days * DAY_SECONDS + 60);
      const report = await simulate(server, "--punches", "20", "--users", "1", "--start", start);
      expect(report).toMatchObject({ acknowledged: 20, unacknowledged: 0 });
    }
    if (enrollment === "approve") {
      expect(await server.listPunches()).toEqual([]);
      expect(await server.run("devices", "approve", "SIM0001")).toMatchObject({ exitCode: 0 });
    }
    const [oldCount, recentCount] = [20 * old.length, 20 * recent.length];
    await receiver.untilAccepted(recentCount);
    const punches = await server.listPunches();
    expect(punches.map((punch) => punch.is_historic)).toEqual([
      ...Array(oldCount).fill(true),
      ...Array(recentCount).fill(false),
    ]);
    const times = punches.map(({ wall_time: time }) => time);
    expect(times).toEqual([...times].sort());
    expect(await server.listLogs()).toHaveLength(punches.length);
    const told = () => receiver.received.map(({ log }) => log.timestamp);
    expect(told()).toEqual(times.slice(oldCount));

    const sending = await server.run("devices", "send-history", "SIM0001");
    expect(sending).toMatchObject({ exitCode: 0 });
    await receiver.untilAccepted(punches.length);
    expect(told()).toEqual([...times.slice(oldCount), ...times.slice(0, oldCount)]);
    expect(receiver.problems).toEqual([]);
  },
);

test("held punches outlive a kill and are released after it", async () => {
  await using server = await startServer({ settings: NO_PAIRING });
  await simulate(server, "--punches", String(PUNCHES));
  await server.kill();
  await server.start();
  expect(await server.listPunches()).toEqual([]);
  expect(await server.run("devices", "approve", "SIM0001")).toMatchObject({ exitCode: 0 });
  await eventually("all punches are released", async () => {
    return (await server.listPunches()).length === PUNCHES;
  });
});

test("a blocked terminal gets no byte, and nothing of it is stored", async () => {
  await using server = await startServer();
  await simulate(server, "--punches", "3");
  const before = await server.listPunches();
  expect(before).toHaveLength(3);
  expect(await server.run("devices", "block", "SIM0001")).toMatchObject({ exitCode: 0 });

  const once = ["--punches", "3", "--users", "1", "--attempts", "1"] as const;
  // The poll and the first punch: a terminal sends no later one before that is acknowledged.
  expect(await simulate(server, ...once)).toMatchObject({
    acknowledged: 0,
    pollsAnswered: 0,
    sent: 1,
    closedWithoutReply: 2,
    wrongReplies: 0,
  });
  expect(await server.listPunches()).toEqual([...before]);
  expect(await listDevices(server)).toMatchObject([{ status: "blocked" }]);
  // Another terminal is not concerned.
  const other = await simulate(server, "--punches", "3", "--device-prefix", "OTHER");
  expect(other.acknowledged).toBe(3);

  expect(await server.run("devices", "approve", "SIM0001")).toMatchObject({ exitCode: 0 });
  expect(await simulate(server, ...once)).toMatchObject({ acknowledged: 3, pollsAnswered: 1 });
});

test("a terminal that may not come from here gets no byte, until it may", async () => {
  await using server = await startServer();
  await simulate(server, "--punches", "1");
  const allow = async (address: string) =>
    (await server.run("devices", "address", "SIM0001", address)).exitCode;
  expect(await allow("192.0.2.0/24")).toBe(0);
  const once = ["--punches", "1", "--users", "1", "--attempts", "1"] as const;
  expect(await simulate(server, ...once)).toMatchObject({ acknowledged: 0, pollsAnswered: 0 });
  expect(await server.listPunches()).toHaveLength(1);
  expect(server.logLines("terminal.refused")).toHaveLength(1);
  expect((await server.run("devices", "list")).out).toContain("192.0.2.0/24");

  // A slip changes nothing.
  expect(await allow("127.0.0.1/33")).toBe(1);
  expect(await simulate(server, ...once)).toMatchObject({ acknowledged: 0 });
  for (const address of ["127.0.0.0/8", "any"]) {
    expect(await allow(address)).toBe(0);
    expect(await simulate(server, ...once)).toMatchObject({ acknowledged: 1, pollsAnswered: 1 });
  }
});

test("an id that no terminal has is refused with 1", async () => {
  await using server = await startServer();
  for (const verb of ["approve", "block"]) {
    const { exitCode, error } = await server.run("devices", verb, "SIM0001");
    expect(exitCode).toBe(1);
    expect(error).toContain('"SIM0001"');
  }
});

async function listDevices(server: RunningServer): Promise<readonly ListedDevice[]> {
  const { out } = await server.run("devices", "list", "--json");
  const list: { devices: ListedDevice[] } = JSON.parse(out);
  return list.devices;
}
