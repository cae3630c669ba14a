/**
 * What one device request means, in the project's own words. Drivers produce it, storage applies
 * it, and `Outcome` is what the driver then spells back to the terminal. Vendor words end here.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { CommandResult, HandedCommand } from "./command.ts";
import type { DeviceId, PunchId } from "./identifiers.ts";
import type { QueueDoubt } from "./terminal-queue.ts";
import type { Enrollment } from "./user.ts";

/**
 * One attendance event exactly as the terminal told it: nothing is cast, padded, trimmed or
 * corrected. A field the terminal did not send is `undefined`, and an empty one is empty.
 */
export interface RawPunch {
  /** The person, as sent: `"00000033"`, `"E-0042"`, `""`. */
  readonly userIdText: string | undefined;
  /** The terminal's own reading of its clock, as sent; 14 digits when well formed. No zone. */
  readonly wallTimeText: string | undefined;
  /** The direction or key code, as sent, as decimal text of an unsigned integer where it was one. */
  readonly directionCode: string | undefined;
  /** The verification code, as sent, in the same form. */
  readonly verifyModeCode: string | undefined;
  /**
   * Which table the two codes belong to, as sent (`FKDataHS101`); where a protocol has one table and
   * sends no name for it, the driver's name for it (`RTLOG`).
   */
  readonly codeLibrary: string | undefined;
  /** The job or work code, as sent. */
  readonly workCode: string | undefined;
  /** The terminal's own record, verbatim and without binaries: what P8 of the design keeps. */
  readonly rawText: string;
  /** The terminal's own number of the record, as sent, where its protocol has one. */
  readonly recordNumberText?: string | undefined;
}

/** What a terminal says of itself while it polls. Absent fields leave the known ones as they are. */
export interface DeviceReport {
  /** The terminal's clock as it wrote it; no zone. */
  readonly clockText?: string;
  readonly name?: string;
  readonly firmware?: string;
  readonly codeLibrary?: string;
  /** Everything else it said, as JSON text of at most 8 KiB. */
  readonly detailsText?: string;
}

/** Common to all intakes: who sent it, and the bytes to keep should it go to quarantine. */
interface IntakeBase {
  /** The request as received, without binaries that are dropped by design. */
  readonly raw: Uint8Array;
}

/** A terminal asks whether there is work for it, and tells its state. */
export interface PollIntake extends IntakeBase {
  readonly kind: "poll";
  readonly deviceId: DeviceId;
  readonly report: DeviceReport;
  /**
   * What the poll shows of the punches that wait in the terminal: `empty`, there are none, or why
   * there may be some. Absent: nobody knows in which order such a terminal sends.
   */
  readonly queue?: "empty" | QueueDoubt;
  /**
   * Why the terminal cannot be told a command, for a person; undefined where it can. Absent: it can
   * be told everything.
   */
  readonly refuseCommand?: (handed: HandedCommand) => string | undefined;
}

/** One or more punches in one request. All are stored, or none is acknowledged. */
export interface PunchIntake extends IntakeBase {
  readonly kind: "punches";
  readonly deviceId: DeviceId;
  readonly punches: readonly RawPunch[];
  /** The serial number that the terminal itself tells, where its protocol has one. */
  readonly serialText?: string | undefined;
}

/** A request that carries no punch: enrolment, door, photo (`known`), or a code nobody documented. */
export interface NoticeIntake extends IntakeBase {
  readonly kind: "notice";
  readonly deviceId: DeviceId;
  /** The vendor's name of the request. */
  readonly code: string;
  /** A known notice is counted only; of an unknown one the first 100 texts per device and code stay. */
  readonly known: boolean;
  /** The text part, without binaries. */
  readonly text: string;
  /** What an enrolment tells of a user; undefined for any other notice, and where it is odd. */
  readonly enrollment?: Enrollment;
}

/** A request that could not be decoded. It is kept whole and acknowledged. */
export interface UnreadableIntake extends IntakeBase {
  readonly kind: "unreadable";
  /** Undefined when even the sender is unknown. */
  readonly deviceId: DeviceId | undefined;
  /** Why, for the operator: `body-not-json`, `no-device-id`. */
  readonly code: string;
  readonly reason: string;
}

/**
 * A punch that a person entered. It must be readable: its sender hears what is wrong with it, so
 * none is kept for a person to look at.
 */
export interface ManualIntake extends IntakeBase {
  readonly kind: "manual";
  /** The terminal it was entered for; unless that is in use, it belongs to the built-in device. */
  readonly deviceId: DeviceId;
  /** Without a `wallTimeText` it is of the moment in which it arrived. */
  readonly punch: RawPunch;
}

/**
 * The result of a command. `raw` is empty: it may hold templates and passwords, which are never kept,
 * and what was asked for can be asked for again.
 */
export interface CommandResultIntake extends IntakeBase {
  readonly kind: "command-result";
  readonly deviceId: DeviceId;
  readonly result: CommandResult;
}

/** One request, interpreted. */
export type Intake =
  | PollIntake
  | PunchIntake
  | NoticeIntake
  | UnreadableIntake
  | ManualIntake
  | CommandResultIntake;

/** Bytes that an intake holds while it waits. */
export function heldBytes(intake: Intake): number {
  if (intake.kind !== "command-result") return intake.raw.byteLength;
  const { binaries, text } = intake.result;
  return binaries.reduce((sum, binary) => sum + binary.byteLength, text.length);
}

/** An intake with what only the connection knows. */
export interface ReceivedIntake {
  readonly intake: Intake;
  /** Driver name, such as `fkweb`. */
  readonly driver: string;
  /** The peer's IP address, without port. */
  readonly remoteAddress: string;
  /** When its last byte arrived, by the box's clock (UTC). */
  readonly receivedAtMs: EpochMs;
}

/** Why a terminal is left without an answer although storage works. */
export type RefusalCode =
  | "device-blocked"
  | "address-not-allowed"
  | "id-reserved"
  | "devices-full"
  | "pending-devices-full"
  | "pending-punches-full"
  | "quarantine-full";

/**
 * What became of an intake, known only after the commit. Everything but `refused` and `failed` is
 * acknowledged; those two are spelled so that the terminal keeps its record.
 */
export type Outcome =
  /** `punchId` is told of a manual punch alone; `command` of a poll, where there is work for it. */
  | { readonly kind: "stored"; readonly punchId?: PunchId; readonly command?: HandedCommand }
  /** `punchId` is that of the punch that a manual one repeats, and told of no other. */
  | { readonly kind: "duplicate"; readonly punchId?: PunchId }
  | { readonly kind: "quarantined" }
  | { readonly kind: "refused"; readonly code: RefusalCode }
  /** Storage failed: nothing else is ever reported with this word. */
  | { readonly kind: "failed" };
