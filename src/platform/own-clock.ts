/**
 * Whether the box's own clock can be believed. Three kinds of evidence, each by itself enough: the
 * time service has been synchronised since boot, an operator has confirmed the clock since boot, or
 * most terminals show the same time and nothing that is stored arrived later than now.
 *
 * States: trusted for one of these reasons; not trusted. Looked at anew at most every 10 s.
 */

import { existsSync, readFileSync } from "node:fs";
import type { EpochMs } from "#base/epoch.ts";
import type { Clock } from "./clock.ts";
import { replacePrivateFile } from "./files.ts";

/** Why the clock is believed. */
export type ClockEvidence = "synchronized" | "confirmed" | "terminals";

/** What is known of the clock at one moment. */
export interface OwnClockState {
  /** Undefined: the clock is not trusted. */
  readonly evidence: ClockEvidence | undefined;
  /** Terminals in use whose clock was measured lately, and how many of them agree with ours. */
  readonly measuredCount: number;
  readonly agreeingCount: number;
  /** Whether something stored arrived later than our clock shows. */
  readonly isBehindStored: boolean;
}

/** Where the evidence is found. */
export interface OwnClockPlaces {
  /** The mark of systemd's time service; a boot removes it. */
  readonly synchronizedMark?: string;
  /** Tells one boot from another. */
  readonly bootIdFile?: string;
  /** Keeps in which boot an operator confirmed the clock; its folder must exist. */
  readonly confirmationFile: string;
}

const SYNCHRONIZED_MARK = "/run/systemd/timesync/synchronized";
const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";
const LOOK_PERIOD_MS = 10_000;
/** A measurement of a terminal's clock counts for so long. */
const MEASURED_MS = 600_000;
/** How far a terminal's clock may be from ours to agree with it. */
const AGREEMENT_MS = 120_000;
const AGREEING_MIN = 2;

export class OwnClock {
  readonly #clock: Clock;
  readonly #synchronizedMark: string;
  readonly #confirmationFile: string;
  /** Undefined where the system tells none: a confirmation then ends with the process. */
  readonly #bootId: string | undefined;
  readonly #terminals = new Map<string, { readonly skewMs: number; readonly atMs: number }>();
  #newestArrivalMs = 0;
  #isConfirmed: boolean;
  #isTrusted = false;
  #lookAgainAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, places: OwnClockPlaces) {
    this.#clock = clock;
    this.#synchronizedMark = places.synchronizedMark ?? SYNCHRONIZED_MARK;
    this.#confirmationFile = places.confirmationFile;
    this.#bootId = readLine(places.bootIdFile ?? BOOT_ID_FILE);
    this.#isConfirmed =
      this.#bootId !== undefined && readLine(this.#confirmationFile) === this.#bootId;
  }

  /** Whether the clock is believed; up to 10 s late in learning it. */
  isTrusted(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#lookAgainAtMs) return this.#isTrusted;
    this.#lookAgainAtMs = nowMs + LOOK_PERIOD_MS;
    this.#isTrusted = this.look().evidence !== undefined;
    return this.#isTrusted;
  }

  /** Looks at all evidence at once. */
  look(): OwnClockState {
    const freshAtMs = this.#clock.monotonicMs() - MEASURED_MS;
    const measured = [...this.#terminals.values()].filter(({ atMs }) => atMs >= freshAtMs);
    const agreeing = measured.filter(({ skewMs }) => Math.abs(skewMs) <= AGREEMENT_MS);
    const counts = {
      measuredCount: measured.length,
      agreeingCount: agreeing.length,
      isBehindStored: this.#clock.nowMs() < this.#newestArrivalMs,
    };
    return { ...counts, evidence: this.#findEvidence(counts) };
  }

  /**
   * An operator has compared the clock with another: it is believed until the next boot.
   * Writes a file. Throws the file system's error, and believes nothing then.
   */
  confirm(): void {
    if (this.#bootId !== undefined) replacePrivateFile(this.#confirmationFile, this.#bootId);
    this.#isConfirmed = true;
    this.#lookAgainAtMs = Number.NEGATIVE_INFINITY;
  }

  /** How far the clock of a terminal in use is from ours, in milliseconds. */
  noteTerminal(id: string, skewMs: number): void {
    this.#terminals.set(id, { skewMs, atMs: this.#clock.monotonicMs() });
  }

  /** When something that is stored arrived, by our clock. */
  noteArrival(receivedAtMs: EpochMs): void {
    if (receivedAtMs > this.#newestArrivalMs) this.#newestArrivalMs = receivedAtMs;
  }

  #findEvidence(counts: Omit<OwnClockState, "evidence">): ClockEvidence | undefined {
    if (existsSync(this.#synchronizedMark)) return "synchronized";
    if (this.#isConfirmed) return "confirmed";
    const { measuredCount, agreeingCount, isBehindStored } = counts;
    const isMost = agreeingCount >= AGREEING_MIN && 2 * agreeingCount > measuredCount;
    return isMost && !isBehindStored ? "terminals" : undefined;
  }
}

/** The one line of a small file; undefined when it is missing or empty. */
function readLine(path: string): string | undefined {
  const line = existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  return line === "" ? undefined : line;
}
