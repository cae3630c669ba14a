/**
 * The verb `simulate`: fake terminals against any host, and a report of what was acknowledged. Also
 * the load generator of the benchmark and of the crash tests.
 */

import { Command } from "commander";
import { systemClock } from "#platform/clock.ts";
import { AcknowledgementFile } from "#simulator/acknowledgement-file.ts";
import { runFleet } from "#simulator/fleet.ts";
import { DIALECTS } from "#simulator/models.ts";
import { SCENARIOS } from "#simulator/scenarios.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";
import { PLAIN_USERS_MAX, planFleet, type SimulateFlags } from "./simulate-fleet.ts";
import {
  parseDevicePrefix,
  parseDialect,
  parseNumberIn,
  parseScenario,
  parseStart,
  parseWholeNumberIn,
  parseZone,
} from "./simulate-options.ts";
import { formatReport } from "./simulate-report.ts";

/** As commander hands them to the action. */
interface GivenFlags extends Omit<SimulateFlags, "scenario"> {
  readonly scenario?: SimulateFlags["scenario"] | "help";
}

const SCENARIO_LIST = Object.entries(SCENARIOS)
  .map(([name, { summary }]) => `  ${name.padEnd(17)} ${summary}\n`)
  .join("");

const HELP_AFTER = `
A punch counts as acknowledged only when the reply has the header "response_code: OK". A punch that
is not acknowledged is sent again; until it is, the terminal sends no later one.
By default each punch of a terminal is another person's, one second before now, so that the punches
of runs at least a second apart are different ones.

Scenarios have terminals that behave as the firmware does: 100 ms between two punches, a poll every
11 s, a retry after 3 minutes without a reply, commands carried out. Their sizes and times can be
changed by the options above, and the same --seed and --start make the same punches:
${SCENARIO_LIST}
--json prints one object: terminals, punches, sent, acknowledged, unacknowledged, resent,
duplicatesSent, duplicatesAcknowledged, connectionErrors, closedWithoutReply, timeouts, wrongReplies,
abandoned (requests given up midway on purpose), pollsAnswered, commandsExecuted, commandsRefused,
resultsAcknowledged, usersPushed, restarts, lost (recorded by a terminal and never sent, on purpose),
disturbances (counts), durationMs, punchesPerSecond, latencyMs {p50, p90, p99, max} (milliseconds
from the call to connect to the end of the reply, acknowledged tries only).

Exit code: 0 when every punch was acknowledged, else 1.

Examples:
  biometric-server simulate --terminals 2 --punches 3
  biometric-server simulate --terminals 100 --punches 1000 --rate 500 --duplicates 5 --json
  biometric-server simulate --scenario lossy-feed --poll-interval 1`;

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
    .option(
      "--scenario <name>",
      "a run by name, see below; --scenario help lists them",
      parseScenario,
    )
    .option("--dialect <name>", `make all terminals speak ${DIALECTS.join(", ")}`, parseDialect)
    .option("--terminals <count>", "fake terminals (default: 1)", whole("--terminals", 1, 10_000))
    .option(
      "--punches <count>",
      "punches of each terminal (default: 10)",
      whole("--punches", 0, 1_000_000),
    )
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
    .option(
      "--seed <number>",
      "decides what looks random in a scenario",
      whole("--seed", 0, 1_000_000),
      1,
    )
    .option("--acks <file>", "append a line per acknowledged punch: device, user, time")
    .option("--json", "print the report as JSON")
    .addHelpText("after", HELP_AFTER)
    .action(({ scenario, ...flags }: GivenFlags) => {
      if (scenario === "help") {
        environment.out(SCENARIO_LIST);
        return undefined;
      }
      const interrupted = new AbortController();
      void host.stopRequested().then(() => interrupted.abort());
      const chosen = scenario === undefined ? flags : { ...flags, scenario };
      return simulate(chosen, environment, interrupted.signal);
    });
}

function addTerminalOptions(command: Command): void {
  command
    .option("--keep-alive", "one connection per terminal (default: one per punch)")
    .option("--no-poll", "do not poll for commands before the first punch")
    .option(
      "--poll-interval <seconds>",
      "poll between the punches too, as terminals do (default: only before the first)",
      parseNumberIn({ option: "--poll-interval", min: 0.01, max: 3600 }),
    )
    .option("--device-prefix <text>", "beginning of device ids", parseDevicePrefix, "SIM")
    .option(
      "--users <count>",
      `people of each terminal (default: one per punch, up to ${PLAIN_USERS_MAX})`,
      whole("--users", 1, 1_000_000),
    )
    .option(
      "--start <time>",
      "local time of the first punch, in a scenario of its start, YYYYMMDDhhmmss",
      parseStart,
    )
    .option("--zone <name>", "time zone of the terminals' clocks", parseZone, "Asia/Manila")
    .option(
      "--timeout <seconds>",
      "longest time for one try",
      parseNumberIn({ option: "--timeout", min: 0.1, max: 600 }),
      30,
    )
    .option(
      "--retry-delay <seconds>",
      "pause before sending again (default: 1; real terminals and scenarios: 180)",
      parseNumberIn({ option: "--retry-delay", min: 0, max: 3600 }),
    )
    .option(
      "--attempts <count>",
      "tries per punch before a terminal gives up (default: 5; in scenarios it never does)",
      whole("--attempts", 1, 1_000_000),
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
    const report = await runFleet(planFleet(flags), {
      clock: systemClock,
      stop,
      onAcknowledged: (punch) => acknowledgements?.add(punch),
    });
    environment.out(flags.json === true ? `${JSON.stringify(report)}\n` : formatReport(report));
    if (report.unacknowledged > 0 || report.duplicatesAcknowledged < report.duplicatesSent) {
      environment.exitCode(1);
    }
  } finally {
    acknowledgements?.close();
  }
}
