/** What became of a decision, and in words why nothing did. Pure. */

import type { Rereading } from "#devices/kept-request.ts";
import type {
  DiscardOutcome,
  QuarantineEntry,
  QuarantineRelease,
  ReleaseOutcome,
  Undecided,
} from "#domain/quarantine.ts";
import { ApiFailure } from "../errors.ts";

/** What an entry became. */
export interface ReleasedAnswer {
  readonly id: number;
  /** `released`, or `waiting` where a person said that there is more in it. */
  readonly status: "released" | "waiting";
  readonly punches: { readonly punch_id: number; readonly fate: "stored" | "known" | "replaced" }[];
  /** Records of it that wait as entries of their own. */
  readonly kept_count: number;
}

export function releasedAnswer(
  entry: QuarantineEntry,
  { supplied }: QuarantineRelease,
  { punches, keptCount }: Extract<ReleaseOutcome, { readonly kind: "released" }>,
): ReleasedAnswer {
  return {
    id: entry.id,
    status: supplied?.goesOn === true ? "waiting" : "released",
    punches: punches.map(({ punchId, fate }) => ({ punch_id: punchId, fate })),
    kept_count: keptCount,
  };
}

/** The refusal of a decision on what was decided before. */
export function decided({ status, punchId, decidedBy }: QuarantineEntry): ApiFailure {
  const what = status === "released" ? `released as punch ${punchId}` : "discarded";
  return new ApiFailure("quarantine-decided", `It was already ${what}, by ${decidedBy}`);
}

/** The refusal of an entry of which this version makes no punch either. */
export function stillUnreadable(
  { sha256 }: QuarantineEntry,
  reading: Exclude<Rereading, { readonly kind: "punches" }> | undefined,
): ApiFailure {
  if (sha256 === undefined) {
    const message = "Its bytes were left out of the backup that was restored. Supply user and time";
    return unreadable(message, "bytes-missing");
  }
  if (reading === undefined) {
    const message = "It is of no protocol that is known. Supply user and time";
    return unreadable(message, "unknown-protocol");
  }
  if (reading.kind === "no-punch") {
    const message = "It can be read, and is no punch. Discard it if so";
    return unreadable(message, "no-punch");
  }
  const message = `It still cannot be read: ${reading.reason}. ${hintOf(reading.code)}`;
  return unreadable(message, reading.code);
}

/** Why an entry was not released. */
export function releaseRefusal(
  { deviceId, supplied }: QuarantineRelease,
  outcome: Undecided,
): ApiFailure {
  switch (outcome.kind) {
    case "unknown":
      return gone();
    case "already":
      return decided(outcome.entry);
    case "unknown-device":
      return new ApiFailure("not-found", `No terminal has the id "${deviceId}"`);
    case "blocked":
      return new ApiFailure(
        "device-not-approved",
        `Terminal "${deviceId}" is blocked: approve it first, or discard this`,
      );
    case "no-room":
      return new ApiFailure(
        "quarantine-no-room",
        `There is no room for what terminal "${deviceId}" sent while it waits: approve it first`,
      );
    case "nothing-to-replace":
      return new ApiFailure(
        "quarantine-nothing-replaced",
        "No punch of the same user and second is there that it could replace",
      );
    case "rule-failed":
      return unreadable(`A rule failed on it: ${outcome.reason}`, outcome.code);
    case "unreadable": {
      const told = supplied === undefined ? "It still cannot be read" : "It cannot be taken so";
      const message = `${told}: ${outcome.reason}. ${hintOf(outcome.code)}`;
      return unreadable(message, outcome.code);
    }
  }
}

/** Why an entry was not discarded. */
export function discardRefusal(
  outcome: Exclude<DiscardOutcome, { readonly kind: "discarded" }>,
): ApiFailure {
  return outcome.kind === "already" ? decided(outcome.entry) : gone();
}

function gone(): ApiFailure {
  return new ApiFailure("not-found", "No entry of the quarantine has this id");
}

function unreadable(message: string, reasonCode: string): ApiFailure {
  return new ApiFailure("quarantine-unreadable", message, {
    members: { reason_code: reasonCode },
  });
}

/** What is to be supplied, by what the rules miss. */
function hintOf(code: string): string {
  switch (code) {
    case "no-user":
    case "user-too-long":
      return "Supply the user (--user)";
    case "no-time":
    case "bad-time":
      return "Supply the time (--time)";
    case "same-second":
      return "Let it replace that punch (--replace), supply another user or time, or discard it";
    default:
      return "Supply user and time, or discard it";
  }
}
