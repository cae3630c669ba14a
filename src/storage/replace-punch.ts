/**
 * Puts a terminal's other record of the same user and second in the place of the one that is stored,
 * because a person said which of the two counts. Its codes, its direction and its text become those of
 * the other; who and when are the same.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { RawPunch } from "#domain/intake.ts";
import { announceCorrection } from "./announce-punch.ts";
import type { DeviceRow } from "./devices.ts";
import { type PunchPlacer, terminalDirection } from "./place-punch.ts";
import type { PunchRow } from "./punches.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

export interface Replacement {
  /** The stored punch; not an imported one. */
  readonly id: number;
  readonly device: DeviceRow;
  /** The other record. */
  readonly raw: RawPunch;
  readonly nowMs: EpochMs;
}

interface ReplacementParts {
  readonly parts: WriteParts;
  readonly placer: PunchPlacer;
  readonly rules: StorageRules;
}

/** What the punch was before: the audit keeps it. */
export interface ReplacedRecord {
  readonly direction_code: string | null;
  readonly verify_mode_code: string | null;
  readonly work_code: string | null;
  readonly code_library: string | null;
  readonly raw_text: string;
}

/** Inside the caller's transaction. A held punch stays where it is; one in the feed is told anew. */
export function replacePunch(
  { id, device, raw, nowMs }: Replacement,
  { parts, placer, rules }: ReplacementParts,
): ReplacedRecord {
  const before = parts.punchRecords.get(id);
  const { userId, deviceId, feedPosition: leftPosition } = before;
  if (leftPosition === null) {
    parts.punchRecords.replace(id, raw, undefined);
    return recordOf(before);
  }
  const place = { userId, instantMs: epochMs(before.instantMs), deviceId, punchId: id };
  const isDoubtful = before.doubtfulTime !== null;
  const told = { code: raw.directionCode, library: raw.codeLibrary };
  const direction = terminalDirection(device, told, rules);
  const corrected = parts.punchRecords.replace(id, raw, {
    feedPosition: parts.counters.nextFeedPosition(),
    placed: placer.resolve(place, { ...direction, isDoubtful }),
  });
  announceCorrection(parts, { ...corrected, punchId: id, leftPosition }, nowMs);
  if (!isDoubtful) placer.correctBehind(place, nowMs);
  return recordOf(before);
}

function recordOf(row: PunchRow): ReplacedRecord {
  return {
    direction_code: row.directionCode,
    verify_mode_code: row.verifyModeCode,
    work_code: row.workCode,
    code_library: row.codeLibrary,
    raw_text: row.rawText,
  };
}
