/** The unit that this executable is installed with. Pure. */

import UNIT from "../../systemd/biometric-server.service" with { type: "text" };

/** Keys that an older systemd does not know, and warns of at every start. */
const LATER_KEYS = /^(?:RestartSteps|RestartMaxDelaySec)=.*\n/gm;
const LATER_KEYS_SINCE = 254;

/** The unit as it lies in the sources. */
export function ownUnit(): string {
  return UNIT;
}

/** The same without the keys that this version of systemd does not know. */
export function fitUnit(unit: string, systemdVersion: number): string {
  return systemdVersion < LATER_KEYS_SINCE ? unit.replace(LATER_KEYS, "") : unit;
}
