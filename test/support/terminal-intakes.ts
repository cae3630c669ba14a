/** Polls and results as terminals send them, for tests of commands. */

import type { EpochMs } from "#base/epoch.ts";
import type { CommandResult } from "#domain/command.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { PollIntake, ReceivedIntake } from "#domain/intake.ts";
import { RECEIVED_AT_MS } from "./test-storage.ts";

/** A poll; `more` as a driver may add. */
export function pollFrom(
  device: string,
  atMs: EpochMs = RECEIVED_AT_MS,
  more: Partial<PollIntake> = {},
): ReceivedIntake {
  const report = { codeLibrary: "FKDataHS101" };
  return received(
    { kind: "poll", deviceId: deviceId(device), report, raw: new Uint8Array(0), ...more },
    atMs,
  );
}

/** A result that says `OK` and nothing else, unless told otherwise. */
export function resultFrom(
  device: string,
  result: Partial<CommandResult> & { readonly commandIdText: string },
  atMs: EpochMs = RECEIVED_AT_MS,
): ReceivedIntake {
  return received(
    {
      kind: "command-result",
      deviceId: deviceId(device),
      result: { returnCode: "OK", text: "", binaries: [], ...result },
      raw: new Uint8Array(0),
    },
    atMs,
  );
}

function received(intake: ReceivedIntake["intake"], receivedAtMs: EpochMs): ReceivedIntake {
  return { intake, driver: "test", remoteAddress: "192.0.2.7", receivedAtMs };
}
