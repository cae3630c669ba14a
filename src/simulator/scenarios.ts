/**
 * Runs by name, as data: the sizes are defaults that the command line may change, the behavior is
 * what the scenario is about.
 */

import { type FleetBehavior, type FleetOptions, PLAIN_BEHAVIOR } from "./fleet-options.ts";
import { FIRMWARE_TIMING } from "./terminal.ts";

/** One run by name. */
export interface Scenario
  extends Pick<
    FleetOptions,
    "terminals" | "punchesPerTerminal" | "ratePerSecond" | "durationMs" | "timing" | "behavior"
  > {
  /** One line for the list of scenarios. */
  readonly summary: string;
  readonly usersPerTerminal: number;
}

const MINUTE_MS = 60_000;
/** More than anybody punches until the duration ends. */
const PUNCHES_WITHOUT_END = 100_000;

const LIVE_BEHAVIOR: FleetBehavior = { ...PLAIN_BEHAVIOR, live: true, staysOn: true };
const STEADY: Scenario = {
  summary: "10 terminals, 2 punches a second, for a minute",
  terminals: 10,
  punchesPerTerminal: PUNCHES_WITHOUT_END,
  usersPerTerminal: 200,
  ratePerSecond: 2,
  durationMs: MINUTE_MS,
  timing: FIRMWARE_TIMING,
  behavior: LIVE_BEHAVIOR,
};
/** Twenty good terminals for others to disturb. */
const TWENTY: Scenario = { ...STEADY, terminals: 20, ratePerSecond: 5 };
/** What waits in the terminals is sent, and then the run ends. */
const WAITING: Scenario = {
  ...STEADY,
  ratePerSecond: undefined,
  durationMs: undefined,
  behavior: PLAIN_BEHAVIOR,
};

/** Every scenario by name. */
export const SCENARIOS = {
  steady: STEADY,
  reconnect: {
    ...WAITING,
    summary: "50 terminals come back with 1,600 punches each and send them without a pause",
    terminals: 50,
    punchesPerTerminal: 1600,
    timing: { ...FIRMWARE_TIMING, recordPauseMs: 0 },
    behavior: { ...PLAIN_BEHAVIOR, historyDays: 1 },
  },
  storm: {
    ...TWENTY,
    summary: "a terminal that takes no reply for an acknowledgement, beside 20 good ones",
    behavior: { ...LIVE_BEHAVIOR, disturbances: [{ kind: "storm", count: 1 }] },
  },
  silent: {
    ...TWENTY,
    summary: "a terminal in Local mode (7 connections without a byte), beside 20 good ones",
    behavior: { ...LIVE_BEHAVIOR, disturbances: [{ kind: "silent", count: 1 }] },
  },
  https: {
    ...TWENTY,
    summary: "a terminal with HTTPS on (TLS hello), beside 20 good ones",
    behavior: { ...LIVE_BEHAVIOR, disturbances: [{ kind: "https", count: 1 }] },
  },
  "unknown-protocol": {
    ...TWENTY,
    summary: "bytes of no known protocol, beside 20 good ones",
    behavior: { ...LIVE_BEHAVIOR, disturbances: [{ kind: "unknown", count: 1 }] },
  },
  trickle: {
    ...TWENTY,
    summary: "a request at one byte per second, beside 20 good terminals",
    behavior: { ...LIVE_BEHAVIOR, disturbances: [{ kind: "trickle", count: 1 }] },
  },
  disturbed: {
    ...TWENTY,
    summary: "a storming, a silent and a trickling terminal at once, beside 20 good ones",
    behavior: {
      ...LIVE_BEHAVIOR,
      disturbances: [
        { kind: "storm", count: 1 },
        { kind: "silent", count: 1 },
        { kind: "trickle", count: 1 },
      ],
    },
  },
  "power-loss": {
    ...STEADY,
    summary: "4 clocks fall back to 2000 or 2015 after 5 punches, and people go on punching",
    terminals: 4,
    behavior: {
      ...LIVE_BEHAVIOR,
      powerLoss: { afterPunches: 5, readings: ["2000-01-01T00:00:00", "2015-01-01T00:00:00"] },
    },
  },
  "lossy-feed": {
    ...WAITING,
    summary: "7 of 200 punches are in the terminal's own log alone; it stays on for 2 minutes",
    terminals: 1,
    punchesPerTerminal: 200,
    usersPerTerminal: 40,
    durationMs: 2 * MINUTE_MS,
    behavior: {
      ...PLAIN_BEHAVIOR,
      models: ["ws535"],
      historyDays: 1,
      staysOn: true,
      losses: { lost: 7, of: 200 },
    },
  },
  "first-contact": {
    ...WAITING,
    summary: "a terminal with 1,600 punches of 180 days, never sent to anybody, and its users",
    terminals: 1,
    punchesPerTerminal: 1600,
    usersPerTerminal: 50,
    behavior: { ...PLAIN_BEHAVIOR, models: ["ws535"], historyDays: 180, pushesUsers: true },
  },
  "mixed-dialects": {
    ...WAITING,
    summary: "every make and dialect, whole and in pieces, 20 punches each",
    terminals: 26,
    punchesPerTerminal: 20,
    usersPerTerminal: 20,
    behavior: {
      ...PLAIN_BEHAVIOR,
      models: [
        "f80",
        "ws535",
        "revo",
        "hs105",
        "hs100",
        "hs200",
        "bm70w",
        "m82",
        "r6",
        "realsvr",
        "realsvr2",
        "realsvr3",
        "realsvr0",
      ],
      deliveries: ["whole", "head-first", "segments"],
    },
  },
  commands: {
    ...WAITING,
    summary: "every make that takes commands, on for 2 minutes to be told what to do",
    terminals: 9,
    punchesPerTerminal: 5,
    usersPerTerminal: 20,
    durationMs: 2 * MINUTE_MS,
    behavior: {
      ...PLAIN_BEHAVIOR,
      models: ["f80", "ws535", "revo", "hs105", "hs100", "hs200", "bm70w", "m82", "r6"],
      staysOn: true,
    },
  },
  blocks: {
    ...WAITING,
    summary: "punches with photos in blocks of 8 KiB, some cut off, then resumed or sent anew",
    terminals: 3,
    punchesPerTerminal: 12,
    usersPerTerminal: 12,
    timing: { ...FIRMWARE_TIMING, silenceBackoffMs: 2000 },
    behavior: {
      ...PLAIN_BEHAVIOR,
      models: ["f80", "bm70w", "m82"],
      faults: ["none", "cut-block", "none", "cut"],
      photoBytes: 26_000,
    },
  },
  "lost-replies": {
    ...WAITING,
    summary: "every fourth acknowledgement never reaches its terminal, which sends again",
    terminals: 5,
    punchesPerTerminal: 40,
    usersPerTerminal: 40,
    timing: { ...FIRMWARE_TIMING, silenceBackoffMs: 1000 },
    behavior: { ...PLAIN_BEHAVIOR, faults: ["none", "none", "none", "lost-reply"] },
  },
  "same-id": {
    ...STEADY,
    summary: "two terminals with one id, for a minute",
    terminals: 2,
    behavior: { ...LIVE_BEHAVIOR, sharesId: true },
  },
} as const satisfies Readonly<Record<string, Scenario>>;

/** The name of a scenario. */
export type ScenarioName = keyof typeof SCENARIOS;
