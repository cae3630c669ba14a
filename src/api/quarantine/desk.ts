/**
 * What can be done with what nobody could read, for the API and the control socket alike: looking at
 * it, reading it once more, giving it what it lacks, and discarding it. Storage decides by the rules,
 * and what it decided is told in the log with who asked.
 */

import type { DecoderLimits } from "#devices/driver.ts";
import { findKeptReader } from "#devices/kept-readers.ts";
import { type KeptReader, looseText, type Rereading } from "#devices/kept-request.ts";
import { previewText } from "#devices/preview.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import type { RawPunch } from "#domain/intake.ts";
import type { KeptEntry, QuarantineRelease, SuppliedFields } from "#domain/quarantine.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { nextTurn } from "#platform/next-turn.ts";
import type { QuarantineFilter } from "#storage/quarantine-storage.ts";
import type { Storage } from "#storage/storage.ts";
import { ApiFailure } from "../errors.ts";
import { encodePlace } from "../place-cursor.ts";
import type { QuarantinePage, QuarantineRecord } from "./model.ts";
import {
  decided,
  discardRefusal,
  type ReleasedAnswer,
  releasedAnswer,
  releaseRefusal,
  stillUnreadable,
} from "./spell-decision.ts";
import { spellQuarantined } from "./spell-entry.ts";

/** What the desk works on. */
export interface QuarantineDeskOptions {
  readonly storage: Pick<
    Storage,
    | "listQuarantine"
    | "listWaitingQuarantine"
    | "findQuarantined"
    | "findDevice"
    | "releaseQuarantined"
    | "discardQuarantined"
  >;
  readonly clock: Clock;
  readonly log: Log;
  /** IANA zone of the times. */
  readonly siteTimeZone: string;
  /** Those of the terminal port. */
  readonly limits: DecoderLimits;
  /** Called when punches may have entered the feed. */
  readonly onReleased: () => void;
}

/** What a person gives: at least one of it. */
export interface Supply extends SuppliedFields {
  /** Whose the punch is, where the entry does not tell. */
  readonly deviceIdText: string | undefined;
}

/** What one step of reading everything once more came to. */
export interface RetriedStep {
  readonly released: ReleasedAnswer[];
  readonly waiting: { readonly id: number; readonly code: string }[];
  /** Where to go on; null at the end. */
  readonly next: string | null;
}

/** Of a request so much is looked through for its preview: a photo may stand before what tells who. */
const PREVIEWED_BYTES = 1024 * 1024;
/** Entries read once more in one request, each a transaction of its own. */
const RETRIES_PER_STEP = 50;

export class QuarantineDesk {
  readonly #options: QuarantineDeskOptions;
  #limits: DecoderLimits;

  constructor(options: QuarantineDeskOptions) {
    this.#options = options;
    this.#limits = options.limits;
  }

  /** Changes the limits, with those of the terminal port. */
  setLimits(limits: DecoderLimits): void {
    this.#limits = limits;
  }

  async list(filter: QuarantineFilter, limit: number): Promise<QuarantinePage> {
    const { storage, siteTimeZone } = this.#options;
    const { entries, nextBeforeId } = await storage.listQuarantine(filter, limit);
    return {
      entries: entries.map((entry) => spellQuarantined(entry, siteTimeZone)),
      next: nextBeforeId === undefined ? null : encodePlace("quarantine", String(nextBeforeId)),
    };
  }

  /** @throws ApiFailure `not-found`. */
  async show(idText: string): Promise<QuarantineRecord> {
    const kept = await this.get(idText, PREVIEWED_BYTES);
    const preview = previewText(
      await this.#textOf(kept),
      findKeptReader(kept.entry.driver)?.shownFields ?? NO_FIELDS,
    );
    return { ...spellQuarantined(kept.entry, this.#options.siteTimeZone), preview };
  }

  /**
   * An entry with its bytes, or the first `bytesMax` of them.
   * @throws ApiFailure `not-found`.
   */
  async get(idText: string, bytesMax?: number): Promise<KeptEntry> {
    const id = /^[1-9]\d{0,14}$/.test(idText) ? Number(idText) : 0;
    const kept = await this.#options.storage.findQuarantined(id, bytesMax);
    if (kept !== undefined) return kept;
    throw new ApiFailure("not-found", "No entry of the quarantine has this id");
  }

  /**
   * Reads an entry once more, by what this version understands and the rules that hold now.
   * @throws ApiFailure `not-found`, `quarantine-decided`, `quarantine-unreadable` and what storage
   * has against it.
   */
  async retry(idText: string, by: string): Promise<ReleasedAnswer> {
    return this.#retry(await this.get(idText), by);
  }

  /** The same of what waits, oldest first, as far as one request goes. */
  async retryAll(
    filter: Pick<QuarantineFilter, "deviceId" | "code">,
    afterId: number,
    by: string,
  ): Promise<RetriedStep> {
    const { storage } = this.#options;
    const { ids, nextAfterId } = await storage.listWaitingQuarantine(
      filter,
      afterId,
      RETRIES_PER_STEP,
    );
    const released: ReleasedAnswer[] = [];
    const waiting: { id: number; code: string }[] = [];
    for (const id of ids) {
      const retried = await this.#retryWaiting(id, by);
      if (retried === "gone") continue;
      if (typeof retried === "string") waiting.push({ id, code: retried });
      else released.push(retried);
      // Terminals get their share of the loop between two transactions.
      await nextTurn();
    }
    const next = nextAfterId === undefined ? null : encodePlace("quarantine", String(nextAfterId));
    return { released, waiting, next };
  }

  /**
   * Makes a punch of an entry with what a person says of it.
   * @throws ApiFailure as `retry`, and `request-invalid` where something is still missing.
   */
  async supply(idText: string, supply: Supply, by: string): Promise<ReleasedAnswer> {
    const { deviceIdText, ...supplied } = supply;
    const kept = await this.get(idText);
    const { entry } = kept;
    if (entry.status !== "waiting") throw decided(entry);
    const named = this.#nameDevice(kept, deviceIdText);
    const reading = await this.#reread(kept, named);
    const read = reading?.kind === "punches" ? reading : undefined;
    const [only] = read?.punches ?? [];
    const owner = named ?? (read === undefined ? undefined : deviceId(read.deviceIdText));
    if (owner === undefined) throw deviceMissing();
    const isOne = read?.punches.length === 1;
    const raw = isOne && only !== undefined ? only : bareRecord(await this.#textOf(kept));
    return this.#release(kept, {
      id: entry.id,
      by,
      nowMs: this.#options.clock.nowMs(),
      deviceId: owner,
      punches: [raw],
      isOfLog: isOne && read?.isOfLog === true,
      supplied,
    });
  }

  /** @throws ApiFailure `not-found` or `quarantine-decided`. */
  async discard(idText: string, by: string): Promise<{ readonly id: number }> {
    const { storage, clock, log } = this.#options;
    const { entry } = await this.get(idText);
    const { id } = entry;
    const outcome = await storage.discardQuarantined({ id, by, nowMs: clock.nowMs() });
    if (outcome.kind !== "discarded") throw discardRefusal(outcome);
    log.info("quarantine.discarded", { entry: id, device: entry.deviceId, by });
    return { id };
  }

  /** A code where it waits on; `gone` where somebody else has decided meanwhile. */
  async #retryWaiting(id: number, by: string): Promise<ReleasedAnswer | string> {
    try {
      return await this.#retry(await this.get(String(id)), by);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (error.code === "not-found" || error.code === "quarantine-decided") return "gone";
      return error.members.reason_code ?? error.code;
    }
  }

  async #retry(kept: KeptEntry, by: string): Promise<ReleasedAnswer> {
    const { entry } = kept;
    if (entry.status !== "waiting") throw decided(entry);
    const reading = await this.#reread(kept, entry.deviceId);
    if (reading?.kind !== "punches") throw stillUnreadable(entry, reading);
    return this.#release(kept, {
      id: entry.id,
      by,
      nowMs: this.#options.clock.nowMs(),
      deviceId: entry.deviceId ?? deviceId(reading.deviceIdText),
      punches: reading.punches,
      isOfLog: reading.isOfLog,
      supplied: undefined,
    });
  }

  async #release({ entry }: KeptEntry, release: QuarantineRelease): Promise<ReleasedAnswer> {
    const { storage, log, onReleased } = this.#options;
    const outcome = await storage.releaseQuarantined(release);
    if (outcome.kind !== "released") throw releaseRefusal(release, outcome);
    onReleased();
    const answer = releasedAnswer(entry, release, outcome);
    const [first] = outcome.punches;
    const fields = { entry: entry.id, device: release.deviceId, punch: first?.punchId };
    log.info("quarantine.released", { ...fields, fate: first?.fate, by: release.by });
    return answer;
  }

  /** @throws ApiFailure `request-invalid` where the entry tells of another terminal. */
  #nameDevice({ entry }: KeptEntry, named: string | undefined): DeviceId | undefined {
    if (named === undefined) return entry.deviceId;
    if (entry.deviceId === undefined || entry.deviceId === named) return deviceId(named);
    throw new ApiFailure("request-invalid", `It came of terminal "${entry.deviceId}"`);
  }

  async #reread(kept: KeptEntry, owner: DeviceId | undefined): Promise<Rereading | undefined> {
    const request = await this.#requestOf(kept, owner);
    return findKeptReader(kept.entry.driver)?.reread(request, this.#limits);
  }

  async #textOf(kept: KeptEntry): Promise<string> {
    const limits = this.#limits;
    const reader: KeptReader | undefined = findKeptReader(kept.entry.driver);
    if (reader === undefined) return looseText(kept.bytes, limits.textBytesMax);
    return reader.textOf(await this.#requestOf(kept, kept.entry.deviceId), limits);
  }

  async #requestOf({ entry, bytes }: KeptEntry, owner: DeviceId | undefined) {
    const { storage } = this.#options;
    const device = owner === undefined ? undefined : await storage.findDevice(owner);
    const { code, reason } = entry;
    const { codeLibrary } = device ?? {};
    return { deviceIdText: owner, code, reason, bytes, codeLibrary };
  }
}

const NO_FIELDS: ReadonlySet<string> = new Set();

/** A record of which only a person says who and when. */
function bareRecord(rawText: string): RawPunch {
  return {
    userIdText: undefined,
    wallTimeText: undefined,
    directionCode: undefined,
    verifyModeCode: undefined,
    codeLibrary: undefined,
    workCode: undefined,
    rawText,
  };
}

function deviceMissing(): ApiFailure {
  const message = "Nobody knows which terminal sent it: say which (--device)";
  return new ApiFailure("request-invalid", message);
}
