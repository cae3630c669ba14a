/**
 * The commands' part of an intake: hands one out at a poll, and takes the results. Runs inside the
 * intake's savepoint, so that what a terminal hears is on disk before it hears it.
 */

import { assertDefined } from "#base/assert.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { Command, DeviceCommand, HandedCommand } from "#domain/command.ts";
import { parseCommand } from "#domain/command-parameters.ts";
import { inTurn, type OpenCommand, turnAtPoll } from "#domain/command-turn.ts";
import { judgeResult, keepResult, shownReturnCode } from "#domain/command-verdict.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { CommandResultIntake, PollIntake, ReceivedIntake } from "#domain/intake.ts";
import { readingFrom } from "#domain/log-recovery.ts";
import { wallTimeAt } from "#domain/wall-time.ts";
import { commandFromRow } from "./command-rows.ts";
import type { CommandRow } from "./commands.ts";
import { isToBeSet, type OwnClockView } from "./device-clocks.ts";
import type { DeviceRow } from "./devices.ts";
import type { EnrollmentKeeper } from "./enrollment-keeper.ts";
import type { StorageEvent, StorageEvents } from "./events.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** Results that belong to no command of the terminal are counted under this name. */
const STRAY_RESULT = "command-result";
/** At most 16 characters (fkweb.md 7). */
const ID_PATTERN = /^c-([1-9]\d{0,13})$/;

const SET_TIME_PAUSE_MS = 3_600_000;
/** The same where the clock went back since it was set: the power may fail several times an hour. */
const RESET_PAUSE_MS = 300_000;
/** What is set late is set as right: the time is stamped as it is handed out. */
const SET_TIME_DEADLINE_MS = 3_600_000;

/** A poll, and who sent it. */
export interface ReceivedPoll {
  readonly received: ReceivedIntake;
  readonly intake: PollIntake;
  readonly device: DeviceRow;
}

export class CommandDesk {
  readonly #parts: WriteParts;
  readonly #rules: StorageRules;
  readonly #ownClock: OwnClockView;
  readonly #events: StorageEvents;
  readonly #enrollments: EnrollmentKeeper;
  /** The clock episode in which each terminal was told the time last, where that was since the start. */
  readonly #setInEpisode = new Map<DeviceId, number>();

  constructor(options: {
    readonly parts: WriteParts;
    readonly rules: StorageRules;
    readonly ownClock: OwnClockView;
    readonly events: StorageEvents;
    readonly enrollments: EnrollmentKeeper;
  }) {
    this.#parts = options.parts;
    this.#rules = options.rules;
    this.#ownClock = options.ownClock;
    this.#events = options.events;
    this.#enrollments = options.enrollments;
  }

  /** The command with which a poll is answered; undefined, and nothing read, while there is none. */
  handOut(poll: ReceivedPoll): HandedCommand | undefined {
    if (this.#rules.setsDeviceTime && isToBeSet(poll.device, this.#ownClock)) this.#setTime(poll);
    const open = this.#parts.commands.openOf(poll.intake.deviceId);
    if (open.length === 0 || poll.device.status !== "approved") return undefined;
    for (const command of inTurn(open)) {
      const handed = this.#turn(command, poll);
      if (handed !== undefined) return handed;
    }
    return undefined;
  }

  /**
   * Lets the terminal's clock be set, once an hour or, after one more loss of power, once in five
   * minutes: the measured skew follows after some polls, and one that does not take the time would be
   * told it for ever.
   */
  #setTime({ received, intake: { deviceId: id }, device }: ReceivedPoll): void {
    const { commands } = this.#parts;
    const nowMs = received.receivedAtMs;
    if (commands.roomOf(id) === 0) return;
    const { clockEpisode } = device;
    const isResetSince = (this.#setInEpisode.get(id) ?? clockEpisode) < clockEpisode;
    const pauseMs = isResetSince ? RESET_PAUSE_MS : SET_TIME_PAUSE_MS;
    if (commands.hasRecent(id, "set-time", { sinceMs: epochMs(nowMs - pauseMs), nowMs })) return;
    const number = commands.add({
      deviceId: id,
      command: { kind: "set-time" },
      requestedBy: "server",
      nowMs,
      deadlineMs: epochMs(nowMs + SET_TIME_DEADLINE_MS),
      requestKey: undefined,
    });
    commands.prune(id);
    this.#setInEpisode.set(id, clockEpisode);
    const detail = `${number}, set-time: its clock is off by ${device.clockSkewMs} ms`;
    this.#tell("command.queued", received, detail);
  }

  #turn(command: OpenCommand, poll: ReceivedPoll): HandedCommand | undefined {
    const { receivedAtMs: nowMs } = poll.received;
    const isOwnClockTrusted = this.#ownClock.isTrusted();
    const turn = turnAtPoll(command, { nowMs, isOwnClockTrusted });
    switch (turn.kind) {
      case "end":
        this.#end(command, poll, turn);
        return undefined;
      case "hold":
        if (command.status === "sent") {
          const held: OpenCommand = { ...command, status: "waiting" };
          this.#parts.commands.keepOpen(poll.intake.deviceId, held, {});
        }
        return undefined;
      case "hand-out":
        return this.#send(command, poll, turn.status);
    }
  }

  #send(
    open: OpenCommand,
    poll: ReceivedPoll,
    status: "sent" | "unconfirmed",
  ): HandedCommand | undefined {
    const handed = this.#spell(open, poll);
    if (typeof handed === "string") {
      this.#end(open, poll, { status: "failed", problem: handed });
      return undefined;
    }
    const { commands } = this.#parts;
    const { deviceId: id } = poll.intake;
    const lastSentAtMs = poll.received.receivedAtMs;
    const sentCount = open.sentCount + 1;
    if (status === "sent") {
      commands.keepOpen(id, { ...open, status, sentCount }, { lastSentAtMs });
    } else {
      const problem = "The terminal sends no result of this kind";
      const end = { status, problem, finishedAtMs: lastSentAtMs };
      commands.finish(id, open.id, { ...end, sentCount, lastSentAtMs });
    }
    this.#tell("command.sent", poll.received, `${open.id}, ${open.kind}${again(open.sentCount)}`);
    return handed;
  }

  /** The command as it is handed out, or why it cannot be. */
  #spell(open: OpenCommand, { received, intake, device }: ReceivedPoll): HandedCommand | string {
    const { kind, parameters } = this.#get(open.id);
    const command = parseCommand(kind, parameters);
    if (!command.ok) return `This version does not know it: ${command.error.reason}`;
    const timeZone = device.timeZone ?? this.#rules.siteTimeZone;
    const handed: HandedCommand = {
      id: `c-${open.id}`,
      command: fromStart(command.value, epochMs(device.startAtMs), timeZone),
      wallTime: wallTimeAt(received.receivedAtMs, timeZone),
    };
    return intake.refuseCommand?.(handed) ?? handed;
  }

  /**
   * Takes the result of a command that was handed out to this terminal. That of one which was given
   * up meanwhile is kept beside what it is; any other is only counted.
   */
  takeResult(received: ReceivedIntake, intake: CommandResultIntake): void {
    const number = Number(ID_PATTERN.exec(intake.result.commandIdText)?.[1] ?? 0);
    const row = number === 0 ? undefined : this.#parts.commands.find(number);
    if (row === undefined || row.deviceId !== intake.deviceId || !isAwaited(row)) {
      this.#countStray(received, intake);
      return;
    }
    const { result } = intake;
    const verdict = judgeResult(row.kind, result);
    const kept = keepResult(row.kind, result);
    const nowMs = received.receivedAtMs;
    const change = {
      returnCode: shownReturnCode(result.returnCode) ?? "",
      resultText: kept.text ?? null,
      resultBytes: kept.bytes === undefined ? null : Buffer.from(kept.bytes),
      isResultPending: kept.bytes !== undefined && verdict.status === "done",
    };
    if (row.status === "waiting" || row.status === "sent") {
      const { status, problem = null } = verdict;
      const end = { ...change, status, problem, finishedAtMs: nowMs };
      this.#parts.commands.finish(intake.deviceId, row.id, end);
      const event = status === "done" ? "command.done" : "command.not-done";
      const detail = problem === null ? "" : `: ${problem}`;
      this.#tell(event, received, `${row.id}, ${row.kind}, ${status}${detail}`);
    } else {
      const problem = `${row.problem ?? ""}. Later the terminal said "${change.returnCode}"`;
      this.#parts.commands.amend(row.id, { ...change, problem });
      this.#tell("command.late", received, `${row.id}, ${row.kind}, ${row.status}`);
    }
    const { enrollment } = result;
    if (enrollment !== undefined && verdict.status === "done") {
      this.#enrollments.keep(intake.deviceId, enrollment, nowMs);
    }
  }

  #countStray(received: ReceivedIntake, { deviceId: id, raw }: CommandResultIntake): void {
    const notice = { kind: "notice", deviceId: id, code: STRAY_RESULT, known: true } as const;
    this.#parts.notices.add({ ...notice, text: "", raw }, received.receivedAtMs, false);
    this.#tell("command.stray", received, "A result that belongs to no command of the terminal");
  }

  #end(
    command: OpenCommand,
    { received, intake }: ReceivedPoll,
    end: { readonly status: "failed" | "expired"; readonly problem: string },
  ): void {
    const { status, problem } = end;
    const finishedAtMs = received.receivedAtMs;
    this.#parts.commands.finish(intake.deviceId, command.id, { status, problem, finishedAtMs });
    const detail = `${command.id}, ${command.kind}, ${status}: ${problem}`;
    this.#tell("command.not-done", received, detail);
  }

  #get(number: number): Command {
    return commandFromRow(
      assertDefined(this.#parts.commands.find(number), `No row of command ${number}`),
    );
  }

  #tell(
    event: StorageEvent["event"] & `command.${string}`,
    { intake, remoteAddress: address }: ReceivedIntake,
    detail: string,
  ): void {
    this.#events.push({ event, device: intake.deviceId ?? "", address, detail });
  }
}

/** Whether a result of the command may still come: it was handed out, and none has come. */
function isAwaited(row: CommandRow): boolean {
  return row.sentCount > 0 && row.returnCode === null;
}

/** A log that nobody said how far to read back is read from the terminal's start date on. */
function fromStart(command: DeviceCommand, startAtMs: EpochMs, timeZone: string): DeviceCommand {
  if (command.kind !== "read-log" || command.fromWallTime !== undefined) return command;
  return { ...command, fromWallTime: readingFrom(startAtMs, timeZone) };
}

function again(sentCount: number): string {
  return sentCount === 0 ? "" : `, again (${sentCount + 1})`;
}
