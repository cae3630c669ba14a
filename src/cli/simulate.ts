/**
 * The verb `simulate`: fake terminals against any host, and a report of what was acknowledged. Also
 * the load generator of the benchmark and of the crash tests.
 */

import { Command } from "commander";
import { systemClock } from "#platform/clock.ts";
import { AcknowledgementFile } from "#simulator/acknowledgement-file.ts";
import { type FleetReport, runFleet } from "#simulator/fleet.ts";
import { type FleetOptions, PLAIN_BEHAVIOR } from "#simulator/fleet-options.ts";
import { FIRMWARE_TIMING } from "#simulator/terminal.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import {
  parseDevicePrefix,
  parseNumberIn,
  parseStart,
  parseWholeNumberIn,
  parseZone,
} from "./simulate-options.ts";

/** What commander hands to the action, every value checked; see the help for meanings. */
interface SimulateFlags {
  readonly host: string;
  readonly port: number;
  readonly terminals: number;
  readonly punches: number;
  readonly rate?: number;
  readonly duration?: number;
  readonly duplicates: number;
  readonly keepAlive?: true;
  readonly poll: boolean;
  readonly devicePrefix: string;
  readonly users?: number;
  readonly start?: Temporal.PlainDateTime;
  readonly zone: string;
  readonly timeout: number;
  readonly retryDelay: number;
  readonly attempts: number;
  readonly acks?: string;
  readonly json?: true;
}

/** People of one terminal by default: one for each punch, up to this. */
const DEFAULT_USERS_MAX = 5000;

const HELP_AFTER = `
A punch counts as acknowledged only when the reply has the header "response_code: OK". A punch that
is not acknowledged is sent again; until it is, the terminal sends no later one.
By default each punch of a terminal is another person's, one second before now, so that the punches
of runs at least a second apart are different ones.

--json prints one object: terminals, punches, sent, acknowledged, unacknowledged, resent,
duplicatesSent, duplicatesAcknowledged, connectionErrors, closedWithoutReply, timeouts, wrongReplies,
pollsAnswered (counts), durationMs, punchesPerSecond, latencyMs {p50, p90, p99, max} (milliseconds
from the call to connect to the end of the reply, acknowledged tries only).

Exit code: 0 when every punch was acknowledged, else 1.

Examples:
  biometric-server simulate --terminals 2 --punches 3
  biometric-server simulate --terminals 100 --punches 1000 --rate 500 --duplicates 5 --json`;

/**
 * Makes the verb. A stop request ends the run early, with the report of what was done until then.
 * Its action throws `AppError` `usage` for bad values, `file-unwritable` for --acks.
 */
export function simulateCommand(
  environment: CliEnvironment,
  host: Pick<CliHost, "stopRequested">,
): Command {
  const command = new Command("simulate")
    .description("Send punches from fake terminals to a server and report what it acknowledged")
    .option("--host <name>", "server to send to", "127.0.0.1")
    .option("--port <number>", "its terminal port", whole("--port", 1, 65_535), 7005)
    .option("--terminals <count>", "fake terminals", whole("--terminals", 1, 10_000), 1)
    .option("--punches <count>", "punches of each terminal", whole("--punches", 0, 1_000_000), 10)
    .option(
      "--rate <number>",
      "punches per second over all terminals (default: as fast as acknowledged)",
      parseNumberIn({ option: "--rate", min: 0.01, max: 1_000_000 }),
    )
    .option(
      "--duration <seconds>",
      "begin no new punch after this time (default: no limit)",
      parseNumberIn({ option: "--duration", min: 0.1, max: 86_400 }),
    )
    .option(
      "--duplicates <percent>",
      "of acknowledged punches, how many to send once more",
      whole("--duplicates", 0, 100),
      0,
    );
  addTerminalOptions(command);
  return command
    .option("--acks <file>", "append a line per acknowledged punch: device, user, time")
    .option("--json", "print the report as JSON")
    .addHelpText("after", HELP_AFTER)
    .action((flags: SimulateFlags) => {
      const interrupted = new AbortController();
      void host.stopRequested().then(() => interrupted.abort());
      return simulate(flags, environment, interrupted.signal);
    });
}

function addTerminalOptions(command: Command): void {
  command
    .option("--keep-alive", "one connection per terminal (default: one per punch)")
    .option("--no-poll", "do not poll for commands before the first punch")
    .option("--device-prefix <text>", "beginning of device ids", parseDevicePrefix, "SIM")
    .option(
      "--users <count>",
      `people of each terminal (default: one per punch, up to ${DEFAULT_USERS_MAX})`,
      whole("--users", 1, 1_000_000),
    )
    .option("--start <time>", "local time of the first punch, YYYYMMDDhhmmss", parseStart)
    .option("--zone <name>", "time zone of the terminals' clocks", parseZone, "Asia/Manila")
    .option(
      "--timeout <seconds>",
      "longest time for one try",
      parseNumberIn({ option: "--timeout", min: 0.1, max: 600 }),
      30,
    )
    .option(
      "--retry-delay <seconds>",
      "pause before sending again (real terminals: 180)",
      parseNumberIn({ option: "--retry-delay", min: 0, max: 3600 }),
      1,
    )
    .option(
      "--attempts <count>",
      "tries per punch before a terminal gives up",
      whole("--attempts", 1, 1_000_000),
      5,
    );
}

function whole(option: string, min: number, max: number): (text: string) => number {
  return parseWholeNumberIn({ option, min, max });
}

async function simulate(
  flags: SimulateFlags,
  environment: CliEnvironment,
  stop: AbortSignal,
): Promise<void> {
  const acknowledgements =
    flags.acks === undefined ? undefined : new AcknowledgementFile(flags.acks, systemClock);
  try {
    const report = await runFleet(fleetOptions(flags), {
      clock: systemClock,
      stop,
      onAcknowledged: (punch) => acknowledgements?.add(punch),
    });
    environment.out(flags.json === true ? `${JSON.stringify(report)}\n` : reportTable(report));
    if (report.unacknowledged > 0 || report.duplicatesAcknowledged < report.duplicatesSent) {
      environment.exitCode(1);
    }
  } finally {
    acknowledgements?.close();
  }
}

function fleetOptions(flags: SimulateFlags): FleetOptions {
  const users = flags.users ?? Math.min(Math.max(flags.punches, 1), DEFAULT_USERS_MAX);
  return {
    host: flags.host,
    port: flags.port,
    terminals: flags.terminals,
    punchesPerTerminal: flags.punches,
    devicePrefix: flags.devicePrefix,
    usersPerTerminal: users,
    start: flags.start ?? startBeforeNow(flags.zone, Math.ceil(flags.punches / users)),
    ratePerSecond: flags.rate,
    durationMs: flags.duration === undefined ? undefined : flags.duration * 1000,
    keepAlive: flags.keepAlive === true,
    duplicatePercent: flags.duplicates,
    timeoutMs: flags.timeout * 1000,
    attemptsMax: flags.attempts,
    timing: {
      ...FIRMWARE_TIMING,
      polling: flags.poll ? "first" : "never",
      recordPauseMs: 0,
      silenceBackoffMs: flags.retryDelay * 1000,
      refusalBackoffMs: flags.retryDelay * 1000,
    },
    seed: 1,
    behavior: PLAIN_BEHAVIOR,
  };
}

function startBeforeNow(zone: string, seconds: number): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(systemClock.nowMs())
    .toZonedDateTimeISO(zone)
    .subtract({ seconds })
    .toPlainDateTime();
}

/** The report for people: one line per fact, failures only where there were any. */
function reportTable(report: FleetReport): string {
  const { latencyMs } = report;
  const rows: [string, string][] = [
    ["terminals", String(report.terminals)],
    ["punches", String(report.punches)],
    ["sent", String(report.sent)],
    ["acknowledged", String(report.acknowledged)],
    ["unacknowledged", String(report.unacknowledged)],
    ["sent again", String(report.resent)],
  ];
  if (report.duplicatesSent > 0) {
    const of = `${report.duplicatesAcknowledged} of ${report.duplicatesSent} acknowledged`;
    rows.push(["duplicates", of]);
  }
  const failures: [string, number][] = [
    ["connection errors", report.connectionErrors],
    ["closed without reply", report.closedWithoutReply],
    ["timeouts", report.timeouts],
    ["wrong replies", report.wrongReplies],
  ];
  for (const [name, count] of failures) if (count > 0) rows.push([name, String(count)]);
  rows.push(
    ["duration", `${(report.durationMs / 1000).toFixed(2)} s`],
    ["punches per second", String(report.punchesPerSecond)],
    ["latency p50", `${latencyMs.p50.toFixed(2)} ms`],
    ["latency p90", `${latencyMs.p90.toFixed(2)} ms`],
    ["latency p99", `${latencyMs.p99.toFixed(2)} ms`],
    ["latency max", `${latencyMs.max.toFixed(2)} ms`],
  );
  return rows.map(([name, value]) => `${name.padEnd(21)} ${value}\n`).join("");
}
