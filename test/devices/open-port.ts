/** The real port with the drivers as the product lists them, in front of an intake desk. */

import type { DecoderLimits } from "#devices/driver.ts";
import { createDrivers } from "#devices/drivers.ts";
import { type DeviceListener, startDeviceListener } from "#devices/listener.ts";
import type { RequestWatch } from "#devices/request-trail.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import type { IntakeDesk } from "./intake-desk.ts";

/** What a port may be started with. */
interface PortWatch {
  readonly requests: RequestWatch;
  readonly clock: FakeClock;
}

/** Tells nobody what is under way. */
export const NO_WATCH: RequestWatch = {
  began: () => undefined,
  ended: () => undefined,
  lost: () => undefined,
};

/** On a free port of loopback. */
export function openPort(
  desk: Pick<IntakeDesk, "handleIntake">,
  decoder: DecoderLimits,
  { requests = NO_WATCH, clock = new FakeClock() }: Partial<PortWatch> = {},
): DeviceListener {
  return startDeviceListener({
    hostname: "127.0.0.1",
    port: 0,
    drivers: createDrivers(),
    handleIntake: desk.handleIntake,
    noteSighting: () => undefined,
    requests,
    limits: {
      connectionsMax: 10,
      connectionsPerAddressMax: 10,
      idleTimeoutMs: 60_000,
      requestTimeoutMs: 30_000,
      sniffBytesMax: 1_024,
      exchangesWaitingMax: 8,
      bufferedBytesMax: 32 * 1024 * 1024,
      unsentBytesMax: 1024 * 1024,
      decoder,
    },
    clock,
    log: new RecordingLog(),
  });
}
