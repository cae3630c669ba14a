/**
 * From where a terminal may come: one IP address, or a network in CIDR notation. Pure; IPv4
 * addresses that are written as IPv6 ones are the IPv4 addresses they mean.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { parseIpAddress } from "./ip-address.ts";

/** A rule that can be asked. */
export interface AllowedAddress {
  /** As kept and shown: lower case, without blanks around it. */
  readonly text: string;
  /** Whether a peer's IP address is within the rule. */
  allows(address: string): boolean;
}

/** Why a text is no rule, for the operator. */
export interface AllowedAddressError {
  readonly code: "not-an-address" | "bad-prefix";
  readonly reason: string;
}

const QUOTED_LENGTH_MAX = 60;
const ADDRESS_BITS = 128;
const IPV4_BITS = 32;

/** Reads `192.168.1.20`, `192.168.1.0/24`, `fd00::20` or `fd00::/64`. Host names are no addresses. */
export function parseAllowedAddress(text: string): Result<AllowedAddress, AllowedAddressError> {
  const trimmed = text.trim().toLowerCase();
  const slash = trimmed.indexOf("/");
  const address = slash < 0 ? trimmed : trimmed.slice(0, slash);
  const value = parseIpAddress(address);
  const shown = JSON.stringify(trimmed.slice(0, QUOTED_LENGTH_MAX));
  if (value === undefined) {
    const wanted = "such as 192.168.1.20 or fd00::20, alone or with a prefix as in 192.168.1.0/24";
    return fail({ code: "not-an-address", reason: `${shown} is no IP address: ${wanted}` });
  }
  const prefixMax = address.includes(":") ? ADDRESS_BITS : IPV4_BITS;
  const prefixText = slash < 0 ? String(prefixMax) : trimmed.slice(slash + 1);
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (!(prefix <= prefixMax)) {
    const reason = `${shown} has no prefix from 0 to ${prefixMax} behind the slash`;
    return fail({ code: "bad-prefix", reason });
  }
  const hostBits = BigInt(prefixMax - prefix);
  return ok({ text: trimmed, allows: (peer) => isWithin(peer, value >> hostBits, hostBits) });
}

function isWithin(peer: string, network: bigint, hostBits: bigint): boolean {
  const value = parseIpAddress(peer.replace(/%.*$/, ""));
  return value !== undefined && value >> hostBits === network;
}
