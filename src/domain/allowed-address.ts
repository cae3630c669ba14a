/**
 * From where a terminal may come: one IP address, or a network in CIDR notation. Pure; IPv4
 * addresses that are written as IPv6 ones are the IPv4 addresses they mean.
 */

import { BlockList, isIP } from "node:net";
import { fail, ok, type Result } from "#base/result.ts";

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

/** Reads `192.168.1.20`, `192.168.1.0/24`, `fd00::20` or `fd00::/64`. Host names are no addresses. */
export function parseAllowedAddress(text: string): Result<AllowedAddress, AllowedAddressError> {
  const trimmed = text.trim().toLowerCase();
  const slash = trimmed.indexOf("/");
  const address = slash < 0 ? trimmed : trimmed.slice(0, slash);
  const family = familyOf(address);
  const shown = JSON.stringify(trimmed.slice(0, QUOTED_LENGTH_MAX));
  if (family === undefined || address.includes("%")) {
    const wanted = "such as 192.168.1.20 or fd00::20, alone or with a prefix as in 192.168.1.0/24";
    return fail({ code: "not-an-address", reason: `${shown} is no IP address: ${wanted}` });
  }
  const list = new BlockList();
  if (slash < 0) {
    list.addAddress(address, family);
  } else {
    const prefixMax = family === "ipv4" ? 32 : 128;
    const prefixText = trimmed.slice(slash + 1);
    const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
    if (!(prefix <= prefixMax)) {
      const reason = `${shown} has no prefix from 0 to ${prefixMax} behind the slash`;
      return fail({ code: "bad-prefix", reason });
    }
    list.addSubnet(address, prefix, family);
  }
  return ok({ text: trimmed, allows: (peer) => isWithin(list, peer) });
}

function isWithin(list: BlockList, peer: string): boolean {
  const family = familyOf(peer);
  return family !== undefined && list.check(peer, family);
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? "ipv4" : "ipv6";
}
