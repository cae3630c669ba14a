/**
 * Builds one fake terminal of a fleet from the fleet's options.
 */

import { assertDefined } from "#base/assert.ts";
import type { Clock } from "#platform/clock.ts";
import { makeDelivery } from "./delivery.ts";
import { DeviceClock } from "./device-clock.ts";
import { DeviceState } from "./device-state.ts";
import type { Dialect } from "./dialect.ts";
import { aidataDialect, framedDialect, type Speaker } from "./dialect-fkweb.ts";
import { rtlogDialect } from "./dialect-rtlog.ts";
import type { FleetOptions } from "./fleet-options.ts";
import { MODELS, type TerminalModel } from "./models.ts";
import { PunchLog } from "./punch-log.ts";
import { TcpLink } from "./tcp-link.ts";
import { SimulatedTerminal, type TerminalParts } from "./terminal.ts";
import { planLosses, planPunches, planUsers } from "./workload.ts";

/** Whom a terminal tells, and its clock. */
export type TerminalListener = Pick<TerminalParts, "clock" | "onAcknowledged" | "onFinished">;

const DEVICE_NUMBER_DIGITS = 4;
const DAY_SECONDS = 86_400;

/** Makes the terminal at `index` (from 0) of the fleet. It is not started. */
export function makeTerminal(
  options: FleetOptions,
  index: number,
  listener: TerminalListener,
): SimulatedTerminal {
  const { behavior, seed, usersPerTerminal: users } = options;
  const deviceId = deviceIdAt(options, index);
  const model: TerminalModel = MODELS[inTurn(behavior.models, index)];
  const makeUsers = () => planUsers({ terminalIndex: index, users, model, seed });
  const device = makeDevice(options, { index, deviceId, model, makeUsers, clock: listener.clock });
  const delivery = makeDelivery(inTurn(behavior.deliveries, index), seed + index);
  return new SimulatedTerminal(
    {
      planned: options.punchesPerTerminal,
      duplicatePercent: options.duplicatePercent,
      isLost: planLosses({ ...behavior.losses, seed, terminalIndex: index }),
      timing: options.timing,
      attemptsMax: options.attemptsMax,
      staysOn: behavior.staysOn,
      pushesAtStart: behavior.pushesUsers ? device.listUsers() : [],
      faultAt: (recordNumber) => inTurn(behavior.faults, recordNumber - 1),
      deaf: behavior.deaf,
    },
    {
      ...listener,
      link: new TcpLink({ ...options, delivery }, listener.clock),
      dialect: dialectOf(model, speakerOf(options, deviceId, model), options.port),
      model,
      device,
    },
  );
}

/** The id of the terminal at `index`, from 0. */
export function deviceIdAt(options: FleetOptions, index: number): string {
  const number = options.behavior.sharesId ? 1 : index + 1;
  return `${options.devicePrefix}${String(number).padStart(DEVICE_NUMBER_DIGITS, "0")}`;
}

/** The element for a place in a fleet, when the list is gone through again and again. */
export function inTurn<Element>(list: readonly Element[], index: number): Element {
  return assertDefined(list[index % list.length], "A list to take turns in has elements");
}

/** The spelling of `model`, spoken by one terminal. */
export function dialectOf(model: TerminalModel, speaker: Speaker, port: number): Dialect {
  switch (model.wire.protocol) {
    case "framed":
      return framedDialect(model.wire, speaker);
    case "aidata":
      return aidataDialect(model.wire.style, speaker);
    case "rtlog":
      return rtlogDialect(model.wire.frame, { deviceId: speaker.deviceId, port });
  }
}

function speakerOf(options: FleetOptions, deviceId: string, { library }: TerminalModel): Speaker {
  const server = `${options.host}:${options.port}`;
  return { deviceId, server, library, keepAlive: options.keepAlive };
}

function makeDevice(
  options: FleetOptions,
  terminal: {
    readonly index: number;
    readonly deviceId: string;
    readonly model: TerminalModel;
    readonly makeUsers: () => ReturnType<typeof planUsers>;
    readonly clock: Clock;
  },
): DeviceState {
  const { index, deviceId, model, makeUsers, clock } = terminal;
  const { behavior, seed, punchesPerTerminal: planned } = options;
  const historySeconds = behavior.historyDays * DAY_SECONDS;
  const punchAt = planPunches({
    deviceId,
    terminalIndex: index,
    users: options.usersPerTerminal,
    start: options.start.subtract({ seconds: historySeconds }),
    model,
    photoBytes: behavior.photoBytes,
    ...(historySeconds > 0 && planned > 0
      ? { spread: { punches: planned, seconds: historySeconds, seed } }
      : {}),
  });
  return new DeviceState({
    name: deviceId,
    library: model.library,
    clock: new DeviceClock(clock, options.start),
    log: new PunchLog({ planned, punchAt, live: behavior.live }),
    makeUsers,
  });
}
