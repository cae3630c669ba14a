/**
 * Aim: a manual punch takes the way of a terminal's punch over the queue onto real storage, is
 * answered with what is stored, and touches no terminal; a refused one leaves nothing behind.
 */

import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { deviceId } from "#domain/identifiers.ts";
import type { Outcome } from "#domain/intake.ts";
import { CommitQueue } from "#ingest/commit-queue.ts";
import { createHandleIntake } from "#ingest/handle-intake.ts";
import { IntakeTally } from "#ingest/intake-tally.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  outboxOf,
  punchesFrom,
  rawPunch,
  readFeed,
  storedRawText,
} from "../../../support/test-storage.ts";
import { type Answer, ApiFixture, field } from "../../api-fixture.ts";
import { tokenWithScope } from "../../scoped-token.ts";

const PATH = "/api/biometric/manual-log";
const GATE = deviceId("GATE");
const JSON_TYPE = { "content-type": "application/json" };
const LIMITS = { depthMax: 100, bytesMax: 1_000_000, batchMax: 10 };

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** The API over the queue and real storage. */
class Desk {
  readonly opened;
  readonly fixture: ApiFixture;
  /** What happens between the commit and the answer. */
  whenStored: () => Promise<unknown> = async () => undefined;

  constructor(
    rules: Parameters<typeof openTestStorage>[0] = {},
    submitIntake?: () => Promise<Outcome>,
  ) {
    const opened = openTestStorage(rules);
    this.opened = opened;
    cleanups.push(() => opened[Symbol.dispose]());
    const queue = new CommitQueue({
      append: (batch) => opened.storage.append(batch),
      afterCommit: () => undefined,
      limits: LIMITS,
      clock: opened.clock,
      log: opened.log,
    });
    const tally = new IntakeTally();
    const handleIntake = createHandleIntake({ ...opened, queue, tally });
    this.fixture = new ApiFixture({
      storage: opened.storage,
      submitIntake: async (received) => {
        const outcome = await (submitIntake?.() ?? handleIntake(received));
        await this.whenStored();
        return outcome;
      },
      rateLimit: { requests: 1_000_000, windowSeconds: 60 },
    });
  }

  get storage() {
    return this.opened.storage;
  }

  async send(init: RequestInit): Promise<Answer> {
    const authorization = `Bearer ${await this.fixture.token()}`;
    const headers = { authorization, ...Object(init.headers) };
    return this.fixture.call(PATH, { method: "POST", ...init, headers });
  }

  async enter(body: unknown): Promise<Answer> {
    return this.send({ headers: JSON_TYPE, body: JSON.stringify(body) });
  }

  /** The feed as device, user, wall time and direction. */
  async feed(): Promise<readonly string[]> {
    const feed = await readFeed(this.storage);
    return feed.map((one) => `${one.deviceId} ${one.userId} ${one.wallTime} ${one.direction}`);
  }
}

describe("POST /api/biometric/manual-log", () => {
  test("stores a punch of the device of manual punches, told as it is stored", async () => {
    const desk = new Desk();
    const body = { user_id: "07", timestamp: "20260302081504", verify_mode: 3, io_mode: 0 };
    const answer = await desk.enter(body);
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        success: true,
        user_id: 7,
        direction: "IN",
        device_id: "unknown",
        timestamp: "2026-03-02 08:15:04",
        is_duplicate: false,
        log_type: "NEW",
      },
    ]);
    const stored = await readFeed(desk.storage);
    expect(stored).toMatchObject([
      {
        origin: "manual",
        userIdText: "07",
        verifyModeCode: "3",
        directionCode: "0",
        direction: "in",
      },
    ]);
    expect(storedRawText(desk.opened, stored[0]?.id)).toBe(JSON.stringify(body));
    expect(
      await outboxOf(desk.storage).listWaitingDeliveries(deviceId("unknown"), 0, 10),
    ).toHaveLength(1);
    expect(desk.fixture.log.of("punch.entered")).toHaveLength(1);
  });

  test("tells a duplicate with the stored direction, and sends nothing again: defect 14", async () => {
    const desk = new Desk();
    const body = { user_id: 7, timestamp: "20260302081504", verify_mode: 3 };
    const first = await desk.enter(body);
    // The same second is the same punch for the HRIS, whatever else is said of it.
    for (const again of [body, { ...body, verify_mode: 1 }, { ...body, user_id: " 7" }]) {
      const answer = await desk.enter(again);
      expect(answer.json).toEqual({
        ...Object(first.json),
        is_duplicate: true,
        log_type: "DUP",
      });
    }
    expect(await desk.feed()).toEqual(["unknown 7 20260302081504 in"]);
    expect(
      await outboxOf(desk.storage).listWaitingDeliveries(deviceId("unknown"), 0, 10),
    ).toHaveLength(1);
    expect((await desk.storage.figures()).quarantineCount).toBe(0);
  });

  test("is one punch with a terminal's of the same second, whoever comes first", async () => {
    const desk = new Desk();
    await desk.storage.append([punchesFrom("GATE", [rawPunch("7", "20260302080000")])]);
    const before = await desk.storage.findDevice(GATE);
    const body = { user_id: 7, device_id: "GATE", timestamp: "20260302080000" };
    expect((await desk.enter(body)).json).toMatchObject({ device_id: "GATE", log_type: "DUP" });
    const noon = { ...body, timestamp: "20260302120000" };
    expect((await desk.enter(noon)).json).toMatchObject({
      device_id: "GATE",
      direction: "OUT",
      log_type: "NEW",
    });
    expect(await desk.storage.findDevice(GATE)).toEqual(before as NonNullable<typeof before>);
    const resend = punchesFrom("GATE", [rawPunch("00000007", "20260302120000")]);
    expect(await desk.storage.append([resend])).toEqual([{ kind: "duplicate" }]);
    expect(await desk.feed()).toEqual(["GATE 7 20260302080000 in", "GATE 7 20260302120000 out"]);
  });

  test.each(["pending", "blocked", "retired", "never met"] as const)(
    "belongs to the device of manual punches when the terminal is %s, which it stays",
    async (state) => {
      const desk = new Desk({ enrollment: "approve" });
      const { storage } = desk;
      if (state !== "never met")
        await storage.append([punchesFrom("GATE", [rawPunch("1", "20260302070000")])]);
      if (state === "blocked") await storage.blockDevice(GATE);
      if (state === "retired") await storage.retireDevice(GATE);
      const before = await storage.findDevice(GATE);
      const answer = await desk.enter({ user_id: 7, device_id: "GATE" });
      expect(answer.json).toMatchObject({ device_id: "unknown", timestamp: "2026-03-02 08:15:04" });
      const [punch] = await readFeed(storage);
      expect(storedRawText(desk.opened, punch?.id)).toBe('{"user_id":7,"device_id":"GATE"}');
      const after = await storage.findDevice(GATE);
      expect(after === undefined).toBe(before === undefined);
      if (before !== undefined) expect(after).toEqual(before);
      await storage.append([punchesFrom("GATE", [rawPunch("7", "20260302081504")])]);
      expect((await storage.findDevice(GATE))?.status).toBe(
        state === "blocked" ? "blocked" : "pending",
      );
    },
  );

  test("is a punch that the HRIS waits for, however old", async () => {
    const desk = new Desk();
    await desk.enter({ user_id: 7, timestamp: "20250102080000" });
    await desk.storage.append([punchesFrom("GATE", [rawPunch("1", "20260302080000")])]);
    await desk.enter({ user_id: 7, device_id: "GATE", timestamp: "20250102170000" });
    expect((await readFeed(desk.storage)).map((punch) => punch.isHistoric)).toEqual([
      false,
      false,
      false,
    ]);
    expect(await outboxOf(desk.storage).listWaitingDeliveries(GATE, 0, 10)).toHaveLength(2);
  });

  test("waits for its direction behind the punches of a terminal that is being released", async () => {
    const desk = new Desk({ enrollment: "approve" });
    const held = Array.from({ length: 350 }, (_, index) => rawPunch(`${index}`, "20260302070000"));
    await desk.storage.append([punchesFrom("GATE", held)]);
    await desk.storage.approveDevice(GATE);
    const answer = await desk.enter({ user_id: 0, device_id: "GATE", timestamp: "20260302120000" });
    expect(answer.json).toMatchObject({ device_id: "GATE", direction: "OUT" });
    await finishBackgroundWork(desk.storage);
    expect((await desk.feed()).at(-1)).toBe("GATE 0 20260302120000 out");
  });

  test("is stored, and held, when the terminal is blocked while it is being released", async () => {
    const desk = new Desk({ enrollment: "approve" });
    const held = Array.from({ length: 350 }, (_, index) => rawPunch(`${index}`, "20260302070000"));
    await desk.storage.append([punchesFrom("GATE", held)]);
    await desk.storage.approveDevice(GATE);
    desk.whenStored = () => desk.storage.blockDevice(GATE);
    const body = { user_id: 0, device_id: "GATE", timestamp: "20260302120000" };
    const answer = await desk.enter(body);
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        success: true,
        user_id: 0,
        direction: "IN",
        device_id: "GATE",
        timestamp: "2026-03-02 12:00:00",
        is_duplicate: false,
        log_type: "NEW",
      },
    ]);
    expect((await desk.storage.figures()).heldCount).toBe(351);
    await desk.storage.approveDevice(GATE);
    await finishBackgroundWork(desk.storage);
    expect((await desk.feed()).at(-1)).toBe("GATE 0 20260302120000 out");
  });

  test.each([
    ["no user", { device_id: "GATE" }, "Missing user_id or device_id"],
    ["a word for a user", { user_id: "x" }, "Invalid user_id format: x (expected integer)"],
    ["an empty object", {}, "No data"],
    ["null", null, "No data"],
  ])("answers 400 to %s, with its text in error", async (_what, body, error) => {
    const desk = new Desk();
    const answer = await desk.enter(body);
    expect([answer.status, answer.json]).toEqual([400, { success: false, error }]);
    expect(await desk.feed()).toEqual([]);
  });

  test("answers 400 to what is no JSON, also where nothing says that it is", async () => {
    const desk = new Desk();
    const broken = await desk.send({ headers: JSON_TYPE, body: '{"user_id":7' });
    const untyped = await desk.send({ body: '{"user_id":7}' });
    const nothing = await desk.send({});
    for (const { status, json } of [broken, untyped, nothing]) {
      expect(status).toBe(400);
      expect(json).toEqual({ success: false, error: expect.any(String) });
    }
    const large = await desk.enter({ user_id: 7, note: "x".repeat(70_000) });
    expect([large.status, Object.keys(Object(large.json))]).toEqual([413, ["success", "error"]]);
    expect(await desk.feed()).toEqual([]);
  });

  test("answers 500 when it could not be saved, and says nothing else of it", async () => {
    const desk = new Desk({}, async () => ({ kind: "failed" }));
    const answer = await desk.enter({ user_id: 7 });
    expect([answer.status, answer.json]).toEqual([
      500,
      { success: false, error: "Database save failed" },
    ]);
    expect(await desk.feed()).toEqual([]);
  });

  test("needs a token that may write, before its body is looked at", async () => {
    const desk = new Desk();
    const init = { method: "POST", headers: JSON_TYPE, body: "{" };
    expect((await desk.fixture.call(PATH, init)).status).toBe(401);
    const authorization = `Bearer ${await tokenWithScope(desk.fixture, "read")}`;
    const headers = { ...JSON_TYPE, authorization };
    expect((await desk.fixture.call(PATH, { ...init, headers })).status).toBe(403);
    const write = `Bearer ${await tokenWithScope(desk.fixture, "write")}`;
    const body = JSON.stringify({ user_id: 7 });
    const may = { ...init, body, headers: { ...JSON_TYPE, authorization: write } };
    expect((await desk.fixture.call(PATH, may)).status).toBe(200);
  });

  test("answers random bodies with 200 and a punch in the feed, or 400 and none", async () => {
    const desk = new Desk();
    const number = fc.oneof(fc.integer(), fc.double(), fc.bigInt().map(String));
    const text = fc.string({ unit: "binary", maxLength: 40 });
    const value = fc.oneof(number, text, fc.jsonValue());
    const time = fc.oneof(fc.stringMatching(/^\d{14}$/), fc.constant("20260302081504"), value);
    const body = fc.oneof(
      fc.record(
        {
          user_id: fc.oneof(fc.integer({ min: -9, max: 9 }), value),
          device_id: fc.oneof(fc.constant("GATE"), value),
          timestamp: time,
          verify_mode: value,
          io_mode: value,
        },
        { requiredKeys: [] },
      ),
      fc.jsonValue(),
    );
    let stored = 0;
    await fc.assert(
      fc.asyncProperty(body, async (given) => {
        const { status, json } = await desk.enter(given);
        expect(status).toBeOneOf([200, 400]);
        if (status === 200) stored += field(json, "is_duplicate") === true ? 0 : 1;
        else expect(json).toEqual({ success: false, error: expect.any(String) });
        expect((await desk.storage.figures()).punchCount).toBe(stored);
      }),
      { numRuns: 500 },
    );
    expect((await desk.storage.figures()).quarantineCount).toBe(0);
    expect(await desk.storage.listDevices()).toEqual([]);
  });
});
