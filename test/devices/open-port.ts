/** The real port with the drivers as the product lists them, in front of an intake desk. */

import type { DecoderLimits } from "#devices/driver.ts";
import { createDrivers } from "#devices/drivers.ts";
import { type DeviceListener, startDeviceListener } from "#devices/listener.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import type { IntakeDesk } from "./intake-desk.ts";

/** On a free port of loopback. */
export function openPort(desk: IntakeDesk, decoder: DecoderLimits): DeviceListener {
  return startDeviceListener({
    hostname: "127.0.0.1",
    port: 0,
    drivers: createDrivers(),
    handleIntake: desk.handleIntake,
    noteSighting: () => undefined,
    noteUnfinished: () => undefined,
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
    clock: new FakeClock(),
    log: new RecordingLog(),
  });
}
