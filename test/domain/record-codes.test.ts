/** Aim: of each library exactly those bits of a code count that its records have room for. */

import { expect, test } from "bun:test";
import { decodeLogRecords, readLogBatch } from "#devices/fkweb/log-records.ts";
import { hasSameContent } from "#domain/punch-identity.ts";
import { recordCodeBits } from "#domain/record-codes.ts";
import { type LogLibrary, logRecord } from "../devices/fkweb/record-bytes.ts";

/** The sheet's tables (fkweb.md 9), in bits: direction, verification, work code; 0 for no field. */
const ROOM: Readonly<Record<LogLibrary, readonly [number, number, number]>> = {
  HS100: [2, 6, 0],
  HS101: [8, 8, 0],
  HS102: [32, 32, 8],
  HS103: [32, 32, 8],
  HS104: [8, 8, 0],
  HS105: [32, 32, 8],
  HS200: [5, 6, 0],
};
const LIBRARIES: readonly LogLibrary[] = [
  "HS100",
  "HS101",
  "HS102",
  "HS103",
  "HS104",
  "HS105",
  "HS200",
];

/** All ones, in so many bits. */
const ones = (bits: number): number => 2 ** bits - 1;

test.each(LIBRARIES)(
  "a record of %s with every bit set is its live copy with more bits",
  (library) => {
    const [io, verify, work] = ROOM[library];
    const codeLibrary = `FKData${library}`;
    const record = logRecord(library, {
      user: 27,
      time: "20260302081504",
      io: ones(io),
      verify: ones(verify),
      workCode: ones(work),
    });
    const batch = readLogBatch({ text: "", binaries: [record] }, codeLibrary);
    if (!batch.ok) throw new Error(batch.error.reason);
    const [read] = [...decodeLogRecords(batch.value)];
    if (read?.kind !== "punch") throw new Error("No punch");
    const bits = recordCodeBits(read.punch.codeLibrary);
    // One bit more than the record has room for.
    const live = {
      directionCode: String(ones(io + 1)),
      verifyModeCode: String(ones(verify + 1)),
      workCode: work === 0 ? "300" : String(ones(work + 1)),
    };
    // Live codes have 32 bits, and so have the codes of packed records: those are compared whole.
    const isPacked = io === 32;
    const told = isPacked
      ? { ...live, directionCode: String(ones(32)), verifyModeCode: String(ones(32)) }
      : live;
    expect(hasSameContent(told, read.punch, bits)).toBe(true);
    expect(
      hasSameContent({ ...told, verifyModeCode: String(ones(verify) - 1) }, read.punch, bits),
    ).toBe(false);
    expect(hasSameContent({ ...told, directionCode: String(ones(io) - 1) }, read.punch, bits)).toBe(
      false,
    );
  },
);

test("codes of a library that nobody knows are compared whole", () => {
  expect(recordCodeBits("M50")).toEqual({});
  expect(recordCodeBits(undefined)).toEqual({});
});
