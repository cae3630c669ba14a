/**
 * Every protocol the terminal port understands. Adding one is a folder and a line here.
 */

import type { Driver } from "./driver.ts";
import { createFkwebDriver } from "./fkweb/driver.ts";
import { createRtlogDriver } from "./rtlog/driver.ts";

/** Makes the drivers of one listener, in the order in which they are asked about a connection. */
export function createDrivers(): readonly Driver[] {
  return [createFkwebDriver(), createRtlogDriver()];
}
