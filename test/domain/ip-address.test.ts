/** Aim: two spellings of one address are one number, and what is no address is none. */

import { describe, expect, test } from "bun:test";
import { parseIpAddress } from "#domain/ip-address.ts";

describe("parseIpAddress()", () => {
  test.each([
    ["0.0.0.0", 0xffff_0000_0000n],
    ["192.168.1.20", 0xffff_c0a8_0114n],
    ["::ffff:192.168.1.20", 0xffff_c0a8_0114n],
    ["::FFFF:C0A8:114", 0xffff_c0a8_0114n],
    ["::", 0n],
    ["::1", 1n],
    ["fd00::20", 0xfd00_0000_0000_0000_0000_0000_0000_0020n],
    ["fd00:0:0:0:0:0:0:20", 0xfd00_0000_0000_0000_0000_0000_0000_0020n],
    ["1:2:3:4:5:6:7:8", 0x0001_0002_0003_0004_0005_0006_0007_0008n],
    ["1::8", 0x0001_0000_0000_0000_0000_0000_0000_0008n],
    ["1:2:3:4:5:6:7::", 0x0001_0002_0003_0004_0005_0006_0007_0000n],
  ])("reads %p", (text, value) => {
    expect(parseIpAddress(text)).toBe(value);
  });

  test.each([
    "",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4.5",
    "gate.local",
    "fd00::1::2",
    "1:2:3:4:5:6:7:8:9",
    "fe80::1%eth0",
    "::1]/[::2",
    "[::1]",
    "::1 ",
    "12345::",
  ])("takes %p for none", (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });
});
