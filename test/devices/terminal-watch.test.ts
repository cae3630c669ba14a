/**
 * Aim: over real storage and a clock that only the test moves, each kind of trouble is told once with
 * its fix, in the log and the history, is seen while it lasts, and is cleared once when it is over.
 */

import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { type FurtherWatch, TerminalWatch } from "#devices/terminal-watch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { Outcome, ReceivedIntake } from "#domain/intake.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import {
  openTestStorage,
  pollFrom,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
} from "../support/test-storage.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const LOOK_MS = 5 * SECOND_MS;
const GATE = deviceId("GATE");

let opened: ReturnType<typeof openTestStorage> | undefined;
afterEach(() => {
  opened?.[Symbol.dispose]();
  opened = undefined;
});

/** A site whose terminals speak through the watch to storage. */
async function start(rules: Parameters<typeof openTestStorage>[0] = {}) {
  const site = openTestStorage(rules);
  opened = site;
  const clock = new FakeClock(RECEIVED_AT_MS);
  const log = new RecordingLog();
  let watch = new TerminalWatch({ storage: site.storage, clock, log });
  await watch.start();
  const send = async (received: ReceivedIntake): Promise<Outcome | undefined> => {
    const following = watch.following(async (one) => {
      const [outcome] = await site.storage.append([one]);
      return outcome ?? { kind: "failed" };
    });
    return following({ ...received, receivedAtMs: clock.nowMs() });
  };
  const told = (event: "condition.raised" | "condition.cleared") =>
    log.of(event).map(({ fields }) => `${fields.type} ${fields.subject}`);
  return {
    clock,
    log,
    storage: site.storage,
    send,
    told,
    /** The terminal tells a clock that is right, or off by so much. */
    poll: (skewMs = 0) => send(pollFrom("GATE", manilaText(clock.nowMs() + skewMs))),
    conditions: () => watch.conditions().map(({ type, subject }) => `${type} ${subject}`),
    details: () => watch.conditions().map(({ detail }) => detail),
    notePort: (...given: Parameters<TerminalWatch["notePort"]>) => watch.notePort(...given),
    lookWith: (further: FurtherWatch) => watch.lookWith(further),
    noteTwins: (id: string) => watch.noteTwins(id, "two"),
    /** Ends the watch and begins another on what is stored. */
    restart: async () => {
      await watch.stop();
      watch = new TerminalWatch({ storage: site.storage, clock, log });
      await watch.start();
    },
    history: () => {
      using database = new Database(site.path, { readonly: true });
      return database.query<{ type: string }, []>("SELECT type FROM events ORDER BY id").all();
    },
  };
}

/** 14 digits, 8 hours ahead of UTC. */
function manilaText(instantMs: number): string {
  return new Date(instantMs + 8 * HOUR_MS).toISOString().replaceAll(/\D/g, "").slice(0, 14);
}

describe("what the port sees", () => {
  test("is told once with its fix, and cleared once", async () => {
    const site = await start();
    const sighting = { type: "https-on", address: "192.0.2.9", detail: "TLS" } as const;
    site.notePort(sighting);
    expect(site.conditions()).toEqual([]);
    await site.clock.advance(LOOK_MS);
    site.notePort(sighting);
    await site.clock.advance(MINUTE_MS);
    expect(site.conditions()).toEqual(["https-on 192.0.2.9"]);
    expect(site.log.of("condition.raised").map(({ fields }) => fields)).toEqual([
      {
        type: "https-on",
        subject: "192.0.2.9",
        detail: "TLS",
        hint: "Switch HTTPS (SSL) off in the terminal's server menu, for this port speaks plain HTTP. If it has no such choice, set SERVER_TLS_PORT and give the terminal that port",
      },
    ]);
    await site.clock.advance(11 * MINUTE_MS);
    expect(site.conditions()).toEqual([]);
    expect(site.told("condition.cleared")).toEqual(["https-on 192.0.2.9"]);
    const kinds = site.history().map(({ type }) => type);
    expect(kinds).toEqual(["device.condition", "device.condition"]);
  });

  test("is over 2 minutes after a terminal speaks properly from there", async () => {
    const site = await start();
    site.notePort({ type: "unknown-protocol", address: "192.0.2.7", detail: "x" });
    await site.clock.advance(LOOK_MS);
    await site.poll();
    await site.clock.advance(MINUTE_MS);
    expect(site.conditions()).toEqual(["unknown-protocol 192.0.2.7"]);
    await site.clock.advance(MINUTE_MS);
    expect(site.conditions()).toEqual([]);
  });

  test("stays over a restart, and is not told again", async () => {
    const site = await start();
    site.notePort({ type: "https-on", address: "192.0.2.9", detail: "TLS" });
    await site.clock.advance(LOOK_MS);
    await site.restart();
    expect(site.conditions()).toEqual(["https-on 192.0.2.9"]);
    await site.clock.advance(MINUTE_MS);
    expect(site.told("condition.raised")).toHaveLength(1);
  });
});

describe("what terminals send", () => {
  test("one thing after another that cannot be read is a storm; now and then is none", async () => {
    const site = await start();
    const unreadable = (second: number) =>
      site.send(punchesFrom("GATE", [rawPunch("", `20260302080${100 + second}`)]));
    for (let count = 0; count < 19; count += 1) await unreadable(count);
    await site.clock.advance(11 * MINUTE_MS);
    for (let count = 0; count < 19; count += 1) await unreadable(19 + count);
    await site.clock.advance(LOOK_MS);
    expect(site.conditions()).toEqual(["quarantine GATE"]);
    await unreadable(38);
    await site.clock.advance(LOOK_MS);
    expect(site.conditions()).toEqual(["quarantine GATE", "quarantine-storm GATE"]);
    await site.clock.advance(9 * MINUTE_MS);
    await unreadable(39);
    await site.clock.advance(9 * MINUTE_MS);
    expect(site.conditions()).toContain("quarantine-storm GATE");
    await site.clock.advance(MINUTE_MS + LOOK_MS);
    expect(site.conditions()).not.toContain("quarantine-storm GATE");
    expect(site.told("condition.raised")).toEqual(["quarantine GATE", "quarantine-storm GATE"]);
    expect(site.log.of("condition.raised").at(-1)?.fields.hint).toContain(
      '"biometric-server devices block GATE" keeps it out',
    );
    expect(site.told("condition.cleared")).toEqual(["quarantine-storm GATE"]);
  });

  test("what cannot be read and names no terminal is told by its address", async () => {
    const site = await start();
    const nameless = () =>
      site.send({
        ...punchesFrom("GATE", []),
        intake: {
          kind: "unreadable",
          deviceId: undefined,
          code: "no-device-id",
          reason: "No dev_id",
          raw: new Uint8Array(5),
        },
      });
    for (let count = 0; count < 3; count += 1) await nameless();
    await site.clock.advance(LOOK_MS);
    expect(site.conditions()).toEqual(["no-device-id 192.0.2.7"]);
    await site.clock.advance(10 * MINUTE_MS);
    expect(site.conditions()).toEqual([]);
    expect(site.told("condition.cleared")).toEqual(["no-device-id 192.0.2.7"]);
  });

  test("one record again and again is a storm; a queue that is sent again is none", async () => {
    const site = await start();
    const record = (second: number) =>
      punchesFrom("GATE", [rawPunch("7", `202603020800${String(10 + second)}`)]);
    for (let second = 0; second < 40; second += 1) await site.send(record(second));
    for (let second = 0; second < 40; second += 1) {
      await site.send(record(second));
      await site.clock.advance(SECOND_MS);
    }
    for (let count = 0; count < 12; count += 1) {
      await site.send(record(7));
      await site.clock.advance(11 * SECOND_MS);
    }
    expect(site.conditions()).toEqual([]);
    for (let count = 0; count < 12; count += 1) {
      await site.send(record(7));
      await site.clock.advance(4 * SECOND_MS);
    }
    expect(site.conditions()).toEqual(["resend-storm GATE"]);
    await site.clock.advance(2 * MINUTE_MS + LOOK_MS);
    expect(site.conditions()).toEqual([]);
    expect(site.told("condition.raised")).toEqual(["resend-storm GATE"]);
  });

  test("a terminal at another address than its own is named, until it comes from there", async () => {
    const site = await start();
    await site.poll();
    await site.storage.updateDevice(GATE, { allowedAddress: "192.0.2.8" });
    expect((await site.poll())?.kind).toBe("refused");
    await site.clock.advance(LOOK_MS);
    expect(site.details()).toEqual([
      "It came from 192.0.2.7, which is not the address allowed for it",
    ]);
    await site.storage.updateDevice(GATE, { allowedAddress: null });
    await site.poll();
    await site.clock.advance(2 * MINUTE_MS + LOOK_MS);
    expect(site.conditions()).toEqual([]);
  });

  test("a regular terminal that is silent is missed, and no other", async () => {
    const site = await start();
    await site.send(punchesFrom("RARE", [rawPunch("7", "20260302080000")]));
    for (let count = 0; count < 5; count += 1) {
      await site.poll();
      await site.clock.advance(20 * SECOND_MS);
    }
    await site.clock.advance(9 * MINUTE_MS);
    expect(site.conditions()).toEqual([]);
    await site.clock.advance(MINUTE_MS);
    expect(site.conditions()).toEqual(["no-contact GATE"]);
    await site.restart();
    await site.clock.advance(2 * HOUR_MS);
    expect(site.conditions()).toEqual(["no-contact GATE"]);
    await site.poll();
    await site.clock.advance(LOOK_MS);
    expect(site.conditions()).toEqual([]);
    expect(site.told("condition.raised")).toEqual(["no-contact GATE"]);
    expect(site.told("condition.cleared")).toEqual(["no-contact GATE"]);
    expect(site.history().map(({ type }) => type)).toEqual(["device.offline", "device.online"]);
  });

  test("a quarantine without room is told until nothing was refused for ten minutes", async () => {
    const site = await start({ quarantineBytesMax: 0 });
    const unreadable = () => site.send(punchesFrom("GATE", [rawPunch("", "20260302080000")]));
    expect(await unreadable()).toEqual({ kind: "refused", code: "quarantine-full" });
    await site.clock.advance(9 * MINUTE_MS);
    await unreadable();
    await site.clock.advance(9 * MINUTE_MS);
    expect(site.conditions()).toEqual(["quarantine-full quarantine"]);
    await site.clock.advance(MINUTE_MS + LOOK_MS);
    expect(site.conditions()).toEqual([]);
    expect(site.history().map(({ type }) => type)).toEqual(["quarantine.full", "quarantine.full"]);
  });

  test("what is seen beside terminals is told with it, as long as it is seen", async () => {
    const site = await start();
    let isPaused = true;
    const asked: boolean[] = [];
    site.lookWith(async (isOpen) => {
      asked.push(isOpen("endpoint-paused", "settings"));
      const detail = "It takes nothing: http 503";
      return isPaused ? [{ type: "endpoint-paused", subject: "settings", detail }] : [];
    });
    await site.clock.advance(2 * LOOK_MS);
    expect(site.conditions()).toEqual(["endpoint-paused settings"]);
    isPaused = false;
    await site.clock.advance(LOOK_MS);
    expect(site.conditions()).toEqual([]);
    expect(asked).toEqual([false, true, true]);
    expect(site.history().map(({ type }) => type)).toEqual(["endpoint.paused", "endpoint.resumed"]);
  });

  test("a terminal that polled before the start is missed after an hour", async () => {
    const site = await start();
    const report = { firmware: "1.0" };
    const { intake } = pollFrom("GATE", "");
    await site.send({ ...pollFrom("GATE", ""), intake: { ...intake, report } as typeof intake });
    await site.restart();
    await site.clock.advance(HOUR_MS);
    expect(site.conditions()).toEqual([]);
    await site.clock.advance(2 * LOOK_MS);
    expect(site.conditions()).toEqual(["no-contact GATE"]);
  });
});

describe("what the terminals' rows say", () => {
  test("a pending terminal waits until it is approved", async () => {
    const site = await start({ enrollment: "approve" });
    await site.send(punchesFrom("GATE", [rawPunch("7", "20260302080000")]));
    await site.clock.advance(LOOK_MS);
    expect(site.details()).toEqual([
      "A new terminal at 192.0.2.7 waits for approval, 1 punches are held",
    ]);
    await site.storage.approveDevice(GATE);
    await site.clock.advance(LOOK_MS);
    expect(site.conditions()).toEqual([]);
  });

  test("a clock that is off is told until it is right again", async () => {
    const site = await start();
    await site.poll(90 * SECOND_MS);
    await site.clock.advance(LOOK_MS);
    expect(site.details()).toEqual(["Its clock is 90 s fast"]);
    for (let count = 0; count < 9; count += 1) await site.poll(45 * SECOND_MS);
    await site.clock.advance(LOOK_MS);
    expect(site.details()).toEqual(["Its clock is 45 s fast"]);
    for (let count = 0; count < 9; count += 1) await site.poll(20 * SECOND_MS);
    await site.clock.advance(LOOK_MS);
    expect(site.conditions()).not.toContain("clock-off GATE");
  });

  test("a clock that went back is told until it is right and 10 minutes have passed", async () => {
    const site = await start();
    await site.poll();
    await site.clock.advance(LOOK_MS);
    await site.poll(-30 * 365 * 24 * HOUR_MS);
    await site.clock.advance(HOUR_MS);
    expect(site.conditions()).toEqual(["clock-off GATE", "clock-reset GATE"]);
    await site.poll();
    await site.clock.advance(LOOK_MS);
    expect(site.conditions()).toEqual([]);
    await site.poll(-2 * MINUTE_MS);
    await site.clock.advance(LOOK_MS);
    for (let count = 0; count < 9; count += 1) await site.poll();
    await site.clock.advance(9 * MINUTE_MS);
    expect(site.conditions()).toEqual(["clock-reset GATE"]);
    await site.poll();
    await site.clock.advance(2 * MINUTE_MS);
    expect(site.conditions()).toEqual([]);
    expect(site.told("condition.raised")).toEqual(["clock-reset GATE", "clock-reset GATE"]);
  });

  test("missing record numbers and a growing quarantine are told", async () => {
    const site = await start();
    const numbered = (second: number, recordNumberText: string, user = "7") =>
      punchesFrom("GATE", [rawPunch(user, `2026030208000${second}`, { recordNumberText })]);
    await site.send(numbered(1, "1"));
    await site.send(numbered(2, "4"));
    await site.send(numbered(3, "5", ""));
    await site.clock.advance(LOOK_MS);
    expect(site.conditions()).toEqual(["missing-records GATE", "quarantine GATE"]);
    expect(site.details()[0]).toBe("2 of its numbered records never came so far");
    await site.clock.advance(HOUR_MS + LOOK_MS);
    expect(site.conditions()).toEqual(["missing-records GATE"]);
    await site.clock.advance(24 * HOUR_MS);
    expect(site.conditions()).toEqual([]);
  });

  test("two terminals with one id are told until an hour has passed without a sign", async () => {
    const site = await start();
    site.noteTwins("GATE");
    await site.clock.advance(HOUR_MS);
    expect(site.conditions()).toEqual(["shared-id GATE"]);
    await site.clock.advance(LOOK_MS);
    expect(site.conditions()).toEqual([]);
  });
});

test("a database that takes nothing is told what changed once it takes something", async () => {
  const clock = new FakeClock(RECEIVED_AT_MS);
  const log = new RecordingLog();
  let isFull = true;
  const recorded: string[] = [];
  const watch = new TerminalWatch({
    storage: {
      listDevices: async () => [],
      listConditions: async () => [],
      recordConditions: async (changes) => {
        if (isFull) throw new Error("full");
        recorded.push(...changes.map(({ kind }) => kind));
      },
    },
    clock,
    log,
  });
  await watch.start();
  watch.notePort({ type: "https-on", address: "192.0.2.9", detail: "TLS" });
  await clock.advance(LOOK_MS);
  expect(log.of("condition.raised")).toHaveLength(1);
  expect(log.of("conditions.failed")).toHaveLength(1);
  expect(watch.conditions()).toMatchObject([{ raisedAtMs: epochMs(RECEIVED_AT_MS + LOOK_MS) }]);
  isFull = false;
  await clock.advance(2 * LOOK_MS);
  expect(recorded).toEqual(["raised"]);
  await watch.stop();
});
