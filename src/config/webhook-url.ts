/**
 * Which addresses messages may be sent to. Private ones are normal on a site; what is refused reaches
 * the machines that host machines, or this server itself.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { parseIpAddress, unwrapIpv4 } from "#domain/ip-address.ts";
import { readNetworkInterfaces } from "#platform/network-interfaces.ts";
import { TEST_RECEIVER_PATH } from "./test-receiver.ts";

/** Why an address cannot be used. */
export interface UrlRefusal {
  readonly code: "no-address" | "own-port";
  /** What is wrong and what is wanted, for people. */
  readonly message: string;
}

/** Where this server listens. */
export interface OwnPorts {
  readonly serverPort: number;
  readonly webPort: number;
  readonly serverTlsPort?: number | undefined;
  /** With it the web port speaks TLS alone. */
  readonly tlsCertFile?: string | undefined;
}

/** What every address must be, whoever gives it. */
export const WEBHOOK_URL_WANTED =
  "an http or https address; not link-local (169.254.0.0/16, fe80::/10)";

/**
 * The URL in its one spelling. Looks at the machine's own addresses, and at no name server: a name is
 * looked at again when it is sent to.
 */
export function checkWebhookUrl(text: string, own: OwnPorts): Result<string, UrlRefusal> {
  const href = parseWebhookUrl(text);
  if (href === undefined) {
    return fail({ code: "no-address", message: `wanted is ${WEBHOOK_URL_WANTED}` });
  }
  const url = new URL(href);
  if (isOwnUrl(url, url.hostname, own)) {
    const message = `it is a port of this server itself; wanted is the address of the HRIS, or for a trial WEB_PORT with the path ${TEST_RECEIVER_PATH}`;
    return fail({ code: "own-port", message });
  }
  return ok(href);
}

/** The same without a look at the ports; undefined where it is refused. */
export function parseWebhookUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return undefined;
  return isLinkLocal(url.hostname) ? undefined : url.href;
}

/**
 * What an IP address, or the host of a `URL` that is one, must not be: link-local, by whatever IPv6
 * address it is written.
 */
export function isLinkLocal(host: string): boolean {
  const address = addressOf(host);
  if (address === undefined) return false;
  return address >> 16n === LINK_LOCAL_IPV4 || address >> 118n === LINK_LOCAL_IPV6;
}

/** Whether a URL whose host is, or leads to, this IP address is one of this server, and no trial. */
export function isOwnUrl(url: URL, address: string, own: OwnPorts): boolean {
  return isOwnPort(url, own) && isThisMachine(address) && !isTestReceiver(url, own);
}

/** 169.254.0.0/16 as `::ffff:169.254.0.0/112`, and fe80::/10. */
const LINK_LOCAL_IPV4 = 0xffff_a9fen;
const LINK_LOCAL_IPV6 = 0xfe80n >> 6n;

function isOwnPort(url: URL, { serverPort, webPort, serverTlsPort }: OwnPorts): boolean {
  return [serverPort, webPort, serverTlsPort].includes(portOf(url));
}

/** Whether an address on a port of our own is that of the receiver for trials. */
function isTestReceiver(url: URL, { webPort, tlsCertFile }: OwnPorts): boolean {
  const protocol = tlsCertFile === undefined ? "http:" : "https:";
  const isAtPort = url.protocol === protocol && portOf(url) === webPort;
  return isAtPort && url.pathname === TEST_RECEIVER_PATH;
}

function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === "https:" ? 443 : 80));
}

/** Every name below `localhost` is this machine. */
const LOCALHOST = /^(?:.+\.)?localhost\.?$/i;
/** 127.0.0.0/8 as `::ffff:127.0.0.0/104`. */
const LOOPBACK_IPV4 = 0xffff_7fn;
/** `::1`, and where none is named: `::` and 0.0.0.0. */
const LOOPBACKS: ReadonlySet<bigint> = new Set([1n, 0n, 0xffff_0000_0000n]);

function isThisMachine(host: string): boolean {
  if (LOCALHOST.test(host)) return true;
  const wanted = addressOf(host);
  if (wanted === undefined) return false;
  if (LOOPBACKS.has(wanted) || wanted >> 24n === LOOPBACK_IPV4) return true;
  return Object.values(readNetworkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => addressOf(address) === wanted),
  );
}

/** The number of an address, with or without the brackets of a URL and the zone of the system. */
function addressOf(host: string): bigint | undefined {
  const address = parseIpAddress(host.replace(/^\[|\]$|%.*$/g, ""));
  return address === undefined ? undefined : unwrapIpv4(address);
}
