/**
 * Aim: records of every library give the punch that its live copy gives; what is no record is told
 * with its bytes, and no bytes make the decoder throw or work without end.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeLogRecords, type LogRecord, readLogBatch } from "#devices/fkweb/log-records.ts";
import { canonicalUserId, hasSameContent } from "#domain/punch-identity.ts";
import { FUZZ_RUNS, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";
import { type LogLibrary, type LogParts, logRecord } from "./record-bytes.ts";
import { hex } from "./requests.ts";

const LIBRARIES: readonly LogLibrary[] = [
  "HS100",
  "HS101",
  "HS102",
  "HS103",
  "HS104",
  "HS105",
  "HS200",
];

/** Example E7 of the sheet: bytes, and what they mean. */
const E7: readonly (readonly [LogLibrary, string, LogParts])[] = [
  ["HS101", "1b00000001010304f931023d", { user: 27, io: 1, verify: 3, time: "20260302081504" }],
  ["HS100", "014100041b000000ea37023d", { user: 27, io: 1, verify: 1, time: "20260302081504" }],
  ["HS200", "010441001b000000ea37023d", { user: 27, io: 1, verify: 1, time: "20260302081504" }],
  [
    "HS105",
    "1b00000001000004f931023d0900001100000010",
    { user: 27, io: 0x11000009, verify: 0x10000000, time: "20260302081504" },
  ],
  [
    "HS102",
    `452d30303432${"00".repeat(10)}01000004f931023d0000000200000040`,
    { user: "E-0042", io: 0x02000000, verify: 0x40000000, time: "20260302081504" },
  ],
  [
    "HS103",
    `452d30303432${"00".repeat(26)}01000504f931023d0000000100000012`,
    { user: "E-0042", io: 0x01000000, verify: 0x12000000, workCode: 5, time: "20260302081504" },
  ],
];

function resultOf(bytes: Uint8Array, fields: Readonly<Record<string, unknown>> = {}) {
  const text = JSON.stringify({ log_array: "BIN_1", ...fields });
  return { text, binaries: [bytes] };
}

function decode(bytes: Uint8Array, codeLibrary?: string, recordBytes?: number): LogRecord[] {
  const fields = recordBytes === undefined ? {} : { one_log_size: recordBytes };
  const batch = readLogBatch(resultOf(bytes, fields), codeLibrary);
  if (!batch.ok) throw new Error(JSON.stringify(batch.error));
  const records = [...decodeLogRecords(batch.value)];
  expect(records).toHaveLength(batch.value.recordCount);
  return records;
}

function problem(result: { text: string; binaries: Uint8Array[] }, codeLibrary?: string): string {
  const batch = readLogBatch(result, codeLibrary);
  return batch.ok ? "ok" : batch.error.code;
}

describe("decodeLogRecords() of example E7", () => {
  test.each(E7)("reads %s %s, and the other way round", (library, digits, parts) => {
    expect(logRecord(library, parts).toString("hex")).toBe(digits);
    const codeLibrary = `FKData${library}`;
    expect<unknown>(decode(hex(digits), codeLibrary)).toEqual([
      {
        kind: "punch",
        index: 0,
        punch: {
          userIdText: String(parts.user),
          wallTimeText: parts.time,
          directionCode: String(parts.io),
          verifyModeCode: String(parts.verify),
          codeLibrary,
          workCode: /HS10[235]/.test(library) ? String(parts.workCode ?? 0) : undefined,
          rawText: JSON.stringify({ fk_bin_data_lib: codeLibrary, log_record: digits }),
        },
      },
    ]);
  });

  test("reads E8: counts as text, two records", () => {
    const bytes = hex("1b00000001010304f931023d080000000102013bf93122ee");
    const text = '{"log_array":"BIN_1","log_count":"2","one_log_size":"12"}';
    const batch = readLogBatch({ text, binaries: [bytes] }, undefined);
    if (!batch.ok) throw new Error(batch.error.code);
    expect(batch.value).toMatchObject({
      codeLibrary: "FKDataHS101",
      announcedCount: 2,
      recordCount: 2,
    });
    expect([...decodeLogRecords(batch.value)]).toMatchObject([
      { punch: { userIdText: "27", wallTimeText: "20260302081504", verifyModeCode: "3" } },
      {
        punch: {
          userIdText: "8",
          wallTimeText: "20260302175959",
          directionCode: "2",
          verifyModeCode: "1",
        },
      },
    ]);
  });

  test("reads valid 2, and the codes above 2 ** 31 as unsigned", () => {
    const record = logRecord("HS102", {
      user: "1",
      io: 0xf0000001,
      verify: 0x80000000,
      time: "20260302081504",
      valid: 2,
    });
    expect(decode(record, "FKDataHS102")).toMatchObject([
      { punch: { directionCode: "4026531841", verifyModeCode: "2147483648" } },
    ]);
  });

  test.each([0, 1900])("reads a year that counts from %d", (yearBase) => {
    for (const library of ["HS100", "HS200"] as const) {
      const record = logRecord(library, {
        user: 1,
        io: 0,
        verify: 1,
        time: "20991231235959",
        yearBase,
      });
      expect(decode(record, library === "HS100" ? "fkdatahs100" : "FKDATAHS200")).toMatchObject([
        { punch: { wallTimeText: "20991231235959" } },
      ]);
    }
  });
});

describe("a record and its live copy", () => {
  test("are one punch: the user without zeros, the same second, the same codes", () => {
    const live = { directionCode: "1", verifyModeCode: "3", workCode: undefined };
    const [record] = decode(hex("1b00000001010304f931023d"), "FKDataHS101");
    if (record?.kind !== "punch") throw new Error("No punch");
    const { punch } = record;
    expect(canonicalUserId(punch.userIdText ?? "", "drop")).toBe(
      canonicalUserId("00000027", "drop"),
    );
    expect(hasSameContent(live, punch)).toBe(true);
    expect(hasSameContent({ ...live, verifyModeCode: "1" }, punch)).toBe(false);
  });

  const user = fc.integer({ min: 0, max: 0xffffffff });
  const time = fc
    .date({
      min: new Date("2000-01-01T00:00:00Z"),
      max: new Date("2099-12-31T23:59:59Z"),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString().slice(0, 19).replaceAll(/\D/g, ""));

  test.each(LIBRARIES)("of %s agree, whatever they are", (library) => {
    const isPacked = /HS10[235]/.test(library);
    const code = fc.integer({ min: 0, max: isPacked ? 0xffffffff : 3 });
    fc.assert(
      fc.property(fc.record({ user, io: code, verify: code, time }), (parts) => {
        const { user, io, verify, time } = parts;
        const record = logRecord(library, { ...parts, workCode: 7 });
        expect(decode(record, `FKData${library}`)).toMatchObject([
          {
            kind: "punch",
            punch: {
              userIdText: String(user),
              wallTimeText: time,
              directionCode: String(io),
              verifyModeCode: String(verify),
              workCode: isPacked ? "7" : undefined,
            },
          },
        ]);
      }),
    );
  });
});

describe("decodeLogRecords() tells what is no record", () => {
  const good: LogParts = { user: 27, io: 1, verify: 3, time: "20260302081504" };
  const reasonOf = (bytes: Uint8Array, library: LogLibrary) => {
    const [record] = decode(bytes, `FKData${library}`);
    if (record?.kind !== "invalid") throw new Error(record?.kind);
    expect(record.rawHex).toBe(Buffer.from(bytes).toString("hex"));
    return record.reason;
  };

  test.each(LIBRARIES)("marked so in %s", (library) => {
    const record = logRecord(library, { ...good, valid: 0 });
    expect(reasonOf(record, library)).toBe("The terminal marks the record as not valid");
  });

  test.each(LIBRARIES)("with a date that does not exist in %s", (library) => {
    for (const time of ["20260230081504", "20261302081504", "20260302310000", "20260302081599"]) {
      const record = logRecord(library, { ...good, time });
      expect(reasonOf(record, library)).toContain(`"${time}"`);
    }
  });

  test("with a year of HS100 that is none", () => {
    const record = logRecord("HS100", { ...good, time: "21000302081504" });
    expect(reasonOf(record, "HS100")).toContain("2099");
  });

  test("without a user, or with one that is no text", () => {
    expect(reasonOf(logRecord("HS103", { ...good, user: "" }), "HS103")).toContain("no user id");
    const record = logRecord("HS102", { ...good, user: "A" });
    record[1] = 0xff;
    expect(reasonOf(record, "HS102")).toContain("UTF-8");
  });

  test("that is cut short, behind all that are whole", () => {
    const record = logRecord("HS101", good);
    const records = decode(Buffer.concat([record, record.subarray(0, 11)]), "FKDataHS101");
    expect(records).toMatchObject([
      { kind: "punch", index: 0 },
      { kind: "invalid", index: 1, reason: "The record has 11 of 12 bytes" },
    ]);
  });

  test("and goes on with the next", () => {
    const bytes = Buffer.concat([
      logRecord("HS101", { ...good, valid: 0 }),
      logRecord("HS101", good),
    ]);
    expect(decode(bytes, "FKDataHS101").map((record) => record.kind)).toEqual(["invalid", "punch"]);
  });

  test("takes user 0 and a full field for what they are", () => {
    const parts = { ...good, user: "x".repeat(16) };
    expect(decode(logRecord("HS101", { ...good, user: 0 }), "FKDataHS101")).toMatchObject([
      { punch: { userIdText: "0" } },
    ]);
    expect(decode(logRecord("HS102", parts), "FKDataHS102")).toMatchObject([
      { punch: { userIdText: "x".repeat(16) } },
    ]);
  });
});

describe("readLogBatch() chooses the library", () => {
  const parts: LogParts = { user: 1, io: 1, verify: 1, time: "20260302081504" };
  const libraryOf = (library: LogLibrary, codeLibrary?: string) => {
    const bytes = Buffer.concat([logRecord(library, parts), logRecord(library, parts)]);
    const batch = readLogBatch(resultOf(bytes, { one_log_size: bytes.length / 2 }), codeLibrary);
    return batch.ok ? batch.value.codeLibrary : batch.error.code;
  };

  test("by its name, in any case, and calls it what the terminal calls it", () => {
    expect(libraryOf("HS104", "FKDATAHS104")).toBe("FKDATAHS104");
    expect(libraryOf("HS200", "fkdatahs200")).toBe("fkdatahs200");
  });

  test.each(["HS102", "HS103", "HS105"] as const)(
    "by the size of %s, without a name",
    (library) => {
      expect(libraryOf(library)).toBe(`FKData${library}`);
      expect(libraryOf(library, "M50")).toBe(`FKData${library}`);
    },
  );

  test("by the size, where the name contradicts it", () => {
    expect(libraryOf("HS103", "FKDataHS101")).toBe("FKDataHS103");
  });

  test("by what 12 bytes look like", () => {
    expect(libraryOf("HS101")).toBe("FKDataHS101");
    expect(libraryOf("HS100", "M60")).toBe("FKDataHS100");
  });

  test("and says so when it cannot", () => {
    expect(problem(resultOf(Buffer.alloc(24), { one_log_size: 12 }))).toBe("library-unclear");
    expect(problem(resultOf(Buffer.alloc(14), { one_log_size: 7 }))).toBe("library-unknown");
    expect(problem(resultOf(Buffer.alloc(24)))).toBe("library-unknown");
    expect(problem(resultOf(Buffer.alloc(24), { one_log_size: "0" }), "M50")).toBe(
      "library-unknown",
    );
  });
});

describe("readLogBatch() of a result", () => {
  const record = logRecord("HS101", { user: 1, io: 1, verify: 1, time: "20260302081504" });
  const read = (text: string, binaries: Uint8Array[] = []) => {
    const batch = readLogBatch({ text, binaries }, "FKDataHS101");
    return batch.ok ? [batch.value.announcedCount, batch.value.recordCount] : batch.error.code;
  };

  test.each([
    ["", [undefined, 0]],
    ["{}", [undefined, 0]],
    ['{"log_count":0}', [0, 0]],
    ['{"log_count":"0","one_log_size":"12"}', [0, 0]],
  ])("without records: %s", (text, wanted) => {
    expect<unknown>(read(text)).toEqual(wanted);
  });

  test("takes the only binary where none is named, and the one that is", () => {
    expect(read('{"log_count":1,"one_log_size":12}', [record])).toEqual([1, 1]);
    expect(read('{"log_count":1,"log_array":"BIN_2"}', [Buffer.alloc(1), record])).toEqual([1, 1]);
  });

  test("shows a count that is not that of the records", () => {
    expect(read('{"log_count":7,"log_array":"BIN_1"}', [record])).toEqual([7, 1]);
  });

  test.each([
    ['{"log_count":7}', "records-missing"],
    ['{"log_count":7,"log_array":"BIN_2"}', "records-missing"],
    ['{"log_count":7,"log_array":"AAAA"}', "records-missing"],
    ["[]", "result-unreadable"],
    ["{", "result-unreadable"],
  ])("fails on %s", (text, code) => {
    expect<unknown>(read(text)).toBe(code);
  });
});

describe("decodeLogRecords() of any bytes", () => {
  test(
    "never throws, and gives each byte in one record",
    () => {
      const name = fc.constantFrom(...LIBRARIES.map((library) => `FKData${library}`));
      fc.assert(
        fc.property(name, fc.uint8Array({ maxLength: 300 }), (codeLibrary, bytes) => {
          const seen = decode(bytes, codeLibrary).map((record) =>
            record.kind === "invalid"
              ? record.rawHex
              : String(JSON.parse(record.punch.rawText).log_record),
          );
          expect(seen.join("")).toBe(Buffer.from(bytes).toString("hex"));
        }),
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test(
    "reads every whole record that stands beside broken ones, as it reads it alone",
    () => {
      const record = logRecord("HS101", { user: 27, io: 1, verify: 3, time: "20260302081504" });
      const broken = fc.uint8Array({ minLength: 12, maxLength: 12 });
      fc.assert(
        fc.property(fc.array(fc.oneof(fc.constant(record), broken)), (records) => {
          const alone = records.flatMap((bytes) => decode(bytes, "FKDataHS101"));
          const together = decode(Buffer.concat(records), "FKDataHS101");
          expect(together).toEqual(alone.map((record, index) => ({ ...record, index })));
        }),
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test("takes them one by one", () => {
    const batch = readLogBatch(resultOf(new Uint8Array(16 * 1024 * 1024)), "FKDataHS101");
    if (!batch.ok) throw new Error(batch.error.code);
    expect(decodeLogRecords(batch.value).next().value).toMatchObject({ kind: "invalid", index: 0 });
  });
});
