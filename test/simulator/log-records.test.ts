/**
 * Aim: the records of every library are those of example E7 of the protocol document, by hand.
 */

import { describe, expect, test } from "bun:test";
import { encodeLogRecords, LOG_RECORD_FORMATS, type LogRecord } from "#simulator/log-records.ts";
import type { Library } from "#simulator/models.ts";

const RECORD: LogRecord = {
  userId: "27",
  wallTime: "20260302081504",
  ioModeCode: 1,
  verifyModeCode: 3,
  workCode: 0,
};
const TEXT_RECORD: LogRecord = { ...RECORD, userId: "E-0042" };

function encode(library: Library, ...records: readonly LogRecord[]): string {
  const format = LOG_RECORD_FORMATS[library];
  if (format === undefined) throw new Error(`No format for ${library}`);
  return Buffer.from(encodeLogRecords(format, records)).toString("hex");
}

const plain = (hex: string): string => hex.replaceAll(" ", "");

describe("encodeLogRecords()", () => {
  const examples: readonly [library: Library, record: LogRecord, hex: string][] = [
    ["FKDataHS101", RECORD, "1b 00 00 00 01 01 03 04 f9 31 02 3d"],
    ["FKDataHS100", { ...RECORD, verifyModeCode: 1 }, "01 41 00 04 1b 00 00 00 ea 37 02 3d"],
    ["FKDataHS200", { ...RECORD, verifyModeCode: 1 }, "01 04 41 00 1b 00 00 00 ea 37 02 3d"],
    [
      "FKDataHS105",
      { ...RECORD, ioModeCode: 0x11000009, verifyModeCode: 0x10000000 },
      "1b 00 00 00 01 00 00 04 f9 31 02 3d 09 00 00 11 00 00 00 10",
    ],
    [
      "FKDataHS102",
      { ...TEXT_RECORD, ioModeCode: 0x02000000, verifyModeCode: 0x40000000 },
      `45 2d 30 30 34 32 ${"00".repeat(10)} 01 00 00 04 f9 31 02 3d 00 00 00 02 00 00 00 40`,
    ],
    [
      "FKDataHS103",
      { ...TEXT_RECORD, ioModeCode: 0x01000000, verifyModeCode: 0x12000000, workCode: 5 },
      `45 2d 30 30 34 32 ${"00".repeat(26)} 01 00 05 04 f9 31 02 3d 00 00 00 01 00 00 00 12`,
    ],
  ];
  test.each(examples)("encodeLogRecords() gives the %s record of E7", (library, record, hex) => {
    expect(encode(library, record)).toBe(plain(hex));
  });

  test("encodeLogRecords() puts records one behind the other, as in E8", () => {
    const second = { ...RECORD, userId: "8", ioModeCode: 2, verifyModeCode: 1 };
    expect(encode("FKDataHS101", RECORD, { ...second, wallTime: "20260302175959" })).toBe(
      plain("1b 00 00 00 01 01 03 04 f9 31 02 3d 08 00 00 00 01 02 01 3b f9 31 22 ee"),
    );
  });

  test("encodeLogRecords() takes a padded id for its number, and codes beyond 31 bits", () => {
    const record = {
      ...RECORD,
      userId: "00000027",
      ioModeCode: 0x21000000,
      verifyModeCode: 0x89000000,
    };
    expect(encode("FKDataHS105", record)).toBe(
      plain("1b 00 00 00 01 00 00 04 f9 31 02 3d 00 00 00 21 00 00 00 89"),
    );
  });
});
