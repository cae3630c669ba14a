/** Under which addresses other machines find this one. */

import { networkInterfaces } from "node:os";
import { errorCode } from "#platform/files.ts";

/** Addresses behind which a listener on `host` is found from other machines. */
export function reachableAddresses(host: string): readonly string[] {
  if (host !== "0.0.0.0" && host !== "::") return [host];
  return Object.values(readNetworkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
}

/** None where the service manager forbids to ask: what is printed is not worth the server. */
function readNetworkInterfaces(): ReturnType<typeof networkInterfaces> {
  try {
    return networkInterfaces();
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return {};
  }
}
