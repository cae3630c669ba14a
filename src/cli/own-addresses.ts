/** Under which addresses other machines find this one. */

import { readNetworkInterfaces } from "#platform/network-interfaces.ts";

/** Addresses behind which a listener on `host` is found from other machines. */
export function reachableAddresses(host: string): readonly string[] {
  if (host !== "0.0.0.0" && host !== "::") return [host];
  return Object.values(readNetworkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
}
