/**
 * Two terminals that call themselves by one id: told by where their requests come from, or by clocks
 * that disagree in turns. Pure; the caller keeps what is remembered of a terminal.
 */

/** How one id gives itself away. */
export type TwinSign = "addresses" | "clocks";

/** What is remembered of the requests of one id. Immutable. */
export interface TwinTrace {
  /** Stretches of requests from one address, newest last. */
  readonly stays: readonly Stay[];
  /** Reports of the clock, newest last. */
  readonly reports: readonly ClockReport[];
}

interface Stay {
  readonly address: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

interface ClockReport {
  readonly skewMs: number;
  readonly atMs: number;
}

export const NO_TRACE: TwinTrace = { stays: [], reports: [] };

/** What two turns of each take. */
const TURNS = 4;
/** How soon an address must come back, in milliseconds. */
const RETURN_MS = 60_000;
/** How far apart two clocks are at least, and how true to itself each is. */
const CLOCKS_APART_MS = 120_000;
const CLOCK_STEADY_MS = 30_000;
/** The time in which two turns of two clocks must come, in milliseconds. */
const CLOCK_TURNS_MS = 600_000;

/** The trace with one more request; `skewMs` where it told the clock. */
export function withContact(
  trace: TwinTrace,
  contact: {
    readonly address: string;
    readonly atMs: number;
    readonly skewMs?: number | undefined;
  },
): TwinTrace {
  const { address, atMs, skewMs } = contact;
  const last = trace.stays.at(-1);
  const before = last?.address === address ? trace.stays.slice(0, -1) : trace.stays;
  const firstMs = last?.address === address ? last.firstMs : atMs;
  const stays = [...before, { address, firstMs, lastMs: atMs }].slice(-TURNS);
  if (skewMs === undefined) return { ...trace, stays };
  return { stays, reports: [...trace.reports, { skewMs, atMs }].slice(-TURNS) };
}

/**
 * Whether the last requests show two terminals: each of two addresses comes back within a minute of
 * its last request, or two clocks more than two minutes apart speak in turns, each of them twice. An
 * address that changes for good, and a clock that is set, show nothing.
 */
export function findTwin(trace: TwinTrace): TwinSign | undefined {
  if (haveAddressesTurns(trace.stays)) return "addresses";
  return haveClocksTurns(trace.reports) ? "clocks" : undefined;
}

function haveAddressesTurns([first, second, third, fourth]: readonly Stay[]): boolean {
  if (first === undefined || second === undefined) return false;
  if (third === undefined || fourth === undefined) return false;
  return comesBack(first, third) && comesBack(second, fourth);
}

function comesBack(left: Stay, again: Stay): boolean {
  return left.address === again.address && Math.abs(again.firstMs - left.lastMs) <= RETURN_MS;
}

function haveClocksTurns([first, second, third, fourth]: readonly ClockReport[]): boolean {
  if (first === undefined || second === undefined) return false;
  if (third === undefined || fourth === undefined) return false;
  return (
    isSteady(first, third) &&
    isSteady(second, fourth) &&
    Math.abs(first.skewMs - second.skewMs) > CLOCKS_APART_MS &&
    Math.abs(fourth.atMs - first.atMs) <= CLOCK_TURNS_MS
  );
}

function isSteady(left: ClockReport, right: ClockReport): boolean {
  return Math.abs(left.skewMs - right.skewMs) <= CLOCK_STEADY_MS;
}
