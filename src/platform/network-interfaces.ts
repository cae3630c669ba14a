/** The addresses of this machine. */

import { networkInterfaces } from "node:os";
import { errorCode } from "./files.ts";

/** None where the service manager forbids to ask. */
export function readNetworkInterfaces(): ReturnType<typeof networkInterfaces> {
  try {
    return networkInterfaces();
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return {};
  }
}
