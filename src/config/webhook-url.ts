/**
 * Which addresses messages may be sent to. Private ones are normal on a site; what is refused reaches
 * the machines that host machines, or this server itself.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { parseIpAddress } from "#domain/ip-address.ts";
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
  if (isOwnPort(url, own) && !isTestReceiver(url, own)) {
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

/** Takes the host of a `URL`, or an IP address as the system spells it. */
export function isLinkLocal(host: string): boolean {
  return LINK_LOCAL.test(host);
}

/**
 * 169.254.0.0/16, fe80::/10, and the first written as an IPv6 address, in the one form to which a
 * URL brings every spelling of an address.
 */
const LINK_LOCAL = /^169\.254\.\d+\.\d+$|^\[?fe[89ab][0-9a-f]:|^\[?::ffff:(?:a9fe:|169\.254\.)/i;

function isOwnPort(url: URL, { serverPort, webPort }: OwnPorts): boolean {
  const port = portOf(url);
  return (port === serverPort || port === webPort) && isThisMachine(url.hostname);
}

/** Whether an address on a port of our own is that of the receiver for trials. */
function isTestReceiver(url: URL, { webPort }: OwnPorts): boolean {
  const { protocol, pathname } = url;
  return protocol === "http:" && portOf(url) === webPort && pathname === TEST_RECEIVER_PATH;
}

function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === "https:" ? 443 : 80));
}

/**
 * 127.0.0.0/8, and the same as an IPv6 address; every address is ours where none is named, and every
 * name below `localhost`.
 */
const LOOPBACK =
  /^(?:.+\.)?localhost\.?$|^127\.\d+\.\d+\.\d+$|^0\.0\.0\.0$|^\[::1?\]$|^\[::ffff:(?:7f..:.+|0:0)\]$/i;

function isThisMachine(host: string): boolean {
  if (LOOPBACK.test(host)) return true;
  // As numbers: an IPv4 address may be written as an IPv6 one.
  const wanted = parseIpAddress(host.replace(/^\[|\]$/g, ""));
  if (wanted === undefined) return false;
  return Object.values(readNetworkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => parseIpAddress(address) === wanted),
  );
}
