/**
 * Aim: whoever follows the cursor of the feed gets every punch of the executable, however it reads
 * and whatever is stored late, corrected and released beside it, and no row twice that did not
 * change. Whoever waits for punches hears of them at once, and leaves nothing behind when it goes.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { wallTimeAt } from "#domain/wall-time.ts";
import { randomAt } from "#simulator/random.ts";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { FeedReader, type ReadRow, readCsv, readJson, readNdjson, rowOf } from "./feed-readers.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(120_000);

const NO_PAIRING = { PAIRING_WINDOW_MINUTES: "0" };
const SEED = Number(process.env.FEED_SEED ?? Math.floor(Math.random() * 1_000_000));
const PUNCHES = 900;
const APPROVED = ["GATE1", "GATE2"];
const PENDING = ["NEW1", "NEW2", "NEW3", "NEW4"];
const USERS = 5;
/** All punches are of four days. */
const STRETCH_SECONDS = (4 * 86_400) / PUNCHES;
const WAITING = "/v1/punches?wait=60";
/** Requests of one client that may wait. */
const PLACES = 8;
/** Terminals that send at the same time. */
const LANES = 6;

/** Sends one punch of its own second, late for its user as often as not. */
async function sendPunch(server: RunningServer, index: number): Promise<void> {
  // Four tenths of the punches come from terminals that nobody has approved yet.
  const isPending = randomAt(SEED, index, 1) < 0.4;
  const devices = isPending ? PENDING : APPROVED;
  const device = devices[Math.floor(randomAt(SEED, index, 2) * devices.length)] ?? "GATE1";
  const user = String(1 + Math.floor(randomAt(SEED, index, 3) * USERS));
  // Each in a stretch of its own, and the stretches in no order.
  const stretch = (index * 7_919) % PUNCHES;
  const secondsAgo = 60 + Math.floor((stretch + randomAt(SEED, index, 4)) * STRETCH_SECONDS);
  const instantMs = epochMs(Date.now() - secondsAgo * 1000);
  const wallTime = wallTimeAt(instantMs, "Asia/Manila");
  const answer = await sendWhole(server.terminalPort, punchRequest({ device, user, wallTime }));
  expect(answer).toBe(ACKNOWLEDGEMENT);
}

async function approve(server: RunningServer, device: string): Promise<void> {
  expect((await server.run("devices", "approve", device)).exitCode).toBe(0);
}

/** Everything that a terminal may do to a feed, some of it at once. */
async function disturb(server: RunningServer): Promise<void> {
  let next = 0;
  const approveAt = new Map(
    PENDING.map((device, index) => [
      Math.floor(((index + randomAt(SEED, index, 5)) / PENDING.length) * PUNCHES),
      device,
    ]),
  );
  const lane = async () => {
    for (let index = next++; index < PUNCHES; index = next++) {
      await sendPunch(server, index);
      const device = approveAt.get(index);
      if (device !== undefined) await approveOnceKnown(server, device);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function approveOnceKnown(server: RunningServer, device: string): Promise<void> {
  await eventually(`"${device}" is known`, async () => {
    return (await server.run("devices", "approve", device)).exitCode === 0;
  });
}

/** Every id with its revisions in the order in which they were read. */
function revisionsById(rows: readonly ReadRow[]): ReadonlyMap<number, readonly number[]> {
  const revisions = new Map<number, number[]>();
  for (const { id, revision } of rows) {
    revisions.set(id, [...(revisions.get(id) ?? []), revision]);
  }
  return revisions;
}

describe("a reader of the feed", () => {
  test(`gets everything beside late, corrected and released punches (FEED_SEED=${SEED})`, async () => {
    await using server = await startServer({ settings: NO_PAIRING });
    for (const device of APPROVED) {
      const first = { device, user: "1", wallTime: wallTimeAt(epochMs(Date.now()), "Asia/Manila") };
      await sendWhole(server.terminalPort, punchRequest(first));
      await approve(server, device);
    }
    const readers = {
      "pages of 7": new FeedReader(server, "&limit=7", readJson),
      "pages, waiting": new FeedReader(server, "&limit=50&wait=1", readJson),
      "one terminal, waiting": new FeedReader(server, "&wait=1&device=NEW1", readJson),
      "NDJSON without a limit, waiting": new FeedReader(
        server,
        "&format=ndjson&wait=1",
        readNdjson,
      ),
      "CSV pages, waiting": new FeedReader(server, "&format=csv&limit=20&wait=1", readCsv),
    };
    await disturb(server);
    for (const device of PENDING) await approve(server, device);
    const wanted = PUNCHES + APPROVED.length;
    await eventually("every punch is in the feed", async () => {
      return (await server.listPunches()).length === wanted;
    });

    const seen = new Map<string, readonly ReadRow[]>();
    for (const [name, reader] of Object.entries(readers)) seen.set(name, await reader.finish());
    const stored = await server.listPunches();
    expect(new Set(stored.map(({ id }) => id)).size).toBe(wanted);
    for (const [name, rows] of seen) {
      const last = new Map(rows.map((row) => [row.id, row.text]));
      const expected = stored.filter(({ device_id: device }) => {
        return name !== "one terminal, waiting" || device === "NEW1";
      });
      expect([name, last.size]).toEqual([name, expected.length]);
      for (const punch of expected) {
        const text = JSON.stringify(punch);
        const { id, revision } = rowOf(text);
        const found = last.get(id) ?? "";
        const isSame = name.startsWith("CSV")
          ? found.startsWith(`${id},${revision},`)
          : found === text;
        expect([name, id, isSame]).toEqual([name, id, true]);
      }
      for (const [id, revisions] of revisionsById(rows)) {
        const rising = [...new Set(revisions)].sort((left, right) => left - right);
        expect([name, id, revisions]).toEqual([name, id, rising]);
      }
    }
    // Otherwise nothing was corrected beside the readers, and the test proves little.
    const [, paged = []] = [...seen][0] ?? [];
    expect(paged.length).toBeGreaterThan(wanted);
  });
});

describe("a request that waits for punches", () => {
  test("is answered by the punch, and leaves its place when its client goes", async () => {
    await using server = await startServer();
    const gone = new AbortController();
    const leaving = await fillPlaces(server, gone.signal);
    gone.abort();
    await Promise.allSettled(leaving);
    await eventually("a place is free again", async () => (await askBriefly(server)) === "waits");

    const waiting = await fillPlaces(server);
    const punch = { device: "GATE1", user: "27", wallTime: "20260302081504" };
    expect(await sendWhole(server.terminalPort, punchRequest(punch))).toBe(ACKNOWLEDGEMENT);
    for (const response of await Promise.all(waiting)) {
      const page: { punches: { user_id: string }[] } = JSON.parse(await response.text());
      expect(page.punches.map(({ user_id: user }) => user)).toEqual(["27"]);
    }
  });

  test("ends empty when the server is asked to end", async () => {
    await using server = await startServer();
    const waiting = await fillPlaces(server);
    expect(await server.stop()).toBe(0);
    for (const response of await Promise.all(waiting)) {
      expect(response.status).toBe(200);
      expect(JSON.parse(await response.text())).toMatchObject({ punches: [], has_more: false });
    }
  });
});

/** As many requests as one client may have waiting, all of them waiting. */
async function fillPlaces(server: RunningServer, signal?: AbortSignal) {
  const headers = { Authorization: `Bearer ${await server.token()}` };
  const init = signal === undefined ? { headers } : { headers, signal };
  const requests = Array.from({ length: PLACES }, async () => {
    let response = await fetch(`${server.webUrl}${WAITING}`, init);
    // The place of a client that has just gone may be free a moment later.
    while (response.status === 429) response = await fetch(`${server.webUrl}${WAITING}`, init);
    return response;
  });
  for (const request of requests) request.catch(() => undefined);
  await eventually("no further request may wait", async () => (await askBriefly(server)) === 429);
  return requests;
}

/** The status of one more waiting request, or that it waits; it goes then. */
async function askBriefly(server: RunningServer): Promise<number | "waits"> {
  const headers = { Authorization: `Bearer ${await server.token()}` };
  const signal = AbortSignal.timeout(300);
  return fetch(`${server.webUrl}${WAITING}`, { headers, signal }).then(
    ({ status }) => status,
    () => "waits",
  );
}
