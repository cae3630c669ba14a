/**
 * Aim: two spellings of one address are one number, what is no address is none, and an IPv4 address is
 * found inside of the IPv6 ones that lead to it.
 */

import { describe, expect, test } from "bun:test";
import { parseIpAddress, unwrapIpv4 } from "#domain/ip-address.ts";

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

describe("unwrapIpv4()", () => {
  test.each([
    "192.168.1.20",
    "::ffff:192.168.1.20",
    "::192.168.1.20",
    "::ffff:0:192.168.1.20",
    "64:ff9b::192.168.1.20",
    "64:ff9b:1::192.168.1.20",
    "64:ff9b:1:abcd:ef::192.168.1.20",
  ])("finds 192.168.1.20 in %s", (text) => {
    expect(unwrapIpv4(parseIpAddress(text) ?? -1n)).toBe(0xffff_c0a8_0114n);
  });

  test.each(["::", "::1", "fd00::c0a8:114", "64:ff9b:2::c0a8:114", "fe80::c0a8:114"])(
    "leaves %s as it is",
    (text) => {
      const address = parseIpAddress(text) ?? -1n;
      expect(unwrapIpv4(address)).toBe(address);
    },
  );
});
