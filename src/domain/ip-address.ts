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
