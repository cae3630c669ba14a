/**
 * Aim: what is kept can be listed and decided once: a release makes an ordinary punch by the rules, its
 * message and its audit in one transaction, gives the room back, and never loses the bytes.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { assertDefined } from "#base/assert.ts";
import { epochMs } from "#base/epoch.ts";
import { deviceId, punchId } from "#domain/identifiers.ts";
import type { RawPunch, ReceivedIntake } from "#domain/intake.ts";
import type { QuarantineRelease, SuppliedFields } from "#domain/quarantine.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
  storedRawText,
  type TestStorage,
} from "../support/test-storage.ts";

const GATE = deviceId("GATE1");
const HOUR_MS = 3_600_000;
const NOW_MS = epochMs(RECEIVED_AT_MS + HOUR_MS);
const NOBODY = rawPunch("", "20260302081504");
const BAD_TIME = rawPunch("27", "20260230081504");

function release(
  id: number,
  punches: readonly RawPunch[],
  more: Partial<QuarantineRelease> = {},
): QuarantineRelease {
  return {
    id,
    by: "operator",
    nowMs: NOW_MS,
    deviceId: GATE,
    punches,
    isOfLog: false,
    supplied: undefined,
    ...more,
  };
}

function supplied(more: Partial<SuppliedFields>): Pick<QuarantineRelease, "supplied"> {
  return { supplied: { replaces: false, goesOn: false, ...more } };
}

function unreadable(text: string, device: string | undefined): ReceivedIntake {
  return {
    intake: {
      kind: "unreadable",
      deviceId: device === undefined ? undefined : deviceId(device),
      code: "body-not-json",
      reason: "realtime_glog: The text is not JSON",
      raw: new TextEncoder().encode(text),
    },
    driver: "fkweb",
    remoteAddress: "192.0.2.7",
    receivedAtMs: RECEIVED_AT_MS,
  };
}

function audit({ path }: TestStorage): readonly unknown[] {
  using database = new Database(path, { readonly: true, strict: true });
  const rows = database
    .query<{ atMs: number; actor: string; action: string; subject: string; detail: string }, []>(
      `SELECT at_ms AS atMs, actor, action, subject, detail_text AS detail FROM audit_entries
       ORDER BY id`,
    )
    .all();
  return rows.map(({ detail, ...row }) => ({ ...row, detail: JSON.parse(detail) }));
}

async function room({ storage }: TestStorage) {
  const { quarantineCount, quarantineBytes } = await storage.figures();
  const device = await storage.findDevice(GATE);
  return { quarantineCount, quarantineBytes, ofDevice: device?.quarantineBytes };
}

const NO_ROOM_TAKEN = { quarantineCount: 0, quarantineBytes: 0, ofDevice: 0 };

describe("listQuarantine()", () => {
  test("pages newest first, and through filters", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([
      punchesFrom("GATE1", [NOBODY]),
      punchesFrom("GATE2", [BAD_TIME]),
      punchesFrom("GATE1", [BAD_TIME]),
      unreadable("{", undefined),
    ]);
    await storage.discardQuarantined({ id: 3, by: "operator", nowMs: NOW_MS });

    const first = await storage.listQuarantine({}, 3);
    expect(first.entries.map(({ id }) => id)).toEqual([4, 3, 2]);
    const rest = await storage.listQuarantine({ beforeId: first.nextBeforeId }, 3);
    expect(rest).toMatchObject({ entries: [{ id: 1 }], nextBeforeId: undefined });

    const ids = async (filter: Parameters<typeof storage.listQuarantine>[0]) =>
      (await storage.listQuarantine(filter, 10)).entries.map(({ id }) => id);
    expect(await ids({ deviceId: GATE })).toEqual([3, 1]);
    expect(await ids({ code: "bad-time" })).toEqual([3, 2]);
    expect(await ids({ status: "waiting" })).toEqual([4, 2, 1]);
    expect(await ids({ status: "discarded", deviceId: deviceId("GATE2") })).toEqual([]);
    expect(await storage.listWaitingQuarantine({ code: "bad-time" }, 0, 1)).toEqual({
      ids: [2],
      nextAfterId: 2,
    });
    expect((await storage.listWaitingQuarantine({}, 2, 10)).ids).toEqual([4]);
  });

  test("tells of an entry all but its bytes, which findQuarantined() gives", async () => {
    using opened = openTestStorage();
    const received = unreadable("{\u0000", undefined);
    await opened.storage.append([received]);
    const { entries } = await opened.storage.listQuarantine({}, 10);
    expect(entries).toEqual([
      {
        id: 1,
        deviceId: undefined,
        driver: "fkweb",
        remoteAddress: "192.0.2.7",
        receivedAtMs: RECEIVED_AT_MS,
        code: "body-not-json",
        reason: "realtime_glog: The text is not JSON",
        byteCount: 2,
        sha256: new Bun.CryptoHasher("sha256").update("{\u0000").digest("hex"),
        status: "waiting",
        decidedAtMs: undefined,
        decidedBy: undefined,
        punchId: undefined,
      },
    ]);
    const kept = await opened.storage.findQuarantined(1);
    expect(Buffer.from(kept?.bytes ?? []).toString()).toBe("{\u0000");
    const part = await opened.storage.findQuarantined(1, 1);
    expect(Buffer.from(part?.bytes ?? []).toString()).toBe("{");
    expect(part?.entry.byteCount).toBe(2);
    await opened.storage.append([unreadable("", "GATE1")]);
    expect((await opened.storage.findQuarantined(2, 1))?.bytes).toHaveLength(0);
    expect((await opened.storage.findQuarantined(2))?.bytes).toHaveLength(0);
    expect(await opened.storage.findQuarantined(3)).toBeUndefined();
  });
});

describe("releaseQuarantined()", () => {
  test("makes a punch of a record without a user, with the terminal's own words", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const received = punchesFrom("GATE1", [NOBODY]);
    await storage.append([received]);
    const before = await room(opened);
    expect(before.quarantineCount).toBe(1);
    expect(before.ofDevice).toBe(before.quarantineBytes);

    const given = supplied({ userIdText: "0027" });
    expect(await storage.releaseQuarantined(release(1, [NOBODY], given))).toEqual({
      kind: "released",
      punches: [{ punchId: punchId(1_000_001), fate: "stored" }],
      keptCount: 0,
    });
    expect(await readFeed(storage)).toMatchObject([
      {
        id: 1_000_001,
        userId: "27",
        userIdText: "",
        wallTimeText: "20260302081504",
        receivedAtMs: RECEIVED_AT_MS,
        direction: "in",
        directionCode: "1",
        origin: "supplied",
      },
    ]);
    expect(storedRawText(opened, 1_000_001)).toBe(NOBODY.rawText);
    expect(await outboxOf(storage).listWaitingDeliveries(GATE, 0, 10)).toMatchObject([
      { type: "punch.created", punch: { id: 1_000_001 } },
    ]);
    expect(await room(opened)).toEqual(NO_ROOM_TAKEN);
    // The bytes stay until they are old.
    const kept = assertDefined(await storage.findQuarantined(1), "The entry is gone");
    expect(Buffer.from(kept.bytes)).toEqual(Buffer.from(received.intake.raw));
    expect(kept.entry).toMatchObject({
      status: "released",
      decidedAtMs: NOW_MS,
      decidedBy: "operator",
      punchId: 1_000_001,
    });
    expect(audit(opened)).toEqual([
      {
        atMs: NOW_MS,
        actor: "operator",
        action: "quarantine.supplied",
        subject: "quarantine 1",
        detail: {
          device_id: "GATE1",
          code: "no-user",
          sha256: kept.entry.sha256,
          user_id: "0027",
          time: null,
          stays_waiting: false,
          punches: [{ punch: 1_000_001, fate: "stored" }],
        },
      },
    ]);
  });

  test("takes the time that a person gives, and refuses one that is none", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punchesFrom("GATE1", [BAD_TIME])]);
    const before = await room(opened);
    const wrong = supplied({ wallTimeText: "2026-02-30 08:15:04" });
    expect(await storage.releaseQuarantined(release(1, [BAD_TIME], wrong))).toMatchObject({
      kind: "unreadable",
      code: "bad-time",
    });
    expect(await room(opened)).toEqual(before);
    expect(audit(opened)).toEqual([]);
    const right = supplied({ wallTimeText: "2026-03-02 08:15:04" });
    await storage.releaseQuarantined(release(1, [BAD_TIME], right));
    expect(await readFeed(storage)).toMatchObject([
      { wallTime: "20260302081504", wallTimeText: "20260230081504", origin: "supplied" },
    ]);
  });

  test.each([
    ["20190302081504", "before 2020"],
    ["20260303100001", "more than a day after it arrived"],
  ])("refuses the time %s from a person, which a terminal may tell", async (time, why) => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punchesFrom("GATE1", [rawPunch("", time)])]);
    const typed = supplied({ userIdText: "27", wallTimeText: time });
    expect(await storage.releaseQuarantined(release(1, [BAD_TIME], typed))).toEqual({
      kind: "unreadable",
      code: "bad-time",
      reason: `Time "${time}" is ${why}`,
    });
    const told = supplied({ userIdText: "27" });
    await storage.releaseQuarantined(release(1, [rawPunch("", time)], told));
    expect(await readFeed(storage)).toMatchObject([{ userId: "27", wallTime: time }]);
  });

  test("tells the second of two operators what the first one made of it", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punchesFrom("GATE1", [NOBODY])]);
    const one = release(1, [NOBODY], supplied({ userIdText: "27" }));
    const other = release(1, [NOBODY], supplied({ userIdText: "28" }));
    const [first, second] = await Promise.all([
      storage.releaseQuarantined(one),
      storage.releaseQuarantined(other),
    ]);
    expect(first.kind).toBe("released");
    const already = { kind: "already", entry: { status: "released", punchId: 1_000_001 } };
    expect(second).toMatchObject(already);
    expect(
      await storage.discardQuarantined({ id: 1, by: "operator", nowMs: NOW_MS }),
    ).toMatchObject(already);
    expect(await readFeed(storage)).toHaveLength(1);
    expect(audit(opened)).toHaveLength(1);
    expect(await room(opened)).toEqual(NO_ROOM_TAKEN);
  });

  test("reads a record once more by the rules that hold now, as one that came by itself", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([unreadable("not read then", "GATE1")]);
    const punch = rawPunch("27", "20260302081504");
    expect(await storage.releaseQuarantined(release(1, [punch]))).toMatchObject({
      kind: "released",
      punches: [{ fate: "stored" }],
    });
    expect(await readFeed(storage)).toMatchObject([{ origin: "live", userId: "27" }]);
    expect(audit(opened)).toMatchObject([{ action: "quarantine.retried" }]);
  });

  test("stores nothing again of a punch that is stored, and names it", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const punch = rawPunch("27", "20260302081504");
    await storage.append([punchesFrom("GATE1", [punch]), punchesFrom("GATE1", [NOBODY])]);
    const outcome = await storage.releaseQuarantined(
      release(1, [NOBODY], supplied({ userIdText: "27" })),
    );
    expect(outcome).toEqual({
      kind: "released",
      punches: [{ punchId: punchId(1_000_001), fate: "known" }],
      keptCount: 0,
    });
    expect(await readFeed(storage)).toHaveLength(1);
    expect(await outboxOf(storage).listWaitingDeliveries(GATE, 0, 10)).toHaveLength(1);
  });

  test("corrects the directions behind a punch that comes to light later", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([
      punchesFrom("GATE1", [BAD_TIME]),
      punchesFrom("GATE1", [rawPunch("27", "20260302081504")]),
    ]);
    const early = supplied({ wallTimeText: "20260302060000" });
    await storage.releaseQuarantined(release(1, [BAD_TIME], early));
    const feed = await readFeed(storage);
    expect(feed.map(({ wallTime, direction }) => [wallTime as string, direction])).toEqual([
      ["20260302060000", "in"],
      ["20260302081504", "out"],
    ]);
  });

  test("puts the records of a request that still cannot be read by themselves", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([unreadable("three records", "GATE1")]);
    const records = [rawPunch("1", "20260302081504"), NOBODY, rawPunch("2", "20260302081505")];
    expect(await storage.releaseQuarantined(release(1, records))).toEqual({
      kind: "released",
      punches: [
        { punchId: punchId(1_000_001), fate: "stored" },
        { punchId: punchId(1_000_002), fate: "stored" },
      ],
      keptCount: 1,
    });
    const { entries } = await storage.listQuarantine({ status: "waiting" }, 10);
    expect(entries).toMatchObject([{ id: 2, code: "no-user", deviceId: GATE }]);
    expect(Buffer.from((await storage.findQuarantined(2))?.bytes ?? []).toString()).toBe(
      NOBODY.rawText,
    );
    expect((await storage.figures()).quarantineCount).toBe(1);
  });

  test("lets an entry wait in which a person sees more than one punch", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([unreadable("two punches", "GATE1")]);
    const bare = rawPunch("", "", { rawText: "two punches" });
    const first = supplied({ userIdText: "1", wallTimeText: "20260302081504", goesOn: true });
    await storage.releaseQuarantined(release(1, [bare], first));
    expect((await storage.findQuarantined(1))?.entry.status).toBe("waiting");
    // Said twice, it is one punch.
    expect(await storage.releaseQuarantined(release(1, [bare], first))).toMatchObject({
      punches: [{ fate: "known" }],
    });
    const last = supplied({ userIdText: "2", wallTimeText: "20260302081504" });
    await storage.releaseQuarantined(release(1, [bare], last));
    expect(await readFeed(storage)).toHaveLength(2);
    expect(await room(opened)).toEqual(NO_ROOM_TAKEN);
  });

  test("holds the punch of a terminal that waits for approval", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.append([punchesFrom("GATE1", [NOBODY])]);
    const given = release(1, [NOBODY], supplied({ userIdText: "27" }));
    expect(await storage.releaseQuarantined(given)).toMatchObject({ kind: "released" });
    expect(await readFeed(storage)).toEqual([]);
    await storage.approveDevice(GATE);
    await finishBackgroundWork(storage);
    expect(await readFeed(storage)).toMatchObject([{ userId: "27", origin: "supplied" }]);
  });

  test("takes nothing of a blocked terminal, an unknown one, or one that may hold no more", async () => {
    using opened = openTestStorage({ enrollment: "approve", pendingPunchesMax: 1 });
    const { storage } = opened;
    await storage.append([
      punchesFrom("GATE1", [NOBODY]),
      punchesFrom("GATE1", [rawPunch("5", "20260302081504")]),
      unreadable("{", undefined),
    ]);
    const given = release(1, [NOBODY], supplied({ userIdText: "27" }));
    expect(await storage.releaseQuarantined(given)).toEqual({
      kind: "no-room",
      code: "pending-punches-full",
    });
    await storage.blockDevice(GATE);
    expect(await storage.releaseQuarantined(given)).toEqual({ kind: "blocked" });
    const stranger = { ...given, id: 2, deviceId: deviceId("GATE9") };
    expect(await storage.releaseQuarantined(stranger)).toEqual({ kind: "unknown-device" });
    expect(await storage.releaseQuarantined({ ...given, id: 9 })).toEqual({ kind: "unknown" });
    expect((await storage.figures()).quarantineCount).toBe(2);
    expect(audit(opened)).toEqual([]);
  });

  test("takes what nobody knows the sender of as the punch of the named terminal", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([
      punchesFrom("GATE1", [rawPunch("5", "20260302080000")]),
      unreadable("{", undefined),
    ]);
    const bare = rawPunch("", "", { rawText: "{" });
    const given = supplied({ userIdText: "27", wallTimeText: "20260302081504" });
    await storage.releaseQuarantined(release(1, [bare], given));
    expect((await readFeed(storage)).at(-1)).toMatchObject({ deviceId: GATE, userId: "27" });
    expect(await room(opened)).toEqual(NO_ROOM_TAKEN);
    await opened.reopen();
    expect(await room(opened)).toEqual(NO_ROOM_TAKEN);
  });

  test("changes nothing where a rule of ours fails, and says so", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([punchesFrom("GATE1", [NOBODY])]);
    const before = await room(opened);
    // A text that is none trips over the first rule.
    const broken = { ...NOBODY, userIdText: 27 as never };
    const outcome = await storage.releaseQuarantined(release(1, [broken]));
    expect(outcome).toMatchObject({ kind: "rule-failed", code: "rule-failed" });
    expect(await room(opened)).toEqual(before);
    expect((await storage.findQuarantined(1))?.entry.status).toBe("waiting");
  });

  test("lists a released punch as late where its time was told to be complete", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([
      punchesFrom("GATE1", [BAD_TIME]),
      {
        intake: {
          kind: "poll",
          deviceId: GATE,
          report: { clockText: "20260302090000" },
          queue: "empty",
          raw: new Uint8Array(0),
        },
        driver: "fkweb",
        remoteAddress: "192.0.2.7",
        receivedAtMs: RECEIVED_AT_MS,
      },
    ]);
    const asked = { lateAfter: 0, lateLimit: 10 };
    expect(await storage.readCompleteness(asked)).toMatchObject({
      quarantinedCount: 1,
      devices: [{ quarantinedCount: 1 }],
      late: [],
    });
    const early = supplied({ wallTimeText: "20260302081504" });
    await storage.releaseQuarantined(release(1, [BAD_TIME], early));
    expect(await storage.readCompleteness(asked)).toMatchObject({
      quarantinedCount: 0,
      devices: [{ quarantinedCount: 0 }],
      late: [{ punchId: 1_000_001, origin: "supplied", landedAtMs: NOW_MS }],
    });
  });
});

describe("a record of the same user and second", () => {
  const STORED = rawPunch("27", "20260302081504", { directionCode: "1" });
  const OTHER = rawPunch("27", "20260302081504", { directionCode: "2", verifyModeCode: "20" });

  async function keepBoth(rules: Parameters<typeof openTestStorage>[0] = {}): Promise<TestStorage> {
    const opened = openTestStorage(rules);
    await opened.storage.append([punchesFrom("GATE1", [STORED]), punchesFrom("GATE1", [OTHER])]);
    return opened;
  }

  test("waits until a person says which of the two counts", async () => {
    using opened = await keepBoth();
    expect(await opened.storage.releaseQuarantined(release(1, [OTHER]))).toMatchObject({
      kind: "unreadable",
      code: "same-second",
    });
    expect(await room(opened)).toMatchObject({ quarantineCount: 1 });
  });

  test("is another punch where a person gives another second", async () => {
    using opened = await keepBoth();
    const second = supplied({ wallTimeText: "20260302081505" });
    await opened.storage.releaseQuarantined(release(1, [OTHER], second));
    expect(await readFeed(opened.storage)).toMatchObject([
      { wallTime: "20260302081504", directionCode: "1" },
      { wallTime: "20260302081505", directionCode: "2", wallTimeText: "20260302081504" },
    ]);
  });

  test("takes the place of the stored one, which the audit keeps", async () => {
    const endpoint = {
      url: "http://hris.test/punches",
      format: "standard",
      types: undefined,
    } as const;
    using opened = await keepBoth({ directionPolicy: "device", endpoint });
    const { storage } = opened;
    expect(await readFeed(storage)).toMatchObject([{ direction: "in", revision: 1 }]);
    const replaces = supplied({ replaces: true });
    expect(await storage.releaseQuarantined(release(1, [OTHER], replaces))).toEqual({
      kind: "released",
      punches: [{ punchId: punchId(1_000_001), fate: "replaced" }],
      keptCount: 0,
    });
    expect(await readFeed(storage)).toMatchObject([
      {
        id: 1_000_001,
        revision: 2,
        feedPosition: 2,
        directionCode: "2",
        verifyModeCode: "20",
        direction: "out",
        origin: "live",
      },
    ]);
    expect(storedRawText(opened, 1_000_001)).toBe(OTHER.rawText);
    const messages = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 10);
    expect(messages.map(({ type }) => type)).toContain("punch.updated");
    expect(audit(opened)).toMatchObject([
      {
        detail: {
          punches: [
            {
              fate: "replaced",
              replaced: {
                direction_code: "1",
                verify_mode_code: "3",
                work_code: null,
                code_library: "FKDataHS101",
                raw_text: STORED.rawText,
              },
            },
          ],
        },
      },
    ]);
  });

  test("replaces nothing where no such punch is stored", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE1", [NOBODY])]);
    const given = supplied({ userIdText: "27", replaces: true });
    expect(await opened.storage.releaseQuarantined(release(1, [NOBODY], given))).toEqual({
      kind: "nothing-to-replace",
    });
    expect(await readFeed(opened.storage)).toEqual([]);
  });
});

describe("discardQuarantined()", () => {
  test("gives the room back, keeps the bytes, and takes a resend for known", async () => {
    using opened = openTestStorage({ quarantineBytesMax: 1200 });
    const { storage } = opened;
    const received = punchesFrom("GATE1", [NOBODY]);
    const other = punchesFrom("GATE1", [BAD_TIME]);
    const third = punchesFrom("GATE1", [rawPunch("", "20260302081505")]);
    expect(await storage.append([received, other, third])).toEqual([
      { kind: "quarantined" },
      { kind: "quarantined" },
      { kind: "refused", code: "quarantine-full" },
    ]);
    expect(await storage.discardQuarantined({ id: 1, by: "operator", nowMs: NOW_MS })).toEqual({
      kind: "discarded",
    });
    expect(await storage.append([third, received])).toEqual([
      { kind: "quarantined" },
      { kind: "quarantined" },
    ]);
    expect((await storage.figures()).quarantineCount).toBe(2);
    const kept = await storage.findQuarantined(1);
    expect(Buffer.from(kept?.bytes ?? [])).toEqual(Buffer.from(received.intake.raw));
    expect(kept?.entry.status).toBe("discarded");
    expect(audit(opened)).toMatchObject([{ action: "quarantine.discarded", actor: "operator" }]);
    expect(await readFeed(storage)).toEqual([]);
  });
});

describe("trimQuarantine()", () => {
  test("deletes old decisions in steps, and never what waits", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const received = Array.from({ length: 130 }, (_, index) => unreadable(`x${index}`, "GATE1"));
    await storage.append(received);
    for (let id = 1; id <= 130; id += 1) {
      if (id % 10 === 0) continue;
      const nowMs = epochMs(NOW_MS + id);
      await storage.discardQuarantined({ id, by: "operator", nowMs });
    }
    let steps = 1;
    while (await storage.trimQuarantine(epochMs(NOW_MS + 121))) steps += 1;
    expect(steps).toBe(3);
    const { entries } = await storage.listQuarantine({}, 1000);
    const ids = entries.map(({ id }) => id).reverse();
    expect(ids).toEqual([
      ...Array.from({ length: 12 }, (_, index) => 10 * (index + 1)),
      ...Array.from({ length: 10 }, (_, index) => 121 + index),
    ]);
  });

  test("keeps the last number in use, so that none is given out twice", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.append([unreadable("a", "GATE1"), unreadable("b", "GATE1")]);
    for (const id of [1, 2])
      await storage.discardQuarantined({ id, by: "operator", nowMs: NOW_MS });
    await storage.trimQuarantine(epochMs(NOW_MS + 1));
    await storage.append([unreadable("c", "GATE1")]);
    const { entries } = await storage.listQuarantine({}, 10);
    expect(entries.map(({ id }) => id)).toEqual([3, 2]);
  });
});
