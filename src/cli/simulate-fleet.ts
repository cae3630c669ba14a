/**
 * Turns the options of `simulate` into a run: what was given on the command line counts, then what
 * the scenario says, then what a plain run does.
 */

import { systemClock } from "#platform/clock.ts";
import { type FleetOptions, PLAIN_BEHAVIOR } from "#simulator/fleet-options.ts";
import { DIALECT_MODELS, type DialectName } from "#simulator/models.ts";
import { SCENARIOS, type Scenario, type ScenarioName } from "#simulator/scenarios.ts";
import { FIRMWARE_TIMING, type TerminalTiming } from "#simulator/terminal.ts";

/** What commander hands to the action, every value checked; see the help for meanings. */
export interface SimulateFlags {
  readonly host: string;
  readonly port: number;
  readonly scenario?: ScenarioName;
  readonly dialect?: DialectName;
  readonly terminals?: number;
  readonly punches?: number;
  readonly rate?: number;
  readonly duration?: number;
  readonly duplicates: number;
  readonly keepAlive?: true;
  readonly poll: boolean;
  readonly pollInterval?: number;
  readonly devicePrefix: string;
  readonly users?: number;
  readonly start?: Temporal.PlainDateTime;
  readonly zone: string;
  readonly timeout: number;
  readonly retryDelay?: number;
  readonly attempts?: number;
  readonly seed: number;
  readonly acks?: string;
  readonly json?: true;
}

/** Tries per punch in a plain run. A scenario's terminals never give up, as real ones. */
const PLAIN_ATTEMPTS_MAX = 5;
/** People of one terminal in a plain run: one for each punch, up to this. */
export const PLAIN_USERS_MAX = 5000;

/** As fast as acknowledged, one poll at the start: a load rather than a terminal's life. */
const PLAIN_RUN: Omit<Scenario, "summary" | "usersPerTerminal"> = {
  terminals: 1,
  punchesPerTerminal: 10,
  ratePerSecond: undefined,
  durationMs: undefined,
  timing: {
    ...FIRMWARE_TIMING,
    polling: "first",
    recordPauseMs: 0,
    silenceBackoffMs: 1000,
    refusalBackoffMs: 1000,
  },
  behavior: PLAIN_BEHAVIOR,
};

/** Puts a run together. Reads the machine's clock where no start is given. */
export function planFleet(flags: SimulateFlags): FleetOptions {
  const scenario: Scenario | undefined = flags.scenario && SCENARIOS[flags.scenario];
  const base = scenario ?? PLAIN_RUN;
  const punches = flags.punches ?? base.punchesPerTerminal;
  const plainUsers = Math.min(Math.max(punches, 1), PLAIN_USERS_MAX);
  const users = flags.users ?? scenario?.usersPerTerminal ?? plainUsers;
  const behavior =
    flags.dialect === undefined
      ? base.behavior
      : { ...base.behavior, models: [DIALECT_MODELS[flags.dialect]] };
  // Times made during the run, and history before it, need no room between the start and now.
  const startsNow = behavior.live || behavior.historyDays > 0;
  const secondsBefore = startsNow ? 0 : Math.ceil(punches / users);
  const plainAttempts = scenario === undefined ? PLAIN_ATTEMPTS_MAX : Number.POSITIVE_INFINITY;
  return {
    host: flags.host,
    port: flags.port,
    terminals: flags.terminals ?? base.terminals,
    punchesPerTerminal: punches,
    devicePrefix: flags.devicePrefix,
    usersPerTerminal: users,
    start: flags.start ?? startBeforeNow(flags.zone, secondsBefore),
    ratePerSecond: flags.rate ?? base.ratePerSecond,
    durationMs: flags.duration === undefined ? base.durationMs : flags.duration * 1000,
    keepAlive: flags.keepAlive === true,
    duplicatePercent: flags.duplicates,
    timeoutMs: flags.timeout * 1000,
    attemptsMax: flags.attempts ?? plainAttempts,
    timing: planTiming(flags, base.timing, scenario === undefined),
    seed: flags.seed,
    behavior,
  };
}

function planTiming(
  flags: SimulateFlags,
  timing: TerminalTiming,
  isPlain: boolean,
): TerminalTiming {
  const { pollInterval, retryDelay } = flags;
  const polling = pollInterval === undefined ? timing.polling : "always";
  const retry = retryDelay === undefined ? {} : { silenceBackoffMs: retryDelay * 1000 };
  // A scenario's terminals storm after a wrong reply, whatever they do after none.
  const plainRetry =
    isPlain && retryDelay !== undefined ? { refusalBackoffMs: retryDelay * 1000 } : {};
  return {
    ...timing,
    polling: flags.poll ? polling : "never",
    ...(pollInterval === undefined ? {} : { pollIntervalMs: pollInterval * 1000 }),
    ...retry,
    ...plainRetry,
  };
}

function startBeforeNow(zone: string, seconds: number): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(systemClock.nowMs())
    .toZonedDateTimeISO(zone)
    .subtract({ seconds })
    .toPlainDateTime();
}
