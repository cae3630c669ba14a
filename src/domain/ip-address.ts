/**
 * IP addresses as numbers, so that two spellings of one address are equal. Written out here since
 * `node:net` would bring its whole network stack into memory, 6 MB of it.
 */

const IPV4_PART = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${IPV4_PART}(?:\\.${IPV4_PART}){3}$`);
const IPV6_LETTERS = /^[0-9a-f.]*:[0-9a-f:.]*$/i;
const GROUP_COUNT = 8;
const GROUP_BITS = 16n;

/**
 * The 128 bits of an IPv6 address, or of `::ffff:a.b.c.d` for an IPv4 one; undefined for anything
 * else, also for an address with a zone such as `fe80::1%eth0`.
 */
export function parseIpAddress(text: string): bigint | undefined {
  const isIpv4 = IPV4.test(text);
  if (!isIpv4 && !IPV6_LETTERS.test(text)) return undefined;
  // A URL brings every spelling of an IPv6 address to one.
  const url = URL.parse(`http://[${isIpv4 ? `::ffff:${text}` : text}]/`);
  return url === null ? undefined : numberOf(url.hostname.slice(1, -1));
}

/** What stands before an IPv4 address in the IPv6 ones that lead to it: the first 96 bits. */
const IPV4_PREFIXES: ReadonlySet<bigint> = new Set([
  // Mapped and compatible (RFC 4291, 2.5.5).
  0xffffn,
  0n,
  // Translated (RFC 2765, 2.1).
  0xffff_0000n,
  // NAT64 (RFC 6052, 2.1).
  0x0064_ff9b_0000_0000_0000_0000n,
]);
/** NAT64 of a site's own (RFC 8215): the first 48 bits. */
const LOCAL_NAT64 = 0x0064_ff9b_0001n;
/** `::` and `::1`. */
const SPECIAL_LAST = 1n;

/**
 * The IPv4 address that an IPv6 one leads to, as `parseIpAddress` gives it; any other address as it
 * is.
 */
export function unwrapIpv4(address: bigint): bigint {
  if (address <= SPECIAL_LAST) return address;
  const isWrapped = IPV4_PREFIXES.has(address >> 32n) || address >> 80n === LOCAL_NAT64;
  return isWrapped ? (0xffffn << 32n) | BigInt.asUintN(32, address) : address;
}

/** `fd00::1:2`: hexadecimal groups, of which one stretch of zeros may be left out. */
function numberOf(canonical: string): bigint {
  const [before = "", after] = canonical.split("::");
  const head = groupsOf(before);
  const tail = groupsOf(after ?? "");
  const zeros = Array<string>(GROUP_COUNT - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...tail].reduce(
    (value, group) => (value << GROUP_BITS) | BigInt(`0x${group}`),
    0n,
  );
}

function groupsOf(text: string): readonly string[] {
  return text === "" ? [] : text.split(":");
}
