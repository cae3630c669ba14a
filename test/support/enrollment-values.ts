/** Enrolments as drivers hand them over. */

import type { EpochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { ReceivedIntake } from "#domain/intake.ts";
import type { Enrollment } from "#domain/user.ts";
import { RECEIVED_AT_MS } from "./test-storage.ts";

/** What a terminal tells of a user with one fingerprint, with what a test wants otherwise. */
export function told(user: string, change: Partial<Enrollment> = {}): Enrollment {
  return {
    userIdText: user,
    name: undefined,
    privilege: 0,
    isEnabled: undefined,
    credentials: [0],
    fingerprintCount: 1,
    passwordCount: 0,
    cardCount: 0,
    faceCount: 0,
    veinCount: 0,
    ...change,
  };
}

/** The request in which a terminal tells it. */
export function enrolls(
  device: string,
  enrollment: Enrollment,
  atMs: EpochMs = RECEIVED_AT_MS,
): ReceivedIntake {
  return {
    intake: {
      kind: "notice",
      deviceId: deviceId(device),
      code: "enrolled",
      known: true,
      text: "",
      raw: new Uint8Array(),
      enrollment,
    },
    driver: "test",
    remoteAddress: "192.0.2.7",
    receivedAtMs: atMs,
  };
}
