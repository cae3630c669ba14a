/** Writes a stored punch as `/v1` shows it, and as webhooks of format `standard` tell it. */

import { readVerifyMethods } from "#devices/fkweb/code-meanings.ts";
import { toldDirection } from "#domain/direction-codes.ts";
import type { Punch } from "#domain/punch.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import { type ExpectedUsers, isOfUnexpectedUser } from "#domain/user.ts";

/** A stored punch for programs; what is absent is null. */
export function spellPunch(punch: Punch, expectedUsers: ExpectedUsers | undefined) {
  const { directionCode, verifyModeCode, codeLibrary } = punch;
  const told = { code: directionCode, library: codeLibrary };
  return {
    id: punch.id,
    revision: punch.revision,
    device_id: punch.deviceId,
    user_id: punch.userId,
    user_id_text: punch.userIdText,
    time: rfc3339WithOffset(punch.instantMs, punch.timeZone),
    time_zone: punch.timeZone,
    wall_time: punch.wallTime,
    wall_time_text: punch.wallTimeText,
    received_at: rfc3339WithOffset(punch.receivedAtMs, punch.timeZone),
    direction: punch.direction ?? null,
    direction_source: punch.directionSource ?? null,
    is_repeat: punch.isRepeat,
    direction_code: directionCode ?? null,
    device_direction: toldDirection(told, undefined) ?? null,
    verify_mode_code: verifyModeCode ?? null,
    verify_methods: [...readVerifyMethods({ code: verifyModeCode, codeLibrary })],
    code_library: codeLibrary ?? null,
    work_code: punch.workCode ?? null,
    local_time_flag: punch.localTimeFlag ?? null,
    doubtful_time: punch.doubtfulTime ?? null,
    suggested_time:
      punch.suggestedInstantMs === undefined
        ? null
        : rfc3339WithOffset(punch.suggestedInstantMs, punch.timeZone),
    outside_user_range: isOfUnexpectedUser(punch, expectedUsers),
    is_historic: punch.isHistoric,
    origin: punch.origin,
  };
}
