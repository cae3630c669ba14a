/** Writes a command as `/v1` and the control socket show it. */

import type { EpochMs } from "#base/epoch.ts";
import type { Command } from "#domain/command.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { CommandModel } from "./model.ts";

/** A command with what became of it; what is absent is null. `timeZone` is IANA's. */
export function spellCommand(command: Command, timeZone: string): CommandModel {
  const time = (instantMs: EpochMs | undefined) =>
    instantMs === undefined ? null : rfc3339WithOffset(instantMs, timeZone);
  return {
    id: command.id,
    device_id: command.deviceId,
    kind: command.kind,
    parameters: { ...command.parameters },
    status: command.status,
    requested_by: command.requestedBy,
    created_at: rfc3339WithOffset(command.createdAtMs, timeZone),
    deadline_at: rfc3339WithOffset(command.deadlineMs, timeZone),
    sent_count: command.sentCount,
    last_sent_at: time(command.lastSentAtMs),
    finished_at: time(command.finishedAtMs),
    return_code: command.returnCode ?? null,
    problem: command.problem ?? null,
    result: parseResult(command.resultText),
    is_result_left_out: command.isResultLeftOut,
    is_result_pending: command.isResultPending,
  };
}

/** It was written as a JSON object. */
function parseResult(text: string | undefined): Record<string, unknown> | null {
  const value: unknown = text === undefined ? null : JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : null;
}
