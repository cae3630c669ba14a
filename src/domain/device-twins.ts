/**
 * Two terminals that call themselves by one id: told by where their requests come from, by clocks
 * that disagree, or by serial numbers, each in turns. Pure; the caller keeps what is remembered of a
 * terminal.
 */

/** How one id gives itself away. */
export type TwinSign = "addresses" | "clocks" | "serials";

/** What is remembered of the requests of one id. Immutable. */
export interface TwinTrace {
  /** Stretches of requests from one address, newest last. */
  readonly stays: readonly Stay[];
  /** Reports of the clock, newest last. */
  readonly reports: readonly ClockReport[];
  /** Stretches of requests with one serial number, newest last. */
  readonly serials: readonly Stay[];
}

/** Requests in a row that tell one thing of themselves. */
interface Stay {
  readonly told: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

interface ClockReport {
  readonly skewMs: number;
  readonly atMs: number;
}

export const NO_TRACE: TwinTrace = { stays: [], reports: [], serials: [] };

/** What two turns of each take. */
const TURNS = 4;
/** How soon an address must come back, in milliseconds. */
const RETURN_MS = 60_000;
/** How far apart two clocks are at least, and how true to itself each is. */
const CLOCKS_APART_MS = 120_000;
const CLOCK_STEADY_MS = 30_000;
/** The time in which two turns of two clocks must come, in milliseconds. */
const CLOCK_TURNS_MS = 600_000;
/** The same of two serial numbers, which come with punches alone: a terminal that was replaced, and
 * its repaired one put back, are no twins. */
const SERIAL_TURNS_MS = 86_400_000;

/** The trace with one more request; `skewMs` where it told the clock, `serial` where it told that. */
export function withContact(
  trace: TwinTrace,
  contact: {
    readonly address: string;
    readonly atMs: number;
    readonly skewMs?: number | undefined;
    readonly serial?: string | undefined;
  },
): TwinTrace {
  const { address, atMs, skewMs, serial } = contact;
  const { reports, serials } = trace;
  return {
    stays: withStay(trace.stays, address, atMs),
    reports: skewMs === undefined ? reports : [...reports, { skewMs, atMs }].slice(-TURNS),
    serials: serial === undefined ? serials : withStay(serials, serial, atMs),
  };
}

function withStay(stays: readonly Stay[], told: string, atMs: number): readonly Stay[] {
  const last = stays.at(-1);
  if (last?.told !== told) return [...stays, { told, firstMs: atMs, lastMs: atMs }].slice(-TURNS);
  return [...stays.slice(0, -1), { ...last, lastMs: atMs }];
}

/**
 * Whether the last requests show two terminals: each of two addresses comes back within a minute of
 * its last request, or two clocks more than two minutes apart, or two serial numbers, speak in turns,
 * each of them twice. An address or a serial number that changes for good, and a clock that is set,
 * show nothing.
 */
export function findTwin(trace: TwinTrace): TwinSign | undefined {
  if (haveSerialsTurns(trace.serials)) return "serials";
  if (haveAddressesTurns(trace.stays)) return "addresses";
  return haveClocksTurns(trace.reports) ? "clocks" : undefined;
}

function haveSerialsTurns([first, second, third, fourth]: readonly Stay[]): boolean {
  if (first === undefined || second === undefined) return false;
  if (third === undefined || fourth === undefined) return false;
  return (
    first.told === third.told &&
    second.told === fourth.told &&
    Math.abs(fourth.firstMs - first.lastMs) <= SERIAL_TURNS_MS
  );
}

function haveAddressesTurns([first, second, third, fourth]: readonly Stay[]): boolean {
  if (first === undefined || second === undefined) return false;
  if (third === undefined || fourth === undefined) return false;
  return comesBack(first, third) && comesBack(second, fourth);
}

function comesBack(left: Stay, again: Stay): boolean {
  return left.told === again.told && Math.abs(again.firstMs - left.lastMs) <= RETURN_MS;
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
