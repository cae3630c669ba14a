/** Aim: a rule lets in exactly the addresses it names, however they are written. */

import { describe, expect, test } from "bun:test";
import { parseAllowedAddress } from "#domain/allowed-address.ts";

function allows(rule: string, peer: string): boolean {
  const parsed = parseAllowedAddress(rule);
  if (!parsed.ok) throw new Error(parsed.error.reason);
  return parsed.value.allows(peer);
}

describe("parseAllowedAddress()", () => {
  test.each([
    ["192.168.1.20", "192.168.1.20", true],
    ["192.168.1.20", "192.168.1.21", false],
    ["192.168.1.20", "::ffff:192.168.1.20", true],
    ["::ffff:192.168.1.20", "192.168.1.20", true],
    ["192.168.1.0/24", "192.168.1.255", true],
    ["192.168.1.0/24", "192.168.2.0", false],
    ["192.168.1.77/24", "192.168.1.3", true],
    ["192.168.1.0/24", "::ffff:192.168.1.3", true],
    ["10.0.0.0/8", "fd00::1", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "fd00::1", false],
    ["192.168.1.20/32", "192.168.1.20", true],
    ["fd00::20", "FD00:0:0:0:0:0:0:20", true],
    ["FD00::/64", "fd00::ffff:1", true],
    ["fd00::/64", "fd00:0:0:1::1", false],
    ["fe80::/10", "fe80::1%eth0", true],
    ["192.168.1.20", "", false],
    ["192.168.1.20", "unknown", false],
  ])("with %p says of %p: %p", (rule, peer, expected) => {
    expect(allows(rule, peer)).toBe(expected);
  });

  test("keeps the rule as text without blanks, in lower case", () => {
    const parsed = parseAllowedAddress(" FD00::/64 ");
    expect(parsed.ok && parsed.value.text).toBe("fd00::/64");
  });

  test.each(["", "any", "gate.local", "192.168.1", "192.168.1.256", "010.0.0.1", "fe80::1%eth0"])(
    "refuses %p as no address",
    (text) => {
      const parsed = parseAllowedAddress(text);
      expect(!parsed.ok && parsed.error.code).toBe("not-an-address");
    },
  );

  test.each(["10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "::1/129", "::1/1e1"])(
    "refuses the prefix of %p",
    (text) => {
      const parsed = parseAllowedAddress(text);
      expect(!parsed.ok && parsed.error.code).toBe("bad-prefix");
    },
  );
});
