/** The box's own clock as a test wants it, and what storage told it. */

import type { EpochMs } from "#base/epoch.ts";
import type { OwnClockView } from "#storage/device-clocks.ts";

export class FakeOwnClock implements OwnClockView {
  trusted: boolean;
  /** The last skew of every terminal that was told of. */
  readonly terminals = new Map<string, number>();
  newestArrivalMs = 0;

  constructor(trusted: boolean) {
    this.trusted = trusted;
  }

  isTrusted(): boolean {
    return this.trusted;
  }

  noteTerminal(id: string, skewMs: number): void {
    this.terminals.set(id, skewMs);
  }

  noteArrival(receivedAtMs: EpochMs): void {
    this.newestArrivalMs = Math.max(this.newestArrivalMs, receivedAtMs);
  }
}
