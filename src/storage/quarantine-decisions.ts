/**
 * What a person decides of what is kept: its punches enter the table by the rules that hold now, or it
 * is discarded. Each decision is one transaction with its row, its punches, their messages and the
 * audit; one that comes to nothing leaves everything as it was.
 */

import type { EpochMs } from "#base/epoch.ts";
import { MANUAL_DEVICE_ID } from "#domain/device.ts";
import { punchId } from "#domain/identifiers.ts";
import type { RawPunch, ReceivedIntake } from "#domain/intake.ts";
import type { DoubtfulTime } from "#domain/punch.ts";
import type {
  Decision,
  DiscardOutcome,
  QuarantineEntry,
  QuarantineRelease,
  ReleasedPunch,
  ReleaseOutcome,
  SuppliedFields,
  Undecided,
} from "#domain/quarantine.ts";
import type { Log } from "#platform/log.ts";
import { tellEvents } from "./append.ts";
import type { DeviceClocks, OwnClockView } from "./device-clocks.ts";
import type { DeviceRow } from "./devices.ts";
import { guardEngine, isEngineFailure } from "./engine-error.ts";
import type { StorageEvents } from "./events.ts";
import { HoldingRoom } from "./holding-room.ts";
import type { PunchPlacer } from "./place-punch.ts";
import { PunchEntry, sameSecond } from "./punch-entry.ts";
import { isKnownPunch } from "./punches.ts";
import { type QuarantineReason, quarantinedBytes } from "./quarantine.ts";
import { QuarantineKeeper } from "./quarantine-keeper.ts";
import type { QuarantineStorage } from "./quarantine-storage.ts";
import { type ReplacedRecord, replacePunch } from "./replace-punch.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** Entries deleted in one transaction. */
const TRIMMED_PER_STEP = 50;

export interface DecisionParts {
  readonly parts: WriteParts;
  readonly placer: PunchPlacer;
  readonly rules: StorageRules;
  readonly ownClock: OwnClockView;
  readonly clocks: DeviceClocks;
  readonly events: StorageEvents;
  readonly log: Log;
}

/** The part of `Storage` that writes decisions. */
export function quarantineDecisions(
  options: DecisionParts,
): Pick<QuarantineStorage, "releaseQuarantined" | "discardQuarantined" | "trimQuarantine"> {
  const decisions = new QuarantineDecisions(options);
  return {
    releaseQuarantined: async (release) =>
      guardEngine("release what is in quarantine", () => decisions.release(release)),
    discardQuarantined: async (decision) =>
      guardEngine("discard what is in quarantine", () => decisions.discard(decision)),
    trimQuarantine: async (beforeMs) =>
      guardEngine("delete old decisions", () => decisions.trim(beforeMs)),
  };
}

/** What became of one record. */
type RecordOutcome =
  | (ReleasedPunch & { readonly kind: "done"; readonly replaced?: ReplacedRecord })
  | Extract<Undecided, { readonly kind: "unreadable" | "no-room" | "nothing-to-replace" }>;
type DoneRecord = Extract<RecordOutcome, { readonly kind: "done" }>;

class QuarantineDecisions {
  readonly #options: DecisionParts;
  readonly #entry: PunchEntry;
  readonly #keeper: QuarantineKeeper;

  constructor(options: DecisionParts) {
    const room = new HoldingRoom(options.parts, options.rules);
    this.#options = options;
    this.#entry = new PunchEntry({ ...options, room });
    this.#keeper = new QuarantineKeeper({ ...options, room });
  }

  release(release: QuarantineRelease): ReleaseOutcome {
    const { parts, events, log } = this.#options;
    let outcome: ReleaseOutcome;
    try {
      outcome = parts.transaction(() =>
        parts.savepoint(
          () => this.#release(release),
          ({ kind }) => kind === "released",
        ),
      );
    } catch (error) {
      events.dropBehind(0);
      if (isEngineFailure(error)) throw error;
      const fields = { entry: release.id, cause: String(error) };
      log.error("quarantine.bug", fields, { per: String(error) });
      return { kind: "rule-failed", code: "rule-failed", reason: String(error) };
    }
    if (outcome.kind !== "released") events.dropBehind(0);
    tellEvents(events.take(), log);
    return outcome;
  }

  discard(decision: Decision): DiscardOutcome {
    const { parts } = this.#options;
    return parts.transaction(() => {
      const entry = parts.quarantine.find(decision.id);
      if (entry === undefined) return { kind: "unknown" };
      if (entry.status !== "waiting") return { kind: "already", entry };
      this.#settle(entry, decision, { status: "discarded", punchId: null });
      this.#audit(entry, decision, { action: "quarantine.discarded", detail: {} });
      return { kind: "discarded" };
    });
  }

  trim(beforeMs: EpochMs): boolean {
    const { parts } = this.#options;
    return parts.transaction(() => {
      const count = parts.quarantine.trim(beforeMs, TRIMMED_PER_STEP);
      if (count > 0) parts.noteWrite();
      return count === TRIMMED_PER_STEP;
    });
  }

  #release(release: QuarantineRelease): ReleaseOutcome {
    const { parts } = this.#options;
    const entry = parts.quarantine.find(release.id);
    if (entry === undefined) return { kind: "unknown" };
    if (entry.status !== "waiting") return { kind: "already", entry };
    const status = parts.devices.find(release.deviceId)?.status;
    const isTerminal = status !== undefined && release.deviceId !== MANUAL_DEVICE_ID;
    if (!isTerminal) return { kind: "unknown-device" };
    if (status === "blocked") return { kind: "blocked" };
    const records = release.punches.map((raw) => ({
      raw,
      outcome: this.#applyRecord(raw, release, entry),
    }));
    const done: DoneRecord[] = [];
    const unread: { readonly raw: RawPunch; readonly why: QuarantineReason }[] = [];
    for (const { raw, outcome } of records) {
      if (outcome.kind === "done") done.push(outcome);
      else if (outcome.kind === "unreadable") unread.push({ raw, why: outcome });
      else return outcome;
    }
    const [first] = done;
    if (first === undefined) return { kind: "unreadable", ...(unread[0]?.why ?? NO_RECORD) };
    for (const { raw, why } of unread) {
      const kept = this.#keepRecord(raw, why, entry);
      if (kept.kind === "refused") return { kind: "no-room", code: kept.code };
    }
    if (release.supplied?.goesOn !== true) {
      this.#settle(entry, release, { status: "released", punchId: first.punchId });
    }
    this.#auditRelease(entry, release, done);
    const punches = done.map(({ punchId: id, fate }) => ({ punchId: id, fate }));
    return { kind: "released", punches, keptCount: unread.length };
  }

  #applyRecord(
    raw: RawPunch,
    { deviceId: id, isOfLog, supplied, nowMs }: QuarantineRelease,
    { receivedAtMs }: QuarantineEntry,
  ): RecordOutcome {
    const { parts } = this.#options;
    const device = parts.devices.get(id);
    const accepted = this.#entry.read(withSupplied(raw, supplied), device, receivedAtMs);
    if (!accepted.ok) return { kind: "unreadable", ...accepted.error };
    const { doubtfulTime } = accepted.value;
    if (supplied?.wallTimeText !== undefined && doubtfulTime !== undefined) {
      return { kind: "unreadable", ...mistypedTime(supplied.wallTimeText, doubtfulTime) };
    }
    // The terminal's own words stay what they were.
    const punch = { ...accepted.value, raw };
    const stored = parts.punches.listSameSecond(id, punch);
    const known = isOfLog ? stored[0] : parts.punches.findKnown(id, punch);
    const same = isOfLog
      ? stored.find((one) => isKnownPunch(one, raw, true))
      : known !== undefined && isKnownPunch(known, raw)
        ? known
        : undefined;
    if (same !== undefined) return { kind: "done", punchId: punchId(same.id), fate: "known" };
    if (supplied?.replaces === true) {
      if (known === undefined || known.origin === "imported") return { kind: "nothing-to-replace" };
      const replaced = replacePunch({ id: known.id, device, raw, nowMs }, this.#options);
      parts.noteWrite();
      return { kind: "done", punchId: punchId(known.id), fate: "replaced", replaced };
    }
    if (known !== undefined) return { kind: "unreadable", ...sameSecond(known) };
    const origin = hasSupplied(supplied) ? "supplied" : isOfLog ? "recovered" : "live";
    const arrival = { device, origin, receivedAtMs, landedAtMs: nowMs } as const;
    const entered = this.#entry.insert(punch, arrival);
    return entered.kind === "stored"
      ? { kind: "done", punchId: entered.punchId, fate: "stored" }
      : { kind: "no-room", code: entered.code };
  }

  /** A record that stays behind when the others of its request are released. */
  #keepRecord(raw: RawPunch, why: QuarantineReason, entry: QuarantineEntry) {
    const bytes = new TextEncoder().encode(raw.rawText);
    const received: ReceivedIntake = {
      intake: { kind: "unreadable", deviceId: entry.deviceId, ...why, raw: bytes },
      driver: entry.driver,
      remoteAddress: entry.remoteAddress,
      receivedAtMs: entry.receivedAtMs,
    };
    return this.#keeper.keep(received, bytes, why);
  }

  /** Writes the decision, and gives back the room that the entry took while it waited. */
  #settle(
    entry: QuarantineEntry,
    decision: Decision,
    decided: { readonly status: "released" | "discarded"; readonly punchId: number | null },
  ): void {
    const { parts } = this.#options;
    const { id, by, nowMs } = decision;
    parts.quarantine.decide({ id, by, nowMs }, decided);
    const bytes = quarantinedBytes(entry.byteCount);
    parts.counters.add({ quarantineCount: -1, quarantineBytes: -bytes });
    const row: DeviceRow | undefined =
      entry.deviceId === undefined ? undefined : parts.devices.find(entry.deviceId);
    if (row === undefined) parts.counters.add({ quarantineUnattributedBytes: -bytes });
    else parts.devices.put({ ...row, quarantineBytes: row.quarantineBytes - bytes });
    parts.noteWrite();
  }

  #auditRelease(
    entry: QuarantineEntry,
    release: QuarantineRelease,
    done: readonly DoneRecord[],
  ): void {
    const { supplied } = release;
    const punches = done.map(({ punchId: punch, fate, replaced }) => ({
      punch,
      fate,
      ...(replaced === undefined ? {} : { replaced }),
    }));
    const given =
      supplied === undefined
        ? {}
        : {
            user_id: supplied.userIdText ?? null,
            time: supplied.wallTimeText ?? null,
            stays_waiting: supplied.goesOn,
          };
    const action = supplied === undefined ? "quarantine.retried" : "quarantine.supplied";
    this.#audit(entry, release, { action, detail: { ...given, punches } });
  }

  #audit(
    entry: QuarantineEntry,
    { by: actor, nowMs: atMs }: Decision,
    { action, detail }: { readonly action: string; readonly detail: Record<string, unknown> },
  ): void {
    const { parts } = this.#options;
    const { deviceId: device, code, sha256 } = entry;
    const about = { device_id: device ?? null, code, sha256: sha256 ?? null };
    const subject = `quarantine ${entry.id}`;
    parts.audit.add({ atMs, actor, action, subject, detail: { ...about, ...detail } });
    parts.noteWrite();
  }
}

const NO_RECORD: QuarantineReason = { code: "no-record", reason: "There is no punch in it" };

/** Such a time of a terminal's clock is taken as it is; a person who looks at a record mistypes it. */
function mistypedTime(text: string, doubt: DoubtfulTime): QuarantineReason {
  const what = doubt === "future" ? "more than a day after it arrived" : "before 2020";
  return { code: "bad-time", reason: `Time "${text}" is ${what}` };
}

function hasSupplied(supplied: SuppliedFields | undefined): boolean {
  return supplied?.userIdText !== undefined || supplied?.wallTimeText !== undefined;
}

function withSupplied(raw: RawPunch, supplied: SuppliedFields | undefined): RawPunch {
  return {
    ...raw,
    userIdText: supplied?.userIdText ?? raw.userIdText,
    wallTimeText: supplied?.wallTimeText ?? raw.wallTimeText,
  };
}
