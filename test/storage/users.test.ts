/**
 * Aim: what the HRIS sends is stored once and read back, with what terminals in use told of the
 * same people; a terminal that nobody approved is heard, bounded, and shows nothing.
 */

import { describe, expect, test } from "bun:test";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import { siteDateAt } from "#domain/site-day.ts";
import type { SyncedUser } from "#domain/user.ts";
import type { Storage } from "#storage/storage.ts";
import { enrolls, told } from "../support/enrollment-values.ts";
import { openTestStorage, punchesFrom, RECEIVED_AT_MS, rawPunch } from "../support/test-storage.ts";

const GATE = deviceId("GATE");
const DAY = siteDateAt(RECEIVED_AT_MS, "Asia/Manila");
const NEXT_DAY = siteDateAt(epochMs(RECEIVED_AT_MS + 86_400_000), "Asia/Manila");

function synced(id: string, change: Partial<SyncedUser> = {}): SyncedUser {
  return {
    id: userId(id),
    name: `Name ${id}`,
    department: undefined,
    isEnabled: true,
    furtherFields: {},
    ...change,
  };
}

function attempt(atMs: EpochMs = RECEIVED_AT_MS, errorCount = 0) {
  return { atMs, siteDay: DAY, errorCount };
}

async function listIds(storage: Storage): Promise<readonly string[]> {
  return await storage.listUserIds();
}

async function findUser(storage: Storage, id: string) {
  const [user] = await storage.readUsers([userId(id)]);
  return user;
}

describe("syncUsers()", () => {
  test("stores a user, over a restart too", async () => {
    using opened = openTestStorage();
    const user = synced("7", { department: "Ops", isEnabled: false, furtherFields: { a: 1 } });
    expect(await opened.storage.syncUsers([user], attempt())).toEqual(["stored"]);
    await opened.reopen();
    expect(await findUser(opened.storage, "7")).toEqual({
      id: userId("7"),
      synced: {
        name: "Name 7",
        department: "Ops",
        isEnabled: false,
        furtherFieldsText: '{"a":1}',
        updatedAtMs: RECEIVED_AT_MS,
      },
      enrollments: [],
      hasPunched: false,
    });
  });

  test("says what is new and leaves the rest as it was", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const later = epochMs(RECEIVED_AT_MS + 1000);
    await storage.syncUsers([synced("1"), synced("2")], attempt());
    const second = await storage.syncUsers(
      [synced("1"), synced("2", { department: "HR" }), synced("3")],
      attempt(later),
    );
    expect(second).toEqual(["unchanged", "stored", "stored"]);
    const times = await Promise.all(
      ["1", "2", "3"].map(
        async (id) => (await findUser(storage, id))?.synced?.updatedAtMs as number,
      ),
    );
    expect(times).toEqual([RECEIVED_AT_MS, later, later]);
  });

  const FULL = synced("1", { department: "HR", furtherFields: { a: [1], b: "two" } });
  const NOTHING = synced("1", { name: undefined, isEnabled: undefined });
  const KNOWN = {
    name: "Name 1",
    department: "HR",
    isEnabled: true,
    furtherFieldsText: '{"a":[1],"b":"two"}',
    updatedAtMs: RECEIVED_AT_MS,
  };

  test("leaves what is left out, of which nothing is new", async () => {
    using opened = openTestStorage();
    await opened.storage.syncUsers([FULL], attempt());
    const later = attempt(epochMs(RECEIVED_AT_MS + 1000));
    expect(await opened.storage.syncUsers([NOTHING], later)).toEqual(["unchanged"]);
    expect((await findUser(opened.storage, "1"))?.synced).toEqual(KNOWN);
  });

  test.each([
    ["name", { name: null }, { name: undefined }],
    ["department", { department: null }, { department: undefined }],
    ["flag", { isEnabled: null }, { isEnabled: undefined }],
    ["further field", { furtherFields: { a: null } }, { furtherFieldsText: '{"b":"two"}' }],
    [
      "last further field",
      { furtherFields: { a: null, b: null, c: null } },
      { furtherFieldsText: undefined },
    ],
  ])("takes away a %s that is null, and nothing else", async (_field, said, known) => {
    using opened = openTestStorage();
    await opened.storage.syncUsers([FULL], attempt());
    const change = { ...NOTHING, ...said };
    expect(await opened.storage.syncUsers([change], attempt())).toEqual(["stored"]);
    expect((await findUser(opened.storage, "1"))?.synced).toEqual({ ...KNOWN, ...known });
    expect(await opened.storage.syncUsers([change], attempt())).toEqual(["unchanged"]);
  });

  test("puts further fields beside those that are known, and new values in their places", async () => {
    using opened = openTestStorage();
    await opened.storage.syncUsers([FULL], attempt());
    await opened.storage.syncUsers(
      [{ ...NOTHING, furtherFields: { b: 2, c: null, d: {} } }],
      attempt(),
    );
    const user = await findUser(opened.storage, "1");
    expect(user?.synced?.furtherFieldsText).toBe('{"a":[1],"b":2,"d":{}}');
  });

  test("refuses further fields that with the known ones are too many, and changes nothing", async () => {
    using opened = openTestStorage();
    // {"a":"…"} has 8 bytes beside its text, and ,"b":"…" has 7.
    const half = { a: "x".repeat(2040) };
    await opened.storage.syncUsers([{ ...FULL, furtherFields: half }], attempt());
    const said = (length: number) => ({
      ...NOTHING,
      name: "New",
      furtherFields: { b: "x".repeat(length) },
    });
    expect(await opened.storage.syncUsers([said(2042)], attempt())).toEqual(["too-long"]);
    expect((await findUser(opened.storage, "1"))?.synced?.name).toBe("Name 1");
    expect((await opened.storage.readSyncFigures(DAY)).errorCount).toBe(1);
    expect(await opened.storage.syncUsers([said(2041)], attempt())).toEqual(["stored"]);
  });

  test("takes no more than 50,000 users, and goes on with those it knows", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const all = Array.from({ length: 50_001 }, (_, id) => synced(String(id)));
    const outcomes = await storage.syncUsers(all, attempt());
    expect(outcomes.slice(-2)).toEqual(["stored", "full"]);
    const next = [synced("new"), synced("7", { name: "Other" })];
    expect(await storage.syncUsers(next, attempt())).toEqual(["full", "stored"]);
    expect(await listIds(storage)).toHaveLength(50_000);
  });
});

describe("readSyncFigures()", () => {
  test("knows nothing before the first sync", async () => {
    using opened = openTestStorage();
    expect(await opened.storage.readSyncFigures(DAY)).toEqual({
      lastAttemptMs: undefined,
      lastSuccessMs: undefined,
      errorCount: 0,
    });
  });

  test("tells attempts, successes and the errors of a day, over a restart too", async () => {
    using opened = openTestStorage();
    const later = epochMs(RECEIVED_AT_MS + 1000);
    await opened.storage.syncUsers([synced("1")], attempt());
    await opened.storage.syncUsers([], attempt(later, 2));
    await opened.storage.noteRefusedSync(attempt(later, 1));
    const figures = await opened.storage.readSyncFigures(DAY);
    await opened.reopen();
    expect(await opened.storage.readSyncFigures(DAY)).toEqual(figures);
    expect(await opened.storage.readSyncFigures(DAY)).toEqual({
      lastAttemptMs: later,
      lastSuccessMs: RECEIVED_AT_MS,
      errorCount: 3,
    });
    expect((await opened.storage.readSyncFigures(NEXT_DAY)).errorCount).toBe(0);
    await opened.storage.syncUsers([], { ...attempt(later, 1), siteDay: NEXT_DAY });
    expect((await opened.storage.readSyncFigures(NEXT_DAY)).errorCount).toBe(1);
  });

  test("counts what was refused as a whole without a write, until something is taken", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.syncUsers([synced("1")], attempt());
    const walBytes = async () => (await storage.figures()).walBytes;
    const before = await walBytes();
    await storage.noteRefusedSync(attempt(RECEIVED_AT_MS, 1));
    await storage.syncUsers([], attempt(RECEIVED_AT_MS, 3));
    expect(await walBytes()).toBe(before);
    expect((await storage.readSyncFigures(DAY)).errorCount).toBe(4);
    await storage.syncUsers([synced("2")], attempt());
    expect(await walBytes()).toBeGreaterThan(before);
    expect((await storage.readSyncFigures(DAY)).errorCount).toBe(4);
  });
});

describe("listUserIds()", () => {
  const ORDER = ["-5", "0", "2", "10", "9007199254740991", "-0", "007", "10a"];

  test("orders whole numbers by value, then all else by text", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const ids = [...ORDER, "12345678901234567890", "E-10", "E-2", "Ä"];
    await storage.syncUsers(
      ids.toReversed().map((id) => synced(id)),
      attempt(),
    );
    expect(await listIds(storage)).toEqual(ids);
  });
});

describe("readUsers()", () => {
  test("keeps the order it is asked in and leaves out whom nobody told of", async () => {
    using opened = openTestStorage();
    await opened.storage.syncUsers([synced("1"), synced("2")], attempt());
    const users = await opened.storage.readUsers(["2", "9", "1"].map(userId));
    expect(users.map((user) => user.id as string)).toEqual(["2", "1"]);
    expect(await opened.storage.readUsers([])).toEqual([]);
  });

  test("knows who has punched, and nobody's held punches", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.syncUsers([synced("1"), synced("2")], attempt());
    await storage.append([punchesFrom("GATE", [rawPunch("0001", "20260302080000")])]);
    const hasPunched = async () => (await findUser(storage, "1"))?.hasPunched;
    expect(await hasPunched()).toBe(false);
    await storage.approveDevice(GATE);
    await storage.continueBackgroundWork();
    expect(await hasPunched()).toBe(true);
    expect((await findUser(storage, "2"))?.hasPunched).toBe(false);
  });
});

describe("append() of an enrolment", () => {
  test("is counted as a notice and stored in one commit", async () => {
    using opened = openTestStorage();
    const enrollment = told("0027", { name: "Ana", privilege: 1, isEnabled: true });
    const outcomes = await opened.storage.append([enrolls("GATE", enrollment)]);
    expect(outcomes).toEqual([{ kind: "stored" }]);
    await opened.reopen();
    expect(await findUser(opened.storage, "27")).toEqual({
      id: userId("27"),
      synced: undefined,
      enrollments: [
        {
          name: "Ana",
          privilege: 1,
          isEnabled: true,
          fingerprintCount: 1,
          passwordCount: 0,
          cardCount: 0,
          faceCount: 0,
          veinCount: 0,
          credentialsText: "[0]",
          updatedAtMs: RECEIVED_AT_MS,
        },
      ],
      hasPunched: false,
    });
  });

  test("keeps zeros where the site keeps them", async () => {
    using opened = openTestStorage({ leadingZeros: "keep" });
    await opened.storage.append([enrolls("GATE", told("0027"))]);
    expect(await listIds(opened.storage)).toEqual(["0027"]);
  });

  test("replaces what the terminal told before, but for what it leaves out", async () => {
    using opened = openTestStorage();
    const later = epochMs(RECEIVED_AT_MS + 1000);
    await opened.storage.append([
      enrolls("GATE", told("7", { name: "Ana", privilege: 1, isEnabled: false })),
      enrolls(
        "GATE",
        told("7", { privilege: undefined, credentials: [], fingerprintCount: 0 }),
        later,
      ),
    ]);
    expect((await findUser(opened.storage, "7"))?.enrollments).toMatchObject([
      {
        name: "Ana",
        privilege: 1,
        isEnabled: false,
        fingerprintCount: 0,
        credentialsText: "[]",
        updatedAtMs: later,
      },
    ]);
  });

  test("is one row per terminal, the latest first", async () => {
    using opened = openTestStorage();
    await opened.storage.append([
      enrolls("GATE", told("7", { name: "old" })),
      enrolls("GATE2", told("7", { name: "new" }), epochMs(RECEIVED_AT_MS + 1000)),
    ]);
    const user = await findUser(opened.storage, "7");
    expect(user?.enrollments.map((one) => one.name)).toEqual(["new", "old"]);
    expect(await listIds(opened.storage)).toEqual(["7"]);
  });

  test("of a pending terminal is shown from its approval until it is blocked or retired", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await storage.syncUsers([synced("7")], attempt());
    await storage.append([enrolls("GATE", told("7")), enrolls("GATE", told("8"))]);
    const shown = async () => [
      await listIds(storage),
      (await findUser(storage, "7"))?.enrollments.length,
      (await findUser(storage, "8"))?.enrollments.length,
      (await storage.readUserFigures()).biometricCount,
    ];
    const hidden = [["7"], 0, undefined, 0];
    expect(await shown()).toEqual(hidden);
    await storage.approveDevice(GATE);
    expect(await shown()).toEqual([["7", "8"], 1, 1, 1]);
    await storage.blockDevice(GATE);
    expect(await shown()).toEqual(hidden);
    await storage.approveDevice(GATE);
    await storage.retireDevice(GATE);
    expect(await shown()).toEqual(hidden);
  });

  test("of a pending terminal is kept within its room, and acknowledged beyond it", async () => {
    using opened = openTestStorage({ enrollment: "approve", pendingBytesMax: 2048 });
    const { storage } = opened;
    const outcomes = await storage.append(
      ["1", "2", "2", "3", "1"].map((user) => enrolls("GATE", told(user))),
    );
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(new Array(5).fill("stored"));
    expect(opened.log.lines.filter((line) => line.event === "enrollment.dropped")).toHaveLength(1);
    const punch = punchesFrom("GATE", [rawPunch("1", "20260302080000")]);
    expect(await storage.append([punch])).toEqual([
      { kind: "refused", code: "pending-punches-full" },
    ]);
    await storage.approveDevice(GATE);
    expect(await listIds(storage)).toEqual(["1", "2"]);
    await storage.append([enrolls("GATE", told("3"))]);
    expect(await listIds(storage)).toEqual(["1", "2", "3"]);
  });

  test("of a blocked terminal is refused", async () => {
    using opened = openTestStorage();
    await opened.storage.append([enrolls("GATE", told("1"))]);
    await opened.storage.blockDevice(GATE);
    expect(await opened.storage.append([enrolls("GATE", told("2"))])).toEqual([
      { kind: "refused", code: "device-blocked" },
    ]);
  });
});

describe("readUserFigures()", () => {
  test("counts who the HRIS has, and of those who is enrolled or has punched", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.syncUsers(
      [
        synced("1"),
        synced("2"),
        synced("3", { isEnabled: undefined }),
        synced("4", { isEnabled: false }),
      ],
      attempt(),
    );
    await storage.append([
      enrolls("GATE", told("2")),
      enrolls("GATE", told("4")),
      enrolls("GATE", told("99")),
      punchesFrom("GATE", [rawPunch("3", "20260302080000"), rawPunch("98", "20260302080000")]),
    ]);
    expect(await storage.readUserFigures()).toEqual({ activeCount: 3, biometricCount: 2 });
  });
});

describe("a punch of somebody unknown", () => {
  test("is stored and in the feed like any other", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storage.syncUsers([synced("1")], attempt());
    const outcomes = await storage.append([
      punchesFrom("GATE", [rawPunch("4711", "20260302080000")]),
      punchesFrom("GATE", [rawPunch("X-1", "20260302080001")]),
    ]);
    expect(outcomes).toEqual([{ kind: "stored" }, { kind: "stored" }]);
    expect(await storage.countLogs({})).toBe(2);
    expect(await listIds(storage)).toEqual(["1"]);
  });
});
